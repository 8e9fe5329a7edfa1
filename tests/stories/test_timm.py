"""What goes wrong with timm's schedules, and what happens here in the same place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import annealing as an
from annealing.dialects import timm as ours
from tests.conftest import require
from tests.parity.alone import timm_schedulers

torch = require("torch")
theirs = timm_schedulers()


def rates_of(scheduler: Any, updates: int) -> np.ndarray:
    """The rate of every update: the constructor sets the first, `step_update` the others."""
    rates = []
    for t in range(updates):
        if t:
            scheduler.step_update(t)
        rates.append(scheduler.optimizer.param_groups[0]["lr"])
    return np.array(rates)


def test_r38_a_warm_up_reaches_the_peak() -> None:
    peak, warm, total = 0.1, 20, 90
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)
    rates = rates_of(theirs.CosineLRScheduler(optimizer, total, warmup_t=warm, t_in_epochs=False), total)
    assert rates.max() < 0.951 * peak  # theirs, by default: the warm-up runs beside the cosine, which goes on falling
    assert rates[warm - 1] == rates.max() > rates[warm]

    plan = (peak * an.chain(an.warmup(warm), an.cosine())).over(total)
    values = plan.values()

    assert values.max() == plan(warm) == peak
    assert max(abs(values[1:] - values[:-1])) < 1.1 * peak / warm  # and nothing jumps
    assert ours.CosineLRScheduler(peak, total, warmup_t=warm, t_in_epochs=False).values() == pytest.approx(rates)
