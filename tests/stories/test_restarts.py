"""Beginning again: a curve that is built a second time, and a cycle that is found from a number."""

from __future__ import annotations

import numpy as np
import pytest

import annealing as an
from annealing.dialects import torch as dialect
from tests.conftest import require

torch = require("torch")
lr_scheduler = torch.optim.lr_scheduler


def optimizer_at(lr: float) -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def test_r14_a_cosine_that_is_built_again_starts_again() -> None:
    """CosineAnnealingLR multiplies the rate it finds: made anew at the end of the last one, it stays at 0 for ever."""
    optimizer = optimizer_at(0.1)
    for _ in range(2):
        scheduler = lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
        seen = []
        for _ in range(10):
            seen.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    assert max(seen) < 1e-9

    plan = (0.1 * an.cosine()).over(10)
    again = (0.1 * an.repeat(an.cosine(), times=2)).over(20)
    np.testing.assert_allclose(again.values(), [*plan.values(), *plan.values()])


def test_r14_a_second_scheduler_of_ours_writes_its_own_values_whatever_rate_it_finds() -> None:
    from annealing.torch import Scheduler

    plan = (0.1 * an.cosine()).over(10)
    optimizer = optimizer_at(0.0)  # as the first run has left it
    scheduler = Scheduler(optimizer, lr=plan)
    used = []
    for _ in range(10):
        optimizer.step()
        used += scheduler.get_last_lr()
    assert used == plan.values().tolist()


def test_r21_a_restart_is_where_it_is_by_counting() -> None:
    """`step(epoch)` finds the cycle by a logarithm in floats: with T_mult=3 it misses the fifth restart and stays at eta_min."""
    optimizer = optimizer_at(1.0)
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=10, T_mult=3)
    restarts = [10 * (3**i - 1) // 2 for i in range(1, 10)]
    theirs = []
    for t in restarts:
        scheduler.step(t)
        theirs.append(optimizer.param_groups[0]["lr"])
    assert theirs[4] == pytest.approx(0.0)

    plan = dialect.CosineAnnealingWarmRestarts(1.0, T_0=10, T_mult=3)
    assert [plan(t) for t in restarts] == [1.0] * 9
    np.testing.assert_array_equal(plan(np.array(restarts)), np.ones(9))
    assert an.sgdr(None, first=10, growth=3).over(10**12)(restarts[-1]) == 1.0


def test_r21_a_broken_number_of_epochs_falls_into_the_right_cycle() -> None:
    plan = dialect.CosineAnnealingWarmRestarts(1.0, T_0=10, T_mult=3)

    assert plan(1209.5) < 1e-5
    assert plan(1210.5) > 0.999
