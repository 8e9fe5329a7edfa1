"""Sums of powers of the rate at any update, by cells: stretches of a run in which the rate hardly changes.

Every law counts progress in `Σ rate^p`, with `p` under fit. A run of 72 000 updates at a constant rate is one cell, a cosine some
thousand, so that a fit never touches the single updates. A cell spans at most 1 % of change and `_LONGEST` updates of a rate that
moves; a jump always begins a new one. The sums agree with those over single updates to about 1e-5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FLOOR = 1e-7
"""Relative rates below this count as this: powers and logarithms stay finite, and no law can tell the difference."""

_CHANGE = 0.01  # of the logarithm of the rate, within a cell
_LONGEST = 16  # updates in a cell in which the rate moves

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cells:
    """One run or several, end to end, as cells."""

    log_rate: Floats  # mean logarithm of the relative rate, per cell
    count: Floats  # updates in each cell
    first: Whole  # the update that each cell begins with

    def find(self, place: Floats) -> tuple[Whole, Floats]:
        """The cell that each place (in updates from the start) lies in, and how far inside."""
        cell = np.searchsorted(self.first, place, side="right") - 1
        return cell, place - self.first[cell]


class Powers(NamedTuple):
    """`rate^p` of each cell, its running sum, and their derivatives with respect to `p`."""

    value: Floats
    total: Floats
    value_slope: Floats
    total_slope: Floats

    def upto(self, cell: Whole, inside: Floats) -> Floats:
        """`Σ rate^p` over all updates before a place."""
        return self.total[cell] + inside * self.value[cell]

    def slope_upto(self, cell: Whole, inside: Floats) -> Floats:
        """The derivative of `upto` with respect to `p`."""
        return self.total_slope[cell] + inside * self.value_slope[cell]


def cells_of(log_rate: Floats) -> Cells:
    """Cut one run, given by the logarithm of its relative rate at every update."""
    if log_rate.size == 0:
        raise AssertionError("a run has at least one update")
    change = np.abs(np.diff(log_rate))
    moves = change > 0
    turns = np.zeros(change.size, dtype=bool)
    turns[1:] = moves[1:] != moves[:-1]  # a ramp begins or ends: the flat part is a cell of its own
    age = np.concatenate(([0.0], np.cumsum(np.maximum(change / _CHANGE, moves / _LONGEST) + turns)))
    first = np.flatnonzero(np.diff(np.floor(age), prepend=-1.0))
    count = np.diff(first, append=log_rate.size).astype(np.float64)
    return Cells(np.add.reduceat(log_rate, first) / count, count, first)


def powers(cells: Cells, exponent: float) -> Powers:
    """Raise every cell's rate to a power and sum up."""
    value = np.exp(exponent * cells.log_rate)
    slope = value * cells.log_rate
    return Powers(value, _running(cells.count * value), slope, _running(cells.count * slope))


def _running(terms: Floats) -> Floats:
    """The sum of all terms before each one."""
    total = np.empty(terms.size)
    total[0] = 0.0
    np.cumsum(terms[:-1], out=total[1:])
    return total
