"""Copies, pickles, and letting go."""

from __future__ import annotations

import copy
import gc
import io
import pickle
import weakref
from collections.abc import Callable

import pytest
import torch

import annealing as an
from annealing.core.errors import ConflictError
from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, SHAPE, UPDATES, USED, rate_used, rates_used, sgd, train

Pair = tuple[torch.optim.SGD, Scheduler]
Copied = Callable[[Pair], Pair]


def by_deepcopy(pair: Pair) -> Pair:
    return copy.deepcopy(pair)


def by_pickle(pair: Pair) -> Pair:
    return pickle.loads(pickle.dumps(pair))


def by_torch(pair: Pair) -> Pair:
    file = io.BytesIO()
    torch.save(pair, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("copied", [by_deepcopy, by_pickle, by_torch])
@pytest.mark.parametrize("tensor", [False, True])
def test_a_copy_of_both_goes_on_by_itself(copied: Copied, tensor: bool) -> None:
    """torch drops an optimizer's hooks in copies: they are attached again."""
    optimizer = sgd(torch.tensor(0.25, dtype=torch.float64) if tensor else 0.25)
    scheduler = Scheduler(optimizer, factor=SHAPE)
    train(optimizer, 4, scheduler.step)
    twin, its = copied((optimizer, scheduler))
    assert its.optimizer is twin
    assert its.get_last_lr() == scheduler.get_last_lr() == [0.25 * SHAPE(4)]
    assert train(twin, 5) == [0.25 * SHAPE(t) for t in range(4, 9)]
    assert (scheduler.update, its.update) == (4, 9)
    assert train(optimizer, 5) == [0.25 * SHAPE(t) for t in range(4, 9)]


def test_a_plan_in_torchs_own_scheduler_is_saved_with_it() -> None:
    """LambdaLR keeps whatever its function holds, and a plan that was read holds what makes reading it fast."""
    optimizer, file = sgd(1.0), io.BytesIO()
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, SHAPE)
    train(optimizer, 4, scheduler.step)
    torch.save(scheduler.state_dict(), file)
    file.seek(0)
    second = sgd(1.0)
    resumed = torch.optim.lr_scheduler.LambdaLR(second, an.parse(str(SHAPE)))
    resumed.load_state_dict(torch.load(file, weights_only=False))
    second.load_state_dict(optimizer.state_dict())
    assert train(second, 5, resumed.step) == [SHAPE(t) for t in range(4, 9)]


def test_a_copy_keeps_the_policy_and_the_edits() -> None:
    scheduler = Scheduler(sgd(), lr=PLAN, resume="replace")
    branched = PLAN.branch(at=12, tail=an.linear(), total=20)
    scheduler.load_state_dict(Scheduler(sgd(), lr=branched).state_dict())
    assert copy.deepcopy(scheduler).plan == branched
    copied = copy.deepcopy(Scheduler(sgd(), lr=branched))
    assert copied.plan == branched
    assert copied.state_dict()["journal"] == ["branch(at=12, tail=linear(), total=20)"]


def test_a_copied_optimizer_alone_follows_nothing() -> None:
    optimizer = sgd()
    Scheduler(optimizer, lr=PLAN)
    train(optimizer, 2)
    twin = copy.deepcopy(optimizer)
    assert train(twin, 3) == [USED[2]] * 3
    assert train(optimizer, 3) == USED[2:5]


def test_a_copy_that_shares_the_optimizer_would_be_a_second_owner() -> None:
    scheduler = Scheduler(sgd(), lr=PLAN)
    with pytest.raises(ConflictError):
        copy.copy(scheduler)


def test_a_copy_of_a_removed_scheduler_stays_removed() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN)
    train(optimizer, 2)
    scheduler.remove()
    twin = copy.deepcopy(scheduler)
    assert twin.update == 2
    assert train(twin.optimizer, 2) == [USED[2]] * 2


def test_a_scheduler_that_nobody_keeps_still_works() -> None:
    optimizer = sgd()
    Scheduler(optimizer, lr=PLAN)
    gc.collect()
    assert train(optimizer, UPDATES) == USED


@pytest.mark.parametrize("tensor", [False, True])
def test_an_optimizer_that_is_dropped_is_freed_at_once(tensor: bool) -> None:
    """A cycle would keep the weights of every discarded model in memory until the collector runs."""
    optimizer = sgd(torch.tensor(0.1) if tensor else 0.1)
    scheduler = Scheduler(optimizer, lr=PLAN)
    rates_used(optimizer)
    state = scheduler.state_dict()
    gc.collect()
    gc.disable()
    try:
        gone = weakref.ref(optimizer)
        del optimizer, scheduler
        assert gone() is None
        assert state["update"] == 1
    finally:
        gc.enable()


def test_the_optimizer_does_not_keep_its_scheduler_alive() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN)
    gone = weakref.ref(scheduler)
    del scheduler
    assert gone() is None
    assert rate_used(optimizer) == USED[0]
