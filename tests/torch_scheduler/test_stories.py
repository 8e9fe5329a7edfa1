"""What goes wrong with torch's own schedulers when they are resumed by hand or a rate is edited, and ours beside it."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator

import pytest
import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    SequentialLR,
)

import annealing as an
from annealing.core.errors import ArgumentError, ConflictError
from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, SHAPE, UPDATES, USED, rate_used, rates_used, sgd, train

CUT = 13


@pytest.fixture(autouse=True)
def _torchs_warnings() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """Its schedulers warn of their own internals, such as SequentialLR of the epoch that it passes on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def warm_cosine(optimizer: Optimizer, last: int = -1) -> LRScheduler:
    parts: list[LRScheduler] = [
        LinearLR(optimizer, 0.1, total_iters=5, last_epoch=last),
        CosineAnnealingLR(optimizer, 20, last_epoch=last),
    ]
    return SequentialLR(optimizer, parts, [5], last_epoch=last)


def restarts(optimizer: Optimizer, last: int = -1) -> LRScheduler:
    return CosineAnnealingWarmRestarts(optimizer, 5, 2, last_epoch=last)


def one_cycle(optimizer: Optimizer, last: int = -1) -> LRScheduler:
    return OneCycleLR(optimizer, 0.1, UPDATES, cycle_momentum=False, last_epoch=last)


def resumed_by_position(build: Callable[[Optimizer, int], LRScheduler], k: int) -> tuple[list[float], list[float]]:
    """The rates of a whole run from update k on, and those of a scheduler that is built with last_epoch=k - 1."""
    optimizer = sgd(0.1)
    whole = train(optimizer, UPDATES, build(optimizer, -1).step)
    fresh = sgd(whole[k])
    fresh.param_groups[0]["initial_lr"] = 0.1
    return whole[k:], train(fresh, UPDATES - k, build(fresh, k - 1).step)


@pytest.mark.parametrize("k", range(0, UPDATES, 3))
def test_r02_and_r03_a_position_is_all_that_resuming_needs(k: int) -> None:
    """The clock in the state is the position: no `last_epoch=`, no `initial_lr` in the groups, at any place of any plan."""
    for plan in (PLAN, (0.1 * an.repeat(an.cosine(), first=5, growth=2)).over(UPDATES)):
        optimizer = sgd(0.1)
        scheduler = Scheduler(optimizer, lr=plan)
        scheduler.load_state_dict({**scheduler.state_dict(), "update": k})
        assert train(optimizer, UPDATES - k) == [plan(t) for t in range(k, UPDATES)]


def test_r02_the_control_that_last_epoch_resumes_sequential_lr_wrong() -> None:
    whole, resumed = resumed_by_position(warm_cosine, CUT)
    assert resumed != pytest.approx(whole, rel=0.01)
    with pytest.raises(KeyError, match="max_lr"):
        resumed_by_position(one_cycle, CUT)


def test_r03_the_control_that_warm_restarts_go_on_in_the_wrong_place_of_the_cycle() -> None:
    whole, resumed = resumed_by_position(restarts, CUT)
    assert resumed != pytest.approx(whole, rel=0.01)


def test_r12_the_control_that_cosine_explodes_after_an_edit() -> None:
    optimizer = sgd(0.1)
    scheduler = CosineAnnealingLR(optimizer, 20)
    train(optimizer, 22, scheduler.step)
    optimizer.param_groups[0]["lr"] = 0.05
    assert max(train(optimizer, 18, scheduler.step)) > 7 * 0.1


def test_r12_an_edit_is_refused_by_hand_and_stays_in_bounds_when_it_is_declared() -> None:
    optimizer = sgd(0.1)
    scheduler = Scheduler(optimizer, lr=(0.1 * an.cosine()).over(20))
    train(optimizer, 16)
    held, optimizer.param_groups[0]["lr"] = optimizer.param_groups[0]["lr"], 0.05
    with pytest.raises(ConflictError, match="something else writes"):
        optimizer.step()
    optimizer.param_groups[0]["lr"] = held
    scheduler.branch(an.chain(an.jump(0.05), an.cosine()), total=40, absolute=True, why="half the peak again")
    rates = train(optimizer, 24)
    assert (rates[0], max(rates)) == (0.05, 0.05)
    assert rates == sorted(rates, reverse=True)


def test_r15_the_control_that_a_new_scheduler_ignores_the_users_new_rate() -> None:
    optimizer = sgd(0.1)
    train(optimizer, 5, CosineAnnealingLR(optimizer, 10).step)
    optimizer.param_groups[0]["lr"] = 0.02
    scheduler = CosineAnnealingLR(optimizer, 10)
    assert scheduler.base_lrs == [0.1]


@pytest.mark.parametrize("tensor", [False, True])
def test_r15_a_new_scheduler_takes_the_rates_that_were_set_since_the_last_one(tensor: bool) -> None:
    """A factor multiplies what the user wrote last; a group that nobody touched has the rate of its own that it always had."""
    rates = [torch.tensor(0.1), torch.tensor(0.2)] if tensor else [0.1, 0.2]
    optimizer = sgd(*rates)
    old = Scheduler(optimizer, factor=SHAPE)
    train(optimizer, CUT)
    old.remove()
    optimizer.param_groups[0]["lr"] = torch.tensor(0.02) if tensor else 0.02
    new = Scheduler(optimizer, factor=SHAPE)
    assert new.base_lrs == pytest.approx([0.02, 0.2])
    assert rates_used(optimizer) == pytest.approx([0.02 * SHAPE(0), 0.2 * SHAPE(0)])


def test_r15_what_a_scheduler_of_torch_left_meanwhile_is_ambiguous() -> None:
    optimizer = sgd(0.1)
    Scheduler(optimizer, factor=SHAPE).remove()
    train(optimizer, 3, CosineAnnealingLR(optimizer, 10).step)
    with pytest.raises(ArgumentError, match="initial_lr"):
        Scheduler(optimizer, factor=SHAPE)


def test_r15_under_an_absolute_plan_the_plan_is_the_rate() -> None:
    optimizer = sgd(0.1)
    Scheduler(optimizer, lr=PLAN).remove()
    optimizer.param_groups[0]["lr"] = 0.02
    Scheduler(optimizer, lr=PLAN)
    assert rate_used(optimizer) == USED[0]


def test_r39_a_state_that_was_loaded_is_left_as_it_was_and_loads_again() -> None:
    optimizer = sgd(0.1)
    scheduler = Scheduler(optimizer, lr=PLAN)
    train(optimizer, CUT)
    state = scheduler.state_dict()
    kept = copy.deepcopy(state)
    for _ in range(2):
        fresh = sgd(0.1)
        Scheduler(fresh, lr=PLAN).load_state_dict(state)
        assert rate_used(fresh) == USED[CUT]
    assert state == kept


def test_r39_the_control_that_cyclic_lr_eats_the_state_it_is_given() -> None:
    scheduler = CyclicLR(sgd(0.1), 0.01, 0.1, cycle_momentum=False)
    state = scheduler.state_dict()
    scheduler.load_state_dict(state)
    with pytest.raises(KeyError):
        scheduler.load_state_dict(state)
