"""timm's schedulers, stepped as its training script steps them, and the plans that stand for them here."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS
from annealing.dialects import parse as parse_any
from annealing.dialects import timm as ours
from annealing.dialects.timm.noise import normals
from tests.conftest import require
from tests.parity.alone import timm_schedulers

torch = require("torch")
theirs = timm_schedulers()

PAST = 150  # times: longer than most runs below, so that what comes after the end is seen as well

rates = st.floats(1e-5, 10.0)
common = {
    "warmup_t": st.one_of(st.just(0), st.integers(0, 30)),
    "warmup_lr_init": st.floats(0.0, 0.1),
    "warmup_prefix": st.booleans(),
    "t_in_epochs": st.booleans(),
    "noise_range_t": st.one_of(
        st.none(), st.none(), st.integers(0, 60), st.tuples(st.floats(0.0, 40.0), st.integers(20, 90)).map(list)
    ),
    "noise_pct": st.floats(0.05, 0.9),
    "noise_std": st.floats(0.0, 2.0),
    "noise_seed": st.integers(0, 1000),
}
cycles = {
    "t_initial": st.integers(1, 60),
    "lr_min": st.floats(0.0, 1e-4),
    "cycle_mul": st.one_of(st.just(1.0), st.sampled_from([2.0, 3.0]), st.floats(0.5, 3.0)),
    "cycle_decay": st.one_of(st.just(1.0), st.floats(0.1, 1.5)),
    "cycle_limit": st.integers(1, 5),
}
bent = {"k_decay": st.one_of(st.just(1.0), st.floats(0.3, 3.0))}
CASES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "CosineLRScheduler": common | cycles | bent,
    "PolyLRScheduler": common | cycles | bent | {"power": st.floats(0.3, 3.0)},
    "TanhLRScheduler": common | cycles | {"lb": st.floats(-9.0, -1.0), "ub": st.floats(0.0, 5.0)},
    "StepLRScheduler": common
    | {
        "decay_t": st.one_of(st.integers(1, 40), st.floats(0.3, 9.0), st.integers(3, 90).map(lambda n: n / 10)),
        "decay_rate": st.floats(0.1, 1.2),
    },
    "MultiStepLRScheduler": common
    | {"decay_t": st.lists(st.integers(0, 90), max_size=4).map(sorted), "decay_rate": st.floats(0.0, 1.2)},
    "WSDLRScheduler": {name: values for name, values in common.items() if name != "warmup_prefix"}
    | {
        "t_initial": st.integers(1, 60),
        "decay_t": st.integers(1, 60),
        "lr_min": st.floats(0.0, 1e-4),
        "stable_fn": st.sampled_from(["constant", "rsqrt", "power"]),
        "stable_timescale": st.one_of(st.none(), st.integers(1, 40), st.floats(0.5, 40.0)),
        "stable_power": st.floats(0.1, 2.0),
        "decay_fn": st.sampled_from(["linear", "1-sqrt", "cosine", "power", "exp"]),
        "decay_power": st.floats(0.2, 3.0),
        "decay_ratio": st.floats(0.01, 0.9),
    },
}


def optimizer_of(lr: float) -> Any:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def stepped(scheduler: Any, updates: int = PAST) -> np.ndarray:
    """The rate at every time: the first is the constructor's, the others come from `step` and `step_update`.

    It ends where theirs fails: cycles that shrink come, some time after the last one, to the logarithm of a negative number.
    """
    values = []
    for t in range(updates):
        try:
            if t:
                scheduler.step(t) if scheduler.t_in_epochs else scheduler.step_update(t)
        except ValueError:
            assert scheduler.cycle_mul < 1
            break
        values.append(scheduler.optimizer.param_groups[0]["lr"])
    return np.array(values, dtype=float)


def difference(plan: an.Plan, expected: np.ndarray) -> float:
    """The largest difference, as a share of the largest value."""
    return float(np.abs(plan(np.arange(expected.size)) - expected).max() / max(np.abs(expected).max(), 1e-300))


def accepted(name: str, arguments: dict[str, Any]) -> None:
    """Leave out what theirs refuses too, and cycles that grow so little that the rounding of a logarithm decides."""
    if "cycle_mul" in arguments:
        assume(arguments["cycle_mul"] > 0.999 or arguments["cycle_mul"] < 0.99)
    if "decay_fn" in arguments:
        assume(arguments["decay_t"] <= arguments["t_initial"])
        assume(arguments["stable_fn"] == "constant" or arguments["stable_timescale"] or arguments["warmup_t"])


@pytest.mark.parametrize("name", CASES)
@given(data=st.data(), lr=rates)
def test_every_time_in_the_run_and_past_its_end_agrees(name: str, data: st.DataObject, lr: float) -> None:
    arguments = data.draw(st.fixed_dictionaries(CASES[name]))
    accepted(name, arguments)
    lr = max(lr, arguments.get("lr_min", 0.0))
    try:
        scheduler = getattr(theirs, name)(optimizer_of(lr), **arguments)
    except ValueError:  # the warm-up of a tanh is longer than cycles that shrink can ever be
        assert arguments["cycle_mul"] < 1
        reject()
    expected = stepped(scheduler)
    plan = getattr(ours, name)(lr, **arguments)

    assert difference(plan, expected) <= 1e-12, plan
    assert an.parse(str(plan)) == plan


@pytest.mark.parametrize("name", CASES)
def test_a_rate_counted_in_epochs_stays_for_the_whole_epoch(name: str) -> None:
    arguments = {
        "StepLRScheduler": {"decay_t": 3},
        "MultiStepLRScheduler": {"decay_t": [3, 6]},
        "WSDLRScheduler": {"t_initial": 9},
    }
    plan = getattr(ours, name)(
        0.1, **({"t_initial": 9} | {"decay_t": 4} if name == "WSDLRScheduler" else arguments.get(name, {"t_initial": 9}))
    )
    epochs = np.arange(0, 12, 0.125)

    assert plan.unit == "epochs"
    assert plan(epochs).tolist() == plan(np.floor(epochs)).tolist()


@pytest.mark.parametrize("name", CASES)
def test_names_and_defaults_are_theirs(name: str) -> None:
    mine, given_by_them = (
        list(inspect.signature(there).parameters.values()) for there in (getattr(ours, name), getattr(theirs, name))
    )

    assert ["lr", *(p.name for p in given_by_them[1:])] == [p.name for p in mine]
    assert [p.default for p in given_by_them[1:]] == [p.default for p in mine[1:]]


def test_the_noise_is_drawn_as_torch_draws_it() -> None:
    for seed in (0, 42, 2**31, 2**32 + 5, -1):
        generator = torch.Generator()
        generator.manual_seed(seed)
        drawn = normals(seed)

        assert [next(drawn) for _ in range(6)] == [torch.randn(1, generator=generator).item() for _ in range(6)]


FACTORY: dict[str, st.SearchStrategy[Any]] = {
    "sched": st.sampled_from(["cosine", "tanh", "step", "constant", "multistep", "poly", "wsd", "rsqrt"]),
    "num_epochs": st.integers(20, 60),
    "decay_epochs": st.one_of(st.none(), st.floats(0.05, 0.5), st.integers(1, 9)),
    "decay_milestones": st.just((9, 18)),
    "decay_rate": st.floats(0.1, 2.0),
    "min_lr": st.floats(0.0, 1e-5),
    "warmup_lr": st.floats(0.0, 1e-5),
    "warmup_epochs": st.integers(1, 9),
    "warmup_prefix": st.booleans(),
    "noise": st.one_of(st.none(), st.floats(0.0, 1.0), st.just([0.4, 0.9])),
    "cycle_limit": st.integers(1, 3),
    "k_decay": st.sampled_from([1.0, 1.5]),
    "stable_timescale": st.one_of(st.none(), st.integers(1, 9)),
    "step_on_epochs": st.booleans(),
    "updates_per_epoch": st.just(4),
}


@given(arguments=st.fixed_dictionaries(FACTORY), lr=st.floats(1e-4, 1.0))
def test_the_factory_agrees_and_says_how_long_to_train(arguments: dict[str, Any], lr: float) -> None:
    assume(arguments["sched"] != "step" or (arguments["decay_epochs"] or 1) >= 1)
    scheduler, epochs = theirs.create_scheduler_v2(optimizer_of(lr), **arguments)
    plan = ours.create_scheduler_v2(lr, **arguments)

    assert difference(plan, stepped(scheduler, 300)) <= 1e-12, plan
    if np.isfinite(plan.total):
        assert plan.total == epochs * (1 if arguments["step_on_epochs"] else 4)


@pytest.mark.parametrize("name", [row for row in DIALECTS if row.startswith("timm.")])
def test_the_example_of_the_catalogue_is_read_from_text(name: str) -> None:
    plan = parse_any(DIALECTS[name].example)

    assert isinstance(plan, an.Plan)
    assert an.parse(str(plan)) == plan


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("CosineLRScheduler", {"t_initial": 0}, "t_initial"),
        ("CosineLRScheduler", {"t_initial": 9, "lr_min": -0.1}, "below 0"),
        ("CosineLRScheduler", {"t_initial": 9, "cycle_limit": 0}, "cycle_limit"),
        ("CosineLRScheduler", {"t_initial": 9, "cycle_limit": 99, "cycle_mul": 9.0}, "smaller cycle_limit"),
        ("CosineLRScheduler", {"t_initial": 9, "noise_range_t": [1, 2, 3]}, "first, last"),
        ("CosineLRScheduler", {"t_initial": 9, "noise_range_t": 1, "noise_pct": 0.0}, "small enough"),
        ("TanhLRScheduler", {"t_initial": 9, "lb": 3, "ub": 3}, "lb=-7"),
        ("MultiStepLRScheduler", {"decay_t": [6, 3]}, "must rise"),
        ("WSDLRScheduler", {"t_initial": 9, "decay_t": 10}, "must fit"),
        ("WSDLRScheduler", {"t_initial": 9, "decay_t": 3, "lr_min": 0.2}, "at most lr"),
        ("WSDLRScheduler", {"t_initial": 9, "decay_t": 3, "stable_fn": "rsqrt"}, "stable_timescale"),
        ("WSDLRScheduler", {"t_initial": 9, "decay_t": 3, "decay_fn": "sqrt"}, "'1-sqrt'"),
        ("WSDLRScheduler", {"t_initial": 9, "decay_t": 3, "decay_fn": lambda x: 1 - x}, "register it"),
        ("create_scheduler_v2", {"sched": "plateau"}, "control"),
        ("create_scheduler_v2", {"sched": "cos"}, "'cosine'"),
        ("create_scheduler_v2", {"step_on_epochs": False}, "updates_per_epoch"),
    ],
)
def test_what_cannot_be_is_refused(name: str, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(an.AnnealingError, match=said):
        getattr(ours, name)(0.1, **arguments)
