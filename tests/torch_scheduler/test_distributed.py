"""torch.distributed.checkpoint takes a step of its own to create optimizer state: it is no update."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict, set_optimizer_state_dict
from torch.optim import Optimizer

import annealing as an
from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, UPDATES, USED, rate_used

WARM = an.chain(an.warmup(8, start=0.0), an.linear(to=0.1))  # its first rate is 0, like the one that DCP writes


def built(make: type[Optimizer], **kwargs: Any) -> tuple[torch.nn.Module, Optimizer]:
    model = torch.nn.Linear(1, 1, bias=False, dtype=torch.float64)
    return model, make(model.parameters(), lr=0.1, **kwargs)


@pytest.mark.parametrize("plan", [PLAN, WARM.over(UPDATES)])
@pytest.mark.parametrize("tensor", [False, True])
def test_saving_a_stateless_optimizer_again_and_again_counts_no_update(plan: an.Plan, tensor: bool) -> None:
    model, optimizer = built(torch.optim.SGD)
    if tensor:
        optimizer.param_groups[0]["lr"] = torch.tensor(0.1, dtype=torch.float64)
    scheduler = Scheduler(optimizer, lr=plan)
    used: list[float] = []
    for t in range(UPDATES):
        if t % 4 == 0:
            optimizer.zero_grad()
            get_optimizer_state_dict(model, optimizer)
            assert optimizer.param_groups[0]["lr"] == plan(t)
        used.append(rate_used(optimizer))
    assert used == [plan(t) for t in range(UPDATES)]
    assert scheduler.update == UPDATES


def test_the_control_that_saving_really_steps_the_optimizer() -> None:
    """The naive count of hooks is wrong here: where this fails, the test above has lost its teeth."""
    model, optimizer = built(torch.optim.SGD)
    calls: list[float] = []
    optimizer.register_step_post_hook(lambda opt, args, kwargs: calls.append(opt.param_groups[0]["lr"]))
    get_optimizer_state_dict(model, optimizer)
    get_optimizer_state_dict(model, optimizer)
    assert calls == [0.0, 0.0]


def test_saving_before_training_does_not_move_the_weights() -> None:
    """A hook that wrote the rate before every step would turn the pretended step into a real one, with weight decay."""
    model, optimizer = built(torch.optim.AdamW, weight_decay=0.5)
    weight = next(model.parameters()).detach().clone()
    scheduler = Scheduler(optimizer, lr=PLAN)
    get_optimizer_state_dict(model, optimizer)
    assert torch.equal(next(model.parameters()), weight)
    assert (scheduler.update, optimizer.param_groups[0]["lr"]) == (0, USED[0])


def test_the_pretended_step_is_known_even_where_the_rate_is_not_ours() -> None:
    """DCP touches lr alone, so a schedule of something else sees no foreign value to become suspicious of."""
    model, optimizer = built(torch.optim.SGD)
    scheduler = Scheduler(optimizer, an.Recipe(dampening=an.linear()).over(UPDATES))
    get_optimizer_state_dict(model, optimizer)
    assert scheduler.update == 0
    assert optimizer.param_groups[0]["dampening"] == 1.0


def test_a_pretended_step_that_raised_does_not_swallow_the_next_update() -> None:
    model, optimizer = built(torch.optim.SGD)

    def fails(*_: Any) -> None:
        raise ZeroDivisionError

    handle = optimizer.register_step_post_hook(fails)
    scheduler = Scheduler(optimizer, an.Recipe(dampening=an.linear()).over(UPDATES))
    with pytest.raises(ZeroDivisionError):
        get_optimizer_state_dict(model, optimizer)
    handle.remove()
    optimizer.step()
    assert scheduler.update == 1


@pytest.mark.parametrize("scheduler_first", [False, True])
def test_resuming_through_distributed_state_dicts_is_exact(scheduler_first: bool) -> None:
    def trained(optimizer: Optimizer, updates: int) -> list[float]:
        return [rate_used(optimizer) for _ in range(updates)]

    model, optimizer = built(torch.optim.SGD, momentum=0.0)
    scheduler = Scheduler(optimizer, lr=PLAN)
    used = trained(optimizer, 9)
    optimizer.zero_grad()
    states = get_optimizer_state_dict(model, optimizer), scheduler.state_dict()

    model, optimizer = built(torch.optim.SGD, momentum=0.0)
    scheduler = Scheduler(optimizer, lr=PLAN)
    if scheduler_first:
        scheduler.load_state_dict(states[1])
    set_optimizer_state_dict(model, optimizer, states[0])
    if not scheduler_first:
        scheduler.load_state_dict(states[1])
    assert used + trained(optimizer, UPDATES - 9) == USED
