"""What a `Scheduled` saves beside its optimizer's variables: the texts of what it follows, and its controller's state.

It is JSON, written as an array of bytes, since arrays are what Keras stores.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast, final

import numpy as np

from annealing.control import Controller, state_from_json, state_to_json
from annealing.control import parse as parse_controller
from annealing.control.values import one_number
from annealing.core.errors import ArgumentError, KindError, ParseError, PlanMismatchError
from annealing.core.follow import Followed, check_goes_on

VERSION = 1
KEY = "annealing"


@final
class Feedback:
    """A controller, its state, and the gains that were in force."""

    def __init__(self, controller: Controller[Any] | None) -> None:
        self.controller = controller
        self.state: Any = None if controller is None else controller.init()
        self.gains: list[tuple[int, float]] = [(0, 1.0)]  # (first update that used it, gain)

    @property
    def gain(self) -> float:
        """The gain from here on."""
        return self.gains[-1][1]

    def gain_at(self, update: int) -> float:
        """Return the gain that an update used."""
        return next(gain for first, gain in reversed(self.gains) if first <= update)

    def observe(self, value: float, update: int) -> float:
        """Give the controller one observation, after so many updates; return the gain from here on."""
        if self.controller is None:
            raise KindError("there is no controller to observe anything: write Scheduled(…, controller=Plateau()).")
        self.state, gain = self.controller.step(self.state, one_number(value))
        if gain != self.gain:
            self.gains.append((update, float(gain)))
        return self.gain


def controller_of(given: Controller[Any] | str | None) -> Controller[Any] | None:
    """Return a controller with a gain from itself or its text."""
    rule = parse_controller(given) if isinstance(given, str) else given
    if rule is not None and not isinstance(rule, Controller):
        raise KindError(f"{given!r} is not a controller with a gain: write one such as Plateau(factor=0.5, patience=5).")
    return rule


def write_state(plan: Followed, feedback: Feedback, update: int) -> np.ndarray:
    """Return the texts and the controller's state as an array of bytes."""
    rule = feedback.controller
    data = {
        "annealing": VERSION,
        "plan": str(plan),
        "update": update,
        "control": None if rule is None else state_to_json(rule, feedback.state),
        "gains": feedback.gains,
    }
    return np.frombuffer(json.dumps(data).encode(), np.uint8)


def read_state(saved: Any, plan: Followed, feedback: Feedback, *, mine: bool) -> None:
    """Take over what `write_state` wrote.

    Raises `PlanMismatchError` for the state of a run that followed another plan or controller, unless `mine` says to go on
    with this one; `ParseError` for what is no such state.
    """
    data = _envelope(saved)
    if not mine:
        check_goes_on(data["plan"], plan, int(data["update"]))
    control, rule = data.get("control"), feedback.controller
    if (control is None) != (rule is None) and not mine:
        had = "a controller" if rule is None else "no controller"
        raise PlanMismatchError(f'the saved run had {had}, and this one has {rule or "none"}: write resume="replace" to go on.')
    if rule is not None and control is not None:
        feedback.state = state_from_json(rule, str(control), "replace" if mine else "refuse")
    gains = [(int(first), float(gain)) for first, gain in cast("list[tuple[int, float]]", data.get("gains", [(0, 1.0)]))]
    now = 1.0 if rule is None else float(rule.gain(feedback.state))
    feedback.gains = gains if gains[-1][1] == now else [*gains, (int(data["update"]), now)]


def check_ours(store: Mapping[str, Any]) -> None:
    """Refuse the variables of an optimizer that followed nothing."""
    if KEY not in store:
        raise ArgumentError(
            "these weights were saved with a plain optimizer: load them before the first fit with the ScheduleCallback, "
            "or into a model that is compiled with the plain optimizer, and schedule that."
        )


def _envelope(saved: Any) -> dict[str, Any]:
    try:
        data: object = json.loads(bytes(np.asarray(saved, np.uint8)))
    except ValueError as error:
        raise ParseError(f"the {KEY!r} entry of this optimizer is damaged: {error}.") from None
    envelope = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    if not isinstance(envelope.get("annealing"), int) or not isinstance(envelope.get("plan"), str) or "update" not in envelope:
        raise ParseError(f"the {KEY!r} entry of this optimizer is damaged: it names no plan.")
    if envelope["annealing"] > VERSION:
        raise ParseError(
            f"format version {envelope['annealing']} is newer than {VERSION}, which this library reads: upgrade annealing."
        )
    return envelope
