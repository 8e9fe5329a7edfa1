"""torch's schedulers of schedulers, beside plans of plans."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import torch as ours
from tests.conftest import require

torch = require("torch")
theirs = torch.optim.lr_scheduler

LR = 0.1
lengths = st.integers(1, 20)
shares = st.floats(0.01, 1.0)
MULTIPLYING: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "StepLR": {"step_size": lengths, "gamma": st.floats(0.0, 1.2)},
    "MultiStepLR": {"milestones": st.lists(st.integers(0, 60), max_size=4), "gamma": st.floats(0.0, 1.2)},
    "ConstantLR": {"factor": shares, "total_iters": lengths},
    "LinearLR": {"start_factor": shares, "end_factor": st.floats(0.1, 1.0), "total_iters": lengths},
    "ExponentialLR": {"gamma": st.floats(0.5, 1.1)},
    "PolynomialLR": {"total_iters": lengths, "power": st.floats(0.5, 3.0)},
}
ANY = MULTIPLYING | {
    "CosineAnnealingLR": {"T_max": lengths, "eta_min": st.floats(0.0, 0.05)},
    "CosineAnnealingWarmRestarts": {"T_0": lengths, "T_mult": st.integers(1, 2), "eta_min": st.floats(0.0, 0.05)},
}


def calls(kinds: dict[str, dict[str, st.SearchStrategy[Any]]]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    return st.sampled_from(sorted(kinds)).flatmap(lambda name: st.tuples(st.just(name), st.fixed_dictionaries(kinds[name])))


def stepped(make: Callable[[Any], Any], updates: int) -> np.ndarray:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR)
    scheduler = make(optimizer)
    values = [optimizer.param_groups[0]["lr"]]
    for _ in range(updates - 1):
        optimizer.step()
        scheduler.step()
        values.append(optimizer.param_groups[0]["lr"])
    return np.array(values)


def agree(plan: Any, expected: np.ndarray) -> None:
    assert isinstance(plan, an.Plan)
    np.testing.assert_allclose(plan(np.arange(expected.size)), expected, rtol=0, atol=1e-12 * max(LR, np.abs(expected).max()))
    assert an.parse(str(plan)) == plan


@given(st.lists(calls(ANY), min_size=1, max_size=4), st.lists(st.integers(0, 30), min_size=3, max_size=3))
def test_a_sequence_agrees_wherever_its_milestones_are(children: list[tuple[str, dict[str, Any]]], gaps: list[int]) -> None:
    milestones = list(accumulate(gaps))[: len(children) - 1]

    def make(optimizer: Any) -> Any:
        return theirs.SequentialLR(optimizer, [getattr(theirs, n)(optimizer, **a) for n, a in children], list(milestones))

    agree(ours.SequentialLR([getattr(ours, n)(lr=LR, **a) for n, a in children], milestones), stepped(make, 150))


@given(st.lists(calls(MULTIPLYING), min_size=1, max_size=3))
def test_factors_that_are_stepped_together_multiply(children: list[tuple[str, dict[str, Any]]]) -> None:
    def make(optimizer: Any) -> Any:
        return theirs.ChainedScheduler([getattr(theirs, n)(optimizer, **a) for n, a in children], optimizer)

    agree(ours.ChainedScheduler([getattr(ours, n)(lr=LR, **a) for n, a in children], lr=LR), stepped(make, 80))


@given(shares, st.integers(1, 10), st.integers(10, 30))
def test_a_warm_up_chained_with_a_cosine_agrees_even_where_it_rises_again(factor: float, up: int, down: int) -> None:
    def make(optimizer: Any) -> Any:
        return theirs.ChainedScheduler(
            [
                theirs.LinearLR(optimizer, factor, total_iters=up),
                theirs.CosineAnnealingLR(optimizer, down),
            ]
        )

    agree(
        ours.ChainedScheduler([ours.LinearLR(LR, factor, total_iters=up), ours.CosineAnnealingLR(LR, down)], lr=LR),
        stepped(make, 80),
    )


def test_a_sequence_of_one_cycles_moves_the_momentum_too() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR, momentum=0.9)
    children = [
        theirs.CyclicLR(optimizer, base_lr=0.01, max_lr=LR, step_size_up=5),
        theirs.CyclicLR(optimizer, base_lr=0.02, max_lr=0.2, step_size_up=7, base_momentum=0.5),
    ]
    scheduler = theirs.SequentialLR(optimizer, children, [12])
    plan = ours.SequentialLR(
        [
            ours.CyclicLR(base_lr=0.01, max_lr=LR, step_size_up=5),
            ours.CyclicLR(base_lr=0.02, max_lr=0.2, step_size_up=7, base_momentum=0.5),
        ],
        [12],
    )
    for t in range(1, 40):
        optimizer.step()
        scheduler.step()
        (values,) = plan(t).values()
        assert values == pytest.approx({key: optimizer.param_groups[0][key] for key in ("lr", "momentum")}, abs=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ours.SequentialLR([], []), "is empty"),
        (lambda: ours.SequentialLR([an.hold().over(5)], [3]), "needs 0 boundaries"),
        (lambda: ours.SequentialLR([an.hold().over(5)] * 3, [4, 3]), "in rising order"),
        (lambda: ours.SequentialLR([an.hold()], []), "not a plan"),  # type: ignore[list-item]
        (lambda: ours.SequentialLR([an.hold().over(5), ours.OneCycleLR(0.1, total_steps=9)], [5]), "only some of its plans move"),
        (lambda: ours.SequentialLR([an.hold().over(9).branch(3, an.linear()), an.hold().over(5)], [5]), "cannot be a part"),
        (lambda: ours.ChainedScheduler([ours.StepLR(0.1, 3), ours.StepLR(0.1, 4)]), "write lr=0.1"),
        (lambda: ours.ChainedScheduler([ours.CosineAnnealingWarmRestarts(0.1, 3), ours.StepLR(0.1, 3)], lr=0.1), "put it last"),
        (
            lambda: ours.ChainedScheduler([ours.CosineAnnealingLR(0.1, 9, 0.01), ours.LinearLR(0.1)], lr=0.1),
            "only with eta_min=0",
        ),
    ],
)
def test_what_cannot_be_joined_says_why(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(an.AnnealingError, match=message):
        make()
