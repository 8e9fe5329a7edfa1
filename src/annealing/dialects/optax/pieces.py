"""optax's schedules that are given by boundaries: steps, interpolation, one-cycle."""

from __future__ import annotations

import math
from collections.abc import Mapping

from annealing.core.checks import number, positive
from annealing.core.errors import ArgumentError
from annealing.core.marks import stairs, table
from annealing.core.phases import hold
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, fraction, one_of


@dialect("optax.piecewise_constant_schedule", example="init_value=0.1, boundaries_and_scales={30: 0.1, 80: 0.1}")
def piecewise_constant_schedule(init_value: float, boundaries_and_scales: Mapping[int, float] | None = None) -> Plan:
    """Multiply by a boundary's scale from that update on; scales build up.

    >>> from annealing.dialects import optax
    >>> optax.piecewise_constant_schedule(0.1, {30: 0.5, 80: 0.5})
    (0.1 * stairs({30: 0.5, 80: 0.25})).over(inf)

    Ours: `0.1 * stairs({30: 0.5, 80: 0.25})`, which writes values instead of factors.
    """
    values = _cumulated(boundaries_and_scales)
    return (number("init_value", init_value) * (stairs({**values}) if values else hold())).over(math.inf)


@dialect(
    "optax.piecewise_interpolate_schedule",
    odd="scales build up: each is a factor of the value at the boundary before",
    example="interpolate_type='linear', init_value=0.1, boundaries_and_scales={30: 2.0, 80: 0.1}",
)
def piecewise_interpolate_schedule(
    interpolate_type: str, init_value: float, boundaries_and_scales: Mapping[int, float] | None = None
) -> Plan:
    """Go from boundary to boundary, in straight lines or along half cosines.

    >>> from annealing.dialects import optax
    >>> optax.piecewise_interpolate_schedule("linear", 0.1, {30: 2.0, 80: 0.25})
    (0.1 * table({0: 1, 30: 2, 80: 0.5})).over(80)

    Ours: `0.1 * table({0: 1, 30: 2, 80: 0.5})`, which writes values instead of factors.
    """
    ease = one_of("interpolate_type", interpolate_type, "linear", "cosine")
    values = _cumulated(boundaries_and_scales)
    start = number("init_value", init_value)
    last = max(values, default=0)
    if not last:
        return (start * values.get(0, 1.0) * hold()).over(math.inf)
    return (start * table({0: 1.0, **values}, ease=ease)).over(last)


@dialect(
    "optax.linear_onecycle_schedule",
    odd="ends at peak/(div_factor·final_div_factor), documented as peak/final_div_factor; pct_start=1 never reaches the peak",
    example="transition_steps=1000, peak_value=0.1",
)
def linear_onecycle_schedule(
    transition_steps: int,
    peak_value: float,
    pct_start: float = 0.3,
    pct_final: float = 0.85,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Plan:
    """Rise to the peak, fall back to where it began, then fall to a `final_div_factor`-th of that, in straight lines.

    >>> from annealing.dialects import optax
    >>> optax.linear_onecycle_schedule(1000, 0.1).keyframes()
    ((0, 0.004), (300, 0.1), (850, 0.004), (1000, 4.0000000000000003e-07))

    Odd: two boundaries on the same update become one, the later: pct_start = pct_final never reaches the peak, there and here.
    Ours: `0.1 * table({0: 0.04, "30%": 1, "85%": 0.04, "100%": 4e-6})`. Source: Smith & Topin 2017, arXiv:1708.07120.
    """
    length = count("transition_steps", transition_steps, 1)
    up, final = fraction("pct_start", pct_start), fraction("pct_final", pct_final)
    div, last = positive("div_factor", div_factor), positive("final_div_factor", final_div_factor)
    scales = {int(up * length): div, int(final * length): 1 / div, length: 1 / last}
    return piecewise_interpolate_schedule("linear", number("peak_value", peak_value) / div, scales)


@dialect(
    "optax.cosine_onecycle_schedule",
    odd="pct_start=1 never rises: the peak's boundary is overwritten by the end's",
    example="transition_steps=1000, peak_value=0.1",
)
def cosine_onecycle_schedule(
    transition_steps: int, peak_value: float, pct_start: float = 0.3, div_factor: float = 25.0, final_div_factor: float = 1e4
) -> Plan:
    """Rise to the peak and fall to a `final_div_factor`-th of where it began, along half cosines.

    >>> from annealing.dialects import optax
    >>> optax.cosine_onecycle_schedule(1000, 0.1).keyframes()
    ((0, 0.004), (300, 0.1), (1000, 4e-07))

    Odd: with pct_start=1 the two boundaries are one, and it falls from the start, there and here.
    Ours: `0.1 * onecycle("30%")`, which rises for the whole run with "100%". Source: Smith & Topin 2017, arXiv:1708.07120.
    """
    length, up = count("transition_steps", transition_steps, 1), fraction("pct_start", pct_start)
    div, last = positive("div_factor", div_factor), positive("final_div_factor", final_div_factor)
    scales = {int(up * length): div, length: 1 / (div * last)}
    return piecewise_interpolate_schedule("cosine", number("peak_value", peak_value) / div, scales)


def _cumulated(boundaries_and_scales: Mapping[int, float] | None) -> dict[int, float]:
    values: dict[int, float] = {}
    value = 1.0
    for mark, scale in sorted((boundaries_and_scales or {}).items()):
        if number(f"scale at {mark}", scale) < 0:
            raise ArgumentError(f"the scale {scale!r} at {mark} is below 0: write factors of 0 or more.")
        value *= scale
        values[count("boundary", mark)] = value
    return values
