"""The verdict of a comparison, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from annealing.study.result import Row


def verdict_in_words(rows: Sequence[Row]) -> str:
    """Say what the table shows: who beats whom and by how much, and who cannot be told apart.

    Every sentence is about the reference arm, which was best on the tuning seeds; the ± is half the width of
    the difference's interval.
    """
    reference = next((row for row in rows if row.verdict == "reference"), None)
    said = _against(reference, rows) if reference else []
    diverged = [f"{row.name} ({row.diverged} of {row.seeds} seeds)" for row in rows if row.diverged]
    if diverged:
        said.append(f"diverged: {listed(diverged)}")
    if at_edge := [row.name for row in rows if row.edge and row.verdict != "not finished"]:
        said.append(f"the best rate tried for {listed(at_edge)} lies at an end of the grid, so a better one may lie beyond")
    if any(row.verdict == "not finished" for row in rows):
        said.append(f"not finished: {listed([row.name for row in rows if row.verdict == 'not finished'])}")
    return "; ".join(said) + "." if said else ""


def _against(reference: Row, rows: Sequence[Row]) -> list[str]:
    worse = [row for row in rows if row.verdict == "worse"]
    better = [row for row in rows if row.verdict == "better"]
    equal = [row.name for row in rows if row.verdict == "cannot be told apart"]
    said: list[str] = []
    if len(rows) == 1:
        said.append(f"{reference.name} was trained alone, so there is nothing to compare it with")
    elif reference.seeds == 1:
        said.append("one seed says nothing about chance, so nothing can be told apart: take more")
        equal = []
    said += (f"{row.name} beats {reference.name}, the best on the tuning seeds, by {_amount(row)}" for row in better)
    if worse:
        said.append(f"{reference.name} beats " + ", ".join(f"{row.name} by {_amount(row)}" for row in worse))
    if len(equal) == 1:
        said.append(f"{reference.name} and {equal[0]} cannot be told apart")
    elif equal:  # each of them was set against the reference, not against one another
        said.append(f"{reference.name} cannot be told apart from {listed(equal)}")
    return said


def _amount(row: Row) -> str:
    if row.difference is None:
        return "?"
    half = 0.0 if row.difference_interval is None else (row.difference_interval[1] - row.difference_interval[0]) / 2
    return plus_minus(abs(row.difference), half)


def plus_minus(value: float, half: float) -> str:
    """Write a value and its half-interval with as many digits as the interval supports.

    >>> plus_minus(0.04127, 0.0063), plus_minus(0.04127, 0.0012), plus_minus(12.3, 4.6)
    ('0.041 ± 0.006', '0.0413 ± 0.0012', '12 ± 5')
    """
    if not 0 < half < math.inf:
        return f"{value:.3g}"
    exponent = math.floor(math.log10(half))
    decimals = max(0, -exponent + (1 if half / 10**exponent < 2 else 0))  # two digits where one would be coarse
    return f"{value:.{decimals}f} ± {half:.{decimals}f}"


def listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
