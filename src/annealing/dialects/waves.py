"""Cosines of any number of waves, whole or broken."""

from __future__ import annotations

import math

from annealing.core.checks import number
from annealing.core.length import REST
from annealing.core.marks import knots
from annealing.core.phases import cosine, hold
from annealing.core.schedule import Schedule


def waves(cycles: float, span: float, low: float, length: float, *, ahead: float = 0.0) -> Schedule:
    """Follow `cycles` waves of a cosine between 1 and `low` in `span` updates: low + (1 - low)·(1 + cos(2π·cycles·t/span))/2.

    >>> waves(0.5, 100, 0.1, 100)
    cosine(to=0.1)
    >>> waves(1.5, 90, 0.0, 90)
    knots({0: 1, 30: 0, 60: 1, 90: 0}, ease="cosine")

    Arguments: `length`, how many updates of it are drawn; `ahead`, how much of it is over when they begin. It takes the
    length of its window, and where a plan goes on past its end, so does the half wave that was on.
    """
    turns = abs(number("num_cycles", cycles))
    if turns == 0 or length < 1:
        return hold()
    half = span / (2 * turns)
    if not ahead and half == length:
        return cosine(REST, low)
    count = max(1, math.ceil((length + ahead) / half - 1e-9))
    return knots({i * half - ahead: low if i % 2 else 1.0 for i in range(count + 1)}, ease="cosine")
