"""keras' schedules, called at every iteration, and the plans that stand for them here."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS
from annealing.dialects import keras as ours
from tests.conftest import require

jax = require("jax")
theirs = require("keras").optimizers.schedules

UPDATES = 200
NAMES = [
    "ExponentialDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "InverseTimeDecay",
    "CosineDecay",
    "CosineDecayRestarts",
]

rates = st.floats(1e-5, 1.0)
lengths = st.integers(1, 60)
# A rate that float32 would round is another rate 200 updates later, hence width=32 for decay rates.
shares = st.just(0.0) | st.floats(1e-3, 1.0)

CASES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "ExponentialDecay": {
        "initial_learning_rate": rates,
        "decay_steps": lengths,
        "decay_rate": st.just(0.0) | st.floats(0.125, 1.03125, width=32),
        "staircase": st.booleans(),
    },
    "PolynomialDecay": {
        "initial_learning_rate": rates,
        "decay_steps": lengths,
        "end_learning_rate": rates,
        "power": st.floats(0.5, 3.0),
        "cycle": st.booleans(),
    },
    "InverseTimeDecay": {
        "initial_learning_rate": rates,
        "decay_steps": lengths,
        "decay_rate": st.floats(0.0, 5.0),
        "staircase": st.booleans(),
    },
    "CosineDecay": {
        "initial_learning_rate": st.just(0.0) | rates,
        "decay_steps": lengths,
        "alpha": shares,
        "warmup_target": st.none() | rates,
        "warmup_steps": st.integers(0, 60),
    },
    "CosineDecayRestarts": {
        "initial_learning_rate": rates,
        "first_decay_steps": lengths,
        "t_mul": st.sampled_from([1.0, 1.5, 2.0, 3.0]),
        "m_mul": st.sampled_from([1.0, 0.9, 0.5]),
        "alpha": shares,
    },
}


def called(schedule: Any) -> np.ndarray:
    """A schedule's value at each of the first iterations, in the float32 that it computes in."""
    iterations = jax.numpy.arange(UPDATES)
    if isinstance(schedule, theirs.CosineDecayRestarts):  # it would be compiled again at every call
        with jax.disable_jit():
            return np.array(schedule(iterations), dtype=np.float64)
    return np.array(jax.vmap(schedule)(iterations), dtype=np.float64)


def agree(plan: an.Plan, schedule: Any, but_for: list[int] | None = None, share: float = 2e-6) -> None:
    """Every update gets the same value, to within float32, over the whole run and past its end."""
    values, expected = plan(np.arange(UPDATES)), called(schedule)
    expected[but_for or []] = values[but_for or []]
    tolerance = share * np.abs(expected).max()
    for t in np.flatnonzero(np.abs(values - expected) > tolerance):  # divided all at once, 82 / 41 is below 2
        expected[t] = schedule(int(t))

    np.testing.assert_allclose(values, expected, rtol=0, atol=tolerance, err_msg=str(plan))
    assert an.parse(str(plan)) == plan


@pytest.mark.parametrize("name", [name for name in CASES if name != "CosineDecayRestarts"])
@given(data=st.data())
def test_every_iteration_and_past_the_end_agrees(name: str, data: st.DataObject) -> None:
    arguments = data.draw(st.fixed_dictionaries(CASES[name]))
    agree(getattr(ours, name)(**arguments), getattr(theirs, name)(**arguments))


@given(st.lists(st.integers(0, 100), min_size=1, max_size=5), st.lists(rates, min_size=6, max_size=6))
def test_a_boundary_still_uses_the_old_value(boundaries: list[int], values: list[float]) -> None:
    arguments = sorted(boundaries), values[: len(boundaries) + 1]
    agree(ours.PiecewiseConstantDecay(*arguments), theirs.PiecewiseConstantDecay(*arguments))


@given(st.fixed_dictionaries(CASES["CosineDecayRestarts"]))
@settings(max_examples=30)
def test_restarts_agree_but_where_a_float32_logarithm_misses_one(arguments: dict[str, Any]) -> None:
    """Theirs takes the cycles done from the time in float32, which leaves five digits of it."""
    first, growth = arguments["first_decay_steps"], arguments["t_mul"]
    restarts, end = [], 0.0
    for i in range(100):
        end += first * growth**i
        restarts += [t for t in (round(end),) if t < UPDATES and abs(t - end) < 1e-3]

    agree(ours.CosineDecayRestarts(**arguments), theirs.CosineDecayRestarts(**arguments), but_for=restarts, share=1e-5)


def test_a_restart_is_at_the_update_that_it_falls_on() -> None:
    plan = ours.CosineDecayRestarts(1.0, first_decay_steps=10, t_mul=2.0)

    np.testing.assert_array_equal(plan(np.array([0, 10, 30, 70, 150, 310, 5110, 10 * (2**20 - 1)])), np.ones(8))
    broken = ours.CosineDecayRestarts(1.0, first_decay_steps=10, t_mul=1.5)
    np.testing.assert_allclose(
        broken(np.array([0, 10, 25, 47, 48])), [1, 1, 1, np.sin(np.pi / 90) ** 2, np.cos(np.pi / 135) ** 2]
    )


@pytest.mark.parametrize("make", [ours.PolynomialDecay, ours.CosineDecayRestarts])
def test_curves_that_no_phase_can_say_have_the_same_values_on_every_kind_of_array(make: Any) -> None:
    arguments = {"cycle": True} if make is ours.PolynomialDecay else {"t_mul": 1.3, "m_mul": 0.9}
    plan = make(0.1, 13, **arguments)
    torch = require("torch")
    times = np.arange(UPDATES)
    expected = np.array([plan(t) for t in range(UPDATES)])

    np.testing.assert_allclose(plan(times), expected, rtol=1e-12)
    np.testing.assert_allclose(plan(torch.arange(UPDATES)).numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(np.asarray(jax.jit(plan)(jax.numpy.arange(UPDATES))), expected, atol=2e-7)


@pytest.mark.parametrize("name", NAMES)
def test_a_dialect_has_the_parameters_and_defaults_of_theirs(name: str) -> None:
    here, there = (inspect.signature(getattr(module, name)).parameters for module in (ours, theirs))

    assert [(p, here[p].default) for p in here] == [(p, there[p].default) for p in there]
    assert DIALECTS[f"keras.{name}"].make is getattr(ours, name)


def test_nothing_of_theirs_is_missing() -> None:
    classes = {name for name, value in vars(theirs).items() if inspect.isclass(value)}

    assert classes - {"LearningRateSchedule"} == set(NAMES)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "PiecewiseConstantDecay"])
def test_the_configuration_of_theirs_is_the_arguments_of_ours(name: str) -> None:
    extra = {"decay_rate": 0.5} if name in ("ExponentialDecay", "InverseTimeDecay") else {}
    schedule = getattr(theirs, name)(0.1, 10, **extra)

    agree(getattr(ours, name)(**schedule.get_config()), schedule, but_for=[10, 30, 70, 150])


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 0, "decay_rate": 0.5}),
        ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 0}),
        ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": -1, "decay_rate": 0.5}),
        ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 0}),
        ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 0}),
        ("PiecewiseConstantDecay", {"boundaries": [1, 2], "values": [0.1]}),
    ],
)
def test_what_theirs_refuses_is_refused_with_a_word_on_what_to_write(name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be > 0|should be 1 less"):
        getattr(theirs, name)(**arguments)
    with pytest.raises(an.AnnealingError):
        getattr(ours, name)(**arguments)


def test_shrinking_restarts_are_refused_where_theirs_end_in_nan() -> None:
    assert np.isnan(called(theirs.CosineDecayRestarts(0.1, 10, t_mul=0.5))[-1])
    with pytest.raises(an.AnnealingError, match="shrink to nothing"):
        ours.CosineDecayRestarts(0.1, 10, t_mul=0.5)
