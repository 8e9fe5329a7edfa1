"""composer's schedulers that jump at milestones."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

from collections.abc import Sequence

from annealing.core.checks import number
from annealing.core.errors import ArgumentError, LengthError
from annealing.core.length import LengthLike
from annealing.core.marks import stairs
from annealing.core.phases import hold
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.composer.run import Run
from annealing.dialects.composer.warmup import rise
from annealing.dialects.pieces import flat


@dialect("composer.MultiStepScheduler", example="milestones=['30ba', '80ba'], lr=0.1, max_duration='100ba'")
def MultiStepScheduler(
    milestones: Sequence[str],
    gamma: float = 0.1,
    *,
    lr: float = 1.0,
    max_duration: str,
    dataloader_len: int | None = None,
    ssr: float = 1.0,
) -> Plan:
    """Multiply by `gamma` at every milestone, in whatever order they are written. One listed twice counts twice.

    >>> from annealing.dialects import composer
    >>> composer.MultiStepScheduler(["30ba", "0.8dur"], gamma=0.5, lr=0.1, max_duration="100ba")
    (0.1 * stairs({30: 0.5, 80: 0.25})).over(100)

    Raises `LengthError` for milestones on different clocks. Ours: `lr * stairs({"30%": 0.1, "80%": 0.01})`.
    """
    run = Run(lr, max_duration, dataloader_len, ssr)
    marks, unit = _marks(run, milestones)
    values: dict[LengthLike, float] = {m: factor for m, factor in _factors(marks, gamma).items() if m <= run.total(unit)}
    return run.plan(stairs(values) if values else hold(), unit)


@dialect(
    "composer.MultiStepWithWarmupScheduler",
    odd="the first update uses 0; a milestone inside the warm-up shows at its end",
    example="t_warmup='10ba', milestones=['30ba', '80ba'], lr=0.1, max_duration='100ba'",
)
def MultiStepWithWarmupScheduler(
    t_warmup: str,
    milestones: Sequence[str],
    gamma: float = 0.1,
    scale_warmup: bool = False,
    *,
    lr: float = 1.0,
    max_duration: str,
    dataloader_len: int | None = None,
    ssr: float = 1.0,
) -> Plan:
    """Rise to 1, then multiply by `gamma` at every milestone, counted from the start of the run.

    >>> from annealing.dialects import composer
    >>> composer.MultiStepWithWarmupScheduler("10ba", ["30ba"], lr=0.1, max_duration="100ba")
    (0.1 * chain(warmup(10, start=0), hold(20), jump(0.1), hold())).over(100)

    Odd: `ssr` stretches the milestones and leaves the warm-up; with scale_warmup=True its slope is stretched, not
    its end. Ours: `lr * chain(warmup("10%"), stairs({"30%": 0.1}))`.
    """
    run = Run(lr, max_duration, dataloader_len, ssr)
    ramp, begin, unit = rise(run, t_warmup, scale_warmup)
    marks, counted = _marks(run, milestones)
    if counted != unit:
        raise LengthError(f"t_warmup={t_warmup!r} and milestones={list(milestones)} are on two clocks: write one unit.")
    factors = _factors(marks, gamma)
    passed = [factor for mark, factor in factors.items() if mark <= begin]
    edges = [(begin, passed[-1] if passed else 1.0), *((mark, factor) for mark, factor in factors.items() if mark > begin)]
    ends = [*(mark for mark, _ in edges[1:]), float("inf")]
    return run.draw([*ramp, *(flat(a, b, factor) for (a, factor), b in zip(edges, ends, strict=True))], unit)


def _marks(run: Run, milestones: Sequence[str]) -> tuple[list[int], str]:
    if isinstance(milestones, str) or not milestones:
        raise ArgumentError(f"milestones={milestones!r} is no list of times: write ['30ba', '80ba'].")
    read = [run.time("milestones", mark) for mark in milestones]
    units = {unit for _, unit in read}
    if len(units) > 1:
        raise LengthError(f"milestones={list(milestones)} are counted on different clocks: write all of them in one unit.")
    return sorted(mark for mark, _ in read), units.pop()


def _factors(marks: Sequence[int], gamma: float) -> dict[int, float]:
    """The multiplier from each mark on; of equal marks the last one stands."""
    factor = number("gamma", gamma)
    if factor < 0:
        raise ArgumentError(f"gamma={gamma!r} makes the rate negative: write a factor of 0 or more.")
    return {mark: factor ** (i + 1) for i, mark in enumerate(marks)}
