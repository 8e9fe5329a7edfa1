"""A group's own rate: what a factor multiplies, kept apart from the scheduled rate that replaces it.

It travels inside the group, so that a checkpoint of the optimizer alone is enough. Every Scheduler of lr leaves the
mark, not only those with a factor: a run saved under `lr=` and continued under `factor=` would otherwise take the
decayed rate for the group's own.
"""

from __future__ import annotations

from collections.abc import Sequence

from annealing.core.errors import ArgumentError
from annealing.torch.slot import Group, place_of

MARK = "annealing_base_lr"


def own_rates(groups: Sequence[Group], saved: Sequence[float]) -> list[float]:
    """Return every group's own rate; `saved` ones (of a loaded state) win, so that the order of loading cannot matter.

    Raises `ArgumentError` where lr and initial_lr disagree: another scheduler has been here, and which one is meant?
    """
    return [float(saved[row]) if row < len(saved) else _own_rate(group, row) for row, group in enumerate(groups)]


def mark(group: Group, rate: float | None = None) -> None:
    """Leave a group's own rate in the group, before anything is written over it."""
    if rate is not None:
        group[MARK] = rate
    elif MARK not in group:
        group[MARK] = float(group.get("initial_lr", group["lr"]))


def _own_rate(group: Group, row: int) -> float:
    if MARK in group:
        return float(group[MARK])
    rate = float(group["lr"])
    first = float(group.get("initial_lr", rate))
    if first != rate:
        raise ArgumentError(
            f"{place_of(group, row)} has lr={rate:g} and initial_lr={first:g}, so its own rate is unclear:"
            ' delete group["initial_lr"] to keep lr, or set lr to it, and then build the Scheduler.'
        )
    return rate
