"""Giving members up on the way: by validation loss, not before a quarter of the run, never inside warm-up."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")

from annealing.core.errors import ArgumentError
from annealing.lockstep import Halving, Member, train
from annealing.lockstep.halving import given_up, warmup_end
from annealing.lockstep.outlook import stackable
from annealing.lockstep.stack import Stack
from annealing.lockstep.trail import Trail
from annealing.tasks import Task
from annealing.tasks.measure import check_points
from tests.lockstep import problems
from tests.lockstep.problems import problem

RATES = [0.001 * 1.7**i for i in range(12)]


def members(schedule=None, updates=60, seeds=(1,)):
    schedule = an.cosine() if schedule is None else schedule
    return [Member((rate * schedule).over(updates), seed=seed) for seed in seeds for rate in RATES]


@pytest.mark.parametrize("optimizer", ["nesterov", "rmsprop"])
@pytest.mark.parametrize("model", [problems.mlp(torch.float64), problems.dropping])
def test_survivors_end_where_they_would_have_ended_without_cuts(optimizer, model):
    task = problem(model, optimizer=optimizer)
    full = train(task, members(), compile="never", chunk=5, keep_state=True).outcomes
    cut = train(task, members(), compile="never", chunk=5, keep_state=True, halving=Halving()).outcomes
    stayed = [k for k, outcome in enumerate(cut) if not outcome.cut]
    assert len(stayed) == 1
    for k in stayed:
        assert cut[k].valid_loss.tolist() == pytest.approx(full[k].valid_loss.tolist(), rel=1e-10)
        assert all(torch.allclose(cut[k].state[name], full[k].state[name], rtol=1e-9) for name in full[k].state)
    for k in set(range(len(full))) - set(stayed):
        points = len(cut[k].update)
        assert cut[k].valid_loss.tolist() == pytest.approx(full[k].valid_loss[:points].tolist(), rel=1e-10)
        assert cut[k].loss == cut[k].valid_loss[-1]
        assert cut[k].update[-1] < 60


def test_a_quarter_stays_after_a_quarter_and_half_of_those_after_half_and_again_after_three_quarters():
    cut = train(problem(), members(), compile="never", halving=Halving()).outcomes
    marks = sorted(check_points(60))
    quarter, half, last = (next(m for m in marks if m >= at) for at in (15, 30, 45))
    assert sorted(int(outcome.update[-1]) for outcome in cut) == [quarter] * 9 + [half, last, 60]


def test_the_mean_of_the_weights_settles_where_a_high_rate_only_jumps():
    """Steps of almost 2 / curvature: the weight jumps from side to side of the minimum, and its mean lies in it."""
    x = torch.ones(8, 1)
    task = Task(lambda: torch.nn.Linear(1, 1, bias=False), torch.nn.functional.mse_loss, (x, x), (x, x), optimizer="sgd")
    rates = (0.999, 0.002)
    wild = [Member((rate * an.hold()).over(40), seed=1, lr=rate) for rate in rates]
    tamed = train(task, wild, compile="never", halving=Halving(((0.5, 2),))).outcomes

    assert tamed[0].valid_loss[len(tamed[1].valid_loss) - 1] > tamed[1].loss  # by its own loss the high rate would have been cut
    assert [outcome.cut for outcome in tamed] == [False, True]


def test_a_trail_is_the_mean_of_where_the_stack_was():
    plan = stackable(problem(), members()[0], "cpu")
    stack, trail, passed = Stack.build(plan, members()[:3]), Trail(4), []
    assert trail.settled(stack) is None
    for _ in range(10):
        stack.advance(stack.update + 1, lambda update: None)
        trail.follow(stack)
        passed.append([value.clone() for value in stack.parameters])
    settled = trail.settled(stack)
    for which, mean in enumerate(settled.parameters):
        assert torch.allclose(mean, torch.stack([rows[which] for rows in passed[4:]]).mean(0), rtol=1e-5, atol=1e-7)
    assert set(settled.held_by(1)) == set(stack.held_by(1))


def test_each_group_has_its_own_winner():
    both = members(seeds=(1, 2))
    cut = train(problem(), both, compile="never", chunk=7, halving=Halving(), groups=[member.seed for member in both]).outcomes
    assert [outcome.member.seed for outcome in cut if not outcome.cut] == [1, 2]


@pytest.mark.parametrize(
    ("schedule", "first"),
    [
        (an.cosine(), 0),
        (an.chain(an.warmup("10%"), an.cosine()), 100),
        (an.chain(an.warmup("50%"), an.linear()), 500),
        (an.chain(an.warmup("rest")), 999),
    ],
)
def test_cuts_wait_for_the_end_of_warm_up(schedule, first):
    member = Member(schedule.over(1000))
    assert warmup_end(member) == first
    cuts = Halving().updates([Member(an.cosine().over(1000)), member], sorted(check_points(1000)))
    assert all(at >= max(250, first) for at in cuts)
    if first == 999:
        assert cuts == {}
    elif first == 500:
        assert list(cuts.values()) == [8, 2]  # two cuts wait, and fall together
    else:
        assert list(cuts.values()) == [4, 2, 2]


def test_on_a_plateau_nobody_is_given_up_until_the_next_cut():
    groups, most = dict.fromkeys(range(4), "all"), {"all": 1}
    assert given_up({0: 2.2, 1: 2.21, 2: 2.19, 3: 2.3}, groups, most, start=2.3) == set()
    assert given_up({0: 1.2, 1: 2.21, 2: 2.19, 3: 2.3}, groups, most, start=2.3) == {1, 2, 3}


def test_ties_go_to_the_member_that_comes_first():
    assert given_up({2: 1.0, 0: 1.0, 1: 1.0}, dict.fromkeys(range(3)), {None: 2}, start=5.0) == {2}


def test_members_that_diverge_are_given_up_anyway():
    wild = [Member((rate * an.hold()).over(60), seed=1) for rate in (0.05, 1e30, 1e30, 0.1)]
    found = train(problem(), wild, compile="never", halving=Halving()).outcomes
    assert [outcome.diverged for outcome in found] == [False, True, True, False]
    assert [outcome.cut for outcome in found].count(True) == 1
    assert len([outcome for outcome in found if outcome.update[-1] == 60]) == 1


@pytest.mark.parametrize(
    "cuts", [(), ((0.1, 2),), ((0.5, 2), (0.25, 2)), ((0.25, 1),), ((0.25, 2.5),), ((0.25, 2), (0.25, 2)), ((1.0, 2),)]
)
def test_cuts_that_are_too_early_or_keep_everyone_are_refused(cuts):
    with pytest.raises(ArgumentError, match=r"write \(\(0\.25, 4\), \(0\.5, 2\)"):
        Halving(cuts)
