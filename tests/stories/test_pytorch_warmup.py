"""What goes wrong with pytorch_warmup, and what happens here in the same place."""

from __future__ import annotations

from typing import Any

import pytest

import annealing as an
from annealing.torch import Scheduler
from tests.conftest import require

torch = require("torch")
theirs = require("pytorch_warmup")


def optimizer_of(lr: Any) -> Any:
    return torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=lr, betas=(0.9, 0.999))


def test_r36_a_length_is_not_cut() -> None:
    warmup = theirs.UntunedLinearWarmup(optimizer_of(0.1))
    assert warmup.warmup_params == [{"warmup_period": 1999}]  # theirs: 2/(1 - 0.999) is 1999.9999999999982

    with pytest.raises(an.AnnealingError, match="write 2000"):
        an.warmup(2 / (1 - 0.999))
    assert an.chain(an.warmup(1999), an.hold()).over(3000)(1999) == 1
    assert an.chain(an.warmup(1999), an.hold()).over(3000)(1998) == pytest.approx(1999 / 2000)


def test_r36_a_rate_in_a_tensor_is_not_multiplied_again_and_again() -> None:
    updates, period = 20, 10
    optimizer = optimizer_of(torch.tensor(0.1))
    warmup = theirs.LinearWarmup(optimizer, period)
    for _ in range(updates):
        optimizer.step()
        with warmup.dampening():
            pass
    assert float(optimizer.param_groups[0]["lr"]) < 1e-4  # theirs: every factor of the warm-up is still in it

    optimizer = optimizer_of(torch.tensor(0.1))
    plan = (0.1 * an.chain(an.warmup(period - 1), an.hold())).over(updates)
    scheduler = Scheduler(optimizer, lr=plan)
    used = []
    for _ in range(updates):
        used.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()

    assert used == pytest.approx(plan.values().tolist(), rel=1e-6)
    assert used[-1] == pytest.approx(0.1)
