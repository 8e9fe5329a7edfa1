"""Falling curves that several libraries mean by different names."""

from __future__ import annotations

from annealing.core.checks import number
from annealing.core.composition import chain
from annealing.core.errors import ArgumentError
from annealing.core.phases import cosine, geometric, hold, jump
from annealing.core.schedule import Schedule


def decay(factor: float, per: int, *, staircase: bool) -> Schedule:
    """Multiply by `factor` once in every `per` updates, all at once at their end where it is a staircase.

    >>> decay(0.1, 30, staircase=True), decay(0, 30, staircase=True)
    (geometric(0.1, per=30).every(30), chain(hold(30), jump(0), hold()))
    """
    ratio = number("factor", factor)
    if ratio < 0:
        raise ArgumentError(f"a decay by {factor!r} changes its sign at every turn: write a factor of 0 or more.")
    if ratio == 0:
        return chain(hold(per if staircase else 1), jump(0), hold())
    curve = geometric(ratio, per=per)
    return curve.every(per) if staircase else curve


def half_cosine(peak: float, to: float) -> Schedule:
    """Fall from the peak to `to` along half a cosine, for the whole window.

    >>> half_cosine(0.1, 0), half_cosine(0.1, 0.01)
    (0.1 * cosine(), cosine(to=0.01, start=0.1))
    """
    return peak * cosine() if to == 0 else cosine(to=to, start=peak)
