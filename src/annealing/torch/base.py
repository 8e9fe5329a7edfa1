"""A group's own rate: what a factor multiplies, kept apart from the scheduled rate that replaces it.

It travels inside the group, so that a checkpoint of the optimizer alone is enough. Every Scheduler of lr leaves the
mark, not only those with a factor: a run saved under `lr=` and continued under `factor=` would otherwise take the
decayed rate for the group's own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from annealing.core.errors import ArgumentError
from annealing.torch.slot import Group, Slot, place_of

MARK = "annealing_base_lr"
LEFT = "annealing_left_lr"
"""What a Scheduler left in lr when it was removed, or the optimizer saved: another rate written since is the group's own."""
_LR = Slot("lr")


def own_rates(groups: Sequence[Group], saved: Sequence[float]) -> list[float]:
    """Return every group's own rate; `saved` ones (of a loaded state) win, so that the order of loading cannot matter.

    Raises `ArgumentError` where lr and initial_lr disagree: another scheduler has been here, and which one is meant?
    """
    return [float(saved[row]) if row < len(saved) else _own_rate(group, row) for row, group in enumerate(groups)]


def mark(group: Group, rate: float | None = None) -> None:
    """Leave a group's own rate in the group, before anything is written over it."""
    if rate is not None:
        group[MARK] = rate
    elif not _marked(group):
        group[MARK] = float(group.get("initial_lr", group["lr"]))
    group.pop(LEFT, None)


def leave(groups: Sequence[Group]) -> None:
    """Remember the rates that are left in the groups, so that one which is written later is known from them."""
    for group in groups:
        if MARK in group:
            group[LEFT] = float(group["lr"])


def leave_in_state(optimizer: object, state: dict[str, Any]) -> None:
    """Do the same in what an optimizer saves, whose groups are copies: a rate written after it is loaded is known from it."""
    leave(state["param_groups"])


def check_rates(groups: Sequence[Group]) -> None:
    """Refuse one rate for groups that were given different ones: whoever did so meant something by it."""
    for row, group in enumerate(groups):
        _LR.check(group, place_of(group, row))
    rates = [float(group[MARK] if _marked(group) else group.get("initial_lr", group["lr"])) for group in groups]
    row = next((row for row, rate in enumerate(rates) if not math.isclose(rate, rates[0], rel_tol=1e-6)), None)
    if row is not None:
        raise ArgumentError(
            f"lr= gives every group the same rate, and {place_of(groups[0], 0)} has {rates[0]:g} of its own, "
            f"{place_of(groups[row], row)} {rates[row]:g}: write factor=plan to multiply each group's own rate, a recipe with "
            'a schedule for each, or groups="same" if one rate is meant.'
        )


def _marked(group: Group) -> bool:
    return MARK in group and (LEFT not in group or float(group["lr"]) == group[LEFT])


def _own_rate(group: Group, row: int) -> float:
    if _marked(group):
        return float(group[MARK])
    rate = float(group["lr"])
    first = float(group.get("initial_lr", rate))
    if first != rate:
        raise ArgumentError(
            f"{place_of(group, row)} has lr={rate:g} and initial_lr={first:g}, so its own rate is unclear:"
            ' delete group["initial_lr"] to keep lr, or set lr to it, and then build the Scheduler.'
        )
    return rate
