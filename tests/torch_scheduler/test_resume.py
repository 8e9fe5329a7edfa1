"""Resuming with another plan: what each policy does from there on, and that resuming once more is exact."""

from __future__ import annotations

import itertools
import json
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import annealing as an
from annealing.control import Plateau, Spike
from annealing.core.errors import PlanMismatchError
from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, SHAPE, UPDATES, USED, parameter, rate_used, rates_used, sgd, train

LONGER = PLAN.schedule.over(40)
OTHER = (0.3 * an.linear(to=0.2)).over(UPDATES)
POLICIES = ["keep", "replace", "stretch", "from_here", "branch"]
STABLE = (0.5 * an.chain(an.warmup(5), an.hold())).over(an.inf)
COOLED = (0.5 * an.chain(an.warmup(5), an.hold(), an.cooldown(6))).over(20)


def saved_at(update: int, plan: an.Plan = PLAN, **options: Any) -> dict[str, Any]:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=plan, **options)
    train(optimizer, update)
    return json.loads(json.dumps(scheduler.state_dict()))


def resumed(state: dict[str, Any], plan: an.Plan, resume: Any, **options: Any) -> tuple[torch.optim.SGD, Scheduler]:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=plan, resume=resume, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        scheduler.load_state_dict(state)
    return optimizer, scheduler


# --- What each policy means -----------------------------------------------------------------------------------------


def test_the_default_refuses_shows_both_and_their_difference_and_takes_nothing_over() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=OTHER)
    with pytest.raises(PlanMismatchError) as caught:
        scheduler.load_state_dict(saved_at(7))
    for text in (str(PLAN), str(OTHER), "update 7", str(an.diff(PLAN, OTHER)), *(f'"{policy}"' for policy in POLICIES)):
        assert text in str(caught.value)
    assert train(optimizer, 3) == [OTHER(t) for t in range(3)]


def test_two_plans_without_an_end_are_compared_for_a_while() -> None:
    state = saved_at(7, STABLE)
    with pytest.raises(PlanMismatchError, match="they differ in updates 0 to 9"):
        Scheduler(sgd(), lr=(0.5 * an.chain(an.warmup(10), an.hold())).over(an.inf)).load_state_dict(state)


def test_keep_goes_on_with_the_saved_plan() -> None:
    optimizer, scheduler = resumed(saved_at(7), OTHER, "keep")
    assert train(optimizer, 5) == USED[7:12]
    assert scheduler.plan == PLAN


def test_replace_goes_on_with_the_new_plan_and_reports_the_jump() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=OTHER, resume="replace")
    with pytest.warns(UserWarning, match='resume="replace" at update 7: lr goes from 0.4878.* to 0.23') as caught:
        scheduler.load_state_dict(saved_at(7))
    assert caught[0].filename == __file__
    assert train(optimizer, 5) == [OTHER(t) for t in range(7, 12)]
    assert scheduler.plan == OTHER


def test_replacing_by_a_plan_with_the_same_value_here_reports_nothing() -> None:
    scheduler = Scheduler(sgd(), lr=COOLED, resume="replace")
    scheduler.load_state_dict(saved_at(9, STABLE))
    assert scheduler.plan == COOLED


def test_stretch_goes_on_from_the_same_share_of_the_curve_and_ends_with_the_new_run() -> None:
    optimizer, scheduler = resumed(saved_at(14), LONGER, "stretch")
    used = train(optimizer, 26)
    done, left = (40 - 14) / (24 - 14), [PLAN(14 + (t - 14) * (24 - 14) / (40 - 14)) for t in range(14, 40)]
    assert done == 2.6
    np.testing.assert_allclose(used, left, rtol=1e-12)
    assert used[0] == pytest.approx(USED[14])
    assert scheduler.plan(40) == pytest.approx(PLAN(24))
    assert scheduler.plan(9) == PLAN(9), "what was used stays"
    assert scheduler.state_dict()["journal"] == ["stretch(40, at=14)"]


def test_stretching_shortens_as_well() -> None:
    optimizer, scheduler = resumed(saved_at(14), PLAN.schedule.over(19), "stretch")
    np.testing.assert_allclose(train(optimizer, 5), [PLAN(t) for t in (14, 16, 18, 20, 22)], rtol=1e-12)
    assert scheduler.plan.total == 19


def test_from_here_anneals_from_the_value_in_use_to_where_the_new_plan_ends() -> None:
    optimizer, scheduler = resumed(saved_at(14), OTHER, "from_here")
    used = train(optimizer, 12)
    assert used[0] == USED[14]
    cosine = [0.06 + (USED[14] - 0.06) * (1 + np.cos(np.pi * i / 10)) / 2 for i in range(10)]
    np.testing.assert_allclose(used[:10], cosine, rtol=1e-12)
    assert used[10:] == [pytest.approx(OTHER(24))] * 2
    assert [scheduler.plan(t) for t in range(14)] == USED[:14]


def test_branch_goes_into_the_new_plan_where_both_meet() -> None:
    """A run that was stable, and now cools down: the plan for it says so from the start."""
    optimizer, scheduler = resumed(saved_at(12, STABLE), COOLED, "branch")
    assert train(optimizer, 10) == [COOLED(t) for t in range(12, 22)]
    assert scheduler.plan.total == 20
    assert scheduler.state_dict()["journal"] == [f"branch(at=12, tail={COOLED})"]
    assert scheduler.state_dict()["plan"] == str(STABLE)


@pytest.mark.parametrize(
    ("resume", "plan", "advice"),
    [
        ("branch", OTHER, "at 7 the plan .* is at 0.23.* and the value reached is 0.4878"),
        ("branch", COOLED.schedule.over(20, after="repeat"), "after= must agree"),
        ("stretch", OTHER, "the schedules differ, not only their lengths"),
        ("stretch", PLAN.schedule.over(6), "nothing is left of a run of 6 at 7"),
        ("from_here", PLAN.schedule.over(7), "leaves nothing of a run of 7"),
        ("from_here", STABLE, "has no end to go to"),
    ],
)
def test_a_policy_that_cannot_be_followed_says_why_and_changes_nothing(resume: Any, plan: an.Plan, advice: str) -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=plan, resume=resume)
    with pytest.raises(PlanMismatchError, match=advice):
        scheduler.load_state_dict(saved_at(7))
    assert scheduler.update == 0
    assert rate_used(optimizer) == plan(0)


@pytest.mark.parametrize("resume", ["stretch", "from_here", "branch"])
def test_before_the_first_update_there_is_no_past_to_keep(resume: Any) -> None:
    optimizer, scheduler = resumed(saved_at(0), OTHER, resume)
    assert train(optimizer, 3) == [OTHER(t) for t in range(3)]
    assert scheduler.plan == OTHER


@pytest.mark.parametrize("resume", ["stretch", "from_here", "branch"])
def test_a_rate_and_a_factor_of_the_same_text_are_two_plans(resume: Any) -> None:
    state = saved_at(0)
    optimizer = sgd()
    scheduler = Scheduler(optimizer, factor=PLAN, resume=resume)
    with pytest.raises(PlanMismatchError, match="one is lr= and the other factor="):
        scheduler.load_state_dict({**state, "update": 3})
    with pytest.raises(PlanMismatchError, match=r"followed lr=.*follows factor="):
        Scheduler(sgd(), factor=PLAN).load_state_dict(state)


def test_keep_brings_the_mode_and_the_base_rates_along() -> None:
    first = sgd(0.25)
    scheduler = Scheduler(first, factor=SHAPE)
    train(first, 4)
    second = sgd(0.25)
    Scheduler(second, lr=OTHER, resume="keep").load_state_dict(scheduler.state_dict())
    assert train(second, 3) == [0.25 * SHAPE(t) for t in range(4, 7)]


# --- Resuming once more ---------------------------------------------------------------------------------------------

CHANGES: dict[str, tuple[an.Plan, an.Plan]] = {
    "keep": (PLAN, OTHER),
    "replace": (PLAN, OTHER),
    "stretch": (PLAN, LONGER),
    "from_here": (PLAN, OTHER),
    "branch": (STABLE, COOLED),
}


@settings(max_examples=10)
@given(policy=st.sampled_from(POLICIES), stops=st.lists(st.integers(1, 6), min_size=2, max_size=3))
def test_resuming_again_and_again_with_the_same_script_equals_resuming_once(policy: Any, stops: list[int]) -> None:
    before, after = CHANGES[policy]
    first = 7 + stops[0] % 5
    state = saved_at(first, before)
    once, scheduler = resumed(state, after, policy)
    expected = train(once, 30)

    used: list[float] = []
    for stop in stops:
        optimizer, scheduler = resumed(state, after, policy)
        used += train(optimizer, stop)
        state = json.loads(json.dumps(scheduler.state_dict()))
    optimizer, _ = resumed(state, after, policy)
    assert used + train(optimizer, 30 - len(used)) == expected


@pytest.mark.parametrize("policy", POLICIES)
def test_once_it_is_settled_the_new_script_resumes_without_a_policy(policy: Any) -> None:
    """Except after keep, where the script still gives another plan than is followed."""
    before, after = CHANGES[policy]
    optimizer, scheduler = resumed(saved_at(9, before), after, policy)
    train(optimizer, 2)
    state = scheduler.state_dict()
    if policy == "keep":
        with pytest.raises(PlanMismatchError):
            resumed(state, after, "refuse")
    else:
        again, _ = resumed(state, after, "refuse")
        assert train(again, 5) == train(optimizer, 5)


def test_another_policy_after_keep_still_applies() -> None:
    _, kept = resumed(saved_at(9), OTHER, "keep")
    optimizer, scheduler = resumed(kept.state_dict(), OTHER, "replace")
    assert scheduler.plan == OTHER
    assert rate_used(optimizer) == OTHER(9)


def test_the_optimizer_may_be_loaded_before_or_after() -> None:
    first = sgd()
    state = Scheduler(first, lr=PLAN)
    train(first, 14)
    rates = []
    for order in itertools.permutations(("optimizer", "scheduler")):
        second = sgd()
        scheduler = Scheduler(second, lr=LONGER, resume="stretch")
        for what in order:
            if what == "optimizer":
                second.load_state_dict(first.state_dict())
            else:
                scheduler.load_state_dict(state.state_dict())
        rates.append(train(second, 6))
    assert rates[0] == rates[1]


# --- Recipes and controllers ----------------------------------------------------------------------------------------

RECIPE = an.Recipe(lr=PLAN.schedule, groups={"head": {"momentum": 0.9 * an.linear(to=0.5)}})


@pytest.mark.parametrize("resume", ["keep", "replace", "stretch", "from_here"])
def test_every_plan_of_a_recipe_is_treated_alike(resume: Any) -> None:
    def built(total: int, **options: Any) -> tuple[torch.optim.SGD, Scheduler]:
        optimizer = sgd(0.1, 0.1, names=["body", "head"], momentum=0.9)
        return optimizer, Scheduler(optimizer, RECIPE.over(total), **options)

    optimizer, scheduler = built(24)
    train(optimizer, 14)
    again, second = built(32, resume=resume)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        second.load_state_dict(scheduler.state_dict())
    train(again, 2)
    old, new = (RECIPE.over(total).plans_for("head")["momentum"] for total in (24, 32))
    annealed = 0.45 + (old(14) - 0.45) * (1 + np.cos(np.pi * 2 / 18)) / 2
    expected = {"keep": old(16), "replace": new(16), "stretch": old(14 + 2 * 10 / 18), "from_here": annealed}
    assert again.param_groups[1]["momentum"] == pytest.approx(expected[resume])

    third, last = built(32, resume=resume)
    last.load_state_dict(json.loads(json.dumps(second.state_dict())))
    for _ in range(9):
        held = [(group["lr"], group["momentum"]) for group in again.param_groups]
        assert [(group["lr"], group["momentum"]) for group in third.param_groups] == held
        rates_used(again)
        rates_used(third)


def test_recipes_that_move_different_things_cannot_be_joined() -> None:
    optimizer = sgd(momentum=0.9)
    state = Scheduler(optimizer, an.Recipe(lr=PLAN.schedule).over(24)).state_dict()
    second = Scheduler(sgd(momentum=0.9), an.Recipe(lr=PLAN.schedule, momentum=0.9).over(32), resume="stretch")
    with pytest.raises(PlanMismatchError, match="different hyper-parameters or groups"):
        second.load_state_dict({**state, "update": 3})


def test_replace_keeps_the_gain_that_a_controller_of_the_same_kind_reached() -> None:
    state = saved_at(0, control=Plateau(factor=0.5, patience=1))
    first = Scheduler(sgd(), lr=PLAN, control=Plateau(factor=0.5, patience=1))
    for _ in range(3):
        first.observe(1.0)
    state = first.state_dict()
    second = Scheduler(sgd(), lr=PLAN, control=Plateau(factor=0.5, patience=8), resume="replace")
    second.load_state_dict(state)
    assert second.gains == {"lr": 0.25}
    third = Scheduler(sgd(), lr=PLAN, control=Spike(), resume="replace")
    with pytest.warns(UserWarning, match="the gain of 'lr' goes from 0.25 to 1"):
        third.load_state_dict(state)
    with pytest.raises(PlanMismatchError, match=r"gain of 'lr' is 0\.25, and this Scheduler has no controller there"):
        Scheduler(sgd(), lr=PLAN, resume="from_here").load_state_dict(state)
    kept = Scheduler(sgd(), lr=PLAN, resume="keep")
    kept.load_state_dict(state)
    assert kept.gains == {"lr": 0.25}
    assert kept.state_dict()["observed"] == state["observed"]


# --- Edits of a run that is under way -------------------------------------------------------------------------------


def test_a_cooldown_decided_on_in_the_loop_holds_from_the_next_update_on_and_is_saved() -> None:
    """R13: torch's schedulers ignore an edit, or take it for the rate that they decay."""
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=STABLE)
    train(optimizer, 14)
    scheduler.branch(an.cooldown(6), why="the loss is flat")
    assert scheduler.get_last_lr() == [0.5]
    used = train(optimizer, 8)
    assert used == [COOLED(t) for t in range(14, 22)]
    state = scheduler.state_dict()
    assert state["journal"] == ["branch(at=14, tail=cooldown(6), total=20, why='the loss is flat')"]

    again = sgd()  # the script does not know of it
    second = Scheduler(again, lr=STABLE)
    second.load_state_dict({**state, "update": 16})
    assert train(again, 4) == used[2:6]


def test_an_edit_that_cannot_be_is_refused_and_nothing_changes() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN)
    with pytest.raises(an.AnnealingError):
        scheduler.branch(an.hold(50))
    with pytest.raises(an.AnnealingError, match="at least 0"):
        scheduler.branch(an.linear(to=-0.1), absolute=True)
    assert scheduler.plan == PLAN
    recipe = Scheduler(sgd(), an.Recipe(lr=PLAN.schedule).over(24))
    with pytest.raises(TypeError, match="a recipe has a plan for each hyper-parameter"):
        recipe.branch(an.cooldown())


# --- Stories --------------------------------------------------------------------------------------------------------


def cosine_over(total: int, optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)


def torchs_longer_run() -> list[float]:
    """A cosine over 10 updates, stopped at 5 and resumed by a script that says 20."""
    first = sgd()
    scheduler = cosine_over(10, first)
    train(first, 5, scheduler.step)
    second = sgd()
    longer = cosine_over(20, second)
    second.load_state_dict(first.state_dict())
    longer.load_state_dict(scheduler.state_dict())
    return train(second, 15, longer.step)


def test_r04_and_r47_a_new_horizon_is_not_reverted_without_a_word() -> None:
    """torch: load_state_dict brings T_max=10 back, and the cosine is at its end, or rises again, halfway through the run."""
    assert torchs_longer_run()[5] == pytest.approx(0.0)

    short, longer = (0.1 * an.cosine()).over(10), (0.1 * an.cosine()).over(20)
    with pytest.raises(PlanMismatchError, match=r"over\(10\).*over\(20\): they differ"):
        resumed(saved_at(5, short), longer, "refuse")
    optimizer, _ = resumed(saved_at(5, short), longer, "stretch")
    used = train(optimizer, 16)
    assert used[0] == pytest.approx(0.05)
    assert used == sorted(used, reverse=True)
    assert used[14] > 0
    assert used[15] == pytest.approx(0.0)


def test_r05_a_run_that_is_over_can_be_extended() -> None:
    """torch: OneCycleLR raises at the update after its total."""
    finished = sgd()
    scheduler = torch.optim.lr_scheduler.OneCycleLR(finished, 0.1, total_steps=10)
    with pytest.raises(ValueError, match="specified number of total steps"):
        train(finished, 12, scheduler.step)

    plan = (0.1 * an.onecycle()).over(10)
    state = saved_at(10, plan)
    held, _ = resumed(state, plan, "refuse")
    assert train(held, 5) == [plan(10)] * 5
    state = saved_at(10, (0.1 * an.linear(to=0.5)).over(10))
    extended, _ = resumed(state, (0.1 * an.linear(to=0.1)).over(20), "from_here")
    used = train(extended, 11)
    assert used[0] == pytest.approx(0.05)
    assert used[-1] == pytest.approx(0.01)
    assert used == sorted(used, reverse=True)


def test_r06_a_longer_horizon_does_not_jump_unless_that_is_asked_for() -> None:
    """transformers' cosine is a LambdaLR: the lambda of the new script is used, so the rate jumps, without a word."""
    first = sgd()
    short, longer = an.cosine().over(10), an.cosine().over(20)
    scheduler = torch.optim.lr_scheduler.LambdaLR(first, lambda t: 1.0 * short(t))
    train(first, 5, scheduler.step)
    second = sgd()
    jumps = torch.optim.lr_scheduler.LambdaLR(second, lambda t: 1.0 * longer(t))
    second.load_state_dict(first.state_dict())
    jumps.load_state_dict(scheduler.state_dict())
    theirs = train(second, 2, jumps.step)
    assert theirs[0] == pytest.approx(0.05)
    assert theirs[1] > 0.075, "it rises by half in the middle of its decay"

    state = saved_at(5, 0.1 * short)
    for policy in ("stretch", "from_here", "keep"):
        optimizer, _ = resumed(state, 0.1 * longer, policy)
        used = train(optimizer, 15)
        assert used[0] == pytest.approx(0.05)
        assert used == sorted(used, reverse=True)
    optimizer = sgd()
    jumping = Scheduler(optimizer, lr=0.1 * longer, resume="replace")
    with pytest.warns(UserWarning, match=r"lr goes from 0\.05 to 0\.0853553"):
        jumping.load_state_dict(state)
    assert rate_used(optimizer) == 0.1 * longer(5)


@pytest.mark.parametrize("policy", ["join", "own_clock"])
def test_r40_groups_that_were_added_resume_exactly(policy: Any) -> None:
    def build() -> tuple[torch.optim.SGD, Scheduler]:
        optimizer = sgd()
        return optimizer, Scheduler(optimizer, lr=PLAN, new_groups=policy)

    optimizer, scheduler = build()
    train(optimizer, 5)
    optimizer.add_param_group({"params": [parameter()], "lr": 9.0})
    start = 0 if policy == "join" else 5
    expected = [[PLAN(t), PLAN(t - start)] for t in range(5, UPDATES)]
    used = [rates_used(optimizer) for _ in range(5, 12)]
    states = {"optimizer": optimizer.state_dict(), "scheduler": json.loads(json.dumps(scheduler.state_dict()))}
    assert used == expected[:7]
    for order in (("add", "optimizer", "scheduler"), ("add", "scheduler", "optimizer"), ("scheduler", "add", "optimizer")):
        again, second = build()
        for what in order:
            if what == "add":
                again.add_param_group({"params": [parameter()], "lr": 3.0})
            else:
                {"optimizer": again, "scheduler": second}[what].load_state_dict(states[what])
        assert [rates_used(again) for _ in range(12, UPDATES)] == expected[7:], order
