"""transformers' schedules, stepped beside a real optimizer of two groups, and the plans that stand for them here."""

from __future__ import annotations

import inspect
import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS
from annealing.dialects import parse as parse_any
from annealing.dialects import transformers as ours
from tests.conftest import require

torch = require("torch")
theirs = require("transformers.optimization")
SchedulerType = require("transformers").SchedulerType

ENDLESS = 190  # updates, where a schedule has no end; else three times the run
TWICE = 2.0  # the second group's rate, as a multiple of the first

rates = st.floats(1e-5, 10.0)
shares = st.floats(0.0, 1.0)
ups = st.integers(0, 40)
cycles = st.one_of(st.just(0.5), st.integers(1, 6).map(float), st.floats(0.1, 4.0))


def lengths(shortest_decay: int = 1) -> st.SearchStrategy[dict[str, int]]:
    return st.builds(
        lambda up, down: {"num_warmup_steps": up, "num_training_steps": max(1, up + down)},
        ups,
        st.integers(shortest_decay, 60),
    )


CASES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "constant": st.just({}),
    "constant_with_warmup": st.fixed_dictionaries({"num_warmup_steps": ups}),
    "linear": lengths(-20),
    "cosine": st.builds(lambda run, n: run | {"num_cycles": n}, lengths(), cycles),
    "cosine_with_restarts": st.builds(
        lambda run, n: run | {"num_cycles": n}, lengths(), st.one_of(st.integers(1, 40), st.floats(0.1, 9.0))
    ),
    "polynomial": st.builds(
        lambda run, end, power: run | {"lr_end": end, "power": power},
        lengths(-20).filter(lambda run: run["num_warmup_steps"] != run["num_training_steps"]),
        st.floats(0.0, 9e-6),
        st.floats(0.2, 4.0),
    ),
    "inverse_sqrt": st.builds(
        lambda up, scale: {"num_warmup_steps": up, "timescale": scale}, ups, st.one_of(st.none(), st.integers(1, 99))
    ),
    "cosine_with_min_lr": st.builds(
        lambda run, n, low: run | {"num_cycles": n} | low, lengths(), cycles, st.deferred(lambda: floors)
    ),
    "cosine_warmup_with_min_lr": st.builds(
        lambda run, n, low, first: run | {"num_cycles": n, "warmup_lr_rate": first} | low,
        lengths(),
        cycles,
        st.deferred(lambda: floors),
        st.one_of(st.none(), shares),
    ),
    "warmup_stable_decay": st.fixed_dictionaries(
        {
            "num_warmup_steps": ups,
            "num_decay_steps": st.integers(0, 40),
            "warmup_type": st.sampled_from(["linear", "cosine", "1-sqrt"]),
            "decay_type": st.sampled_from(["linear", "cosine", "1-sqrt"]),
            "min_lr_ratio": shares,
            "num_cycles": cycles,
        }
    ).flatmap(
        lambda run: st.one_of(
            st.builds(lambda n: run | {"num_stable_steps": n}, st.integers(0 if sum(steps(run)) else 1, 40)),
            st.builds(lambda n: run | {"num_training_steps": max(1, run["num_warmup_steps"]) + n}, st.integers(0, 99)),
            st.just(run | {"num_stable_steps": 7, "num_training_steps": 50}),
        )
    ),
}
floors = st.one_of(
    st.builds(lambda low: {"min_lr": low}, st.floats(0.0, 1e-5)), st.builds(lambda low: {"min_lr_rate": low}, shares)
)


def steps(run: dict[str, Any]) -> tuple[int, int]:
    return run["num_warmup_steps"], run["num_decay_steps"]


def scheduler_of(name: str, lr: float, arguments: dict[str, Any]) -> Any:
    """Theirs on an optimizer of two groups, the second with `TWICE` the rate."""
    first, second = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    optimizer = torch.optim.SGD([{"params": [first]}, {"params": [second], "lr": TWICE * lr}], lr=lr)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs warns that one of the two lengths of a "warmup_stable_decay" is not looked at
        return theirs.TYPE_TO_SCHEDULER_FUNCTION[SchedulerType(name)](optimizer, **arguments)


def rates_of(scheduler: Any, updates: int) -> np.ndarray:
    """The rate of each group at every update; a LambdaLR is a function of the update, so it need not be stepped."""
    pairs = list(zip(scheduler.base_lrs, scheduler.lr_lambdas, strict=True))
    return np.array([[base * factor(t) for t in range(updates)] for base, factor in pairs], dtype=float)


def difference(plan: an.Plan, expected: np.ndarray) -> float:
    """The largest difference, as a share of the largest value."""
    return float(np.abs(plan(np.arange(expected.size)) - expected).max() / max(np.abs(expected).max(), 1e-300))


@pytest.mark.parametrize("name", CASES)
@given(data=st.data(), lr=rates)
def test_every_update_of_every_group_agrees_in_the_run_and_past_its_end(name: str, data: st.DataObject, lr: float) -> None:
    arguments = data.draw(CASES[name])
    plan = ours.SCHEDULES[name](lr, **arguments)
    updates = 3 * arguments["num_training_steps"] + 10 if "num_training_steps" in arguments else ENDLESS
    first, second = rates_of(scheduler_of(name, lr, arguments), updates)

    assert difference(plan, first) <= 1e-12, plan
    assert difference(plan * TWICE, second) <= 1e-12, plan
    assert an.parse(str(plan)) == plan


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
@settings(max_examples=2)
def test_their_formula_is_what_their_steps_do(name: str, data: st.DataObject) -> None:
    scheduler = scheduler_of(name, 0.1, data.draw(CASES[name]))
    expected = rates_of(scheduler, 30)

    for column in expected.T:
        assert [group["lr"] for group in scheduler.optimizer.param_groups] == column.tolist()
        scheduler.optimizer.step()
        scheduler.step()


def test_every_type_is_spoken_or_is_a_controller() -> None:
    assert {kind.value for kind in SchedulerType} == set(ours.SCHEDULES) | {"greedy", "reduce_lr_on_plateau"}
    assert set(CASES) == set(ours.SCHEDULES)


@pytest.mark.parametrize("name", CASES)
def test_names_and_defaults_are_theirs(name: str) -> None:
    mine, given_by_them = (
        list(inspect.signature(function).parameters.values())
        for function in (ours.SCHEDULES[name], theirs.TYPE_TO_SCHEDULER_FUNCTION[SchedulerType(name)])
    )

    assert ["lr", *(p.name for p in given_by_them[1:])] == [p.name for p in mine]
    assert [p.default for p in given_by_them[1:]] == [p.default for p in mine[1:]]
    assert ours.SCHEDULES[name].__name__ == theirs.TYPE_TO_SCHEDULER_FUNCTION[SchedulerType(name)].__name__


@pytest.mark.parametrize("name", CASES)
def test_get_scheduler_finds_it_by_name(name: str) -> None:
    extra = {"polynomial": {"power": 2.0}, "warmup_stable_decay": {"num_decay_steps": 9}}.get(name, {})
    extra |= {"min_lr": 1e-4} if "min_lr" in name else {}
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = theirs.get_scheduler(name, optimizer, 5, 30, scheduler_specific_kwargs=extra)
    plan = ours.get_scheduler(name, 0.1, 5, 30, scheduler_specific_kwargs=extra)

    assert np.array([0.1 * scheduler.lr_lambdas[0](t) for t in range(60)]) == pytest.approx(plan(np.arange(60)), abs=1e-13)


@pytest.mark.parametrize("name", [row for row in DIALECTS if row.startswith("transformers.")])
def test_the_example_of_the_catalogue_is_read_from_text(name: str) -> None:
    plan = parse_any(DIALECTS[name].example)

    assert isinstance(plan, an.Plan)
    assert an.parse(str(plan)) == plan
    assert math.isfinite(plan.values(50).sum())


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("polynomial", {"num_warmup_steps": 5, "num_training_steps": 9, "lr_end": 0.2}, "is not below lr"),
        ("polynomial", {"num_warmup_steps": 9, "num_training_steps": 9}, "shorter warm-up"),
        ("cosine", {"num_warmup_steps": 20, "num_training_steps": 10}, "20"),
        ("cosine_with_min_lr", {"num_warmup_steps": 5, "num_training_steps": 9}, "min_lr_rate=0.1"),
        ("cosine_with_min_lr", {"num_warmup_steps": 5, "num_training_steps": 9, "min_lr": 0, "min_lr_rate": 0}, "one of them"),
        ("warmup_stable_decay", {"num_warmup_steps": 5, "num_decay_steps": 9}, "num_training_steps=1000"),
        ("warmup_stable_decay", {"num_warmup_steps": 5, "num_decay_steps": 9, "warmup_type": "sqrt"}, "'1-sqrt'"),
        ("linear", {"num_warmup_steps": 5, "num_training_steps": 9, "last_epoch": 3}, "keeps no place"),
    ],
)
def test_what_cannot_be_is_refused(name: str, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(an.AnnealingError, match=said):
        ours.SCHEDULES[name](0.1, **arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("greedy", 0.1), "get_greedy_schedule"),
        (("reduce_lr_on_plateau", 0.1), "get_reduce_on_plateau_schedule"),
        (("cosin", 0.1), "'cosine'"),
        (("cosine", 0.1), "num_warmup_steps=1000"),
        (("cosine", 0.1, 10), "num_training_steps=1000"),
    ],
)
def test_a_name_alone_is_not_always_enough(arguments: tuple[Any, ...], said: str) -> None:
    with pytest.raises(an.AnnealingError, match=said):
        ours.get_scheduler(*arguments)
