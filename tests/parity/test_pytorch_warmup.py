"""pytorch_warmup's factors on a real optimizer, and the plans that stand for them here."""

from __future__ import annotations

import inspect
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS
from annealing.dialects import parse as parse_any
from annealing.dialects import pytorch_warmup as ours
from annealing.dialects import torch as ours_of_torch
from tests.conftest import require

torch = require("torch")
theirs = require("pytorch_warmup")
schedulers = torch.optim.lr_scheduler

NAMES = ("LinearWarmup", "ExponentialWarmup", "UntunedLinearWarmup", "UntunedExponentialWarmup", "RAdamWarmup")

rates = st.floats(1e-5, 10.0)


@st.composite
def warmups(draw: st.DrawFn) -> tuple[str, dict[str, Any], tuple[float, float]]:
    """A name of theirs, its arguments, and the betas of the optimizer."""
    name = draw(st.sampled_from(NAMES))
    arguments = {} if name not in NAMES[:2] else {"warmup_period": draw(st.integers(1, 150))}
    betas = (0.9, draw(st.one_of(st.sampled_from([0.9, 0.95, 0.98, 0.99, 0.999]), st.floats(0.7, 0.999))))
    return name, arguments, betas


def stepped(warm: tuple[str, dict[str, Any], tuple[float, float]], lr: float, make: Any, updates: int) -> np.ndarray:
    """The rate of every update, in the loop of their README; `make` puts a scheduler on the optimizer, or does not."""
    name, arguments, betas = warm
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=lr, betas=betas)
    scheduler = make(optimizer)
    warmup = getattr(theirs, name)(optimizer, **arguments)
    values = []
    for _ in range(updates):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warmup.dampening():
            if scheduler is not None:
                scheduler.step()
    return np.array(values, dtype=float)


def planned(warm: tuple[str, dict[str, Any], tuple[float, float]], lr: float | an.Plan) -> an.Plan:
    name, arguments, betas = warm
    return getattr(ours, name)(lr, **arguments, **({} if "warmup_period" in arguments else {"betas": betas}))


def difference(plan: an.Plan, expected: np.ndarray, lr: float) -> float:
    """The largest difference, as a share of the rate that the warm-up leads to."""
    return float(np.abs(plan(np.arange(expected.size)) - expected).max() / lr)


@given(warm=warmups(), lr=rates)
def test_every_update_of_a_constant_rate_agrees(warm: tuple[Any, ...], lr: float) -> None:
    plan = planned(warm, lr)

    assert difference(plan, stepped(warm, lr, lambda optimizer: None, 120), lr) <= 1e-12, plan
    assert an.parse(str(plan)) == plan


@given(warm=warmups(), lr=rates, total=st.integers(2, 120))
def test_every_update_of_a_schedule_agrees(warm: tuple[Any, ...], lr: float, total: int) -> None:
    plan = planned(warm, (lr * an.linear(to=0.1)).over(total))
    line = {"start_factor": 1.0, "end_factor": 0.1, "total_iters": total}

    assert difference(plan, stepped(warm, lr, lambda optimizer: schedulers.LinearLR(optimizer, **line), total), lr) <= 1e-12, plan
    assert plan.total == total
    assert an.parse(str(plan)) == plan


@given(warm=warmups(), lr=rates)
def test_a_schedule_that_rises_again_is_not_dampened_again(warm: tuple[Any, ...], lr: float) -> None:
    plan = planned(warm, ours_of_torch.CosineAnnealingWarmRestarts(lr, T_0=20))
    expected = stepped(warm, lr, lambda optimizer: schedulers.CosineAnnealingWarmRestarts(optimizer, 20), 150)

    assert difference(plan, expected, lr) <= 1e-12, plan
    assert planned(warm, an.linear().over(10, after="mirror"))(1000) == pytest.approx(planned(warm, 1.0)(1000))


@pytest.mark.parametrize("beta2", [0.9, 0.99, 0.999, 0.9999, 0.99999])
def test_the_rectification_is_exact_where_theirs_subtracts_numbers_that_are_nearly_equal(beta2: float) -> None:
    """Theirs is off by 2e-12 with a beta2 of 0.9999 and by 8e-11 with 0.99999; ours is compared with fractions."""
    plan, beta = ours.RAdamWarmup(1.0, betas=(0.9, beta2)), Fraction(beta2)
    most, times = 2 / (1 - beta) - 1, np.array([0, 1, 10, 100])
    lengths = [most - 2 * t * beta**t / (1 - beta**t) for t in (times + 5).tolist()]
    exact = np.array([math.sqrt((now - 4) * (now - 2) * most / ((most - 4) * (most - 2) * now)) for now in lengths])
    steps = stepped(("RAdamWarmup", {}, (0.9, beta2)), 1.0, lambda optimizer: None, 101)[times]

    assert np.abs(plan(times) - exact).max() <= 1e-13
    assert np.abs(steps - exact).max() <= 1e-10


@pytest.mark.parametrize("name", NAMES)
def test_names_and_defaults_are_theirs(name: str) -> None:
    mine, given_by_them = (
        {p.name: p.default for p in inspect.signature(getattr(module, name)).parameters.values()} for module in (ours, theirs)
    )
    del mine["lr"], given_by_them["optimizer"]

    assert {key: value for key, value in mine.items() if key != "betas"} == given_by_them
    assert mine.get("betas", (0.9, 0.999)) == (0.9, 0.999)


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_the_catalogue_is_read_from_text(name: str) -> None:
    plan = parse_any(DIALECTS[f"pytorch_warmup.{name}"].example)

    assert isinstance(plan, an.Plan)
    assert an.parse(str(plan)) == plan


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ours.LinearWarmup(0.1, 0), "warmup_period"),
        (lambda: ours.LinearWarmup(0.1, [10, 20]), "one plan for each"),
        (lambda: ours.LinearWarmup(0.1, 10, last_step=3), "no position"),
        (lambda: ours.RAdamWarmup(0.1, betas=(0.9, 0.5)), "above 0.6"),
        (lambda: ours.UntunedLinearWarmup(0.1, betas=(0.9, 1.0)), "below 1"),
        (lambda: ours.LinearWarmup(-0.1, 10), "below 0"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, said: str) -> None:
    with pytest.raises(an.AnnealingError, match=said):
        make()
