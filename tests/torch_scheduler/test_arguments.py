"""What is refused at construction, and what the refusal teaches."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

import annealing as an
from annealing.core.errors import ArgumentError, KindError, ParseError
from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, UPDATES, USED, sgd, train


@pytest.mark.parametrize("text", [str(PLAN), "(0.5 * chain(warmup(5), cosine(to=0.1))).over(24)"])
def test_a_plan_may_be_given_as_its_text(text: str) -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=text)
    assert scheduler.plan == PLAN
    assert train(optimizer, UPDATES) == USED


def test_a_recipe_may_be_given_as_its_text() -> None:
    optimizer = sgd()
    Scheduler(optimizer, "Recipe(lr=0.5 * chain(warmup(5), cosine(to=0.1))).over(24)")
    assert train(optimizer, UPDATES) == USED


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ({"lr": PLAN.schedule}, r"lr= is a schedule without a length.*\.over\("),
        ({"factor": "cosine"}, r"factor= is a schedule without a length.*cosine\(\)\.over\("),
        ({"recipe": an.Recipe(lr=PLAN.schedule)}, r"recipe without a length.*\.over\("),
        ({"recipe": PLAN}, "write lr=plan .* or factor=plan"),
        ({"lr": an.Recipe(lr=PLAN.schedule).over(9)}, r"write Scheduler\(optimizer, recipe_plan\)"),
        ({"lr": 0.1}, "0.1, which is not a plan"),
        ({"lr": lambda t: 0.1}, "not a plan"),
        ({}, "was given nothing"),
        ({"lr": PLAN, "factor": PLAN}, "lr and factor"),
    ],
)
def test_what_is_not_a_plan_is_refused(arguments: dict[str, Any], advice: str) -> None:
    with pytest.raises(KindError, match=advice):
        Scheduler(sgd(), **arguments)


def test_text_that_is_no_schedule_is_refused_by_the_parser() -> None:
    with pytest.raises(ParseError):
        Scheduler(sgd(), lr="__import__('os')")


@pytest.mark.parametrize("name", ["lr", "factor"])
@pytest.mark.parametrize("bad", [an.linear(to=-0.1), an.linear() - 0.5, math.e * an.cosine() - 1])
def test_negative_rates_are_refused_at_construction(name: str, bad: Any) -> None:
    """R19: OneCycleLR goes below zero and trains on."""
    optimizer = sgd()
    with pytest.raises(ArgumentError, match=f"{name} is -"):
        Scheduler(optimizer, **{name: bad.over(10)})
    assert train(optimizer, 1) == [0.1]


def test_rates_that_are_no_numbers_are_refused_at_construction() -> None:
    with pytest.raises(ArgumentError, match="lr is inf"):
        Scheduler(sgd(), lr=(1e300 * (1e300 * an.cosine())).over(10))
    with pytest.raises(ArgumentError, match="lr is nan"):
        Scheduler(sgd(), lr=(0 * (1e300 * (1e300 * an.cosine()))).over(10))


def test_a_hyper_parameter_below_zero_is_refused_by_name() -> None:
    with pytest.raises(ArgumentError, match="momentum is -"):
        Scheduler(sgd(), an.Recipe(lr=PLAN.schedule, groups={"0": {"momentum": an.linear() - 0.5}}).over(10))


def test_a_plan_in_another_unit_is_refused() -> None:
    with pytest.raises(ArgumentError, match="counts samples and a Scheduler counts updates"):
        Scheduler(sgd(), lr=PLAN.schedule.over(1_000, unit="samples"))


@pytest.mark.parametrize("arguments", [{"resume": "always"}, {"count": "epochs"}, {"groups": "alike"}, {"new_groups": "later"}])
def test_unknown_choices_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="write one of"):
        Scheduler(sgd(), lr=PLAN, **arguments)


@pytest.mark.parametrize("thing", [None, 3, torch.nn.Linear(1, 1)])
def test_what_is_not_an_optimizer_is_refused(thing: Any) -> None:
    with pytest.raises(TypeError, match="is not a torch optimizer"):
        Scheduler(thing, lr=PLAN)


def test_a_run_without_an_end_is_followed() -> None:
    optimizer = sgd()
    plan = (0.3 * an.chain(an.warmup(4), an.power(-0.5, 4))).over(an.inf)
    Scheduler(optimizer, lr=plan)
    assert train(optimizer, 9) == [plan(t) for t in range(9)]
