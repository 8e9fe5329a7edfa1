"""What goes wrong with transformers' schedules, and what happens here in the same place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import annealing as an
from annealing.dialects import transformers as ours
from tests.conftest import require

torch = require("torch")
theirs = require("transformers.optimization")


def rates_of(make: Any, updates: int, rates: tuple[float, ...] = (0.1,)) -> np.ndarray:
    """The rate of each group at every update, under a scheduler of theirs; the first rate is the optimizer's own."""
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in rates]
    optimizer = torch.optim.SGD(groups, lr=rates[0])
    scheduler = make(optimizer)
    rows = []
    for _ in range(updates):
        rows.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return np.array(rows).T


def test_r28_a_floor_is_the_floor_of_every_group() -> None:
    body, head, floor = 0.1, 0.4, 0.01
    low = rates_of(
        lambda optimizer: theirs.get_cosine_with_min_lr_schedule_with_warmup(optimizer, 5, 50, min_lr=floor), 51, (body, head)
    )[:, -1]
    assert low == pytest.approx([floor, 4 * floor])  # theirs: min_lr is divided by the rate of the optimizer, not of the group

    def down(lr: float) -> an.Schedule:
        return lr * an.chain(an.warmup(5), an.cosine(to=floor / lr))

    recipe = an.Recipe(lr=down(body), groups={"head": {"lr": down(head)}}).over(50)

    assert [recipe.plans_for(name)["lr"](50) for name in ("body", "head")] == pytest.approx([floor, floor])
    assert recipe.plans_for("head")["lr"](5) == head


def test_r29_a_cosine_stays_where_it_ended() -> None:
    total, warm = 50, 5
    (rates,) = rates_of(lambda optimizer: theirs.get_cosine_schedule_with_warmup(optimizer, warm, total), 2 * total)
    assert rates[total] < 1e-9
    assert rates[2 * total - warm] == pytest.approx(0.1)  # theirs: back at the peak

    plan = (0.1 * an.chain(an.warmup(warm), an.cosine())).over(total)

    assert plan(np.arange(total, 3 * total)).max() == 0
    assert ours.get_cosine_schedule_with_warmup(0.1, warm, total)(2 * total - warm) == pytest.approx(0.1)  # the dialect is theirs


def test_r31_phases_that_do_not_fit_the_run_are_refused() -> None:
    warm, decay, total = 40, 50, 60
    (rates,) = rates_of(lambda optimizer: theirs.get_wsd_schedule(optimizer, warm, decay, total, decay_type="linear"), total)
    assert rates[warm - 1] - rates[warm] > 0.05  # theirs: from 0.0975 to 0.04, the decay having begun during the warm-up

    with pytest.raises(an.AnnealingError, match=r"(?s)90.*60.*shorten"):
        (0.1 * an.chain(an.warmup(warm), an.hold(), an.linear(decay))).over(total)
    with pytest.raises(an.AnnealingError, match=r"(?s)90.*60"):
        an.wsd(warm, decay).over(total)
    assert ours.get_wsd_schedule(0.1, warm, decay, total, decay_type="linear").values() == pytest.approx(rates)
