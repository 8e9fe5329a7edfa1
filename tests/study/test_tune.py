"""`tune`: the range test narrows the rates, a kill costs nothing, and what was asked wrongly is refused before any training."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

from contextlib import nullcontext

import pytest

from tests.conftest import require

require("torch")
require("sqlalchemy")
require("loky")

import annealing as an
from annealing.core.errors import ArgumentError, KindError, TaskError
from annealing.study.engines.own import Own, OwnRun
from annealing.study.ranges import Range, narrowed, to_test
from annealing.study.space import Choice, Log, Space


def found(optimizer=None, edge=None, interval=(0.1, 0.4)):
    return Range(optimizer, 0.2, interval, edge, 7.0, (), ())


def test_the_range_test_narrows_the_rates_of_its_own_optimizer_and_not_beyond_the_edge():
    space = Space({"optimizer": Choice(["sgd", "adamw"]), "lr": Log(1e-5, 10)})
    seen = narrowed(space, (found("sgd", edge=0.5), found("adamw", interval=(1e-3, 4e-3))))
    rates = {name: seen.active({"optimizer": name})["lr"] for name in ("sgd", "adamw")}

    assert (rates["sgd"].low, rates["sgd"].high) == (0.0125, 0.5)
    assert (rates["adamw"].low, rates["adamw"].high) == (pytest.approx(1.25e-4), 1.6e-2)


def test_a_range_test_without_an_answer_leaves_the_rates_as_they_were():
    space = Space({"lr": Log(1e-3, 1)})

    assert narrowed(space, (Range(None, None, None, None, 8.0, (), ()),)) == space


def test_only_ranges_of_rates_are_tested():
    assert to_test(Space({"lr": Log(1e-3, 1)}), "sgd") == ("sgd",)
    assert to_test(Space({"lr": Choice([0.1, 0.2])}), "sgd") == ()


@pytest.mark.parametrize(
    ("changes", "kind", "says"),
    [
        ({"engine": "lockstop"}, ArgumentError, "did you mean lockstep"),
        ({"strategy": "halvin"}, ArgumentError, "did you mean halving"),
        ({"optimizer": "adanw"}, TaskError, "did you mean adamw"),
        ({"budget": 0}, ArgumentError, "budget=0 is too small"),
        ({"workers": 0}, ArgumentError, "workers=0"),
        ({"address": "127.0.0.1:6379"}, ArgumentError, 'write engine="ray"'),
        ({"space": {"lr": Log(1e-3, 1), "momentun": 0.9}}, ArgumentError, "did you mean momentum"),
        ({"strategy": "tpe", "forecast": True}, ArgumentError, "chooses by itself"),
    ],
)
def test_what_cannot_be_is_refused_before_any_training(line, changes, kind, says):
    with pytest.raises(kind, match=says):
        an.tune(line(), **changes)


@pytest.mark.parametrize("task", [3, type("Net", (), {})])
def test_what_is_no_task_is_refused(task):
    with pytest.raises(KindError, match="is not a task"):
        an.tune(task)


def test_a_function_needs_a_space_and_no_lockstep():
    def train(run):
        run.report(1, 0.0)

    with pytest.raises(ArgumentError, match="hyper-parameters are not known"):
        an.tune(train)
    with pytest.raises(ArgumentError, match='lockstep" stacks tasks'):
        an.tune(train, space={"lr": Log(1e-3, 1)}, engine="lockstep")


def reported(*losses, stops=()):
    run = OwnRun(an.constant().over(10), {}, 0, stops)
    return run, [run.report(update + 1, loss) for update, loss in enumerate(losses)]


def test_a_run_of_ones_own_is_told_when_it_was_given_up_or_is_lost():
    assert reported(1.0, 0.5)[1] == [False, False]
    assert reported(1.0, float("nan"))[1] == [False, True]
    assert reported(1.0, 1.0, 1.0, stops=((2, 0.7),))[1] == [False, True, True]
    run, _ = reported(1.0)
    with pytest.raises(ArgumentError, match="update=1 is too small"):
        run.report(1, 0.5)


def test_a_function_that_reports_nothing_is_refused_with_what_to_write():
    from annealing.study.train import Setting

    with pytest.raises(TaskError, match="reported no loss"):
        Own(lambda run: None).train(Setting("0", an.constant().over(3), 1.0, 0, "tuning"), lambda point: None)
    with pytest.raises(TaskError, match="cannot be called as train"):
        Own(lambda: None)


def test_every_optimizer_that_is_named_is_judged_at_its_usual_rate_and_the_first_with_a_cosine(line, here, monkeypatch):
    monkeypatch.setattr("annealing.study.tune.local", lambda work, workers, *, stacks, device: nullcontext(here(work)))
    tuned = an.tune(line(), optimizer=["sgd", "adamw"], strategy="random", updates=20, budget=2, seeds=2, find=False)
    judged = {name: values for name, values in tuned.chosen.items() if name.startswith("default")}

    assert {name: (values["optimizer"], values["schedule"]) for name, values in judged.items()} == {
        "default sgd": ("sgd", "constant"),
        "default adamw": ("adamw", "constant"),
        "default sgd + cosine": ("sgd", "cosine"),
    }


@pytest.mark.slow
def test_range_test_search_and_judging_come_to_a_setting_that_beats_the_default(line):
    tuned = an.tune(line(), updates=60, budget=16, seeds=4, workers=1, progress=(moments := []).append)
    default = next(row for row in tuned.rows if row.name == "default")

    assert {moment.stage for moment in moments} == {"range tests", "search", "evaluation"}
    assert any(0 < moment.share < 1 for moment in moments if moment.stage == "range tests")  # it is seen to go on
    assert tuned.ranges[0]["rate"] is not None
    assert tuned.ranges[0]["cost"] < 3
    low, high = tuned.ranges[0]["looked_at"]
    assert all(low <= one.values["lr"] <= high for one in tuned.tried)
    assert default.mean > min(row.mean for row in tuned.rows)
    assert any(one.cut for one in tuned.tried)
    assert sum(one.updates for one in tuned.tried) < 0.7 * 60 * 16
