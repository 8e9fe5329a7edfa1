"""One tensor under the rates of all groups: the same values, filled in one call, whatever replaces the groups."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch._dynamo.testing import CompileCounter

import annealing as an
from annealing.core.errors import ConflictError
from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, SHAPE, UPDATES, USED, parameter, rates_used, sgd


def double(value: float = 0.1) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def is_flat(optimizer: torch.optim.Optimizer) -> bool:
    """Whether the rates of all groups are 0-d views of one tensor."""
    rates = [group["lr"] for group in optimizer.param_groups]
    whole = rates[0]._base
    return whole is not None and whole.shape == (len(rates),) and all(rate._base is whole and rate.ndim == 0 for rate in rates)


@pytest.mark.parametrize("groups", [1, 2, 50])
def test_every_group_gets_the_value_through_one_tensor(groups: int) -> None:
    optimizer = sgd(*[double() for _ in range(groups)])
    Scheduler(optimizer, lr=PLAN, flat=True)
    assert is_flat(optimizer)
    held = [group["lr"] for group in optimizer.param_groups]
    for t in range(UPDATES):
        assert rates_used(optimizer) == [USED[t]] * groups
    assert all(group["lr"] is rate for group, rate in zip(optimizer.param_groups, held, strict=True))


def test_a_factor_keeps_the_rates_of_unequal_groups_apart() -> None:
    optimizer = sgd(double(0.1), double(0.7))
    Scheduler(optimizer, factor=SHAPE, flat=True)
    assert is_flat(optimizer)
    for t in range(UPDATES):
        assert rates_used(optimizer) == [SHAPE(t) * 0.1, SHAPE(t) * 0.7]


def test_rates_that_are_numbers_become_float32_tensors() -> None:
    optimizer = sgd(0.1, 0.1)
    Scheduler(optimizer, lr=PLAN, flat=True)
    assert [group["lr"].dtype for group in optimizer.param_groups] == [torch.float32] * 2
    assert rates_used(optimizer) == [torch.tensor(USED[0]).item()] * 2


def test_each_plan_of_a_recipe_has_its_tensor_and_other_hyper_parameters_stay_numbers() -> None:
    optimizer = sgd(double(), double(), names=["body", "head"], momentum=0.9)
    recipe = an.Recipe(lr=PLAN.schedule, momentum=0.9 * an.linear(to=0.5), groups={"head": {"lr": 2 * PLAN.schedule}})
    Scheduler(optimizer, recipe.over(UPDATES), flat=True)
    rates_used(optimizer)
    body, head = optimizer.param_groups
    assert (body["lr"].item(), head["lr"].item()) == (USED[1], 2 * USED[1])
    assert isinstance(body["momentum"], float)


def reloaded(optimizer: torch.optim.Optimizer, scheduler: Scheduler) -> tuple[torch.optim.Optimizer, Scheduler]:
    optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    return optimizer, scheduler


def scheduler_reloaded(optimizer: torch.optim.Optimizer, scheduler: Scheduler) -> tuple[torch.optim.Optimizer, Scheduler]:
    held = optimizer.param_groups[0]["lr"]
    scheduler.load_state_dict(scheduler.state_dict())
    assert optimizer.param_groups[0]["lr"] is held, "a compiled step would be compiled again for another tensor"
    return optimizer, scheduler


def deep_copied(*pair: Any) -> Any:
    return copy.deepcopy(pair)


def pickled(*pair: Any) -> Any:
    return pickle.loads(pickle.dumps(pair))


@pytest.mark.parametrize("event", [reloaded, scheduler_reloaded, deep_copied, pickled])
def test_what_replaces_the_groups_leaves_them_bound(event: Callable[..., Any]) -> None:
    optimizer = sgd(double(), double())
    scheduler = Scheduler(optimizer, lr=PLAN, flat=True)
    used = [rates_used(optimizer) for _ in range(9)]
    optimizer, scheduler = event(optimizer, scheduler)
    assert is_flat(optimizer)
    used += [rates_used(optimizer) for _ in range(9, UPDATES)]
    assert used == [[rate] * 2 for rate in USED]


def test_a_group_that_is_added_is_bound_to_a_new_tensor_with_the_others() -> None:
    optimizer = sgd(double(), double())
    Scheduler(optimizer, lr=PLAN, flat=True)
    rates_used(optimizer)
    optimizer.add_param_group({"params": [parameter()], "lr": double()})
    assert [rates_used(optimizer) for _ in range(3)] == [[rate] * 3 for rate in USED[1:4]]
    assert is_flat(optimizer)


@pytest.mark.parametrize(
    "edit", [lambda g: g["lr"].mul_(0.5), lambda g: g.update(lr=g["lr"].clone()), lambda g: g.update(lr=0.5)]
)
def test_a_foreign_edit_of_any_group_is_refused(edit: Callable[[dict[str, Any]], object]) -> None:
    optimizer = sgd(double(), double(), double())
    Scheduler(optimizer, lr=PLAN, flat=True)
    rates_used(optimizer)
    edit(optimizer.param_groups[1])
    with pytest.raises(ConflictError, match='"lr" of parameter group 1'):
        optimizer.step()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_compiled_step_is_compiled_once() -> None:
    optimizer = torch.optim.AdamW([{"params": [parameter()]} for _ in range(3)], lr=double(), foreach=False)
    Scheduler(optimizer, lr=PLAN, flat=True)
    torch._dynamo.reset()
    counter = CompileCounter()
    step = torch.compile(optimizer.step, backend=counter)
    rates_used(optimizer, step)
    rates_used(optimizer, step)
    first = counter.frame_count
    for _ in range(6):
        rates_used(optimizer, step)
    assert counter.frame_count == first
