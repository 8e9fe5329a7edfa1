"""What several libraries draw and a phase of ours does not begin with: curves entered late, waves, edges between updates."""

from __future__ import annotations

import math

from annealing.core.length import Length
from annealing.core.marks import knots
from annealing.core.phases import cooldown
from annealing.core.schedule import Schedule


def glide(ease: str, start: float, to: float, span: float, *, ahead: float = 0.0, length: int | None = None) -> Schedule:
    """Go from `start` to `to` in `span` updates, of which `ahead` are over at the beginning, and stop after `length`.

    >>> glide("cosine", 1.0, 0.0, 100)
    cosine(100, start=1)
    >>> glide("linear", 1.0, 0.0, 33.5, ahead=0.5, length=33)
    knots({-0.5: 1, 33: 0}, length=33)

    Arguments: `ease`, as in `cooldown`; `span` and `ahead`, in updates, whole or broken; `length`, by default to the end.
    """
    count = math.ceil(span - ahead) if length is None else length
    if not ahead and count == span:
        return cooldown(count, to, start=start, ease=ease)
    return knots({-ahead: start, span - ahead: to}, count, ease=ease)


def waves(cycles: float, span: float, low: float, *, ahead: float = 0.0, length: float) -> Schedule:
    """Follow `cycles` waves of a cosine between 1 and `low` in `span` updates: low + (1 - low)·(1 + cos(2π·cycles·t/span))/2.

    >>> waves(0.5, 100, 0.1, length=100)
    cosine(to=0.1, start=1)
    >>> waves(1.5, 90, 0.0, length=90)
    knots({0: 1, 30: 0, 60: 1, 90: 0}, ease="cosine")

    Arguments: `ahead`, how much of it is over at the beginning; `length`, how far it is needed, in updates. It fills the
    window it is put in, and its last half wave goes on where a plan continues past its end.
    """
    if cycles == 0:
        return knots({0: 1.0})
    half = span / (2 * abs(cycles))
    if not ahead and half == length:
        return cooldown(Length.of("rest"), low, start=1.0, ease="cosine")
    count = max(1, math.ceil((length + ahead) / half - 1e-9))
    return knots({i * half - ahead: low if i % 2 else 1.0 for i in range(count + 1)}, ease="cosine")
