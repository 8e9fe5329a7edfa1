"""fastai's annealers: one curve from `start` to `end`, and the range test that follows one.

With `total`, its number of batches, an annealer is a plan; without it, it is the schedule that `combine_scheds` puts
together, as free of any horizon as theirs.
"""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

from typing import Any

from annealing.core.checks import number, positive
from annealing.core.errors import ArgumentError
from annealing.core.length import compact
from annealing.core.phases import cooldown, cosine, exponential, hold, linear
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count


@dialect("fastai.SchedLin", example="start=1.0, end=0.1, total=100")
def SchedLin(start: float, end: float, total: int | None = None) -> Any:
    """Go from `start` to `end` in a straight line.

    >>> from annealing.dialects import fastai
    >>> fastai.SchedLin(1.0, 0.1, total=100)
    linear(to=0.1, start=1).over(100)

    Ours: `linear(to=0.1)`.
    """
    return _over(linear(to=number("end", end), start=number("start", start)), total)


@dialect("fastai.SchedCos", example="start=1.0, end=0.1, total=100")
def SchedCos(start: float, end: float, total: int | None = None) -> Any:
    """Go from `start` to `end` along half a cosine.

    >>> from annealing.dialects import fastai
    >>> fastai.SchedCos(1.0, 0.1, total=100)
    cosine(to=0.1, start=1).over(100)

    Ours: `cosine(to=0.1)`.
    """
    return _over(cosine(to=number("end", end), start=number("start", start)), total)


@dialect("fastai.SchedNo", odd="end is ignored", example="start=1.0, end=0.1, total=100")
def SchedNo(start: float, end: float, total: int | None = None) -> Any:
    """Stay at `start`; `end` is there for company.

    >>> from annealing.dialects import fastai
    >>> fastai.SchedNo(0.1, 0.5, total=100)
    (0.1 * hold()).over(100)

    Odd: `end` is ignored, as in theirs. Ours: `constant(0.1)`.
    """
    del end
    return _over(number("start", start) * hold(), total)


@dialect(
    "fastai.SchedExp",
    odd="from or to 0 it fails or stays at 0; across 0 it is complex",
    example="start=1.0, end=0.1, total=100",
)
def SchedExp(start: float, end: float, total: int | None = None) -> Any:
    """Go from `start` to `end` by equal ratios.

    >>> from annealing.dialects import fastai
    >>> fastai.SchedExp(1.0, 0.1, total=100)
    exponential(to=0.1, start=1).over(100)

    Raises `ArgumentError` where one of them is 0 and `RampError` across 0; theirs divides by zero, is 0 at once, or
    turns complex. Ours: `exponential(to=0.1)`.
    """
    return _over(_by_ratios(start, end), total)


@dialect("fastai.SchedPoly", example="start=1.0, end=0.1, power=2.0, total=100")
def SchedPoly(start: float, end: float, power: float, total: int | None = None) -> Any:
    """Go from `start` to `end` along a power of what is done: start + (end − start)·p^power.

    >>> from annealing.dialects import fastai
    >>> fastai.SchedPoly(1.0, 0.1, power=3, total=100)
    cooldown(to=0.1, ease="u^3", start=1).over(100)

    Odd: it is a power of what is done, where "polynomial decay" elsewhere is one of what is left.
    Ours: `cooldown(to=0.1, ease="u^3")`.
    """
    ease = f"u^{compact(positive('power', power))}"
    return _over(cooldown(to=number("end", end), start=number("start", start), ease=ease), total)


@dialect("fastai.LRFinder", odd="end_lr itself is never used; num_it is at least 6", example="num_it=100")
def LRFinder(start_lr: float = 1e-7, end_lr: float = 10, num_it: int = 100, stop_div: bool = True) -> Plan:
    """Raise the rate by equal ratios over `num_it` batches, to see where the loss begins to fall and to explode.

    >>> from annealing.dialects import fastai
    >>> fastai.LRFinder()
    exponential(to=10, start=1e-7).over(100)

    Arguments: `stop_div` ends theirs early at four times the best loss, and moves no rate.
    Odd: the last batch uses start·(end/start)^(99/100); fewer than 6 batches are silently 6, and so they are here.
    Ours: `annealing.find`. Source: Smith 2015, arXiv:1506.01186.
    """
    del stop_div
    return _by_ratios(start_lr, end_lr).over(max(6, count("num_it", num_it)))


def _by_ratios(start: float, end: float) -> Schedule:
    if number("start", start) == 0 or number("end", end) == 0:
        raise ArgumentError(f"equal ratios never lead from {start:g} to {end:g}: end at something small instead, such as 1e-8.")
    return exponential(to=number("end", end), start=number("start", start))


def _over(schedule: Schedule, total: int | None) -> Schedule | Plan:
    return schedule if total is None else schedule.over(count("total", total, 1))
