"""composer's schedulers that begin with a straight rise from 0."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math

from annealing.core.checks import number
from annealing.core.errors import LengthError
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.composer.plain import power_ease
from annealing.dialects.composer.run import Run
from annealing.dialects.pieces import Piece, curve, flat


@dialect(
    "composer.ConstantWithWarmupScheduler",
    odd="the first update uses 0; t_max only has to be as long as the run, alpha is kept past it",
    example="t_warmup='10ba', lr=0.1, max_duration='100ba'",
)
def ConstantWithWarmupScheduler(
    t_warmup: str,
    alpha: float = 1.0,
    t_max: str = "1dur",
    scale_warmup: bool = False,
    *,
    lr: float = 1.0,
    max_duration: str,
    dataloader_len: int | None = None,
    ssr: float = 1.0,
) -> Plan:
    """Rise to `alpha` and stay there.

    >>> from annealing.dialects import composer
    >>> composer.ConstantWithWarmupScheduler("10ba", lr=0.1, max_duration="100ba")
    (0.1 * chain(warmup(10, start=0), hold())).over(100)

    Odd: its documentation says 1 from `t_max` on; it is `alpha`. Ours: `lr * chain(warmup(10), hold())`.
    """
    run = Run(lr, max_duration, dataloader_len, ssr)
    return _rise_and_fall(run, t_warmup, t_max, scale_warmup, "linear", number("alpha", alpha), number("alpha", alpha))


@dialect(
    "composer.LinearWithWarmupScheduler",
    odd="the first update uses 0; with ssr the warm-up is not stretched",
    example="t_warmup='10ba', lr=0.1, max_duration='100ba'",
)
def LinearWithWarmupScheduler(
    t_warmup: str,
    alpha_i: float = 1.0,
    alpha_f: float = 0.0,
    t_max: str = "1dur",
    scale_warmup: bool = False,
    *,
    lr: float = 1.0,
    max_duration: str,
    dataloader_len: int | None = None,
    ssr: float = 1.0,
) -> Plan:
    """Rise to `alpha_i`, then go to `alpha_f` in a straight line that ends at `t_max`.

    >>> from annealing.dialects import composer
    >>> composer.LinearWithWarmupScheduler("0.1dur", lr=0.1, max_duration="100ba")
    (0.1 * chain(warmup(10, start=0), linear())).over(100)

    Odd: `ssr` stretches the decay and leaves the warm-up. With scale_warmup=True it is the slope that is stretched,
    not its end: above 1 the ramp is cut off there and the rate jumps to its peak.
    Raises `LengthError` for a `t_max` shorter than the run, or on another clock than `t_warmup`.
    Ours: `lr * chain(warmup("10%"), linear())`.
    """
    run = Run(lr, max_duration, dataloader_len, ssr)
    return _rise_and_fall(run, t_warmup, t_max, scale_warmup, "linear", number("alpha_i", alpha_i), number("alpha_f", alpha_f))


@dialect(
    "composer.CosineAnnealingWithWarmupScheduler",
    odd="the first update uses 0; with ssr the warm-up is not stretched",
    example="t_warmup='10ba', lr=0.1, max_duration='100ba'",
)
def CosineAnnealingWithWarmupScheduler(
    t_warmup: str,
    t_max: str = "1dur",
    alpha_f: float = 0.0,
    scale_warmup: bool = False,
    *,
    lr: float = 1.0,
    max_duration: str,
    dataloader_len: int | None = None,
    ssr: float = 1.0,
) -> Plan:
    """Rise to 1, then fall to `alpha_f` along half a cosine that ends at `t_max`.

    >>> from annealing.dialects import composer
    >>> composer.CosineAnnealingWithWarmupScheduler("2ep", alpha_f=0.1, lr=0.1, max_duration="10ep", dataloader_len=100)
    (0.1 * chain(warmup(200, start=0), cosine(to=0.1))).over(1000)

    Odd: as `LinearWithWarmupScheduler`. Ours: `lr * chain(warmup("2ep"), cosine(to=0.1))`.
    """
    run = Run(lr, max_duration, dataloader_len, ssr)
    return _rise_and_fall(run, t_warmup, t_max, scale_warmup, "cosine", 1.0, number("alpha_f", alpha_f))


@dialect(
    "composer.PolynomialWithWarmupScheduler",
    odd="the first update uses 0; with ssr the warm-up is not stretched",
    example="t_warmup='10ba', lr=0.1, max_duration='100ba'",
)
def PolynomialWithWarmupScheduler(
    t_warmup: str,
    power: float = 2.0,
    t_max: str = "1dur",
    alpha_f: float = 0.0,
    scale_warmup: bool = False,
    *,
    lr: float = 1.0,
    max_duration: str,
    dataloader_len: int | None = None,
    ssr: float = 1.0,
) -> Plan:
    """Rise to 1, then fall to `alpha_f` along a power of what is left until `t_max`.

    >>> from annealing.dialects import composer
    >>> composer.PolynomialWithWarmupScheduler("10ba", lr=0.1, max_duration="100ba")
    (0.1 * chain(warmup(10, start=0), polynomial())).over(100)

    Odd: as `LinearWithWarmupScheduler`. Ours: `lr * chain(warmup("10%"), polynomial())`.
    """
    run = Run(lr, max_duration, dataloader_len, ssr)
    return _rise_and_fall(run, t_warmup, t_max, scale_warmup, power_ease(power), 1.0, number("alpha_f", alpha_f))


def rise(run: Run, t_warmup: str, scale_warmup: bool, to: float = 1.0) -> tuple[list[Piece], int, str]:
    """The ramp from 0, where it ends, and its clock. Its end is never stretched, its slope only when asked for."""
    end, unit = run.time("t_warmup", t_warmup, stretched=False)
    full = run.time("t_warmup", t_warmup)[0] if scale_warmup else end
    if end and not full:
        raise LengthError(
            f"t_warmup={t_warmup!r} with ssr={run.ssr:g} comes to nothing: write a longer one, or scale_warmup=False."
        )
    return [Piece(0, min(full, end), (0, 0.0), (full, to)), flat(full, end, to)], end, unit


def _rise_and_fall(run: Run, t_warmup: str, t_max: str, scale_warmup: bool, ease: str, top: float, to: float) -> Plan:
    ramp, begin, unit = rise(run, t_warmup, scale_warmup, top)
    end, counted = run.time("t_max", t_max)
    if counted != unit:
        raise LengthError(f"t_warmup={t_warmup!r} and t_max={t_max!r} are counted on two clocks: write both in one unit.")
    if end < run.total(unit) < math.inf:
        raise LengthError(
            f"t_max={t_max!r} is over before max_duration={run.max_duration!r}: write t_max='1dur', or a run as short as that."
        )
    fall = [curve(begin, end, top, to, ease), flat(end, math.inf, to)] if end > begin else [flat(begin, math.inf, top)]
    return run.draw([*ramp, *fall], unit)
