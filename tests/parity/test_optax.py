"""optax's schedules, called at every count, and the plans that stand for them here."""

from __future__ import annotations

import inspect
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS
from annealing.dialects import optax as ours
from tests.conftest import require

jax = require("jax")
optax = require("optax")

COUNTS = 160
NAMES = [name for name in vars(optax.schedules) if name.endswith(("_schedule", "_decay", "_schedules")) and name[0] != "_"]

values = st.just(0.0) | st.floats(1e-5, 1.0)  # between them float32 has numbers with fewer digits, which JAX takes for 0
steps = st.integers(-2, 60)
lengths = st.integers(1, 60)
marks = st.dictionaries(st.integers(0, 100), st.just(0.0) | st.floats(0.1, 3.0), max_size=5)
flags = st.booleans()

# A rate that float32 would round is another rate 160 updates later, hence width=32.
DECAY: dict[str, st.SearchStrategy[Any]] = {
    "transition_steps": steps,
    "decay_rate": st.just(0.0) | st.floats(0.125, 1.0625, width=32),
    "transition_begin": steps,
    "staircase": flags,
    "end_value": st.none() | values,
}
ONECYCLE: dict[str, st.SearchStrategy[Any]] = {
    "transition_steps": lengths,
    "peak_value": values,
    "pct_start": values,
    "div_factor": st.floats(1.0, 100.0),
    "final_div_factor": st.floats(1.0, 1e4),
}
CASES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "constant_schedule": {"value": values},
    "linear_schedule": {"init_value": values, "end_value": values, "transition_steps": steps, "transition_begin": steps},
    "polynomial_schedule": {
        "init_value": values,
        "end_value": values,
        "power": st.floats(0.3, 4.0),
        "transition_steps": steps,
        "transition_begin": steps,
    },
    "exponential_decay": {"init_value": values, **DECAY},
    "cosine_decay_schedule": {"init_value": values, "decay_steps": lengths, "alpha": values, "exponent": st.floats(0.5, 3.0)},
    "piecewise_constant_schedule": {"init_value": values, "boundaries_and_scales": st.none() | marks},
    "piecewise_interpolate_schedule": {
        "interpolate_type": st.sampled_from(["linear", "cosine"]),
        "init_value": values,
        "boundaries_and_scales": st.none() | marks,
    },
    "linear_onecycle_schedule": {**ONECYCLE, "pct_final": values},
    "cosine_onecycle_schedule": ONECYCLE,
    "warmup_constant_schedule": {"init_value": values, "peak_value": values, "warmup_steps": st.integers(0, 60)},
    "warmup_exponential_decay_schedule": {
        "init_value": values,
        "peak_value": values,
        "warmup_steps": st.integers(0, 60),
        **DECAY,
    },
}
CYCLE = st.fixed_dictionaries(
    {
        "init_value": values,
        "peak_value": values,
        "warmup_steps": st.integers(0, 20),
        "decay_steps": st.integers(21, 50),
        "end_value": values,
        "exponent": st.sampled_from([1.0, 1.0, 0.5, 2.0]),
    }
)


def agree(plan: Any, schedule: Any) -> None:
    """Every update gets the same value, to within float32, over the whole run and past its end."""
    assert isinstance(plan, an.Plan)
    values = plan(np.arange(COUNTS))
    expected = np.array(jax.vmap(schedule)(jax.numpy.arange(COUNTS)), dtype=np.float64) + np.zeros(COUNTS)
    tolerance = 2e-6 * np.abs(expected).max()
    for count in np.flatnonzero(np.abs(values - expected) > tolerance):  # divided all at once, 82 / 41 is below 2
        expected[count] = schedule(int(count))

    np.testing.assert_allclose(values, expected, rtol=0, atol=tolerance, err_msg=str(plan))
    assert an.parse(str(plan)) == plan


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
def test_every_count_and_past_the_end_agrees(name: str, data: st.DataObject) -> None:
    arguments = data.draw(st.fixed_dictionaries(CASES[name]))
    agree(getattr(ours, name)(**arguments), getattr(optax, name)(**arguments))


@given(CYCLE)
def test_a_warm_up_and_a_cosine_agree(arguments: dict[str, Any]) -> None:
    agree(ours.warmup_cosine_decay_schedule(**arguments), optax.warmup_cosine_decay_schedule(**arguments))


@given(st.lists(CYCLE, min_size=1, max_size=4))
def test_restarts_agree(cycles: list[dict[str, Any]]) -> None:
    agree(ours.sgdr_schedule(cycles), optax.sgdr_schedule(cycles))


CHILDREN = st.sampled_from(sorted(set(CASES) - {"warmup_exponential_decay_schedule"})).flatmap(
    lambda name: st.tuples(st.just(name), st.fixed_dictionaries(CASES[name]))
)


@given(st.lists(CHILDREN, min_size=1, max_size=3), st.lists(st.integers(0, 40), min_size=2, max_size=2))
def test_joined_schedules_agree_wherever_the_boundaries_are(children: list[tuple[str, dict[str, Any]]], gaps: list[int]) -> None:
    boundaries = list(accumulate(gaps))[: len(children) - 1]
    assume(
        all(arguments.get("decay_rate", 0) <= 1 for _, arguments in children)
    )  # evaluated at negative counts, growth overflows

    agree(
        ours.join_schedules([getattr(ours, name)(**arguments) for name, arguments in children], boundaries),
        optax.join_schedules([getattr(optax, name)(**arguments) for name, arguments in children], boundaries),
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_dialect_has_the_parameters_and_defaults_of_theirs(name: str) -> None:
    here, there = (inspect.signature(getattr(module, name)).parameters for module in (ours, optax))

    assert {p: here[p].default for p in here} == {p: there[p].default for p in there}
    assert list(here) == list(there)
    assert DIALECTS[f"optax.{name}"].make is getattr(ours, name)


def test_nothing_of_theirs_is_missing() -> None:
    assert len(NAMES) == 14
    assert set(NAMES) == set(ours.__all__)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("cosine_decay_schedule", {"init_value": 0.1, "decay_steps": 0}),
        ("warmup_cosine_decay_schedule", {"init_value": 0.0, "peak_value": 0.1, "warmup_steps": 10, "decay_steps": 10}),
        ("piecewise_constant_schedule", {"init_value": 0.1, "boundaries_and_scales": {3: -0.5}}),
        ("piecewise_interpolate_schedule", {"interpolate_type": "sqrt", "init_value": 0.1}),
        ("cosine_onecycle_schedule", {"transition_steps": 0, "peak_value": 0.1}),
        ("linear_onecycle_schedule", {"transition_steps": 0, "peak_value": 0.1}),
    ],
)
def test_what_theirs_refuses_is_refused_with_a_word_on_what_to_write(name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"positive|non-negative|must be either"):
        getattr(optax, name)(**arguments)
    with pytest.raises(an.AnnealingError):
        getattr(ours, name)(**arguments)


def test_a_schedule_without_its_boundary_is_refused_where_theirs_drops_it() -> None:
    constants = [0.1, 0.2, 0.3]
    dropped = optax.join_schedules([optax.constant_schedule(c) for c in constants], [10])

    assert float(dropped(1_000)) == pytest.approx(0.2)
    with pytest.raises(an.AnnealingError, match="needs 2 boundaries"):
        ours.join_schedules([ours.constant_schedule(c) for c in constants], [10])
