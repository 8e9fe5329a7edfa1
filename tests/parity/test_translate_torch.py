"""torch's schedulers as they live on an optimizer, translated, and then stepped: the plan gives every rate that they give.

Stepped schedulers multiply the last rate, so that theirs drifts from its own formula by some 1e-15 of the peak with every
step: 2e-13 over the updates here, which the tolerance of 1e-12 covers (test_torch.py measures the drift).
"""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import annealing as an
from tests.conftest import require
from tests.parity.test_torch import CASES, lengths, rates, shares, theirs_of
from tests.parity.test_torch_together import ANY, MULTIPLYING, calls

torch = require("torch")
theirs = torch.optim.lr_scheduler

UPDATES = 130


def optimizer_of(*rates_of_groups: float, adam: bool = False) -> Any:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates_of_groups]
    return torch.optim.AdamW(groups, lr=0.1) if adam else torch.optim.SGD(groups, lr=0.1, momentum=0.9)


def remembered(scheduler: Any) -> str:
    """Everything a scheduler and its optimizer hold."""
    groups = [{key: value for key, value in group.items() if key != "params"} for group in scheduler.optimizer.param_groups]
    return repr((groups, _held(scheduler)))


def _held(value: Any) -> Any:
    inside = {key: one for key, one in vars(value).items() if key not in ("optimizer", "_schedulers")}
    return sorted(map(repr, inside.items())), [_held(one) for one in getattr(value, "_schedulers", [])]


def follow(scheduler: Any, updates: int = UPDATES) -> list[dict[str, list[float]]]:
    """For each group, what it uses at every update."""
    optimizer = scheduler.optimizer
    rows: list[dict[str, list[float]]] = [{} for _ in optimizer.param_groups]
    for update in range(updates):
        if update:
            optimizer.step()
            scheduler.step()
        for row, group in zip(rows, optimizer.param_groups, strict=True):
            row.setdefault("lr", []).append(float(group["lr"]))
            row.setdefault("momentum", []).append(float(group["momentum"] if "momentum" in group else group["betas"][0]))
    return rows


def agree(scheduler: Any, updates: int = UPDATES, peak: float = 0.0) -> an.Plan | an.RecipePlan:
    """Translate, which changes nothing; then step, and compare every group's every value."""
    before = remembered(scheduler)
    plan = an.translate(scheduler)
    assert remembered(scheduler) == before
    assert an.parse(str(plan)) == plan
    groups = scheduler.optimizer.param_groups
    names = [str(group.get("name") or row) for row, group in enumerate(groups)]
    for name, used in zip(names, follow(scheduler, updates), strict=True):
        moves = {"lr": plan} if isinstance(plan, an.Plan) else plan.plans_for(name)
        for hyper, one in moves.items():
            expected = np.array(used["momentum" if hyper in ("momentum", "betas[0]") else hyper])
            difference = np.abs(one(np.arange(expected.size)) - expected)
            assert difference.max() <= 1e-12 * max(np.abs(expected).max(), peak), (name, hyper, one, int(difference.argmax()))
    return plan


@pytest.mark.parametrize("name", CASES)
@given(data=st.data(), lr=rates)
@settings(max_examples=30)
def test_every_update_agrees(name: str, data: st.DataObject, lr: float) -> None:
    agree(theirs_of(name)(optimizer_of(lr), **data.draw(st.fixed_dictionaries(CASES[name]))))


@pytest.mark.parametrize("name", CASES)
@given(data=st.data(), pair=st.lists(st.floats(1e-5, 1.0), min_size=2, max_size=3))
@settings(max_examples=15)
def test_groups_of_other_rates_get_plans_of_their_own(name: str, data: st.DataObject, pair: list[float]) -> None:
    optimizer = optimizer_of(*pair)
    optimizer.param_groups[-1]["name"] = "head[*]"
    plan = agree(theirs_of(name)(optimizer, **data.draw(st.fixed_dictionaries(CASES[name]))))

    if len({float(group["initial_lr"]) for group in optimizer.param_groups}) == 1:
        assert isinstance(plan, an.Plan)


@given(
    data=st.data(),
    adam=st.booleans(),
    lows=st.lists(st.floats(0.0, 0.1), min_size=2, max_size=2),
    highs=st.lists(rates, min_size=2, max_size=2),
    common=st.fixed_dictionaries(
        {
            "step_size_up": lengths,
            "step_size_down": st.none() | st.integers(0, 40),
            "mode": st.sampled_from(["triangular", "triangular2", "exp_range"]),
            "gamma": st.floats(0.8, 1.0),
            "cycle_momentum": st.booleans(),
            "base_momentum": st.floats(0.0, 0.9),
            "max_momentum": st.floats(0.0, 0.99),
        }
    ),
)
@settings(max_examples=40)
def test_cycles_agree_in_rate_and_momentum(
    data: st.DataObject, adam: bool, lows: list[float], highs: list[float], common: dict[str, Any]
) -> None:
    common["cycle_momentum"] |= not adam  # an optimizer whose own momentum is left alone is one case, with adam
    plan = agree(theirs.CyclicLR(optimizer_of(0.5, 0.5, adam=adam), lows, highs, **common), 250, peak=1.0)

    if isinstance(plan, an.RecipePlan) and common["cycle_momentum"]:
        assert ("betas[0]" if adam else "momentum") in plan.plans_for("0")


@given(
    total=st.integers(2, 120),
    share=st.floats(0.0, 1.0),
    peaks=st.lists(rates, min_size=2, max_size=2),
    adam=st.booleans(),
    arguments=st.fixed_dictionaries(
        {
            "anneal_strategy": st.sampled_from(["cos", "linear"]),
            "cycle_momentum": st.booleans(),
            "div_factor": st.floats(1.0, 100.0),
            "final_div_factor": st.floats(1.0, 1e4),
            "three_phase": st.booleans(),
            "base_momentum": st.floats(0.0, 0.9),
            "max_momentum": st.floats(0.0, 0.99),
        }
    ),
)
@settings(max_examples=60)
def test_one_cycle_agrees_to_its_last_update(
    total: int, share: float, peaks: list[float], adam: bool, arguments: dict[str, Any]
) -> None:
    assume(abs(share * total - 1) > 1e-6)  # there theirs divides by zero, or by nearly that
    assume(not arguments["three_phase"] or abs(2 * share * total - 2) > 1e-6)
    arguments |= {"total_steps": total, "pct_start": share}
    try:
        follow(theirs.OneCycleLR(optimizer_of(0.5, 0.5, adam=adam), peaks, **arguments), total + 1)
    except ZeroDivisionError:
        return
    agree(theirs.OneCycleLR(optimizer_of(0.5, 0.5, adam=adam), peaks, **arguments), total + 1, peak=max(peaks))


@an.register("tests.translate.ragged")
def ragged(t: float) -> float:
    return 1.0 / (1.0 + (t % 7))


@an.register("tests.translate.slower")
def slower(t: float, every: float) -> float:
    return 1.0 / (1.0 + t // every)


@given(lr=rates, up=lengths)
@settings(max_examples=20)
def test_functions_agree_that_have_a_name(lr: float, up: int) -> None:
    agree(theirs.LambdaLR(optimizer_of(lr), ragged))
    agree(theirs.LambdaLR(optimizer_of(lr), partial(slower, every=up)))
    agree(theirs.LambdaLR(optimizer_of(lr, 2 * lr), [ragged, partial(slower, every=up)]))
    agree(theirs.LambdaLR(optimizer_of(lr), an.cosine().over(up)))  # a plan of ours is such a function
    agree(theirs.MultiplicativeLR(optimizer_of(lr), ragged))
    agree(
        theirs.CyclicLR(
            optimizer_of(lr), 0.01, 0.02, up, scale_fn=ragged, scale_mode="iterations", cycle_momentum=False, mode="none"
        )
    )


TURNS = ANY | {
    "MultiplicativeLR": {"lr_lambda": st.just(ragged)},
    "LambdaLR": {"lr_lambda": st.just(ragged)},
    "SWALR": {"swa_lr": st.floats(0.01, 0.5), "anneal_epochs": st.integers(0, 20)},
    "CyclicLR": {"base_lr": st.just(0.01), "max_lr": st.just(0.2), "step_size_up": lengths, "cycle_momentum": st.booleans()},
    "ConstantLR": {"factor": shares, "total_iters": st.integers(0, 20)},
}


@given(
    children=st.lists(calls(TURNS), min_size=1, max_size=4),
    gaps=st.lists(st.integers(0, 30), min_size=3, max_size=3),
    pair=st.lists(st.sampled_from([0.1, 0.3]), min_size=1, max_size=2),
)
@settings(max_examples=150)
def test_a_sequence_agrees_and_so_does_what_its_children_leave_behind(
    children: list[tuple[str, dict[str, Any]]], gaps: list[int], pair: list[float]
) -> None:
    milestones = list(np.cumsum(gaps)[: len(children) - 1].tolist())
    optimizer = optimizer_of(*pair)
    made = [theirs_of(name)(optimizer, **arguments) for name, arguments in children]

    agree(theirs.SequentialLR(optimizer, made, milestones), 150)


def test_a_one_cycle_makes_the_child_before_it_leave_from_its_own_first_rate() -> None:
    """It puts that in the place of the initial rate, where the sequence goes back to."""
    optimizer = optimizer_of(0.1)
    made = [theirs.LinearLR(optimizer, 0.5, total_iters=4), theirs.OneCycleLR(optimizer, 1.0, total_steps=40)]
    plan = agree(theirs.SequentialLR(optimizer, made, [10]), 45, peak=1.0)

    assert plan(0)["*"]["lr"] == 0.5 * 1.0 / 25
    other = optimizer_of(0.1)
    made = [theirs.CosineAnnealingLR(other, 4), theirs.OneCycleLR(other, 1.0, total_steps=40)]
    with pytest.raises(an.AnnealingError, match="make that child first"):
        an.translate(theirs.SequentialLR(other, made, [10]))


@given(st.lists(calls(MULTIPLYING | {"MultiplicativeLR": TURNS["MultiplicativeLR"]}), min_size=1, max_size=4), st.booleans())
@settings(max_examples=40)
def test_a_chain_agrees(children: list[tuple[str, dict[str, Any]]], nested: bool) -> None:
    optimizer = optimizer_of(0.1, 0.2)
    made = [theirs_of(name)(optimizer, **arguments) for name, arguments in children]
    if nested:
        made = [theirs.ChainedScheduler(made[:2], optimizer), *made[2:]]

    agree(theirs.ChainedScheduler(made, optimizer), 80)


@pytest.mark.parametrize(
    "last",
    [
        lambda o: theirs.CosineAnnealingWarmRestarts(o, 7),
        lambda o: theirs.LambdaLR(o, ragged),
        lambda o: theirs.CyclicLR(o, 0.01, 0.1, 6, cycle_momentum=False),
        lambda o: theirs.CosineAnnealingLR(o, 30),
    ],
)
def test_the_last_of_a_chain_overwrites_or_multiplies(last: Any) -> None:
    optimizer = optimizer_of(0.1)
    agree(theirs.ChainedScheduler([theirs.LinearLR(optimizer, 0.2, total_iters=5), last(optimizer)]), 80)


@pytest.mark.parametrize("name", ["StepLR", "LinearLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "SWALR"])
@given(data=st.data(), steps=st.integers(0, 60))
@settings(max_examples=10)
def test_a_scheduler_that_was_stepped_gives_the_same_whole_curve(name: str, data: st.DataObject, steps: int) -> None:
    arguments = data.draw(st.fixed_dictionaries(CASES[name]))
    fresh, used = (theirs_of(name)(optimizer_of(0.3), **arguments) for _ in range(2))
    follow(used, steps + 1)
    whole = an.translate(fresh)
    try:
        again = an.translate(used)
    except an.AnnealingError as error:
        assert name == "SWALR"
        assert "keeps no note of where it left from" in str(error)
        assert steps >= arguments["anneal_epochs"] - 1
        return

    assert isinstance(again, an.Plan)
    np.testing.assert_allclose(again(np.arange(99)), whole(np.arange(99)), rtol=0, atol=1e-9)
    assert name == "SWALR" or again == whole


def test_a_weight_averaging_leaves_from_the_rate_it_finds() -> None:
    optimizer = optimizer_of(0.1)
    before = theirs.StepLR(optimizer, 5)
    average = torch.optim.swa_utils.SWALR(optimizer, 0.05)
    for _ in range(12):
        optimizer.step()
        before.step()
    average_plan = agree(average, 30, peak=0.1)

    assert average_plan(0) == pytest.approx(0.001)


def test_a_rate_in_a_tensor_is_read() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=torch.tensor(0.25))
    plan = an.translate(theirs.LinearLR(optimizer, 0.5, total_iters=4))

    assert plan == (0.25 * an.linear(to=1, start=0.5)).over(4)


def test_a_loop_that_changes_over_gets_the_rates_that_it_would_have_got() -> None:
    """The recipe of the docstring: the plan, and the count of the updates that were made."""
    from annealing.torch import Scheduler

    optimizer, other = optimizer_of(0.1, 0.3), optimizer_of(0.1, 0.3)
    scheduler = theirs.CosineAnnealingLR(optimizer, 40, 0.01)
    follow(scheduler, 16)
    ours = Scheduler(other, an.translate(copy.deepcopy(scheduler)))
    ours.load_state_dict({**ours.state_dict(), "update": scheduler.last_epoch})
    for _ in range(20):
        assert [group["lr"] for group in other.param_groups] == pytest.approx(
            [group["lr"] for group in optimizer.param_groups], rel=1e-12
        )
        for each, step in ((optimizer, scheduler), (other, ours)):
            each.step()
            step.step()
