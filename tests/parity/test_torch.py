"""torch's schedulers, stepped beside a real optimizer, and the plans that stand for them here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS
from annealing.dialects import torch as ours
from tests.conftest import require

torch = require("torch")
theirs = torch.optim.lr_scheduler
SWALR = torch.optim.swa_utils.SWALR

rates = st.floats(1e-5, 10.0)
factors = st.floats(0.0, 1.5)
shares = st.floats(1e-3, 1.0)
lengths = st.integers(1, 60)
powers = st.floats(0.2, 4.0)

CASES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "StepLR": {"step_size": lengths, "gamma": factors},
    "MultiStepLR": {"milestones": st.lists(st.integers(0, 100), max_size=5), "gamma": factors},
    "ConstantLR": {"factor": shares, "total_iters": st.integers(0, 60)},
    "LinearLR": {"start_factor": shares, "end_factor": st.floats(0.0, 1.0), "total_iters": st.integers(0, 60)},
    "ExponentialLR": {"gamma": factors},
    "PolynomialLR": {"total_iters": st.integers(0, 60), "power": powers},
    "CosineAnnealingLR": {"T_max": lengths, "eta_min": st.floats(0.0, 0.1)},
    "CosineAnnealingWarmRestarts": {"T_0": lengths, "T_mult": st.integers(1, 3), "eta_min": st.floats(0.0, 0.1)},
    "SWALR": {
        "swa_lr": rates,
        "anneal_epochs": st.integers(0, 60),
        "anneal_strategy": st.sampled_from(["cos", "linear"]),
    },
}


def stepped(make: Callable[[Any], Any], updates: int, lr: float = 0.1) -> dict[str, np.ndarray]:
    """The rate and momentum that each update uses, `make` being what puts a scheduler on an optimizer."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)
    scheduler = make(optimizer)
    rows = []
    for _ in range(updates - 1):
        rows.append([optimizer.param_groups[0][key] for key in ("lr", "momentum")])
        optimizer.step()
        scheduler.step()
    rows.append([optimizer.param_groups[0][key] for key in ("lr", "momentum")])
    return dict(zip(("lr", "momentum"), np.array(rows, dtype=float).T, strict=True))


def closed_form(scheduler: Any, updates: int) -> np.ndarray:
    """The same schedule from torch's own formula, which its steps only approximate."""
    values = []
    for scheduler.last_epoch in range(updates):
        values.append(scheduler._get_closed_form_lr()[0])
    return np.array(values, dtype=float)


def agree(plan: an.Plan, expected: np.ndarray, peak: float = 0.0) -> None:
    """Every update gets the same value, to within 1e-12 of the peak: the largest value, unless one is given."""
    difference = np.abs(plan(np.arange(expected.size)) - expected).max()
    assert difference <= 1e-12 * max(np.abs(expected).max(), peak), plan


def theirs_of(name: str) -> Any:
    return SWALR if name == "SWALR" else getattr(theirs, name)


@pytest.mark.parametrize("name", CASES)
@given(data=st.data(), lr=rates)
def test_every_update_of_the_run_and_past_its_end_agrees(name: str, data: st.DataObject, lr: float) -> None:
    arguments = data.draw(st.fixed_dictionaries(CASES[name]))
    plan = getattr(ours, name)(lr=lr, **arguments)

    agree(plan, stepped(lambda optimizer: theirs_of(name)(optimizer, **arguments), 130, lr)["lr"])
    assert an.parse(str(plan)) == plan


@pytest.mark.parametrize(
    "name", ["StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR"]
)
@given(data=st.data(), lr=rates)
def test_the_closed_form_agrees_far_past_the_end(name: str, data: st.DataObject, lr: float) -> None:
    arguments = data.draw(
        st.fixed_dictionaries(CASES[name] | {"total_iters": lengths} if "total_iters" in CASES[name] else CASES[name])
    )
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)

    agree(getattr(ours, name)(lr=lr, **arguments), closed_form(theirs_of(name)(optimizer, **arguments), 400))


def test_a_thousand_risings_of_a_stepped_cosine_drift_and_ours_do_not() -> None:
    """The largest drift of all: 1e-12 of the peak after 3000 updates, 1e-11 after 30 000."""
    arguments = {"T_max": 7, "eta_min": 0.01}
    plan = ours.CosineAnnealingLR(lr=0.1, **arguments)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    formula = closed_form(theirs.CosineAnnealingLR(optimizer, **arguments), 7_000)
    steps = stepped(lambda optimizer: theirs.CosineAnnealingLR(optimizer, **arguments), 7_000)["lr"]

    agree(plan, formula)
    assert 1e-14 < np.abs(steps - formula).max() / 0.1 < 1e-11


@given(
    lr=rates,
    arguments=st.fixed_dictionaries(
        {
            "base_lr": st.floats(0.0, 0.1),
            "max_lr": rates,
            "step_size_up": lengths,
            "step_size_down": st.none() | st.integers(0, 40),
            "mode": st.sampled_from(["triangular", "triangular2", "exp_range"]),
            "gamma": st.floats(0.8, 1.0),
            "base_momentum": st.floats(0.0, 0.9),
            "max_momentum": st.floats(0.0, 0.99),
        }
    ),
)
def test_cycles_agree_in_rate_and_momentum(lr: float, arguments: dict[str, Any]) -> None:
    plan = ours.CyclicLR(lr, **arguments)
    values = stepped(lambda optimizer: theirs.CyclicLR(optimizer, **arguments), 250, lr)

    assert isinstance(plan, an.RecipePlan)
    for name, one in plan.plans_for("any").items():
        agree(one, values[name])
    assert an.parse(str(plan)) == plan


@given(
    total=st.integers(1, 120),
    share=st.floats(0.0, 1.0),
    arguments=st.fixed_dictionaries(
        {
            "max_lr": rates,
            "anneal_strategy": st.sampled_from(["cos", "linear"]),
            "div_factor": st.floats(1.0, 100.0),
            "final_div_factor": st.floats(1.0, 1e4),
            "three_phase": st.booleans(),
            "base_momentum": st.floats(0.0, 0.9),
            "max_momentum": st.floats(0.0, 0.99),
        }
    ),
)
def test_one_cycle_agrees_up_to_the_last_step_that_is_allowed(total: int, share: float, arguments: dict[str, Any]) -> None:
    arguments |= {"total_steps": total, "pct_start": share}
    try:
        values = stepped(lambda optimizer: theirs.OneCycleLR(optimizer, **arguments), total + 1)
    except ZeroDivisionError:  # at one update of warm-up, and past the end of a cycle that ends where it began to fall
        try:
            values = stepped(lambda optimizer: theirs.OneCycleLR(optimizer, **arguments), total)
        except ZeroDivisionError:
            with pytest.raises(an.AnnealingError, match="divides by zero"):
                ours.OneCycleLR(**arguments)
            return
    plan = ours.OneCycleLR(lr=123.0, **arguments)

    assert isinstance(plan, an.RecipePlan)
    for name, one in plan.plans_for("any").items():
        agree(one, values[name], peak=arguments["max_lr"] if name == "lr" else 1.0)
    assert an.parse(str(plan)) == plan


@an.register("tests.ragged")
def ragged(t: float) -> float:
    return 1.0 / (1.0 + (t % 7))


@given(lr=rates, up=lengths, low=st.floats(0.0, 1e-5))
def test_functions_with_a_name_agree(lr: float, up: int, low: float) -> None:
    pairs = [
        (ours.LambdaLR(lr, "tests.ragged"), lambda o: theirs.LambdaLR(o, ragged)),
        (ours.MultiplicativeLR(lr, "tests.ragged"), lambda o: theirs.MultiplicativeLR(o, ragged)),
        (ours.MultiplicativeLR(lr, 0.9), lambda o: theirs.MultiplicativeLR(o, lambda epoch: 0.9)),
    ]
    cyclic: dict[str, Any] = {
        "base_lr": low,
        "max_lr": lr,
        "step_size_up": up,
        "scale_mode": "iterations",
        "cycle_momentum": False,
    }
    pairs.append(
        (
            ours.CyclicLR(**cyclic, scale_fn="tests.ragged"),
            lambda o: theirs.CyclicLR(o, **cyclic, scale_fn=ragged),
        )
    )
    for plan, make in pairs:
        assert isinstance(plan, an.Plan)
        agree(plan, stepped(make, 60, lr)["lr"])
        assert an.parse(str(plan)) == plan


@pytest.mark.parametrize(
    "name", [name for name in theirs.__all__ if name not in ("LRScheduler", "ReduceLROnPlateau")] + ["SWALR"]
)
def test_a_dialect_has_the_parameters_and_defaults_of_theirs(name: str) -> None:
    their_own = inspect.signature(theirs_of(name)).parameters
    here = inspect.signature(getattr(ours, name)).parameters

    assert [p for p in here if p != "lr"] == [p for p in their_own if p != "optimizer"]
    optional = {"base_lr", "max_lr"}  # for which `lr` stands in
    assert {p: here[p].default for p in here if p not in optional | {"lr"}} == {
        p: their_own[p].default for p in their_own if p not in optional | {"optimizer"}
    }
    assert DIALECTS[f"torch.{name}"].make is getattr(ours, name)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ConstantLR", {"factor": 1.5}),
        ("LinearLR", {"start_factor": 0.0}),
        ("LinearLR", {"end_factor": 1.1}),
        ("CosineAnnealingWarmRestarts", {"T_0": 0}),
        ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 1.5}),
        ("OneCycleLR", {"max_lr": 0.1}),
        ("OneCycleLR", {"max_lr": 0.1, "total_steps": 0}),
        ("OneCycleLR", {"max_lr": 0.1, "total_steps": 9, "pct_start": 1.1}),
        ("OneCycleLR", {"max_lr": 0.1, "total_steps": 9, "anneal_strategy": "sqrt"}),
        ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.2, "mode": "square"}),
        ("MultiplicativeLR", {"lr_lambda": None}),
        ("SWALR", {"swa_lr": 0.1, "anneal_strategy": "sqrt"}),
        ("SWALR", {"swa_lr": 0.1, "anneal_epochs": -1}),
    ],
)
def test_what_theirs_refuses_is_refused_with_a_word_on_what_to_write(name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        theirs_of(name)(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9), **arguments)
    with pytest.raises(an.AnnealingError):
        getattr(ours, name)(lr=0.1, **arguments)


def test_a_place_to_resume_from_is_refused() -> None:
    with pytest.raises(an.AnnealingError, match="keeps no place"):
        ours.StepLR(0.1, 30, last_epoch=5)


def test_a_bare_function_is_refused_and_told_to_be_registered() -> None:
    with pytest.raises(an.AnnealingError, match=r"put @annealing\.register\('mine'\) above"):
        ours.LambdaLR(0.1, lambda epoch: 0.5)
