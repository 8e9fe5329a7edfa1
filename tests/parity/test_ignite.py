"""ignite's handlers, called as an engine calls them, and the plans that stand for them here."""

from __future__ import annotations

import inspect
import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS
from annealing.dialects import ignite as ours
from annealing.dialects import parse as parse_any
from annealing.dialects import torch as ours_of_torch
from tests.conftest import require
from tests.parity.examples import ignite_finder

torch = require("torch")
with warnings.catch_warnings():  # ignite imports torch.distributed.optim, which torch itself calls deprecated
    warnings.simplefilter("ignore", DeprecationWarning)
    engine = require("ignite.engine")
theirs = require("ignite.handlers")
of_parameters = require("ignite.handlers.param_scheduler")
of_states = require("ignite.handlers.state_param_scheduler")

PAST = 160

values = st.floats(0.0, 10.0)
factors = st.floats(0.5, 1.5)

cycles = {
    "start_value": values,
    "end_value": values,
    "cycle_size": st.integers(2, 40),
    "cycle_mult": st.one_of(st.just(1.0), st.just(2.0), st.floats(0.4, 2.5)),
    "start_value_mult": st.one_of(st.just(1.0), factors),
    "end_value_mult": st.one_of(st.just(1.0), factors),
    "warmup_duration": st.one_of(st.just(0), st.integers(1, 20)),
}
CASES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "CosineAnnealingScheduler": st.fixed_dictionaries(cycles),
    "LinearCyclicalScheduler": st.fixed_dictionaries(cycles | {"monotonic": st.booleans()}).map(
        lambda a: a | {"monotonic": a["monotonic"] or a["warmup_duration"] > 0}
    ),
    "PiecewiseLinear": st.lists(st.tuples(st.integers(0, 60), values), min_size=1, max_size=6).map(
        lambda points: {"milestones_values": sorted(points, key=lambda point: point[0])}
    ),
}


def optimizer_of(lr: float = 0.1, groups: int = 1) -> Any:
    return torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(groups)], lr=lr, momentum=0.9)


def called(scheduler: Any, optimizer: Any, updates: int = PAST, key: str = "lr") -> np.ndarray:
    """The value of each group that every update uses; it ends where theirs divides by zero."""
    rows = []
    try:
        for _ in range(updates):
            scheduler(None)
            rows.append([group[key] for group in optimizer.param_groups])
    except ZeroDivisionError:
        pass
    return np.array(rows, dtype=float).T


def difference(plan: an.Plan, expected: np.ndarray) -> float:
    """The largest difference, as a share of the largest value."""
    return float(np.abs(plan(np.arange(expected.size)) - expected).max() / max(np.abs(expected).max(), 1e-300))


def scheduler_of(name: str, arguments: dict[str, Any], optimizer: Any, key: str = "lr", group: int | None = None) -> Any:
    return getattr(of_parameters, name)(optimizer, param_name=key, param_group_index=group, **arguments)


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
def test_every_update_agrees_as_long_as_theirs_goes_on(name: str, data: st.DataObject) -> None:
    arguments = data.draw(CASES[name])
    optimizer = optimizer_of()
    (expected,) = called(scheduler_of(name, arguments, optimizer), optimizer)
    plan = getattr(ours, name)("lr", **arguments)

    assert difference(plan, expected) <= 1e-12, plan
    assert an.parse(str(plan)) == plan
    if expected.size < PAST:
        assert plan.total == expected.size


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
def test_another_parameter_and_a_single_group_are_recipes(name: str, data: st.DataObject) -> None:
    arguments = data.draw(CASES[name])
    optimizer = optimizer_of(groups=2)
    first, second = called(scheduler_of(name, arguments, optimizer, "momentum", 1), optimizer, 40, "momentum")
    recipe = getattr(ours, name)("momentum", **arguments, param_group_index=1)

    assert set(first) == {0.9}
    assert recipe.plans_for("0") == {}
    assert difference(recipe.plans_for("1")["momentum"], second) <= 1e-12
    assert getattr(ours, name)("momentum", **arguments).plans_for("*").keys() == {"momentum"}
    assert an.parse(str(recipe)) == recipe


parts = st.sampled_from(sorted(CASES)).flatmap(lambda name: st.tuples(st.just(name), CASES[name]))


@given(chosen=st.lists(parts, min_size=2, max_size=3), durations=st.lists(st.integers(1, 40), min_size=2, max_size=2))
def test_one_after_another_agrees(chosen: list[tuple[str, dict[str, Any]]], durations: list[int]) -> None:
    durations = durations[: len(chosen) - 1]
    assume(all(arguments.get("cycle_mult", 1) >= 1 for _, arguments in chosen))
    optimizer = optimizer_of()
    schedulers = [scheduler_of(name, arguments, optimizer) for name, arguments in chosen]
    (expected,) = called(theirs.ConcatScheduler(schedulers, durations), optimizer, 120)
    plan = ours.ConcatScheduler([getattr(ours, name)("lr", **arguments) for name, arguments in chosen], durations)

    assert difference(plan, expected) <= 1e-12, plan
    assert an.parse(str(plan)) == plan


@given(chosen=st.lists(parts, min_size=2, max_size=2))
def test_group_beside_group_agrees(chosen: list[tuple[str, dict[str, Any]]]) -> None:
    assume(all(arguments.get("cycle_mult", 1) >= 1 for _, arguments in chosen))
    optimizer = optimizer_of(groups=2)
    schedulers = [scheduler_of(name, arguments, optimizer, group=i) for i, (name, arguments) in enumerate(chosen)]
    expected = called(theirs.ParamGroupScheduler(schedulers, ["body", "head"]), optimizer, 60)
    recipe = ours.ParamGroupScheduler(
        [getattr(ours, name)("lr", **arguments, param_group_index=i) for i, (name, arguments) in enumerate(chosen)],
        ["body", "head"],
    )

    for i, column in enumerate(expected):
        assert difference(recipe.plans_for(str(i))["lr"], column) <= 1e-12, recipe
    assert an.parse(str(recipe)) == recipe


def test_the_later_of_two_schedulers_of_one_group_wins_as_with_theirs() -> None:
    lines = [[(0, 0.1), (9, 0.0)], [(0, 0.2), (9, 0.0)]]
    optimizer = optimizer_of(groups=2)
    pair = [
        of_parameters.PiecewiseLinear(optimizer, "lr", lines[0], param_group_index=1),
        of_parameters.PiecewiseLinear(optimizer, "lr", lines[1]),
    ]
    expected = called(theirs.ParamGroupScheduler(pair), optimizer, 12)
    recipe = ours.ParamGroupScheduler(
        [ours.PiecewiseLinear("lr", lines[0], param_group_index=1), ours.PiecewiseLinear("lr", lines[1])]
    )

    assert all(difference(recipe.plans_for(str(i))["lr"], expected[i]) <= 1e-12 for i in range(2))


@given(
    start=values,
    duration=st.integers(2, 30),
    end=st.one_of(st.none(), values),
    chosen=CASES["CosineAnnealingScheduler"],
)
def test_a_warm_up_before_one_of_their_own_agrees(start: float, duration: int, end: float | None, chosen: dict[str, Any]) -> None:
    assume(chosen["cycle_mult"] >= 1)
    optimizer = optimizer_of(lr=chosen["start_value"])  # where the warm-up ends, if it is not told
    scheduler = scheduler_of("CosineAnnealingScheduler", chosen, optimizer)
    (expected,) = called(theirs.create_lr_scheduler_with_warmup(scheduler, start, duration, end), optimizer, 100)
    plan = ours.create_lr_scheduler_with_warmup(ours.CosineAnnealingScheduler("lr", **chosen), start, duration, end)

    assert difference(plan, expected) <= 1e-12, plan
    assert an.parse(str(plan)) == plan


@given(start=values, duration=st.integers(2, 30), end=st.one_of(st.none(), values), first=st.integers(1, 20))
def test_a_warm_up_before_a_closed_form_of_torch_agrees(start: float, duration: int, end: float | None, first: int) -> None:
    optimizer = optimizer_of()
    scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, first)
    (expected,) = called(theirs.create_lr_scheduler_with_warmup(scheduler, start, duration, end), optimizer, 80)
    plan = ours.create_lr_scheduler_with_warmup(ours_of_torch.CosineAnnealingWarmRestarts(0.1, first), start, duration, end)

    assert difference(plan, expected) <= 1e-12, plan


def test_the_wrapper_agrees_where_torch_has_a_closed_form() -> None:
    optimizer = optimizer_of()
    cyclic = {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 7, "step_size_down": 4, "cycle_momentum": False}
    wrapped = theirs.LRScheduler(torch.optim.lr_scheduler.CyclicLR(optimizer, **cyclic))

    assert difference(ours.LRScheduler(ours_of_torch.CyclicLR(**cyclic)), called(wrapped, optimizer)[0]) <= 1e-12


def test_the_wrapper_begins_warm_restarts_with_their_second_value_and_ours_with_the_first() -> None:
    optimizer = optimizer_of()
    wrapped = theirs.LRScheduler(torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 7, 2))
    plan = ours.LRScheduler(ours_of_torch.CosineAnnealingWarmRestarts(0.1, 7, 2))
    (late,) = called(wrapped, optimizer)

    assert plan(0) == 0.1
    assert difference(plan, np.concatenate([[0.1], late])) <= 1e-12


def attribute(scheduler: Any, name: str, events: int = 60) -> np.ndarray:
    """The attribute of the engine's state after one event, two events, …"""
    idle = engine.Engine(lambda engine, batch: None)
    after = []
    for _ in range(events):
        scheduler(idle)
        after.append(getattr(idle.state, name))
    return np.array(after, dtype=float)


@given(data=st.data(), initial=values, gamma=st.floats(0.1, 1.2))
def test_every_attribute_after_every_event_agrees(data: st.DataObject, initial: float, gamma: float) -> None:
    size, marks = data.draw(st.integers(1, 20)), data.draw(st.lists(st.integers(1, 50), max_size=4).map(sorted))
    points = data.draw(CASES["PiecewiseLinear"])["milestones_values"]
    for name, arguments in {
        "ExpStateScheduler": (initial, gamma),
        "StepStateScheduler": (initial, gamma, size),
        "MultiStepStateScheduler": (initial, gamma, marks),
        "PiecewiseLinearStateScheduler": (points,),
    }.items():
        plan = getattr(ours, name)(*arguments, "rate")
        expected = attribute(getattr(of_states, name)(*arguments, "rate"), "rate")

        assert np.abs(plan(np.arange(1, 61)) - expected).max() <= 1e-12 * max(np.abs(expected).max(), 1e-300), plan
        assert an.parse(str(plan)) == plan


@an.register("tests.ignite.batch")
def batch(epoch: float) -> float:
    return 10 + 3 * (epoch // 2)


def test_a_registered_function_of_the_events_agrees() -> None:
    expected = attribute(of_states.LambdaStateScheduler(batch, "rate"), "rate")

    assert ours.LambdaStateScheduler("tests.ignite.batch", "rate")(np.arange(1, 61)).tolist() == expected.tolist()


def test_the_batch_size_of_every_epoch_agrees() -> None:
    plan = ours.BatchSizeScheduler("tests.ignite.batch")
    sizes = theirs.BatchSizeScheduler.simulate_values(20, scheduler_fn=lambda epoch: int(batch(epoch)))

    assert [plan(epoch) for epoch, _ in sizes] == [size for _, size in sizes]
    assert plan(3.9) == plan(3)


@given(last=st.floats(1e-4, 0.99), first=st.floats(1e-4, 0.99), length=st.integers(1, 40))
def test_the_momentum_of_every_average_agrees(last: float, first: float, length: int) -> None:
    handler = theirs.EMAHandler(torch.nn.Linear(1, 1), last, first, length)
    idle = engine.Engine(lambda engine, batch: None)
    used: list[float] = []
    handler.attach(idle)
    idle.add_event_handler(engine.Events.ITERATION_COMPLETED, lambda e: used.append(e.state.ema_momentum))
    idle.run(range(60), max_epochs=1)

    assert difference(ours.EMAHandler(last, first, length), np.array(used)) <= 1e-12
    assert an.parse(str(ours.EMAHandler(last, first, length))) == ours.EMAHandler(last, first, length)


NAMES = [row.removeprefix("ignite.") for row in DIALECTS if row.startswith("ignite.")]
REPLACED = {"optimizer", "dataloader", "model", "lr_scheduler"}  # what a plan has no use for, or takes the place of


def test_all_that_follows_no_metric_is_spoken() -> None:
    public = {name for module in (of_parameters, of_states) for name in vars(module) if name.endswith("Scheduler")}
    bases = {"BaseParamScheduler", "ParamScheduler", "CyclicalScheduler", "StateParamScheduler", "PyTorchLRScheduler"}

    assert public - bases - {"ReduceLROnPlateauScheduler"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_names_and_defaults_are_theirs(name: str) -> None:
    there = inspect.signature(getattr(theirs, name, None) or getattr(of_states, name)).parameters
    if name == "FastaiLRFinder":  # whose arguments are those of its attach, after what belongs to the trainer
        there = dict(list(inspect.signature(theirs.FastaiLRFinder.attach).parameters.items())[4:])
        assert next(iter(there)) == "num_iter"
        there = {"lr": inspect.Parameter("lr", inspect.Parameter.POSITIONAL_OR_KEYWORD), **there}
    if name == "LinearCyclicalScheduler":  # theirs passes its arguments on
        there = {**inspect.signature(of_parameters.CyclicalScheduler).parameters, "monotonic": there["monotonic"]}
    mine = inspect.signature(getattr(ours, name)).parameters

    assert [key for key in mine if key not in REPLACED] == [key for key in there if key not in REPLACED]
    assert {key: p.default for key, p in mine.items() if key in there} == {
        key: there[key].default for key in mine if key in there
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_the_catalogue_is_read_from_text(name: str) -> None:
    plan = parse_any(DIALECTS[f"ignite.{name}"].example)

    assert an.parse(str(plan)) == plan
    assert math.isinf(plan.total) == (name != "FastaiLRFinder")


@given(
    lr=st.floats(1e-4, 0.9),
    start=st.none() | st.floats(1e-6, 0.9),
    updates=st.integers(1, 30),
    mode=st.sampled_from(["exp", "linear"]),
)
def test_every_update_of_a_sweep_agrees(lr: float, start: float | None, updates: int, mode: str) -> None:
    expected = ignite_finder(lr, updates, start_lr=start, end_lr=1.0, step_mode=mode)
    plan = ours.FastaiLRFinder(lr, updates, start, 1.0, mode)

    assert plan.total == len(expected)
    assert difference(plan, np.array(expected)) <= 1e-12
    assert an.parse(str(plan)) == plan


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ours.CosineAnnealingScheduler("lr", 0.1, 0.0, 1), "cycle_size"),
        (lambda: ours.LinearCyclicalScheduler("lr", 0.1, 0.0, 10, warmup_duration=5), "monotonic=True"),
        (lambda: ours.CosineAnnealingScheduler("lr", 0.1, 0.0, 10, cycle_mult=0.0), "above 0"),
        (lambda: ours.CosineAnnealingScheduler(0.1, 0.1, 0.0, 10), "param_name"),
        (lambda: ours.PiecewiseLinear("lr", []), "at least one pair"),
        (lambda: ours.PiecewiseLinear("lr", [(9, 0.1), (3, 0.0)]), "rise"),
        (lambda: ours.ConcatScheduler([ours.PiecewiseLinear("lr", [(0, 1.0)])], [3]), "boundaries"),
        (lambda: ours.ConcatScheduler([], []), "empty"),
        (lambda: ours.ConcatScheduler([ours.PiecewiseLinear("lr", [(0, 1.0)], param_group_index=0)] * 2, [3]), "per group"),
        (lambda: ours.ParamGroupScheduler([ours.PiecewiseLinear("lr", [(0, 1.0)])], ["a", "b"]), "one name for each"),
        (lambda: ours.LRScheduler(0.1), "not a plan"),
        (lambda: ours.create_lr_scheduler_with_warmup(an.hold().over(9), 0.0, 1), "warmup_duration"),
        (lambda: ours.LambdaStateScheduler(lambda t: t, "rate"), "register"),
        (lambda: ours.MultiStepStateScheduler(1.0, 0.5, [6, 3], "rate"), "must rise"),
        (lambda: ours.EMAHandler(1.5), "between 0 and 1"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, said: str) -> None:
    with pytest.raises(an.AnnealingError, match=said):
        make()
