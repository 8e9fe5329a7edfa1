"""Warm-up and then something else: what goes wrong when schedulers are stacked, and does not when curves are."""

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


def stepped(optimizer: torch.optim.Optimizer, scheduler: object, updates: int) -> list[float]:
    values = [optimizer.param_groups[0]["lr"]]
    for _ in range(updates - 1):
        optimizer.step()
        scheduler.step()
        values.append(optimizer.param_groups[0]["lr"])
    return values


def test_r08_a_sequence_inside_a_sequence_is_a_sequence() -> None:
    """SequentialLR in a SequentialLR raises when its milestone comes; a chain in a chain is a chain."""
    optimizer = optimizer_at(0.1)
    inner = lr_scheduler.SequentialLR(
        optimizer, [lr_scheduler.LinearLR(optimizer, total_iters=5), lr_scheduler.ExponentialLR(optimizer, 0.9)], [5]
    )
    nested = lr_scheduler.SequentialLR(optimizer, [lr_scheduler.ConstantLR(optimizer), inner], [3])
    with pytest.raises(NotImplementedError):
        stepped(optimizer, nested, 10)

    phases = an.hold(3), an.linear(5, to=0.5), an.hold(2)
    assert an.chain(phases[0], an.chain(*phases[1:])) == an.chain(*phases)
    plan = dialect.SequentialLR(
        [
            dialect.ConstantLR(0.1, factor=0.5, total_iters=9),
            dialect.SequentialLR([dialect.LinearLR(0.1, total_iters=5), dialect.ExponentialLR(0.1, 0.9)], [5]),
        ],
        [3],
    )
    assert isinstance(plan, an.Plan)
    rise = 0.1 / 3 + np.arange(5) / 5 * (0.1 - 0.1 / 3)
    np.testing.assert_allclose(plan.values(12), [0.05] * 3 + [*rise] + [0.1 * 0.9**k for k in range(4)], rtol=1e-12)


def test_r09_a_warm_up_times_a_decay_is_not_discarded() -> None:
    """ChainedScheduler steps a LambdaLR after the warm-up, which overwrites it; a product of plans is a product."""
    optimizer = optimizer_at(0.1)
    chained = lr_scheduler.ChainedScheduler(
        [
            lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=10),
            lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.9**epoch),
        ]
    )
    without_warm_up = [0.1 * 0.9**t for t in range(15)]
    assert stepped(optimizer, chained, 15) == pytest.approx(without_warm_up)

    plan = (0.1 * an.chain(an.linear(10, start=0.1, to=1.0), an.hold()) * an.geometric(0.9)).over(15)
    assert plan.values() == pytest.approx([0.1 * min(1.0, 0.1 + 0.09 * t) * 0.9**t for t in range(15)])
    with pytest.raises(an.AnnealingError, match="overwrites the rate"):
        dialect.ChainedScheduler([dialect.LambdaLR(0.1, an.formula("stories.decay")), dialect.LinearLR(0.1)], lr=0.1)


@an.register("stories.decay")
def decay(t: float) -> float:
    return 0.9**t


def test_r11_a_multiplicative_child_begins_at_its_own_rate() -> None:
    """MultiplicativeLR in a SequentialLR goes on from the rate the child before it left, and by the uncalled λ(0) at once."""
    optimizer = optimizer_at(1.0)
    children = [
        lr_scheduler.ConstantLR(optimizer, 0.1, total_iters=9),
        lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.9),
    ]
    values = stepped(optimizer, lr_scheduler.SequentialLR(optimizer, children, [3]), 6)
    assert values == pytest.approx([0.1, 0.1, 0.1, 0.09, 0.081, 0.0729])  # a tenth of what was asked for, for the whole run

    plan = dialect.SequentialLR([dialect.ConstantLR(1.0, 0.1, total_iters=9), dialect.MultiplicativeLR(1.0, 0.9)], [3])
    assert isinstance(plan, an.Plan)
    assert plan.values(6) == pytest.approx([0.1, 0.1, 0.1, 1.0, 0.9, 0.81])
    in_our_words = an.chain(0.1 * an.hold(3), an.jump(1), an.geometric(0.9)).over(6)
    assert in_our_words.values() == pytest.approx(plan.values(6))
