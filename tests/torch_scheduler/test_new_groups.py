"""Groups that are added to a run that is under way: what becomes of them is declared."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from torch.optim.lr_scheduler import LambdaLR

import annealing as an
from annealing.core.errors import ConflictError
from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, SHAPE, UPDATES, USED, parameter, prepare, rates_used, sgd, train


def added(**options: Any) -> tuple[Any, Scheduler]:
    """A run of five updates, to which a group is then added."""
    optimizer = sgd()
    scheduler = Scheduler(optimizer, **(options or {"lr": PLAN}))
    train(optimizer, 5)
    optimizer.add_param_group({"params": [parameter()], "lr": 9.0})
    return optimizer, scheduler


def test_by_default_it_joins_at_the_present_place() -> None:
    optimizer, scheduler = added()
    assert [rates_used(optimizer) for _ in range(5, 9)] == [[rate] * 2 for rate in USED[5:9]]
    assert scheduler.state_dict()["starts"] == []


def test_with_a_clock_of_its_own_it_begins_the_plan() -> None:
    optimizer, scheduler = added(lr=PLAN, new_groups="own_clock")
    used = [rates_used(optimizer) for _ in range(5, UPDATES + 7)]
    assert used == [[PLAN(t), PLAN(t - 5)] for t in range(5, UPDATES + 7)]
    assert scheduler.state_dict()["starts"] == [0, 5]


def test_groups_added_one_after_the_other_have_one_clock_each() -> None:
    optimizer, _ = added(factor=SHAPE, new_groups="own_clock")
    rates_used(optimizer)
    optimizer.add_param_group({"params": [parameter()], "lr": 0.3})
    for t in range(6, UPDATES):
        assert rates_used(optimizer) == [0.1 * SHAPE(t), 9.0 * SHAPE(t - 5), 0.3 * SHAPE(t - 6)]


def test_a_clock_stays_with_its_group_when_another_one_goes() -> None:
    optimizer, _ = added(lr=PLAN, new_groups="own_clock")
    rates_used(optimizer)
    del optimizer.param_groups[0]
    assert rates_used(optimizer) == [PLAN(1)]


def test_a_copy_keeps_every_clock() -> None:
    optimizer, scheduler = added(lr=PLAN, new_groups="own_clock")
    rates_used(optimizer)
    twin, _ = copy.deepcopy((optimizer, scheduler))
    assert rates_used(twin) == rates_used(optimizer) == [PLAN(6), PLAN(1)]


def test_refuse_refuses_before_the_update_that_would_use_it() -> None:
    optimizer, scheduler = added(lr=PLAN, new_groups="refuse")
    prepare(optimizer)
    with pytest.raises(ConflictError, match=r'parameter group 1 was added, .* new_groups="refuse": add groups before'):
        optimizer.step()
    assert scheduler.update == 5
    assert [group["params"][0].item() for group in optimizer.param_groups] == [0.0, 0.0]


def test_a_recipe_reaches_a_new_group_by_its_name() -> None:
    optimizer = sgd(0.1, 0.1, names=["body", "head"])
    recipe = an.Recipe(lr=PLAN.schedule, groups={"head*": {"lr": 2 * PLAN.schedule}}).over(UPDATES)
    Scheduler(optimizer, recipe, control={"lr@head*": "Plateau"})
    train(optimizer, 5)
    optimizer.add_param_group({"params": [parameter()], "name": "head.2"})
    assert rates_used(optimizer) == pytest.approx([USED[5], 2 * USED[5], 2 * USED[5]])


def test_r40_torchs_schedulers_break_at_the_next_step() -> None:
    """The control: the new group has its own rate for one update, and then the scheduler raises."""
    optimizer = sgd()
    scheduler = LambdaLR(optimizer, lambda t: PLAN(t) / 0.1)
    train(optimizer, 5, scheduler.step)
    optimizer.add_param_group({"params": [parameter()], "lr": 9.0})
    assert rates_used(optimizer)[1] == 9.0
    with pytest.raises((ValueError, KeyError, IndexError)):
        scheduler.step()
