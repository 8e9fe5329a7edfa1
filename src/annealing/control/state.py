"""States as JSON, with the text of the controller they belong to.

    {"annealing": 1, "controller": "Plateau(patience=5)", "state": {"rate": 1.0, "best": "inf", "bad": 0, ...}}

Numbers are written so that they read back to the same bits; NaN and the infinities, which JSON lacks, as text.
"""

from __future__ import annotations

import json
import math
from typing import Any, Literal, TypeAlias, TypeVar, cast

from annealing.control.protocol import Transition
from annealing.core.errors import KindError, ParseError, PlanMismatchError

VERSION = 1
State = TypeVar("State")

Resume: TypeAlias = Literal["refuse", "replace"]
"""What to do with the state of a controller that had other options: refuse it, or go on from it with this one's."""


def state_to_json(controller: Transition[State, Any], state: State) -> str:
    """Write a state as JSON.

    >>> from annealing.control import EarlyStop
    >>> state_to_json(EarlyStop(), EarlyStop().init())
    '{"annealing": 1, "controller": "EarlyStop()", "state": {"best": "inf", "bad": 0, "stopped": false}}'

    Raises `KindError` for a state of another controller, or of a column of runs.
    """
    data = _written(controller.init(), state, str(controller))
    return json.dumps({"annealing": VERSION, "controller": str(controller), "state": data}, allow_nan=False)


def state_from_json(controller: Transition[State, Any], text: str, resume: Resume = "refuse") -> State:
    """Read what `state_to_json` wrote: going on from there is as if one had never stopped.

    >>> from annealing.control import Plateau
    >>> plateau = Plateau(patience=1)
    >>> state, _ = plateau.step(plateau.init(), 2.5)
    >>> state_from_json(plateau, state_to_json(plateau, state)) == state
    True

    `resume="replace"` goes on with this controller's options from the state that another one of its kind left.

    Raises `PlanMismatchError` when the state belongs to a controller of other options (or of another kind), `ParseError`
    for text that is no such JSON, is damaged, or comes from a newer version.
    """
    envelope = _envelope(text)
    saved, mine = envelope["controller"], str(controller)
    if saved != mine and resume != "replace":
        raise PlanMismatchError(
            f"this state belongs to {saved}, not to {mine}: build the saved one with control.parse(…), or write "
            'resume="replace" to go on from it with these options.'
        )
    try:
        return _read(controller.init(), envelope["state"])
    except (KeyError, TypeError, ValueError):
        if saved != mine:
            raise PlanMismatchError(f"the state of {saved} is no state of {mine}: start with {mine}.init().") from None
        raise ParseError(f"this state of {saved} is damaged: {envelope['state']!r}.") from None


def saved_controller(text: str) -> str:
    """Return the text of the controller whose state this is.

    >>> saved_controller('{"annealing": 1, "controller": "Plateau()", "state": {}}')
    'Plateau()'
    """
    return str(_envelope(text)["controller"])


def _envelope(text: str) -> dict[str, Any]:
    try:
        data: object = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ParseError(f"this is not the JSON of a state: {error}.") from None
    envelope: dict[str, Any] = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    version = envelope.get("annealing")
    if not isinstance(version, int) or not isinstance(envelope.get("controller"), str) or "state" not in envelope:
        raise ParseError('this JSON holds no state: it should read {"annealing": 1, "controller": "…", "state": {…}}.')
    if version > VERSION:
        raise ParseError(f"this was written by format version {version}; this library reads up to {VERSION}: upgrade annealing.")
    return envelope


def _written(shape: Any, value: Any, owner: str) -> Any:
    """Write a value as what its place in a fresh state is: a float, a whole number, a truth value or a tuple of such."""
    if isinstance(shape, tuple):
        shape = cast("tuple[Any, ...]", shape)
        if not isinstance(value, tuple) or len(shape) != len(cast("tuple[Any, ...]", value)) or _names(shape) != _names(value):
            raise KindError(f"{value!r} is no state of {owner}: pass what its init() or step(…) returned.")
        parts = [_written(a, b, owner) for a, b in zip(shape, cast("tuple[Any, ...]", value), strict=True)]
        names = _names(shape)
        return dict(zip(names, parts, strict=True)) if names else parts
    try:
        plain = type(shape)(value)
    except (TypeError, ValueError, RuntimeError):
        raise KindError(f"the state of {owner} holds {value!r}, not one number: write the state of each run by itself.") from None
    return str(plain) if isinstance(plain, float) and not math.isfinite(plain) else plain


def _read(shape: Any, data: Any) -> Any:
    if isinstance(shape, tuple):
        shape = cast("tuple[Any, ...]", shape)
        names = _names(shape)
        if names:
            if set(data) != set(names):
                raise KeyError(data)
            return type(shape)(*(_read(part, data[name]) for name, part in zip(names, shape, strict=True)))
        return tuple(_read(part, item) for part, item in zip(shape, data, strict=True))
    if isinstance(shape, float):
        if isinstance(data, bool) or (isinstance(data, str) and data not in ("nan", "inf", "-inf")):
            raise ValueError(data)
        return float(data)
    if type(data) is not type(shape):
        raise ValueError(data)
    return data


def _names(state: Any) -> tuple[str, ...]:
    return getattr(state, "_fields", ())
