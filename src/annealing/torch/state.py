"""The state of a Scheduler as JSON: what it counted and the text of what it followed, so that no order of loading matters.

    {"version": 1, "update": 1200, "mode": "lr", "plan": "cosine().over(5000)", "journal": [], "bases": [], "starts": [],
     "control": ["lr"], "observed": ['{"annealing": 1, "controller": "Plateau()", "state": {…}}'], "asked": ""}

`bases` are the groups' own rates where a factor multiplies them, `starts` the updates at which their plans begin where
not all begin at 0, `control` what the controllers multiply, `asked` what the script gave where it is not what was followed.
`seen`, of a plan that
counts samples, epochs or tokens, is how many the updates have used.
The keys are always the same ones and hold numbers, texts and flat lists: torch.distributed.checkpoint loads into the shape
of a fresh state, and drops what is nested or new.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from annealing.core.errors import ArgumentError
from annealing.torch.binding import Mode
from annealing.torch.owner import Place
from annealing.torch.uses import whole_if_it_is

VERSION = 1


class State(NamedTuple):
    """A saved state that was read and found whole."""

    update: int
    mode: Mode
    plan: str
    journal: list[str]
    bases: tuple[float, ...]
    starts: tuple[float, ...]
    control: list[str]
    observed: list[str]
    seen: float | None  # on the plan's clock, where it does not count updates
    asked: str  # what it was settled for, which an edit or a policy may have changed since

    @property
    def position(self) -> int:
        """Where on the plan the update that comes next begins."""
        return self.update if self.seen is None else whole_if_it_is(self.seen)

    def __str__(self) -> str:
        text = ".".join([self.plan, *self.journal])
        return text if self.mode == "recipe" else f"{self.mode}={text}"


def write_state(place: Place, asked: str, *, other_clock: bool = False) -> dict[str, Any]:
    """Return the state as plain numbers, texts and lists."""
    binding, feedback = place.binding, place.feedback
    return {
        "version": VERSION,
        "update": place.update,
        "mode": binding.mode,
        "plan": binding.text,
        "journal": binding.journal,
        "bases": list(place.bases),
        "starts": list(place.starts),
        "control": [bond.key for bond in feedback.bonds],
        "observed": feedback.texts(),
        "asked": "" if asked == str(binding) else asked,
        **({"seen": place.seen} if other_clock else {}),
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
    control, observed = _texts(state, "control"), _texts(state, "observed")
    if len(control) != len(observed):
        raise ArgumentError(
            f"this state is damaged: it has {len(control)} controllers and {len(observed)} states of controllers."
        )
    return State(
        update,
        mode,
        state["plan"],
        _texts(state, "journal"),
        tuple(map(float, state.get("bases", ()))),
        tuple(state.get("starts", ())),
        control,
        observed,
        None if state.get("seen") is None else float(state["seen"]),
        str(state.get("asked") or ""),
    )


def _texts(state: Mapping[str, Any], key: str) -> list[str]:
    return [str(text) for text in state.get(key, ())]
