"""Checks of a plan by a formula of the library it speaks for, and by values that the library once gave."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

import annealing as an


def agree(plan: an.Plan, formula: Callable[[int], float], updates: int, first: int = 0, within: float = 1e-12) -> None:
    """The plan and the formula give the same value to every update, to within a share of the largest."""
    t = np.arange(first, first + updates)
    expected = np.array([formula(u) for u in t.tolist()], dtype=float)
    difference = np.abs(plan(t) - expected)
    assert difference.max() <= within * max(np.abs(expected).max(), 1e-300), (plan, int(t[difference.argmax()]))


def gave(plan: an.Plan, every: int, values: Sequence[float], within: float = 1e-12) -> None:
    """The plan gives what the library itself gave to every so many updates, when it was run and this was written down."""
    expected = np.array(values)
    difference = np.abs(plan(every * np.arange(expected.size)) - expected)
    assert difference.max() <= within * np.abs(expected).max(), (plan, every * int(difference.argmax()))


def reads_back(plan: an.Plan | an.RecipePlan) -> None:
    """The plan's text is the plan."""
    assert an.parse(str(plan)) == plan


def cosine(done: float) -> float:
    """Half a cosine, from 1 to 0."""
    return (1 + float(np.cos(np.pi * done))) / 2
