"""Which plan to go on with when a saved state followed another one than the script gives."""

from __future__ import annotations

from typing import Literal, TypeAlias, cast

from annealing.control import saved_controller
from annealing.core.errors import PlanMismatchError
from annealing.core.journal import Branch
from annealing.core.plan import Plan
from annealing.core.text import parse_edit
from annealing.torch.binding import Binding, checked, read_plan
from annealing.torch.feedback import Feedback, restored, taken_over
from annealing.torch.owner import Place
from annealing.torch.state import State

Resume: TypeAlias = Literal["same", "mine", "saved"]
"""Which plan to go on with when a saved state follows another one: neither, the one given here, the saved one."""


def settle(mine: Place, saved: State, resume: Resume) -> Place:
    """Decide what to follow from here: it depends on what was given at construction and the saved state alone.

    The saved run may have been edited since (its journal goes on where mine ends), and mine may branch off at an update
    that is still to come. Any other difference would rewrite the past, so it has to be asked for.

    Raises `PlanMismatchError` with both texts.
    """
    return Place(
        _settled(mine.binding, saved, resume), _heard(mine.feedback, saved, resume), saved.update, saved.bases, saved.starts
    )


def _settled(mine: Binding, saved: State, resume: Resume) -> Binding:
    if resume == "mine":
        return mine
    if resume == "saved":
        return _rebuilt(saved)
    if (saved.mode, saved.plan) == (mine.mode, mine.text):
        ours = mine.journal
        if saved.journal == ours:
            return mine
        if saved.journal[: len(ours)] == ours:
            return _rebuilt(saved)
        if ours[: len(saved.journal)] == saved.journal and _all_ahead(mine, len(saved.journal), saved.update):
            return mine
    raise PlanMismatchError(
        f"the saved state followed {saved} up to update {saved.update}, "
        f"and this Scheduler follows {mine}. Build it with the saved plan, or choose: "
        'resume="mine" goes on with this one, resume="saved" with the saved one.'
    )


def _heard(mine: Feedback, saved: State, resume: Resume) -> Feedback:
    """Bring the controllers back to what they remembered; one that is new starts afresh."""
    if resume == "saved":
        return restored(saved.control, saved.observed)
    controllers = {bond.key: str(bond.controller) for bond in mine.bonds}
    if resume == "same":
        for key, text in zip(saved.control, saved.observed, strict=True):
            if controllers.get(key) != saved_controller(text):
                raise PlanMismatchError(
                    f"the saved run had control={{{key!r}: {saved_controller(text)}}} and this Scheduler has "
                    f"{controllers.get(key, 'no controller')} there: build it with the saved one, or choose: "
                    'resume="mine" goes on with this one, resume="saved" with the saved one.'
                )
    return taken_over(mine, saved.control, saved.observed)


def _rebuilt(saved: State) -> Binding:
    plan = read_plan(saved.plan, saved.mode)
    for edit in saved.journal:
        plan = parse_edit(edit, cast("Plan", plan))
    return checked(saved.mode, plan)


def _all_ahead(mine: Binding, known: int, update: int) -> bool:
    edits = mine.plan.journal[known:] if isinstance(mine.plan, Plan) else ()
    return all(isinstance(edit, Branch) and edit.at >= update for edit in edits)
