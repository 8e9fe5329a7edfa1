"""Stopping and going on: a state is JSON, and nothing is lost."""

import json
import math

import pytest
from hypothesis import given

from annealing.control import EarlyStop, Greedy, Plateau, Spike, parse, saved_controller, state_from_json, state_to_json
from annealing.core.errors import KindError, ParseError, PlanMismatchError
from tests.conftest import require
from tests.control.controllers import SAMPLES, observations, transitions


def strictly(text):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


@given(transitions, observations)
def test_going_on_from_json_at_any_point_is_never_having_stopped(controller, seen) -> None:
    state = restored = controller.init()
    for value in seen:
        state, answer = controller.step(state, value)
        restored = state_from_json(controller, state_to_json(controller, restored))
        restored, again = controller.step(restored, value)
        assert repr(restored) == repr(state)
        assert again == answer


@given(transitions, observations)
def test_a_state_is_json_that_any_reader_accepts(controller, seen) -> None:
    state = controller.init()
    for value in seen:
        state, _ = controller.step(state, value)
    text = state_to_json(controller, state)

    assert strictly(text)["annealing"] == 1
    assert parse(saved_controller(text)) == controller


@pytest.mark.parametrize("controller", SAMPLES, ids=str)
def test_a_state_that_came_out_of_a_scan_is_saved_as_well(controller) -> None:
    jax = require("jax")
    seen = [3.0, 2.5, 2.5, 2.75, 1.0, 1.0, 4.0]
    there, _ = jax.lax.scan(controller.step, controller.init(), jax.numpy.asarray(seen))
    here = controller.init()
    for value in seen:
        here, _ = controller.step(here, value)

    back = state_from_json(controller, state_to_json(controller, there))

    assert type(back) is type(here)
    assert jax.tree.structure(back) == jax.tree.structure(here)
    for a, b in zip(jax.tree.leaves(back), jax.tree.leaves(here), strict=True):
        assert type(a) is type(b)
        assert a == pytest.approx(b, rel=2e-6)


def test_the_state_of_other_options_is_refused_unless_it_is_asked_for() -> None:
    patient, hasty = Plateau(patience=9), Plateau(patience=2)
    text = state_to_json(patient, patient.step(patient.init(), 1.0)[0])

    with pytest.raises(PlanMismatchError, match=r'Plateau\(patience=9\), not to Plateau\(patience=2\).*resume="replace"'):
        state_from_json(hasty, text)
    assert state_from_json(hasty, text, resume="replace").best == 1.0


def test_the_state_of_another_kind_is_refused_whatever_is_asked_for() -> None:
    text = state_to_json(Spike(), Spike().init())

    with pytest.raises(PlanMismatchError, match=r"the state of Spike\(\) is no state of Plateau\(\)"):
        state_from_json(Plateau(), text, resume="replace")


def test_a_window_of_another_size_is_refused_whatever_is_asked_for() -> None:
    text = state_to_json(Greedy(window=3), Greedy(window=3).init())

    with pytest.raises(PlanMismatchError, match="is no state of"):
        state_from_json(Greedy(window=4), text, resume="replace")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not the JSON of a state"),
        ("[1]", "holds no state"),
        ('{"annealing": 1, "plan": "cosine()"}', "holds no state"),
        ('{"annealing": 2, "controller": "Plateau()", "state": {}}', "version 2"),
        ('{"annealing": 1, "controller": "EarlyStop()", "state": {"best": "inf"}}', "damaged"),
        ('{"annealing": 1, "controller": "EarlyStop()", "state": [1, 2, 3]}', "damaged"),
        ('{"annealing": 1, "controller": "EarlyStop()", "state": {"best": "much", "bad": 0, "stopped": false}}', "damaged"),
        ('{"annealing": 1, "controller": "EarlyStop()", "state": {"best": true, "bad": 0, "stopped": false}}', "damaged"),
        ('{"annealing": 1, "controller": "EarlyStop()", "state": {"best": 1, "bad": 0.5, "stopped": false}}', "damaged"),
        ('{"annealing": 1, "controller": "EarlyStop()", "state": {"best": 1, "bad": 0, "stopped": 0}}', "damaged"),
    ],
)
def test_json_that_is_no_state_is_refused(text, says) -> None:
    with pytest.raises(ParseError, match=says):
        state_from_json(EarlyStop(), text)


def test_the_state_of_something_else_is_not_written() -> None:
    with pytest.raises(KindError, match=r"is no state of Plateau\(\)"):
        state_to_json(Plateau(), Spike().init())


def test_the_state_of_many_runs_is_not_written_as_one() -> None:
    np = require("numpy")
    state, _ = Plateau().step(Plateau().init(), np.ones(3))

    with pytest.raises(KindError, match="write the state of each run by itself"):
        state_to_json(Plateau(), state)


def test_nan_and_infinities_survive() -> None:
    keras_like = Plateau(nonfinite="first")
    fresh = state_from_json(keras_like, state_to_json(keras_like, keras_like.init()))
    spoilt = state_from_json(keras_like, state_to_json(keras_like, keras_like.step(fresh, math.nan)[0]))

    assert math.isnan(fresh.best)
    assert spoilt.best == -math.inf
