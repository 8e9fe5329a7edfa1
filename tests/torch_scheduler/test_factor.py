"""A factor multiplies each group's own rate, wherever that rate has been in the meantime."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.optim.lr_scheduler import LambdaLR

import annealing as an
from annealing.core.errors import ArgumentError
from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, SHAPE, UPDATES, parameter, rates_used, sgd, train


def test_each_group_gets_the_factor_times_its_own_rate() -> None:
    optimizer = sgd(0.1, 0.7, 0.1)
    Scheduler(optimizer, factor=SHAPE)
    for t in range(UPDATES):
        assert rates_used(optimizer) == [0.1 * SHAPE(t), 0.7 * SHAPE(t), 0.1 * SHAPE(t)]


def test_an_absolute_plan_makes_unequal_groups_alike() -> None:
    """Where that is said to be meant. It never looks at a group's value, so that no order of loading can matter."""
    optimizer = sgd(0.1, 0.7)
    with pytest.raises(ArgumentError, match=r'0 has 0.1 of its own, parameter group 1 0.7: write factor=plan .* groups="same"'):
        Scheduler(optimizer, lr=PLAN)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.7]
    Scheduler(optimizer, lr=PLAN, groups="same")
    assert rates_used(optimizer) == [PLAN(0)] * 2


def test_rates_that_differ_are_seen_through_a_schedule_that_made_them_alike() -> None:
    first = sgd(0.1, 0.7)
    Scheduler(first, lr=PLAN, groups="same")
    second = sgd(0.1, 0.7)
    second.load_state_dict(first.state_dict())
    with pytest.raises(ArgumentError, match=r"1 0\.7"):
        Scheduler(second, lr=PLAN)
    Scheduler(sgd(0.1, torch.tensor(0.1)), lr=PLAN)  # which holds 0.1 as nearly as it can


@pytest.mark.parametrize("order", list(itertools.permutations(("build", "load"))), ids=" > ".join)
def test_the_own_rate_travels_with_the_optimizers_state(order: tuple[str, ...]) -> None:
    """The scheduler's state may be lost or left out: the factor still does not multiply a rate that was decayed."""
    first = sgd(0.1, 0.7)
    Scheduler(first, factor=SHAPE)
    train(first, 9)
    second = sgd(0.1, 0.7)
    for action in order:
        if action == "build":
            Scheduler(second, factor=SHAPE)
        else:
            second.load_state_dict(first.state_dict())
    assert rates_used(second) == [0.1 * SHAPE(0), 0.7 * SHAPE(0)]


@pytest.mark.parametrize("order", list(itertools.permutations(("build", "load"))), ids=" > ".join)
def test_a_run_under_an_absolute_plan_can_go_on_under_a_factor(order: tuple[str, ...]) -> None:
    """The own rate was marked by the first scheduler: without that, this started at the decayed rate."""
    first = sgd(0.1)
    Scheduler(first, lr=PLAN)
    train(first, 9)
    second = sgd(0.1)
    for action in order:
        if action == "build":
            Scheduler(second, factor=SHAPE)
        else:
            second.load_state_dict(first.state_dict())
    assert rates_used(second) == [0.1 * SHAPE(0)]


@pytest.mark.parametrize("order", list(itertools.permutations(("build", "load"))), ids=" > ".join)
def test_a_state_that_torchs_scheduler_left_is_ambiguous_and_refused(order: tuple[str, ...]) -> None:
    """lr has decayed, initial_lr has not, and nothing says which one the factor should multiply."""
    first = sgd(0.1)
    scheduler = LambdaLR(first, lambda t: 1 / (1 + t))
    train(first, 3, scheduler.step)
    second = sgd(0.1)
    actions = {"build": lambda: Scheduler(second, factor=SHAPE), "load": lambda: second.load_state_dict(first.state_dict())}
    actions[order[0]]()
    with pytest.raises(an.AnnealingError, match=r"lr=0.025 and initial_lr=0.1"):
        actions[order[1]]()


@pytest.mark.parametrize("order", list(itertools.permutations(("build", "optimizer", "scheduler"))), ids=" > ".join)
def test_saved_base_rates_win_over_the_groups_in_every_order(order: tuple[str, ...]) -> None:
    if order.index("scheduler") < order.index("build"):
        order = (*(action for action in order if action != "scheduler"), "scheduler")
    first = sgd(0.1, 0.7)
    saved = Scheduler(first, factor=SHAPE)
    train(first, 9)
    foreign = sgd(0.3, 0.3).state_dict()  # of another run, with other rates and no mark
    second = sgd(0.5, 0.5)
    for action in order:
        if action == "build":
            scheduler = Scheduler(second, factor=SHAPE)
        elif action == "optimizer":
            second.load_state_dict(foreign)
        else:
            scheduler.load_state_dict(saved.state_dict())
    for t in range(9, 12):
        assert rates_used(second) == [0.1 * SHAPE(t), 0.7 * SHAPE(t)]


def test_a_group_added_later_brings_its_own_rate() -> None:
    optimizer = sgd(0.1)
    Scheduler(optimizer, factor=SHAPE)
    rates_used(optimizer)
    optimizer.add_param_group({"params": [parameter()], "lr": 0.9})
    for t in range(1, UPDATES):
        assert rates_used(optimizer) == [0.1 * SHAPE(t), 0.9 * SHAPE(t)]


def test_the_own_rates_are_shown_under_torchs_name() -> None:
    optimizer = sgd(0.1, 0.7)
    scheduler = Scheduler(optimizer, factor=SHAPE)
    train(optimizer, 4)
    assert scheduler.base_lrs == [0.1, 0.7]
    assert all("initial_lr" not in group for group in optimizer.param_groups)


@pytest.mark.parametrize("kind", [float, torch.tensor])
def test_a_rate_written_after_the_optimizer_is_loaded_is_the_groups_own(kind: type) -> None:
    """Nothing of the saved run is left but its optimizer, and whoever writes a rate then means it to be used."""
    first = sgd(kind(0.1), kind(0.7))
    Scheduler(first, factor=SHAPE)
    train(first, 9)
    second = sgd(0.5, 0.5)
    second.load_state_dict(first.state_dict())
    second.param_groups[0]["lr"] = 0.3
    Scheduler(second, factor=SHAPE)
    for t in range(3):
        assert rates_used(second) == pytest.approx([0.3 * SHAPE(t), 0.7 * SHAPE(t)], rel=1e-6)


def test_saving_leaves_the_optimizers_own_groups_as_they_are() -> None:
    optimizer = sgd(0.1)
    Scheduler(optimizer, factor=SHAPE)
    before = dict(optimizer.param_groups[0])
    optimizer.state_dict()
    assert dict(optimizer.param_groups[0]) == before
