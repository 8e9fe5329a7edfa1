"""A phase of no length is over at once; elsewhere it lasts for ever, divides by zero, or is not there at all."""

from __future__ import annotations

import numpy as np
import pytest

import annealing as an
from annealing.dialects import keras as keras_dialect
from annealing.dialects import optax as optax_dialect
from annealing.dialects import torch as torch_dialect
from tests.conftest import require


def torch_rates(name: str, updates: int, **arguments: object) -> list[float]:
    torch = require("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, **arguments)
    values = [optimizer.param_groups[0]["lr"]]
    for _ in range(updates - 1):
        optimizer.step()
        scheduler.step()
        values.append(optimizer.param_groups[0]["lr"])
    return values


@pytest.mark.parametrize("name", ["LinearLR", "ConstantLR"])
def test_r16_a_warm_up_of_no_length_is_over_at_once(name: str) -> None:
    """total_iters=0 trains at a third of the rate, for ever."""
    assert torch_rates(name, 50, total_iters=0) == pytest.approx([0.1] * 50)
    assert getattr(torch_dialect, name)(0.3, total_iters=0).values(50) == pytest.approx([0.1] * 50)  # the very same numbers

    assert (0.3 * an.chain(an.warmup(0), an.hold())).over(50).values() == pytest.approx([0.3] * 50)


def test_r17_a_phase_at_zero_is_followed_by_the_next() -> None:
    """ConstantLR(factor=0) is accepted, and fails when it should end: it divides by the factor."""
    with pytest.raises(ZeroDivisionError):
        torch_rates("ConstantLR", 10, factor=0.0, total_iters=5)

    expected = [0.0] * 5 + [0.3] * 5
    assert (0.3 * an.chain(an.jump(0), an.hold(5), an.jump(1), an.hold())).over(10).values().tolist() == expected
    assert torch_dialect.ConstantLR(0.3, factor=0.0, total_iters=5).values(10).tolist() == expected


def test_r18_one_cycle_of_any_length_has_values() -> None:
    """OneCycleLR divides by zero where its warm-up is a single update: 10 updates at pct_start=0.1."""
    with pytest.raises(ZeroDivisionError):
        torch_rates("OneCycleLR", 2, max_lr=0.3, total_steps=10, pct_start=0.1, cycle_momentum=False)
    with pytest.raises(an.AnnealingError, match=r"divides by zero: write another pct_start, or onecycle\(\)"):
        torch_dialect.OneCycleLR(0.3, total_steps=10, pct_start=0.1)

    for total in range(1, 40):
        values = an.onecycle("10%").over(total).values()
        assert np.all((values > 0) & (values <= 1))


def test_r20_a_short_one_cycle_has_its_warm_up() -> None:
    """With pct_start·total below 1, OneCycleLR skips the rise and the peak without a word."""
    rates = torch_rates("OneCycleLR", 8, max_lr=0.3, total_steps=8, pct_start=0.1, cycle_momentum=False)
    assert rates == sorted(rates, reverse=True)
    plan = torch_dialect.OneCycleLR(max_lr=0.3, total_steps=8, pct_start=0.1, cycle_momentum=False)
    assert isinstance(plan, an.Plan)
    np.testing.assert_allclose(plan.values(), rates, atol=1e-13)

    ours = (0.3 * an.onecycle("10%")).over(8).values()
    assert ours[0] == pytest.approx(0.3 / 25)
    assert ours.max() == 0.3


def test_r32_no_warm_up_means_that_training_starts_at_the_peak() -> None:
    """optax takes warmup_steps=0 for "stay at init_value": with the usual 0.0 the model is never trained."""
    optax = require("optax")
    theirs = optax.warmup_constant_schedule(init_value=0.0, peak_value=0.3, warmup_steps=0)
    assert [float(theirs(t)) for t in (0, 1, 10, 10_000)] == [0.0] * 4
    assert set(optax_dialect.warmup_constant_schedule(0.0, 0.3, 0).values(100)) == {0.0}  # the very same numbers

    assert set((0.3 * an.chain(an.warmup(0), an.hold())).over(100).values()) == {0.3}


def test_r32_and_an_optimizer_without_a_warm_up_moves() -> None:
    """schedule_free_adamw(warmup_steps=0) passes through the same schedule: its parameters stay where they are."""
    optax, jax = require("optax"), require("jax")
    from optax.contrib import schedule_free_adamw

    def moved(optimizer: optax.GradientTransformation) -> float:
        parameters = jax.numpy.ones(3)
        state = optimizer.init(parameters)
        for _ in range(3):
            updates, state = optimizer.update(jax.numpy.ones(3), state, parameters)
            parameters = optax.apply_updates(parameters, updates)
        return float(abs(parameters - 1).max())

    assert moved(schedule_free_adamw(0.1, warmup_steps=0)) == 0.0

    plan = (0.1 * an.chain(an.warmup(0), an.hold())).over(100)
    assert moved(optax.adamw(plan)) > 0.1


def test_r33_a_one_cycle_that_only_rises_rises() -> None:
    """In optax the peak's boundary and the end's are keys of one dict: at pct_start=1 only the fall is left."""
    optax = require("optax")
    theirs = optax.cosine_onecycle_schedule(100, 0.3, pct_start=1.0)
    values = [float(theirs(t)) for t in range(101)]
    assert max(values) == pytest.approx(0.3 / 25)
    plan = optax_dialect.cosine_onecycle_schedule(100, 0.3, pct_start=1.0)
    np.testing.assert_allclose(plan(np.arange(101)), values, atol=1e-7)

    ours = (0.3 * an.onecycle("100%", to=1.0)).over(100, endpoint=True).values()
    assert np.all(np.diff(ours) > 0)
    assert ours[-1] == 0.3


def test_r34_a_warm_up_that_is_written_happens() -> None:
    """keras' CosineDecay takes warmup_steps without a word, and warms up only if warmup_target is given as well."""
    schedules = require("keras").optimizers.schedules
    asked, plain = schedules.CosineDecay(0.3, 100, warmup_steps=10), schedules.CosineDecay(0.3, 100)
    assert [float(asked(t)) for t in (0, 5, 50)] == [float(plain(t)) for t in (0, 5, 50)]
    assert keras_dialect.CosineDecay(0.3, 100, warmup_steps=10) == keras_dialect.CosineDecay(0.3, 100)

    values = (0.3 * an.chain(an.warmup(10), an.cosine())).over(110).values()
    assert values[0] == pytest.approx(0.3 / 11)
    assert values.argmax() == 10
