"""The state of a Scheduler as JSON: what it counted and the text of what it followed, so that no order of loading matters.

    {"version": 1, "update": 1200, "mode": "lr", "plan": "cosine().over(5000)", "journal": [], "bases": []}

The keys are always the same ones and hold numbers, texts and flat lists: torch.distributed.checkpoint loads into the
shape of a fresh state, and drops what is nested or new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, cast, get_args

from annealing.core.errors import ArgumentError, PlanMismatchError
from annealing.core.journal import Branch
from annealing.core.plan import Plan
from annealing.core.text import parse_edit
from annealing.torch.binding import Binding, Mode, checked, read_plan

VERSION = 1

Resume: TypeAlias = Literal["same", "mine", "saved"]
"""Which plan to go on with when a saved state follows another one: neither, the one given here, the saved one."""


class State(NamedTuple):
    """A saved state that was read and found whole."""

    update: int
    mode: Mode
    plan: str
    journal: list[str]
    bases: tuple[float, ...]

    def __str__(self) -> str:
        text = ".".join([self.plan, *self.journal])
        return text if self.mode == "recipe" else f"{self.mode}={text}"


def write_state(binding: Binding, update: int, bases: Sequence[float]) -> dict[str, Any]:
    """Return the state as plain numbers, texts and lists."""
    journal = binding.journal
    return {
        "version": VERSION,
        "update": update,
        "mode": binding.mode,
        "plan": binding.text,
        "journal": journal,
        "bases": list(bases),
    }


def read_state(state: Mapping[str, Any]) -> State:
    """Read what `write_state` wrote.

    Raises `ArgumentError` for the state of something else, or of a version that is newer than this library.
    """
    version, update = state.get("version"), state.get("update")
    if not isinstance(version, int) or not isinstance(update, int) or not isinstance(state.get("plan"), str):
        raise ArgumentError(
            f"this is not the state of a Scheduler: it has {', '.join(map(str, state)) or 'no keys'}. "
            "Pass what scheduler.state_dict() returned; the state of a torch scheduler does not say what its schedule was."
        )
    if version > VERSION:
        raise ArgumentError(
            f"this state has version {version} and this library reads up to {VERSION}: upgrade annealing to load it."
        )
    mode: Any = state.get("mode")
    if update < 0 or mode not in get_args(Mode):
        raise ArgumentError(f"this state is damaged: it says update={update} and mode={mode!r}.")
    return State(
        update, mode, state["plan"], [str(edit) for edit in state.get("journal", ())], tuple(map(float, state.get("bases", ())))
    )


def settle(mine: Binding, saved: State, resume: Resume) -> Binding:
    """Decide what to follow from here: it depends on the plan given at construction and the saved state alone.

    The saved run may have been edited since (its journal goes on where mine ends), and mine may branch off at an update
    that is still to come. Any other difference would rewrite the past, so it has to be asked for.

    Raises `PlanMismatchError` with both texts.
    """
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


def _rebuilt(saved: State) -> Binding:
    plan = read_plan(saved.plan, saved.mode)
    for edit in saved.journal:
        plan = parse_edit(edit, cast("Plan", plan))
    return checked(saved.mode, plan)


def _all_ahead(mine: Binding, known: int, update: int) -> bool:
    edits = mine.plan.journal[known:] if isinstance(mine.plan, Plan) else ()
    return all(isinstance(edit, Branch) and edit.at >= update for edit in edits)
