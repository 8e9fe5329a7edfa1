"""One owner per hyper-parameter: a second one is refused before it does harm."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ChainedScheduler, ConstantLR, LambdaLR, ReduceLROnPlateau, SequentialLR

import annealing as an
from annealing.core.errors import ConflictError
from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, SHAPE, UPDATES, USED, parameter, prepare, rate_used, rates_used, sgd, train

MOMENTUM = an.Recipe(momentum=0.95 - 0.1 * an.cosine()).over(UPDATES)


def test_a_second_scheduler_of_the_same_hyper_parameter_is_refused_and_changes_nothing() -> None:
    optimizer = sgd()
    first = Scheduler(optimizer, lr=PLAN)
    with pytest.raises(ConflictError, match='already writes "lr"'):
        Scheduler(optimizer, factor=SHAPE)
    assert train(optimizer, UPDATES) == USED
    assert first.update == UPDATES


def test_schedulers_of_different_hyper_parameters_share_an_optimizer() -> None:
    optimizer = sgd(momentum=0.5)
    first, second = Scheduler(optimizer, lr=PLAN), Scheduler(optimizer, MOMENTUM)
    for t in range(UPDATES):
        group = optimizer.param_groups[0]
        assert (group["lr"], group["momentum"]) == (USED[t], MOMENTUM.plans_for("0")["momentum"](t))
        rate_used(optimizer)
    assert first.update == second.update == UPDATES


def test_two_schedulers_may_own_one_beta_each() -> None:
    optimizer = torch.optim.Adam([parameter()], lr=0.1)
    for name, high in (("betas[0]", 0.9), ("betas[1]", 0.99)):
        Scheduler(optimizer, an.Recipe({name: high * an.linear(to=0.5)}).over(4))
    rates_used(optimizer)
    assert optimizer.param_groups[0]["betas"] == pytest.approx((0.9 * 0.875, 0.99 * 0.875))
    rates_used(optimizer)


def test_a_scheduler_that_was_removed_makes_room_for_another() -> None:
    optimizer = sgd()
    first = Scheduler(optimizer, lr=PLAN)
    train(optimizer, 3)
    first.remove()
    assert rate_used(optimizer) == USED[3]
    assert rate_used(optimizer) == USED[3], "the rate stays where it was"
    Scheduler(optimizer, lr=PLAN)
    assert train(optimizer, 3) == USED[:3]
    assert first.update == 3


def by_value(optimizer: Optimizer) -> None:
    optimizer.param_groups[1]["lr"] = 0.7


def by_one_ulp(optimizer: Optimizer) -> None:
    optimizer.param_groups[1]["lr"] *= 1 + 2e-16


def by_a_tensor(optimizer: Optimizer) -> None:
    optimizer.param_groups[1]["lr"] = torch.tensor(0.7)


@pytest.mark.parametrize("edit", [by_value, by_one_ulp, by_a_tensor])
@pytest.mark.parametrize("mode", ["lr", "factor"])
def test_an_edit_by_hand_is_refused_before_the_update_that_would_use_it(mode: str, edit: Callable[[Optimizer], None]) -> None:
    """R12, R13: torch ignores it or explodes. Here the message names the group, and no weight has moved."""
    optimizer = sgd(0.1, 0.2, names=["body", "head"])
    scheduler = Scheduler(optimizer, lr=PLAN, groups="same") if mode == "lr" else Scheduler(optimizer, factor=SHAPE)
    rates_used(optimizer)
    edit(optimizer)
    prepare(optimizer)
    with pytest.raises(ConflictError, match=r'"lr" of parameter group 1 \("head"\)'):
        optimizer.step()
    assert scheduler.update == 1
    assert all(weight.item() == 0 for group in optimizer.param_groups for weight in group["params"])


@pytest.mark.parametrize("name", ["lr", "betas[0]"])
def test_an_edit_of_a_tensor_in_place_is_refused(name: str) -> None:
    optimizer = torch.optim.Adam(
        [parameter()], lr=torch.tensor(0.1), betas=(torch.tensor(0.9), torch.tensor(0.99)), foreach=False
    )
    Scheduler(optimizer, an.Recipe({name: 0.5 * an.linear()}).over(UPDATES))
    rates_used(optimizer)
    group = optimizer.param_groups[0]
    (group["lr"] if name == "lr" else group["betas"][0]).mul_(0.5)
    with pytest.raises(ConflictError, match="something else writes"):
        optimizer.step()


def test_a_tensor_replaced_by_an_equal_one_is_refused() -> None:
    """It would be written no more, while the slot it left is."""
    optimizer = sgd(torch.tensor(0.1))
    Scheduler(optimizer, lr=PLAN)
    optimizer.param_groups[0]["lr"] = optimizer.param_groups[0]["lr"].clone()
    with pytest.raises(ConflictError):
        optimizer.step()


def test_putting_the_value_back_heals_the_conflict() -> None:
    optimizer = sgd()
    Scheduler(optimizer, lr=PLAN)
    held = optimizer.param_groups[0]["lr"]
    optimizer.param_groups[0]["lr"] = 0.7
    for _ in range(2):
        with pytest.raises(ConflictError):
            optimizer.step()
    optimizer.param_groups[0]["lr"] = held
    assert train(optimizer, UPDATES) == USED


def test_an_edit_of_what_is_not_owned_is_nobodys_business() -> None:
    optimizer = sgd(momentum=0.0)
    Scheduler(optimizer, lr=PLAN)
    optimizer.param_groups[0]["weight_decay"] = 0.0
    optimizer.param_groups[0]["momentum"] = 0.0
    assert train(optimizer, UPDATES) == USED


def test_an_edit_together_with_an_added_group_is_not_overlooked() -> None:
    optimizer = sgd()
    Scheduler(optimizer, lr=PLAN)
    optimizer.add_param_group({"params": [parameter()]})
    optimizer.param_groups[0]["lr"] = 0.7
    with pytest.raises(ConflictError, match="group 0"):
        optimizer.step()


@pytest.mark.parametrize(
    "other",
    [
        lambda optimizer: LambdaLR(optimizer, lambda t: 1 - t / 100),
        lambda optimizer: ReduceLROnPlateau(optimizer, patience=0),
    ],
)
def test_a_scheduler_of_torch_beside_ours_is_refused_when_it_writes(
    other: Callable[[Optimizer], LambdaLR | ReduceLROnPlateau],
) -> None:
    optimizer = sgd()
    Scheduler(optimizer, lr=PLAN)
    beside = other(optimizer)
    with pytest.raises(ConflictError):
        train(optimizer, 4, lambda: beside.step(1.0) if isinstance(beside, ReduceLROnPlateau) else beside.step())


def test_sequential_lr_is_refused_with_the_word_to_use_instead() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN)
    with pytest.raises(ConflictError, match=r"chain\("):
        SequentialLR(optimizer, [scheduler, ConstantLR(optimizer)], [3])
    with pytest.raises(ConflictError, match=r"last_epoch = 5"):
        scheduler.last_epoch = 5


def test_chained_scheduler_around_ours_does_no_harm() -> None:
    optimizer = sgd()
    chained = ChainedScheduler([Scheduler(optimizer, lr=PLAN)], optimizer=optimizer)
    assert train(optimizer, UPDATES, chained.step) == USED


def test_a_construction_that_fails_leaves_nothing_on_the_optimizer() -> None:
    optimizer = sgd(0.1, 0.2)
    groups = [dict(group) for group in optimizer.param_groups]
    for bad in (an.Recipe(lr=PLAN.schedule, eps=an.linear()).over(UPDATES), "Recipe(lr=-1 * cosine()).over(9)"):
        with pytest.raises(an.AnnealingError):
            Scheduler(optimizer, bad)
    assert [dict(group) for group in optimizer.param_groups] == groups
    assert not optimizer._optimizer_step_pre_hooks
    assert not optimizer._optimizer_step_post_hooks
    assert not optimizer._optimizer_load_state_dict_post_hooks


def test_a_saved_recipe_cannot_take_what_another_scheduler_owns() -> None:
    both = an.Recipe(lr=PLAN.schedule, momentum=0.5 * an.linear()).over(UPDATES)
    state = Scheduler(sgd(momentum=0.5), both).state_dict()
    optimizer = sgd(momentum=0.5)
    Scheduler(optimizer, MOMENTUM)
    second = Scheduler(optimizer, an.Recipe(lr=PLAN.schedule).over(UPDATES), resume="keep")
    with pytest.raises(ConflictError, match='"momentum"'):
        second.load_state_dict(state)
    assert second.state_dict()["plan"] == str(an.Recipe(lr=PLAN.schedule).over(UPDATES))
