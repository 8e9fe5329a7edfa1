"""The update after the last one: who still gives it a rate, and which."""

from __future__ import annotations

import pytest

import annealing as an
from annealing.dialects import torch as dialect
from tests.conftest import require

torch = require("torch")


def test_r19_a_rate_below_zero_is_refused() -> None:
    """OneCycleLR(anneal_strategy="linear") allows one step more than its total, and gives it a negative rate."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.3, total_steps=20, anneal_strategy="linear", cycle_momentum=False
    )
    for _ in range(20):
        optimizer.step()
        scheduler.step()
    theirs = optimizer.param_groups[0]["lr"]
    assert theirs < 0

    plan = dialect.OneCycleLR(0.3, total_steps=20, anneal_strategy="linear", cycle_momentum=False)
    assert isinstance(plan, an.Plan)
    assert plan(20) == pytest.approx(theirs)  # the very same number
    with pytest.raises(an.AnnealingError, match=r"at 20: a learning rate is finite and at least 0; add \.clip\(low=0\)"):
        an.check_rate(plan)
    an.check_rate(plan.clip(low=0))
    an.check_rate((0.3 * an.onecycle()).over(20))


def test_r19_after_its_end_a_plan_stays_where_it_ended() -> None:
    plan = (0.3 * an.chain(an.warmup("30%"), an.linear(to=0.01))).over(20, endpoint=True)

    assert [plan(t) for t in (19, 20, 21, 10_000)] == [0.003] * 4
