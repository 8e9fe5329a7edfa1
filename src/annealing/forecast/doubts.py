"""What speaks against trusting a fit, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from annealing.forecast.cells import Floats

if TYPE_CHECKING:
    from annealing.forecast.fitted import Fit

FARTHEST = 4
"""Horizons beyond this many times the longest pilot were never checked well."""

_ENOUGH = 40  # losses in all


def doubts_of(fit: Fit, rates: Floats | None) -> tuple[str, ...]:
    """Return the doubts about a fit, then those about its forecast of one run."""
    return (*_of_pilots(fit), *(() if rates is None else _of_run(fit, rates)))


def _of_pilots(fit: Fit) -> Iterator[str]:
    longest = max(pilot.updates for pilot in fit.pilots)
    points = sum(pilot.points for pilot in fit.pilots)
    if all(pilot.lowest > 0.5 for pilot in fit.pilots):
        yield (
            "no pilot decays its rate, so what a decay gains is believed, not seen: "
            f"add a pilot such as chain(warmup(…), hold(), cooldown('20%')) over {longest} updates."
        )
    if all(pilot.held < 0.4 for pilot in fit.pilots):
        yield (
            "no pilot stays at the peak rate, so progress and noise cannot be told apart well: "
            f"add a pilot such as chain(warmup(…), hold()) over {longest} updates."
        )
    if len(fit.pilots) == 1:
        yield "one pilot shows one schedule: add a second one with another shape."
    if points < _ENOUGH:
        yield f"{points} losses are few: log at least {_ENOUGH}, more often or over longer pilots."


def _of_run(fit: Fit, rates: Floats) -> Iterator[str]:
    longest = max(pilot.updates for pilot in fit.pilots)
    if rates.size > FARTHEST * longest:
        yield (
            f"{rates.size} updates are {rates.size / longest:.1f} times the longest pilot: beyond {FARTHEST} times the error "
            f"grows in ways that were not checked, so run a pilot of {-(-rates.size // FARTHEST)} updates or more."
        )
    peak = float(np.max(rates)) / fit.scale.rate
    if not 0.9 < peak < 1.1:
        yield (
            f"the peak is {peak:.2g} times the pilots': one law does not hold across peak rates, "
            f"so run pilots at {rates.max():g}."
        )
