"""The law of resuming: stop after k updates, rebuild everything, load, go on, and nothing tells it from never stopping."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

import annealing as an
from annealing.torch import Scheduler
from tests.laws.strategies import plans, values
from tests.torch_scheduler.training import PLAN, UPDATES, USED, rates_used, sgd, train

# Everything that a rebuilding script may do, in every order it can be done in.
ORDERS = [
    order
    for order in itertools.permutations(("build", "load optimizer", "load scheduler"))
    if order.index("build") < order.index("load scheduler")
]


def varying(plan: an.Plan) -> an.Plan:
    """The same curve, bent so that no two updates share a value, and nowhere below zero."""
    bent = (0.01 + plan.clip(low=0)) * an.linear(start=1.5, to=0.5).over(plan.total)
    assume(len(set(bent.values().tolist())) == plan.total)
    return bent


def followed(plan: an.Plan, mode: str) -> Callable[[Optimizer], Scheduler]:
    """The way to build the scheduler, which a rebuilding script has in it."""
    if mode == "lr":
        return lambda optimizer: Scheduler(optimizer, lr=plan, groups="same")
    if mode == "factor":
        return lambda optimizer: Scheduler(optimizer, factor=plan)
    recipe = an.Recipe(lr=plan.schedule, groups={"head": {"lr": 0.3 * plan.schedule, "dampening": 0.5 * an.linear()}}).over(
        int(plan.total)
    )
    return lambda optimizer: Scheduler(optimizer, str(recipe))


def optimizer_for(mode: str) -> torch.optim.SGD:
    return sgd(0.1, 0.25, names=["body", "head"], momentum=0.9 if mode == "recipe" else 0.0)


def through_json(state: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(state))


def through_torch(state: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@given(
    plan=plans(),
    mode=st.sampled_from(["lr", "factor", "recipe"]),
    where=st.floats(0, 1),
    order=st.sampled_from(ORDERS),
    stored=st.sampled_from([through_json, through_torch]),
    shown=st.booleans(),
)
@settings(max_examples=20)  # each one trains three times
def test_stopping_anywhere_and_resuming_in_any_order_equals_never_stopping(
    plan: an.Plan, mode: str, where: float, order: tuple[str, ...], stored: Callable[..., dict[str, Any]], shown: bool
) -> None:
    plan = varying(plan)
    build, total = followed(plan, mode), int(plan.total)
    stop = round(where * total)

    whole = optimizer_for(mode)
    build(whole)
    expected = [rates_used(whole) for _ in range(total + 2)]

    first = optimizer_for(mode)
    scheduler = build(first)
    used: list[list[float]] = []
    for _ in range(stop):
        used.append(rates_used(first))
        if shown:  # a loop may call step() or not: the clock does not care
            scheduler.step()
    states = {"scheduler": stored(scheduler.state_dict()), "optimizer": through_torch(first.state_dict())}

    second = optimizer_for(mode)
    for action in order:
        if action == "build":
            scheduler = build(second)
        elif action == "load optimizer":
            second.load_state_dict(states["optimizer"])
        else:
            scheduler.load_state_dict(states["scheduler"])
    used += [rates_used(second) for _ in range(stop, total + 2)]

    assert used == expected


@settings(max_examples=30)
@given(plan=plans(), k=values)
def test_every_update_uses_the_value_of_its_index(plan: an.Plan, k: float) -> None:
    plan = varying(k * plan)
    optimizer = sgd()
    Scheduler(optimizer, lr=plan)
    used = train(optimizer, int(plan.total))
    assert used == [plan(t) for t in range(int(plan.total))]
    np.testing.assert_allclose(used, plan.values(), rtol=1e-9)


def lambda_lr(optimizer: Optimizer) -> LRScheduler:
    """torch's own scheduler over the same curve, for groups whose rate is 0.1."""
    return LambdaLR(optimizer, lambda t: PLAN(t) / 0.1)


def resumed(build: Callable[[Optimizer], LRScheduler], stop: int, order: tuple[str, ...]) -> list[float]:
    """The rates of a run that stops, is rebuilt in this order, and goes on."""
    first = sgd()
    scheduler = build(first)
    used = train(first, stop, scheduler.step)
    states = first.state_dict(), scheduler.state_dict()
    second = sgd()
    for action in order:
        if action == "build":
            scheduler = build(second)
        elif action == "load optimizer":
            second.load_state_dict(states[0])
        else:
            scheduler.load_state_dict(states[1])
    return used + train(second, UPDATES - stop, scheduler.step)


@pytest.mark.parametrize("order", ORDERS, ids=" > ".join)
def test_r01_the_order_of_resuming_cannot_corrupt_the_rate(order: tuple[str, ...]) -> None:
    assert resumed(lambda optimizer: Scheduler(optimizer, lr=PLAN), 9, order) == USED


def test_r01_the_same_story_still_goes_wrong_with_torchs_scheduler() -> None:
    """The control: where this passes, the test above has no teeth."""
    order = ("load optimizer", "build", "load scheduler")
    assert resumed(lambda_lr, 9, ("build", "load optimizer", "load scheduler")) == pytest.approx(USED)
    assert resumed(lambda_lr, 9, order) != pytest.approx(USED)


def test_a_checkpoint_between_the_two_steps_loses_no_update() -> None:
    def stopped_between(build: Callable[[Optimizer], LRScheduler]) -> list[float]:
        first = sgd()
        scheduler = build(first)
        used = train(first, 6, scheduler.step) + train(first, 1)  # the seventh scheduler.step() never came
        states = first.state_dict(), scheduler.state_dict()
        second = sgd()
        scheduler = build(second)
        second.load_state_dict(states[0])
        scheduler.load_state_dict(states[1])
        return used + train(second, UPDATES - 7, scheduler.step)

    assert stopped_between(lambda optimizer: Scheduler(optimizer, lr=PLAN)) == USED
    assert stopped_between(lambda_lr) != pytest.approx(USED)


def test_an_older_optimizer_state_does_not_bring_its_rate_back() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN)
    early = optimizer.state_dict()
    train(optimizer, 10)
    state = scheduler.state_dict()

    second = sgd()
    Scheduler(second, lr=PLAN).load_state_dict(state)
    second.load_state_dict(early)
    assert train(second, 5) == USED[10:15]
