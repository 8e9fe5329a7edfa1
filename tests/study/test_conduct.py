"""A study is a fold of rounds: it comes out the same however often it was broken off, and whoever goes on with it."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import pytest

from tests.conftest import require

require("torch")
require("sqlalchemy")

from annealing.lockstep import Halving
from annealing.study.conclude import conclude
from annealing.study.conduct import conduct, expected, stops_of
from annealing.study.defaults import FIRST_EVALUATION_SEED
from annealing.study.search import Search
from annealing.study.space import Candidate, Choice, Log, Space
from annealing.study.store import open_store
from annealing.study.strategies import Random, Round, Told


class Brackets:
    """Two brackets of eight, which give most of them up."""

    name, halving = "brackets", Halving()

    def propose(self, space, *, seed, budget, history):
        found = Random().propose(space, seed=seed, budget=budget, history=history)
        return found and Round(found.candidates, found.seeds, self.halving, 8)


class Halves:
    """Half of the budget, then the rest."""

    name, halving = "halves", Halving()

    def propose(self, space, *, seed, budget, history):
        found = Random().propose(space, seed=seed, budget=budget if history else budget // 2, history=history)
        return found and Round(found.candidates, found.seeds, self.halving)


@pytest.fixture
def search():
    def make(strategy=None, **changes):
        space = Space({"optimizer": Choice(["sgd", "momentum"]), "lr": Log(1e-3, 1), "schedule": Choice(["constant", "cosine"])})
        usual = {"default": {"optimizer": "sgd", "lr": 0.1, "schedule": "constant"}}
        parts = {
            "space": space, "strategy": strategy or Random(), "horizon": 40, "updates": 40, "budget": 16, "seed": 3,
            "find": False, "optimizer": "sgd", "baselines": usual, "finalists": 2, "seeds": 3,
        }  # fmt: skip
        return Search(**(parts | changes))

    return make


def outcome(search, record):
    rounds, curves = record.rounds(), record.curves()
    tuned = conclude(search, rounds, curves, task="line", study="s", store="", engine="here")
    found = tuned.to_dict()
    for one in (found, *found["runs"]):
        del one["seconds"]
    return found, [curves[run.id] for round_ in rounds for run in round_ if run.role != "range"]


@pytest.mark.parametrize(
    ("strategy", "changes"),
    [(Random(), {}), (Brackets(), {}), (Random(), {"budget": 32, "repeats": 2})],
    ids=["random", "brackets", "repeats"],
)
def test_a_study_broken_off_after_every_job_comes_out_the_same(strategy, changes, search, here, line, tmp_path):
    asked = search(strategy, **changes)
    with open_store(tmp_path / "whole.db") as store:
        record = store.begin("s", {})
        conduct(record, asked, here(line()))
        whole = outcome(asked, record)
    breaks = 0
    while True:
        with open_store(tmp_path / "broken.db") as store:
            record = store.begin("s", {})
            try:
                conduct(record, asked, here(line(), breaks_after=1))
            except KeyboardInterrupt:
                breaks += 1
                continue
            assert outcome(asked, record) == whole
            break

    assert breaks > 2


def test_the_best_few_and_the_baselines_are_judged_on_seeds_that_no_choice_was_made_on(search, here, line, tmp_path):
    asked = search()
    with open_store(tmp_path / "s.db") as store:
        record = store.begin("s", {})
        conduct(record, asked, here(line()))
        tuned, _ = outcome(asked, record)
        tried = {run.seed for run in record.runs("tuning")}
        judged = {run.seed for run in record.runs("evaluation")}

    assert max(tried) < FIRST_EVALUATION_SEED <= min(judged)
    assert len(tuned["rows"]) == 3
    assert {row["seeds"] for row in tuned["rows"]} == {3}
    assert "default" in {row["name"] for row in tuned["rows"]}
    assert tuned["best"]["name"] in tuned["chosen"]


def test_of_a_bracket_most_are_given_up_and_none_of_those_is_a_finalist(search, here, line, tmp_path):
    asked = search(Brackets())
    with open_store(tmp_path / "s.db") as store:
        record = store.begin("s", {})
        conduct(record, asked, here(line()))
        runs = record.runs("tuning")
        tuned, _ = outcome(asked, record)

    whole = {run.candidate["number"] for run in runs if not run.cut and not run.diverged}
    assert sum(run.updates for run in runs) < 0.6 * 40 * len(runs)
    assert 2 <= len(whole) < 8
    finalists = {row["name"] for row in tuned["rows"]} - {"default"}
    assert all(int(name.partition("#")[2].rstrip(")")) in whole for name in finalists)


@pytest.mark.parametrize(
    ("strategy", "changes", "runs"),
    [
        (Random(), {}, 16),
        (Random(), {"budget": 32, "repeats": 2}, 32 + 2 * 2),
        (Random(seeds=2), {"budget": 32, "repeats": 2}, 32),
        (Brackets(), {"budget": 32, "repeats": 2}, 32 + 2 * 2),
    ],
    ids=["once", "repeated", "twice anyway", "brackets"],
)
def test_progress_rises_to_the_end_and_tells_every_run_once(strategy, changes, runs, search, here, line, tmp_path):
    asked, moments = search(strategy, **changes), []
    with open_store(tmp_path / "s.db") as store:
        record = store.begin("s", {})
        conduct(record, asked, here(line()), moments.append)

    shares = [moment.share for moment in moments]
    told = [run.id for moment in moments for run in moment.new]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(told) == len(set(told)) == runs + 3 * 3
    assert moments[-1].done_runs == moments[-1].total_runs == len(told)
    assert moments[-1].best is not None
    assert list(moments[-1].lowest) == sorted(moments[-1].lowest, reverse=True)


@pytest.mark.parametrize(("strategy", "left"), [(Brackets(), 32 - 2 * 8), (Random(), 32 - 2 * 16)], ids=["brackets", "alone"])
def test_no_more_is_claimed_than_the_workers_begin_with(strategy, left, search, here, line, tmp_path):
    with open_store(tmp_path / "s.db") as store:
        record = store.begin("s", {})
        engine = here(line(), breaks_after=0)
        waiting = []
        engine.submit = lambda job: waiting.append(record.counts().waiting)
        with pytest.raises(KeyboardInterrupt):
            conduct(record, search(strategy, budget=32), engine)

    assert min(waiting) == left


def test_one_by_one_a_repeat_is_never_given_up(here, line, search, tmp_path):
    asked = search(Halves(), budget=32, repeats=2, stacked=False)
    with open_store(tmp_path / "s.db") as store:
        record = store.begin("s", {})
        engine = here(line(), stacks=False)
        conduct(record, asked, engine)
        repeats = [run for run in record.runs("tuning") if run.seed in asked.repeat_seeds]

    assert len(repeats) == 4
    stops = [bool(job.stops) for job in engine.trained if job.settings[0].role == "tuning"]
    assert any(stops)
    assert stops[-4:] == [False] * 4
    assert not any(run.cut for run in repeats)


def test_one_at_a_time_a_run_is_given_up_where_it_is_worse_than_most_before_it(here, line, search, tmp_path):
    asked = search(Halves())
    with open_store(tmp_path / "s.db") as store:
        record = store.begin("s", {})
        conduct(record, asked, here(line(), stacks=False))
        first, second = (round_ for round_ in record.rounds() if round_[0].role == "tuning")

    assert not any(run.cut for run in first)
    assert any(run.cut for run in second)
    assert all(run.updates < 40 for run in second if run.cut)


def test_what_halving_saves_is_counted_in_advance():
    assert expected(None) == 1
    assert expected(Halving(((0.5, 2),))) == pytest.approx(0.75)


def test_nothing_is_stopped_as_long_as_too_little_is_known():
    told = [Told(Candidate(i, {"lr": 0.1}), 0, 1.0, 100, points=((25, 1.0), (100, 1.0))) for i in range(3)]

    assert stops_of(Halving(), told, 100) == ()
