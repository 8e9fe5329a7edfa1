"""The laws of a controller: pure, resumable at every observation, and unshaken by whatever a metric can be."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np

from annealing.control import parse, state_from_json, state_to_json
from annealing.control.protocol import Controller, Transition
from annealing.core.errors import AnnealingError, KindError
from annealing.testing.laws import Complaints, Law, hold

# A loss that falls, stalls, spikes, is lost and found again: every number is one of float32, so that a scan sees the same.
_OBSERVATIONS = (
    [4.0, 3.0, 2.5, 2.5, 2.5, 2.5, 9.0, 2.25, 2.0]
    + [math.nan, 2.0, math.inf, -math.inf, -1.0, -1.5, -1.5, -1.5, -1.5, 0.0, 0.0, 1e30, 1e-30]
    + [-2.0 - k / 8 for k in range(6)]
    + [-2.0] * 12
)


def check_controller(
    controller: Transition[Any, Any], *, observations: Sequence[float] | None = None, scan: bool = False
) -> tuple[str, ...]:
    """Hold a controller against the laws of all controllers; return the laws that were checked.

    >>> from annealing.control import Plateau
    >>> for law in check_controller(Plateau(patience=2))[:3]:
    ...     print(law)
    its options are a value: equal, hashable, copied and pickled as they are
    a step changes nothing, and answers the same to the same
    before the first observation the gain is 1

    Arguments: `controller`, of the protocol in `annealing.control`; one that only says when to stop is no `Controller`, and
    the laws of gains are left out. `observations`, by default a history with plateaus, spikes, negative numbers, NaN and both
    infinities. `scan`, whether it also runs inside `jax.lax.scan`, which needs JAX.

    Raises `ConformanceError` with the law that is broken and where.
    """
    if not isinstance(controller, Transition):
        raise KindError(f"{controller!r} is no controller: it has to be a Transition or Controller of annealing.control.")
    history = list(_OBSERVATIONS if observations is None else observations)
    laws = [
        Law("its options are a value: equal, hashable, copied and pickled as they are", _value),
        Law("a step changes nothing, and answers the same to the same", _pure),
    ]
    if isinstance(controller, Controller):
        laws += [
            Law("before the first observation the gain is 1", _one),
            Law("the gain it answers with is the gain of its state, finite and not negative", _gains),
        ]
    laws += [
        Law("its state is JSON, and going on from it is as if nothing had happened", _resumed),
        Law("a reset forgets what was observed and keeps what was decided", _reset),
        Law("what is no number is refused", _refused),
        Law("every kind of number is the number that it is", _kinds),
    ]
    if type(controller).__module__.startswith("annealing.control."):
        laws.append(Law("its text reads back", _text))  # only those have words that parse knows
    if scan:
        laws.append(Law("inside lax.scan it decides as in a loop", _scanned))
    return hold(controller, laws, controller, history)


def _value(controller: Any, history: Sequence[float]) -> Complaints:
    for how, again in (("a copy", copy.deepcopy(controller)), ("a pickle", pickle.loads(pickle.dumps(controller)))):  # noqa: S301
        if again != controller:
            yield f"{how} of it differs"
        if hash(again) != hash(controller):
            yield f"{how} of it has another hash"


def _pure(controller: Any, history: Sequence[float]) -> Complaints:
    state = controller.init()
    for at, seen in enumerate(history):
        before = copy.deepcopy(state)
        after, answer = controller.step(state, seen)
        if not _alike(state, before):
            yield f"observation {at} ({seen:g}) changes the state it was given"
        again, other = controller.step(before, seen)
        if not (_alike(again, after) and _alike(other, answer)):
            yield f"observation {at} ({seen:g}) is answered with {answer}, and then with {other}"
        if _shape(after) != _shape(controller.init()):
            yield f"after observation {at} its state has another shape: {after}"
        state = after


def _one(controller: Any, history: Sequence[float]) -> Complaints:
    if controller.gain(controller.init()) != 1:
        yield f"it is {controller.gain(controller.init())}"


def _gains(controller: Any, history: Sequence[float]) -> Complaints:
    state = controller.init()
    for at, seen in enumerate(history):
        state, gain = controller.step(state, seen)
        if not (math.isfinite(gain) and gain >= 0):
            yield f"observation {at} ({seen:g}) gives a gain of {gain}"
        if gain != controller.gain(state):
            yield f"observation {at} ({seen:g}) is answered with {gain}, and its state has the gain {controller.gain(state)}"


def _resumed(controller: Any, history: Sequence[float]) -> Complaints:
    states, answers = _run(controller, controller.init(), history)
    for k in range(len(history) + 1):
        state = controller.init() if k == 0 else states[k - 1]
        again = state_from_json(controller, state_to_json(controller, state))
        if not _alike(again, state):
            yield f"after {k} observations its state reads back as {again}, and was {state}"
        if not _alike(_run(controller, again, history[k:])[1], answers[k:]):
            yield f"after {k} observations it goes on otherwise"


def _reset(controller: Transition[Any, Any], history: Sequence[float]) -> Complaints:
    states, _ = _run(controller, controller.init(), history)
    fresh: Any
    for k, state in enumerate(states):
        fresh = controller.reset(state)
        if _shape(fresh) != _shape(state):
            yield f"after {k + 1} observations a reset gives {fresh}, which is no state"
        if not _alike(controller.reset(fresh), fresh):
            yield f"after {k + 1} observations a second reset changes something"
        if isinstance(controller, Controller) and controller.gain(fresh) != controller.gain(state):
            yield f"after {k + 1} observations a reset changes the gain from {controller.gain(state)} to {controller.gain(fresh)}"
    # What was observed is forgotten: two histories that led to the same decision cannot be told apart any more.
    for k, state in enumerate(states):
        other = next((s for s in states[:k] if _decided(controller, s) == _decided(controller, state)), None)
        if other is not None and not _alike(controller.reset(other), controller.reset(state)):
            yield f"after {k + 1} observations a reset still remembers some: {controller.reset(state)}"


def _refused(controller: Any, history: Sequence[float]) -> Complaints:
    for thing in (None, "2.5", True, [2.5]):
        try:
            controller.step(controller.init(), thing)
        except AnnealingError:
            continue
        yield f"{thing!r} is taken for an observation"


def _kinds(controller: Any, history: Sequence[float]) -> Complaints:
    for kind in (np.float32, np.float64):
        plain = _run(controller, controller.init(), [float(kind(seen)) for seen in history])[1]
        if not _alike(_run(controller, controller.init(), [kind(seen) for seen in history])[1], plain):
            yield f"numbers of {kind.__name__} are answered otherwise than the same ones of Python"
    if not _alike(
        _run(controller, controller.init(), [4, 3, 3, 3, 3])[1], _run(controller, controller.init(), [4.0, 3.0] + [3.0] * 3)[1]
    ):
        yield "whole numbers are answered otherwise than the same floats"


def _text(controller: Any, history: Sequence[float]) -> Complaints:
    again = parse(str(controller))
    if again != controller:
        yield f"it reads back as {again}"


def _scanned(controller: Any, history: Sequence[float]) -> Complaints:
    import jax

    _, answers = _run(controller, controller.init(), history)
    with jax.enable_x64(True):
        _, found = jax.lax.scan(controller.step, controller.init(), jax.numpy.asarray(history, "float64"))
        scanned: list[Any] = np.asarray(found).tolist()
    for at, (ours, theirs) in enumerate(zip(answers, scanned, strict=True)):
        if not math.isclose(ours, theirs, rel_tol=1e-9):
            yield f"observation {at} ({history[at]:g}) is answered with {ours} in a loop and with {theirs} in a scan"


def _run(controller: Any, state: Any, history: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    states: list[Any] = []
    answers: list[Any] = []
    for seen in history:
        state, answer = controller.step(state, seen)
        states.append(state)
        answers.append(answer)
    return states, answers


def _decided(controller: Any, state: Any) -> Any:
    """What a reset keeps: the gain, or that it has stopped."""
    return controller.gain(state) if isinstance(controller, Controller) else controller.step(state, math.nan)[1]


def _alike(one: Any, other: Any) -> bool:
    """Whether two nests of numbers are the same, NaN included."""
    if type(one) in (int, float, bool):
        return one == other or (one != one and other != other)
    if hasattr(one, "__len__"):
        return type(one) is type(other) and len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)


def _shape(state: Any) -> tuple[type, ...]:
    parts: Any = state if hasattr(state, "__len__") else ()
    kinds: list[type] = [type(state)]
    for part in parts:
        kinds += _shape(part)
    return tuple(kinds)
