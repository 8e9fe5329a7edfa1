"""OLMo-core's schedulers that decay at the end of the run, or of each of its periods."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Sequence

from annealing.core.checks import number, positive
from annealing.core.errors import ArgumentError
from annealing.core.length import LengthLike
from annealing.core.phases import power
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count
from annealing.dialects.olmo_core.run import Pieces, Run, length_of, linear_tail, shape, warm_up
from annealing.dialects.pieces import Given, flat


@dialect("olmo_core.WSD", example="warmup=20, decay_fraction=0.2, lr=3e-4, max_steps=1000")
def WSD(
    *,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    decay: int | None = None,
    decay_fraction: float | None = 0.1,
    warmup_min_lr: float = 0.0,
    decay_min_lr: float = 0.0,
    lr: float = 1.0,
    max_steps: int | None = None,
    max_tokens: int | None = None,
) -> Plan:
    """Rise to `lr`, stay, and fall to `decay_min_lr` in a straight line at the end of the run.

    >>> from annealing.dialects import olmo_core
    >>> olmo_core.WSD(warmup=20, decay_fraction=0.2, lr=3e-4, max_steps=1000)
    (3e-4 * chain(warmup(19), hold(780), linear(200), hold())).over(1000)

    Arguments: `decay` instead of `decay_fraction` needs decay_fraction=None, as in theirs. Raises `ArgumentError` for
    a decay of no length, where theirs divides by zero at the last step.
    Ours: `lr * wsd(19, "20%", ease="linear")`. Source: Hu et al. 2024, arXiv:2404.06395.
    """
    fields = {"warmup": warmup, "warmup_fraction": warmup_fraction, "warmup_min_lr": warmup_min_lr}
    fields |= {"decay": decay, "decay_fraction": decay_fraction, "decay_min_lr": decay_min_lr}
    return Run.of(lr, max_steps, max_tokens).draw("wsd", **fields)


@shape("wsd")
def _wsd(
    run: Run,
    initial: float,
    total: int,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    decay: int | None = None,
    decay_fraction: float | None = 0.1,
    warmup_min_lr: float = 0.0,
    decay_min_lr: float = 0.0,
) -> Pieces:
    warm = length_of("warmup", warmup, warmup_fraction, total)
    begin = total - length_of("decay", decay, decay_fraction, total)
    rise, fall = warm_up(run, warm, initial, warmup_min_lr), linear_tail(run, begin, total, initial, decay_min_lr)
    return [*rise, *_from(warm, begin, [flat(warm, begin, initial)], fall, initial)]


@dialect(
    "olmo_core.PowerLR",
    odd="the curve has no horizon, its straight tail has one; the default exponent is −0.51, not −0.5",
    example="warmup=20, lr=3e-4, max_steps=1000",
)
def PowerLR(
    *,
    b: float = -0.51,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    warmup_min_lr: float = 0.0,
    decay: int | None = None,
    decay_fraction: float | None = 0.1,
    decay_min_lr: float = 0.0,
    lr: float = 1.0,
    max_steps: int | None = None,
    max_tokens: int | None = None,
) -> Plan:
    """Rise to `lr`, fall as a power of time, and go to `decay_min_lr` in a straight line at the end of the run.

    >>> from annealing.dialects import olmo_core
    >>> olmo_core.PowerLR(b=-1, warmup=20, lr=3e-4, max_steps=1000).values()[[19, 39, 899]] / 3e-4
    array([1.        , 0.5       , 0.02222222])

    Raises `ArgumentError` for an exponent of 0 or more, and without a warm-up, where theirs divides by zero.
    Ours: `lr * chain(warmup(19), power(-0.51, per=20), linear("10%"))`. Source: Shen et al. 2024, arXiv:2408.13359.
    """
    fields = {"b": b, "warmup": warmup, "warmup_fraction": warmup_fraction, "warmup_min_lr": warmup_min_lr}
    fields |= {"decay": decay, "decay_fraction": decay_fraction, "decay_min_lr": decay_min_lr}
    return Run.of(lr, max_steps, max_tokens).draw("power_lr", **fields)


@shape("power_lr")
def _power_lr(
    run: Run,
    initial: float,
    total: int,
    b: float = -0.51,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    warmup_min_lr: float = 0.0,
    decay: int | None = None,
    decay_fraction: float | None = 0.1,
    decay_min_lr: float = 0.0,
) -> Pieces:
    warm, exponent = length_of("warmup", warmup, warmup_fraction, total), number("b", b)
    begin = total - length_of("decay", decay, decay_fraction, total)
    if exponent >= 0 or not warm or begin <= 0:
        raise ArgumentError(
            f"PowerLR needs b below 0, a warm-up and a decay shorter than the run, not b={b!r}, {warm}, {total - begin}."
        )

    def fall(length: LengthLike) -> Schedule:
        return power(exponent, per=warm, length=length)

    top = initial * (begin / warm) ** exponent
    rise, tail = warm_up(run, warm, initial, warmup_min_lr), linear_tail(run, begin, total, top, decay_min_lr)
    return [*rise, *_from(warm, begin, [Given(warm, begin, initial, fall)], tail, initial)]


def _from(warm: int, begin: int, middle: Pieces, tail: Pieces, peak: float) -> Pieces:
    """The middle and the tail; of a tail that begins inside the warm-up, what comes after that (it keeps its last value)."""
    if begin >= warm:
        return [*middle, *tail]
    return [flat(warm, warm + 1, peak), *(piece._replace(begin=max(piece.begin, warm + 1)) for piece in tail)]


@dialect(
    "olmo_core.WSDS",
    odd="the warm-up is taken out of the first period, whose decay is counted from its full length",
    example="period_lengths=[400, 600], warmup=20, decay_fraction=0.1, lr=3e-4, max_steps=1000",
)
def WSDS(
    *,
    period_lengths: Sequence[int],
    period_lr_multipliers: Sequence[float] | None = None,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    decay: int | None = None,
    decay_fraction: float | None = None,
    warmup_min_lr: float = 0.0,
    decay_min_lr: float = 0.0,
    lr: float = 1.0,
    max_steps: int | None = None,
    max_tokens: int | None = None,
) -> Plan:
    """Rise once, then stay and fall in each of several periods, the rate jumping back up after each.

    >>> from annealing.dialects import olmo_core
    >>> plan = olmo_core.WSDS(period_lengths=[400, 600], warmup=20, decay=100, lr=3e-4, max_steps=1000)
    >>> plan.values()[[19, 299, 349, 399, 400]] / 3e-4
    array([1. , 1. , 0.5, 0. , 1. ])

    Ours: `lr * chain(warmup(19), hold(280), linear(100), jump(1), …)`, or a `branch` for each checkpoint wanted.
    Source: Wen et al. 2024, arXiv:2410.05192.
    """
    fields = {"warmup": warmup, "warmup_fraction": warmup_fraction, "warmup_min_lr": warmup_min_lr}
    fields |= {"decay": decay, "decay_fraction": decay_fraction, "decay_min_lr": decay_min_lr}
    periods = {"period_lengths": period_lengths, "period_lr_multipliers": period_lr_multipliers}
    return Run.of(lr, max_steps, max_tokens).draw("wsds", **periods, **fields)


@shape("wsds")
def _wsds(
    run: Run,
    initial: float,
    total: int,
    period_lengths: Sequence[int],
    period_lr_multipliers: Sequence[float] | None = None,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    decay: int | None = None,
    decay_fraction: float | None = None,
    warmup_min_lr: float = 0.0,
    decay_min_lr: float = 0.0,
) -> Pieces:
    lengths = [count("period_lengths", length, 1) for length in period_lengths]
    heights = [positive("period_lr_multipliers", m) for m in period_lr_multipliers or [1.0] * len(lengths)]
    if not lengths or len(heights) != len(lengths):
        raise ArgumentError(f"period_lengths={period_lengths!r} needs at least one period, and one multiplier for each.")
    warm = length_of("warmup", warmup, warmup_fraction, lengths[0])
    low, begin = run.share("decay_min_lr", decay_min_lr), 0
    pieces = warm_up(run, warm, initial * heights[0], warmup_min_lr)
    for i, (length, height) in enumerate(zip(lengths, heights, strict=True)):
        end, peak = begin + length, initial * height
        first = warm if i == 0 else begin + 1  # a period's last step is still at its floor, the next one's first at its peak
        fall = end - length_of("decay", decay, decay_fraction, length)
        if fall < begin + (warm if i == 0 else 0):
            raise ArgumentError(
                f"period {i}: warm-up and decay are longer than its {length}: shorten one, or lengthen the period."
            )
        tail, _ = linear_tail(run, fall, end, peak, decay_min_lr)
        pieces += [flat(first, fall, peak), tail._replace(begin=max(first, fall)), flat(end, end + 1, low)]
        begin = end
    return [*pieces, flat(begin, math.inf, low)]
