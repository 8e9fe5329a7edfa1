"""composer's schedulers without a warm-up."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from annealing.core.checks import number
from annealing.core.composition import repeat
from annealing.core.errors import ArgumentError
from annealing.core.length import LengthLike
from annealing.core.phases import cosine
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.composer.run import Run
from annealing.dialects.composer.steps import after_milestones
from annealing.dialects.pieces import Given, Piece, curve, flat
from annealing.dialects.shapes import decay


@dialect("composer.StepScheduler", checked=False, example="step_size='2ep', lr=0.1, max_duration='10ep', dataloader_len=100")
def StepScheduler(
    step_size: str, gamma: float = 0.1, *, lr: float = 1.0, max_duration: str, dataloader_len: int | None = None, ssr: float = 1.0
) -> Plan:
    """Multiply by `gamma` at the end of every `step_size`.

    >>> StepScheduler("2ep", lr=0.1, max_duration="10ep", dataloader_len=100)
    (0.1 * geometric(0.1, per=200).every(200)).over(1000)

    Raises `LengthError` for a time that is none of composer's.
    """
    run = _Run(lr, max_duration, dataloader_len, ssr)
    size, unit = run.time("step_size", step_size)
    return run.plan(step(_above_zero("step_size", step_size, size), gamma), unit)


@dialect("composer.MultiStepScheduler", checked=False, example="milestones=['30ba', '80ba'], lr=0.1, max_duration='100ba'")
def MultiStepScheduler(
    milestones: Sequence[str],
    gamma: float = 0.1,
    *,
    lr: float = 1.0,
    max_duration: str,
    dataloader_len: int | None = None,
    ssr: float = 1.0,
) -> Plan:
    """Multiply by `gamma` at each milestone, in whatever order they are written.

    >>> MultiStepScheduler(["30ba", "0.8dur"], lr=0.1, max_duration="100ba")
    (0.1 * chain(hold(30), jump(0.1), hold(50), jump(0.01), hold())).over(100)
    """
    run = _Run(lr, max_duration, dataloader_len, ssr)
    marks, unit = run.same_clock(*(("milestones", mark) for mark in milestones or ["0ba"]))
    return run.over(_steps(marks if milestones else [], gamma, 0), unit)


def _steps(marks: Sequence[int], gamma: float, begin: int) -> list[Piece]:
    """From `begin` on, the product of one `gamma` for every mark that was passed."""
    edges = sorted({begin, *(mark for mark in marks if mark > begin)})
    factors = [math.prod([number("gamma", gamma)] * sum(mark <= edge for mark in marks)) for edge in edges]
    return [flat(a, b, f) for a, b, f in zip(edges, [*edges[1:], math.inf], factors, strict=True)]


@dialect(
    "composer.ConstantScheduler",
    odd="after t_max the multiplier is 1 again, whatever alpha was",
    checked=False,
    example="alpha=0.1, t_max='0.3dur', lr=0.1, max_duration='100ba'",
)
def ConstantScheduler(
    alpha: float = 1.0,
    t_max: str = "1dur",
    *,
    lr: float = 1.0,
    max_duration: str,
    dataloader_len: int | None = None,
    ssr: float = 1.0,
) -> Plan:
    """Stay at `alpha` until `t_max`, at 1 from there on.

    >>> ConstantScheduler(0.1, "0.3dur", lr=0.1, max_duration="100ba")
    (0.1 * chain(jump(0.1), hold(30), jump(1), hold())).over(100)

    Odd: past `t_max` it is 1, so the default ends with a jump that no update uses. Ours: `constant(0.1)`.
    """
    run = _Run(lr, max_duration, dataloader_len, ssr)
    end, unit = run.time("t_max", t_max)
    return run.over([flat(0, end, number("alpha", alpha)), flat(end, math.inf, 1.0)], unit)


@dialect("composer.LinearScheduler", checked=False, example="lr=0.1, max_duration='100ba'")
def LinearScheduler(
    alpha_i: float = 1.0,
    alpha_f: float = 0.0,
    t_max: str = "1dur",
    *,
    lr: float = 1.0,
    max_duration: str,
    dataloader_len: int | None = None,
    ssr: float = 1.0,
) -> Plan:
    """Go from `alpha_i` to `alpha_f` in a straight line that ends at `t_max`.

    >>> LinearScheduler(lr=0.1, max_duration="100ba")
    (0.1 * linear()).over(100)
    """
    run = _Run(lr, max_duration, dataloader_len, ssr)
    return _ramp(run, t_max, "linear", alpha_f, start=alpha_i)


@dialect("composer.ExponentialScheduler", checked=False, example="gamma=0.9, lr=0.1, max_duration='10ep', dataloader_len=100")
def ExponentialScheduler(
    gamma: float,
    decay_period: str = "1ep",
    *,
    lr: float = 1.0,
    max_duration: str,
    dataloader_len: int | None = None,
    ssr: float = 1.0,
) -> Plan:
    """Multiply by `gamma` once in every `decay_period`, smoothly.

    >>> ExponentialScheduler(0.9, lr=0.1, max_duration="10ep", dataloader_len=100)
    (0.1 * geometric(0.9, per=100)).over(1000)
    """
    run = _Run(lr, max_duration, dataloader_len, ssr)
    period, unit = run.time("decay_period", decay_period)
    return run.plan(geometric(gamma, per=_above_zero("decay_period", decay_period, period)), unit)


@dialect("composer.CosineAnnealingScheduler", checked=False, example="lr=0.1, max_duration='100ba'")
def CosineAnnealingScheduler(
    t_max: str = "1dur",
    alpha_f: float = 0.0,
    *,
    lr: float = 1.0,
    max_duration: str,
    dataloader_len: int | None = None,
    ssr: float = 1.0,
) -> Plan:
    """Go to `alpha_f` along half a cosine that ends at `t_max`, and stay there.

    >>> CosineAnnealingScheduler(alpha_f=0.1, lr=3e-4, max_duration="2e9tok")
    (3e-4 * cosine(to=0.1)).over(2000000000, unit="tokens")
    """
    return _ramp(_Run(lr, max_duration, dataloader_len, ssr), t_max, "cosine", alpha_f)


@dialect("composer.PolynomialScheduler", checked=False, example="power=2.0, lr=0.1, max_duration='100ba'")
def PolynomialScheduler(
    power: float,
    t_max: str = "1dur",
    alpha_f: float = 0.0,
    *,
    lr: float = 1.0,
    max_duration: str,
    dataloader_len: int | None = None,
    ssr: float = 1.0,
) -> Plan:
    """Go to `alpha_f` along (1 − t/t_max)^power, and stay there.

    >>> PolynomialScheduler(2.0, lr=0.1, max_duration="100ba")
    (0.1 * polynomial()).over(100)
    """
    return _ramp(_Run(lr, max_duration, dataloader_len, ssr), t_max, f"1-(1-u)^{number('power', power)}", alpha_f)


def _ramp(run: _Run, t_max: str, ease: str, alpha_f: float, start: float = 1.0) -> Plan:
    length, unit = run.time("t_max", t_max)
    end, first, to = _above_zero("t_max", t_max, length), number("alpha_i", start), number("alpha_f", alpha_f)
    return run.over([curve(0, end, first, to, ease), flat(end, math.inf, to)], unit)


@dialect(
    "composer.CosineAnnealingWarmRestartsScheduler",
    odd="a cycle's length is cut to a whole number before the next is computed from it",
    checked=False,
    example="t_0='10ba', t_mult=2.0, lr=0.1, max_duration='150ba'",
)
def CosineAnnealingWarmRestartsScheduler(
    t_0: str,
    t_mult: float = 1.0,
    alpha_f: float = 0.0,
    *,
    lr: float = 1.0,
    max_duration: str,
    dataloader_len: int | None = None,
    ssr: float = 1.0,
) -> Plan:
    """Restart a cosine to `alpha_f` again and again, each cycle `t_mult` times as long as the one before.

    >>> CosineAnnealingWarmRestartsScheduler("10ba", 2.0, lr=0.1, max_duration="150ba")
    (0.1 * repeat(cosine(), first=10, growth=2)).over(150)

    Odd: lengths are cut to whole numbers one after another (10, 15, 22, 33 for 1.5), which is written out cycle by
    cycle; with `t_mult` below 1 they shrink to nothing, where theirs raises in the middle of the run and this refuses.
    """
    run = _Run(lr, max_duration, dataloader_len, ssr)
    length, unit = run.time("t_0", t_0)
    length, growth, to = _above_zero("t_0", t_0, length), number("t_mult", t_mult), number("alpha_f", alpha_f)
    if growth >= 1 and growth == int(growth):
        return run.plan(repeat(cosine(to=to), first=length, growth=growth), unit)
    pieces: list[Piece | Given] = []
    begin, total = 0, min(run.total(unit), 10**15)
    while begin <= total:
        if length == int(growth * length):  # from here on all cycles are equal
            pieces.append(Given(begin, math.inf, 1.0, _cycles(length, to)))
            break
        pieces.append(curve(begin, begin + length, 1.0, to, "cosine"))
        begin, length = begin + length, int(growth * length)
        if length <= 0 and begin <= total:
            raise ArgumentError(f"t_mult={t_mult!r} shrinks the cycles to nothing after {begin} {unit}: write 1 or more.")
    return run.over(pieces, unit)


def _cycles(each: int, to: float):
    def make(length: LengthLike) -> Schedule:
        return repeat(cosine(to=to), first=each, length=length)

    return make
