"""composer's schedulers that are one curve."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math

from annealing.core.checks import number, positive
from annealing.core.length import compact
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.composer.run import Run
from annealing.dialects.decays import decay
from annealing.dialects.pieces import curve, flat


@dialect("composer.StepScheduler", example="step_size='2ep', lr=0.1, max_duration='10ep', dataloader_len=100")
def StepScheduler(
    step_size: str, gamma: float = 0.1, *, lr: float = 1.0, max_duration: str, dataloader_len: int | None = None, ssr: float = 1.0
) -> Plan:
    """Multiply by `gamma` at the end of every `step_size`.

    >>> from annealing.dialects import composer
    >>> composer.StepScheduler("2ep", lr=0.1, max_duration="10ep", dataloader_len=100)
    (0.1 * geometric(0.1, per=200).every(200)).over(1000)

    Raises `LengthError` for a time that is none of composer's. Ours: `lr * step("2ep")`.
    """
    run = Run(lr, max_duration, dataloader_len, ssr)
    size, unit = run.above_zero("step_size", step_size)
    return run.plan(decay(gamma, size, staircase=True), unit)


@dialect(
    "composer.ConstantScheduler",
    odd="after t_max the multiplier is 1 again, whatever alpha was",
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

    >>> from annealing.dialects import composer
    >>> composer.ConstantScheduler(0.1, "0.3dur", lr=0.1, max_duration="100ba")
    (0.1 * chain(jump(0.1), hold(30), jump(1), hold())).over(100)

    Odd: past `t_max` it is 1, which with the default `t_max` shows past the end only. Ours: `constant(0.1)`.
    """
    run = Run(lr, max_duration, dataloader_len, ssr)
    end, unit = run.time("t_max", t_max)
    return run.draw([flat(0, end, number("alpha", alpha)), flat(end, math.inf, 1.0)], unit)


@dialect("composer.LinearScheduler", example="lr=0.1, max_duration='100ba'")
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
    """Go from `alpha_i` to `alpha_f` in a straight line that ends at `t_max`, and stay there.

    >>> from annealing.dialects import composer
    >>> composer.LinearScheduler(lr=0.1, max_duration="100ba")
    (0.1 * linear()).over(100)

    Ours: `lr * linear()`.
    """
    return _fall(Run(lr, max_duration, dataloader_len, ssr), t_max, "linear", alpha_f, start=alpha_i)


@dialect("composer.ExponentialScheduler", example="gamma=0.9, lr=0.1, max_duration='10ep', dataloader_len=100")
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

    >>> from annealing.dialects import composer
    >>> composer.ExponentialScheduler(0.9, lr=0.1, max_duration="10ep", dataloader_len=100)
    (0.1 * geometric(0.9, per=100)).over(1000)

    Ours: `lr * geometric(0.9, per="1ep")`.
    """
    run = Run(lr, max_duration, dataloader_len, ssr)
    period, unit = run.above_zero("decay_period", decay_period)
    return run.plan(decay(positive("gamma", gamma), period, staircase=False), unit)


@dialect("composer.CosineAnnealingScheduler", example="lr=0.1, max_duration='100ba'")
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

    >>> from annealing.dialects import composer
    >>> composer.CosineAnnealingScheduler(alpha_f=0.1, lr=3e-4, max_duration="2e9tok")
    (3e-4 * cosine(to=0.1)).over(2000000000, unit="tokens")

    Ours: `lr * cosine(to=0.1)`.
    """
    return _fall(Run(lr, max_duration, dataloader_len, ssr), t_max, "cosine", alpha_f)


@dialect("composer.PolynomialScheduler", example="power=2.0, lr=0.1, max_duration='100ba'")
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

    >>> from annealing.dialects import composer
    >>> composer.PolynomialScheduler(2.0, lr=0.1, max_duration="100ba")
    (0.1 * polynomial()).over(100)

    Ours: `lr * polynomial(power=2)`.
    """
    return _fall(Run(lr, max_duration, dataloader_len, ssr), t_max, power_ease(power), alpha_f)


def power_ease(power: float) -> str:
    """The ease whose remainder falls as a power of what is left."""
    return f"1-(1-u)^{compact(positive('power', power))}"


def _fall(run: Run, t_max: str, ease: str, alpha_f: float, start: float = 1.0) -> Plan:
    end, unit = run.above_zero("t_max", t_max)
    first, to = number("alpha_i", start), number("alpha_f", alpha_f)
    return run.draw([curve(0, end, first, to, ease), flat(end, math.inf, to)], unit)
