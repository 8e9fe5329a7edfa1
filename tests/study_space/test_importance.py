"""Importance: what matters comes first, what does not cannot be told from nothing, and nothing is said of too little."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import math

import numpy as np
import pytest

from tests.conftest import require

require("torch")

from annealing.study.importance import METHOD, importance
from annealing.study.space import Candidate, Choice, Log, Space, Uniform, Whole
from annealing.study.strategies import Random, Sobol, Told

SPACE = Space(
    {
        "optimizer": Choice(["sgd", "adamw"]),
        "lr": Log(1e-3, 1),
        "momentum": Uniform(0.5, 0.99, only={"optimizer": "sgd"}),
        "width": Whole(16, 256, log=True),
        "floor": 0.1,
    }
)


def history(space, loss, count=96, seed=0, strategy=None, **changes):
    round_ = (strategy or Random()).propose(space, seed=seed, budget=count, history=())
    rng = np.random.default_rng(seed)
    return [Told(one, 0, float(loss(one.values, rng)), 100, **changes) for one in round_.candidates]


def valley(values, rng):
    return abs(math.log10(values["lr"] / 0.05)) + 0.1 * rng.normal()


def test_what_decides_the_loss_comes_first_though_it_goes_down_and_up_again():
    found = importance(SPACE, history(SPACE, valley))
    assert found[0].name == "lr"
    assert found[0].share > 0.7
    assert found[0].interval[0] > 0.6
    assert found[0].interval[0] <= found[0].share <= found[0].interval[1] <= 1
    assert all(one.share < 0.2 and one.interval[0] == 0 for one in found[1:])
    assert "floor" not in {one.name for one in found}


def test_two_that_matter_share_what_there_is_in_their_proportion():
    space = Space({"a": Uniform(0, 1), "b": Uniform(0, 1), "c": Uniform(0, 1)})
    told = history(space, lambda v, rng: 2 * v["a"] + v["b"], count=1024, strategy=Sobol())
    found = {one.name: one for one in importance(space, told)}
    assert found["a"].share == pytest.approx(0.8, abs=0.03)  # 4/12 of variance to 1/12
    assert found["b"].share == pytest.approx(0.2, abs=0.03)
    assert found["c"].share < 0.03


def test_a_conditional_hyper_parameter_is_judged_among_those_that_have_it():
    def loss(values, rng):
        return 10 * (values["optimizer"] == "sgd") + values.get("momentum", 0) + 0.01 * rng.normal()

    told = history(SPACE, loss)
    found = {one.name: one for one in importance(SPACE, told)}
    assert found["momentum"].share > 0.9
    assert found["momentum"].where == "optimizer=sgd"
    assert found["momentum"].candidates == sum(one.candidate.values["optimizer"] == "sgd" for one in told)
    assert found["optimizer"].share > 0.7
    assert found["optimizer"].where == ""


def test_one_name_with_two_ranges_has_two_lines_each_with_its_condition():
    space = Space(
        {
            "optimizer": Choice(["sgd", "adamw"]),
            "lr": [Log(0.01, 1, only={"optimizer": "sgd"}), Log(1e-4, 1e-2, only={"optimizer": "adamw"})],
        }
    )

    def loss(values, rng):
        return values["lr"] if values["optimizer"] == "sgd" else rng.random()

    found = {(one.name, one.where): one for one in importance(space, history(space, loss))}
    assert found["lr", "optimizer=sgd"].share > 0.9
    assert found["lr", "optimizer=adamw"].interval[0] == 0


@pytest.mark.parametrize("strategy", [Random(), Sobol()], ids=["random", "sobol"])
def test_an_interval_of_what_does_not_matter_reaches_zero_as_often_as_it_says(strategy):
    space = Space({"a": Uniform(0, 1), "b": Choice(["x", "y", "z"]), "c": Log(1e-3, 1)})
    lines = [
        one
        for seed in range(60)
        for one in importance(space, history(space, lambda v, rng: rng.normal(), count=48, seed=seed, strategy=strategy))
    ]
    reached = np.mean([one.interval[0] == 0 for one in lines])
    assert reached >= 0.90
    assert np.mean([one.share for one in lines]) < 0.05


@pytest.mark.slow
def test_the_interval_holds_the_true_share_about_as_often_as_it_says():
    space = Space({"a": Uniform(0, 1), "b": Uniform(0, 1)})

    def loss(values, rng):
        return values["a"] + values["b"]

    true = importance(space, history(space, loss, count=4096, strategy=Sobol()))[0].share
    held = [
        one.interval[0] <= true <= one.interval[1]
        for seed in range(60)
        for one in importance(space, history(space, loss, count=64, seed=seed))
    ]
    assert 0.8 <= np.mean(held) <= 1.0


def test_diverged_runs_are_all_the_same_and_come_last():
    def loss(values, rng):
        return math.nan if values["lr"] > 0.3 else math.inf if values["lr"] > 0.2 else rng.random()

    told = [Told(one.candidate, 0, one.loss, one.updates, diverged=not math.isfinite(one.loss)) for one in history(SPACE, loss)]
    found = importance(SPACE, told)
    assert found[0].name == "lr"
    assert found[0].interval[0] > 0
    larger = [Told(t.candidate, 0, 1e30 if t.diverged else t.loss, t.updates, t.diverged) for t in told]
    assert importance(SPACE, larger) == found


def test_those_that_were_cut_come_after_those_that_were_not_and_before_those_that_diverged():
    space = Space({"a": Uniform(0, 1)})
    told = []
    for number in range(40):
        candidate = Candidate(number, {"a": (number + 0.5) / 40})
        if number < 10:
            told.append(Told(candidate, 0, 5.0 + number, 100))
        elif number < 20:
            told.append(Told(candidate, 0, 1.0 + number, 50, cut=True))
        elif number < 30:
            told.append(Told(candidate, 0, 0.1 + number, 25, cut=True))
        else:
            told.append(Told(candidate, 0, math.nan, 3, diverged=True))
    assert importance(space, told)[0].share > 0.9


def test_several_seeds_of_a_candidate_count_as_one():
    once = history(SPACE, valley)
    twice = [Told(one.candidate, seed, one.loss + (0.1 if seed else -0.1), one.updates) for one in once for seed in (0, 1)]
    assert importance(SPACE, twice)[0].candidates == len(once)
    assert importance(SPACE, twice)[0].share == pytest.approx(importance(SPACE, once)[0].share, abs=1e-9)


def test_the_order_of_history_changes_nothing():
    told = history(SPACE, valley)
    assert importance(SPACE, told[::-1]) == importance(SPACE, told)


@pytest.mark.parametrize(
    ("told", "note"),
    [
        ([], "0 candidates have it"),
        (history(SPACE, valley, count=11), "fewer than 12 say nothing"),
        (history(SPACE, lambda values, rng: math.nan, diverged=True), "all candidates came out the same"),
    ],
    ids=["none", "few", "all diverged"],
)
def test_where_nothing_can_be_said_it_says_why(told, note):
    found = importance(SPACE, told)
    assert len(found) == 4
    assert all(one.share is None and one.interval is None for one in found)
    assert any(note in one.note for one in found)


def test_a_choice_that_took_one_value_only_says_nothing():
    space = Space({"optimizer": Choice(["sgd", "adamw"]), "lr": Log(1e-3, 1)})
    told = [one for one in history(space, valley) if one.candidate.values["optimizer"] == "sgd"]
    line = next(one for one in importance(space, told) if one.name == "optimizer")
    assert (line.share, line.note) == (None, "all candidates have nearly the same value")


def test_the_method_has_a_name():
    assert "variance of ranks" in METHOD
    assert "bootstrap" in METHOD
