"""The face of a torch scheduler: what loops and trainers ask it for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

import annealing as an
from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, UPDATES, USED, rate_used, sgd, train


def shown(build: Callable[[Optimizer], LRScheduler], updates: int = UPDATES) -> list[list[float]]:
    """What get_last_lr says before each update, between the two steps, and after both."""
    optimizer = sgd()
    scheduler = build(optimizer)
    said: list[list[float]] = []
    for _ in range(updates):
        before = scheduler.get_last_lr()[0]
        rate_used(optimizer)
        between = scheduler.get_last_lr()[0]
        scheduler.step()
        said.append([before, between, scheduler.get_last_lr()[0]])
    return said


def test_get_last_lr_says_what_torchs_schedulers_say() -> None:
    def torchs(optimizer: Optimizer) -> LRScheduler:
        return LambdaLR(optimizer, lambda t: PLAN(t) / 0.1)

    ours = shown(lambda optimizer: Scheduler(optimizer, lr=PLAN))
    assert ours == [[USED[t], USED[t], PLAN(t + 1)] for t in range(UPDATES)]
    assert [pytest.approx(row) for row in ours] == shown(torchs)


def test_without_step_get_last_lr_says_what_the_last_update_used() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN)
    assert scheduler.get_last_lr() == [USED[0]]
    for t in range(5):
        used = rate_used(optimizer)
        assert scheduler.get_last_lr() == [used] == [USED[t]]
        assert scheduler.get_lr() == [USED[t + 1]]


def test_after_loading_get_last_lr_says_what_comes_next() -> None:
    scheduler = Scheduler(sgd(), lr=PLAN)
    scheduler.load_state_dict({**scheduler.state_dict(), "update": 7})
    assert scheduler.get_last_lr() == [USED[7]]


def test_rates_are_returned_in_the_type_of_the_group_as_copies() -> None:
    optimizer = sgd(0.1, torch.tensor(0.1))
    scheduler = Scheduler(optimizer, lr=PLAN)
    number, tensor = scheduler.get_last_lr()
    assert number == USED[0]
    assert isinstance(tensor, torch.Tensor)
    assert tensor.dtype == torch.float32
    tensor.zero_()
    assert optimizer.param_groups[1]["lr"].item() == pytest.approx(USED[0])
    optimizer.step()


def test_it_is_a_scheduler_to_everybody_who_asks() -> None:
    optimizer = sgd()
    step = optimizer.step
    scheduler = Scheduler(optimizer, lr=PLAN)
    assert isinstance(scheduler, LRScheduler)
    assert optimizer.step == step, "torch's own schedulers patch the method"
    assert "initial_lr" not in optimizer.param_groups[0]
    train(optimizer, 3, scheduler.step)
    assert (scheduler.update, scheduler.last_epoch, scheduler._step_count) == (3, 3, 4)
    scheduler._step_count += 1  # accelerate does this while it accumulates
    assert scheduler._step_count == 4
    assert scheduler._last_lr == scheduler.get_last_lr()
    assert not hasattr(scheduler, "total_steps"), "accelerate would stop stepping at it"


@pytest.mark.parametrize("value", [3, 0.5, 0])
def test_step_takes_no_position(value: float) -> None:
    scheduler = Scheduler(sgd(), lr=PLAN)
    with pytest.raises(TypeError, match=r"write step\(\)"):
        scheduler.step(value)
    assert scheduler.update == 0


def test_it_shows_what_it_follows_and_where_it_is() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN)
    train(optimizer, 3)
    assert repr(scheduler) == f"Scheduler(lr={PLAN}, update=3)"
    recipe = an.Recipe(momentum=0.5 * an.linear()).over(9)
    assert repr(Scheduler(optimizer, recipe)) == f"Scheduler({recipe}, update=0)"


def test_no_global_state_of_torch_changes() -> None:
    before = torch.get_rng_state()
    optimizer = sgd()
    Scheduler(optimizer, lr=PLAN)
    train(optimizer, 2)
    assert torch.equal(before, torch.get_rng_state())
