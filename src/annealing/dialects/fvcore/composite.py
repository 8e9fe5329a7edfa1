"""fvcore's schedulers one after another, each for a share of the run."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, overload

from annealing.core.checks import number
from annealing.core.errors import ArgumentError, KindError
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import one_of
from annealing.dialects.fvcore.where import EPSILON, ParamScheduler, Stretch, settled
from annealing.dialects.pieces import Given, Piece


@overload
def CompositeParamScheduler(
    schedulers: Sequence[ParamScheduler], lengths: Sequence[float], interval_scaling: Sequence[str]
) -> ParamScheduler: ...
@overload
def CompositeParamScheduler(
    schedulers: Sequence[ParamScheduler], lengths: Sequence[float], interval_scaling: Sequence[str], *, total: int
) -> Plan: ...
@dialect(
    "fvcore.CompositeParamScheduler",
    odd="changes the last of the lengths it is given, so that they add up to 1",
    example="schedulers=[fvcore.LinearParamScheduler(1e-3, 0.1), fvcore.CosineParamScheduler(0.1, 0.0)], "
    'lengths=[0.05, 0.95], interval_scaling=["rescaled", "rescaled"], total=100',
)
def CompositeParamScheduler(
    schedulers: Sequence[ParamScheduler],
    lengths: Sequence[float],
    interval_scaling: Sequence[str],
    *,
    total: int | None = None,
) -> Any:
    """Follow one scheduler after another, each for its share of the run.

    >>> from annealing.dialects import fvcore
    >>> fvcore.CompositeParamScheduler(
    ...     schedulers=[fvcore.LinearParamScheduler(0.0, 0.1), fvcore.CosineParamScheduler(0.1, 0.0)],
    ...     lengths=[0.25, 0.75],
    ...     interval_scaling=["rescaled", "rescaled"],
    ...     total=100,
    ... )
    chain(warmup(25, to=0.1, start=0), cosine()).over(100)

    Arguments: `schedulers`, made without a total; `interval_scaling`, for each "rescaled" (it runs from its beginning to its
    end) or "fixed" (it is entered where the run is). Odd: lengths that add up to nearly 1 are changed in the caller's list.
    Raises `ArgumentError` when the lists do not match, or the lengths do not add up to 1. Ours: `chain(warmup("25%"), cosine())`.
    """
    parts, shares, scalings = list(schedulers), [number("length", share) for share in lengths], list(interval_scaling)
    for part in parts:
        if not isinstance(part, ParamScheduler):
            raise KindError(
                f"{part!r} is not one of fvcore's schedulers without a total: write fvcore.ConstantParamScheduler(0.1)."
            )
    if not parts or not len(parts) == len(shares) == len(scalings) or abs(sum(shares) - 1) >= 1e-3 or min(shares) < 0:
        raise ArgumentError(
            f"lengths={list(lengths)} and interval_scaling={scalings} must have one entry for each of {len(parts)} schedulers, "
            "and the lengths add up to 1."
        )
    for scaling in scalings:
        one_of("interval_scaling", scaling, "rescaled", "fixed")
    if sum(shares) != 1:
        shares[-1] = 1 - sum(shares[:-1])

    def drawn(stretch: Stretch) -> list[Piece | Given]:
        pieces: list[Piece | Given] = []
        first, done = stretch.first, 0.0
        for i, (part, share, scaling) in enumerate(zip(parts, shares, scalings, strict=True)):
            done = done + share if i else share  # the running total of theirs, with its rounding
            last = stretch.until(partial(_past, done)) if i + 1 < len(parts) else stretch.last
            if first < last:
                pieces += part.drawn(_part(stretch, first, last, done - share, share, scaling))
            first = max(first, last)
        return pieces

    return settled(drawn, total)


def _past(done: float, where: float) -> bool:
    return where + EPSILON > done


def _part(stretch: Stretch, first: int, last: int, start: float, share: float, scaling: str) -> Stretch:
    if scaling == "fixed":
        return stretch._replace(first=first, last=last)
    begin, close = (_tidy(stretch.begin + edge * stretch.span) for edge in (start, start + share))

    def where(t: int) -> float:
        return (stretch.where(t) - start) / share

    return Stretch(first, last, begin, close - begin, where)


def _tidy(time: float) -> float:
    """Call a whole time whole, where only the sum of the lengths is not."""
    return round(time) if abs(time - round(time)) <= 1e-13 * abs(time) else time
