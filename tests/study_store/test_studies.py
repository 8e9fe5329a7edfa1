"""Studies by name: begun, gone on with, listed, and refused when they are not what they were."""

# ruff: noqa: E402 - what needs SQLAlchemy is imported once it is known to be there

from __future__ import annotations

import math
import re

import pytest

from tests.conftest import require

require("sqlalchemy")

from annealing.core.errors import AnnealingError, ArgumentError, StoreError
from annealing.study.store import Counts, Ended, NewRun, open_store

DEFINITION = {
    "task": {"the model": "aa", "the training data": "bb"},
    "updates": 100,
    "strategy": "random",
    "how": "Random()",
    "space": {"lr": {"low": 1e-4, "high": 1.0}, "optimizer": ["sgd", "adamw"]},
}


def test_a_study_is_gone_on_with(address: str, rounds) -> None:
    with open_store(address) as store:
        store.begin("mine", DEFINITION).add_round(0, rounds(1, 3))

    with open_store(address) as store:
        assert store.begin("mine", DEFINITION).counts() == Counts(waiting=3, claimed=0, done=0)
        assert store.study("mine").definition == DEFINITION


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"task": {"the model": "aa", "the training data": "cc"}}, r"the task changed since the study began (the training data)"),
        (
            {"task": {"the model": "dd", "the training data": "cc"}, "updates": 3},
            "the task changed since the study began (the model, the training data)",
        ),
        ({"task": {"the model": "aa"}}, "the task changed since the study began (the training data)"),
        ({"updates": 200}, "it began with updates=100, and not with 200"),
        (
            {"space": {"lr": {"low": 1e-3, "high": 1.0}}},
            "space.lr.low=0.0001, and not with 0.001; space.optimizer=['sgd', 'adamw']",
        ),
        ({"seed": 1}, "it began with seed=nothing, and not with 1"),
        ({"strategy": "grid", "how": "Grid()"}, "it began with strategy='random', and not with 'grid': undo"),
        ({"how": "Random(seeds=2)"}, "it began with how='Random()', and not with 'Random(seeds=2)'"),
    ],
)
def test_a_name_that_is_taken_by_another_study_is_refused_with_what_differs(address: str, change: dict, said: str) -> None:
    with open_store(address) as store:
        store.begin("mine", DEFINITION)

        with pytest.raises(StoreError, match=re.escape(said)) as refusal:
            store.begin("mine", DEFINITION | change)

        assert "\n" not in str(refusal.value)
        assert str(refusal.value).startswith(f"study 'mine' in store {store.address}: ")
        assert [line.name for line in store.studies()] == ["mine"]


def test_a_study_that_is_to_be_new_is_refused_when_it_is_there(address: str, rounds) -> None:
    with open_store(address) as store:
        store.begin("mine", {}, resume=False).add_round(0, rounds(0, 2))

        with pytest.raises(StoreError, match="already, 0 of its 2 runs done: go on with it, or take another name"):
            store.begin("mine", {}, resume=False)


def test_a_definition_may_hold_tuples(address: str) -> None:
    with open_store(address) as store:
        store.begin("mine", {"seeds": (1, 2), "optimizers": ("sgd",)})

        assert store.begin("mine", {"seeds": (1, 2), "optimizers": ["sgd"]}).definition == {
            "seeds": [1, 2],
            "optimizers": ["sgd"],
        }


def test_a_study_that_is_not_there_is_refused_with_those_that_are(address: str) -> None:
    with open_store(address) as store:
        with pytest.raises(StoreError, match="there is none yet"):
            store.study("mine")
        store.begin("first", {})
        store.begin("second", {})
        with pytest.raises(StoreError, match=r"study 'mine' is not in store .*: there are 'second', 'first'"):
            store.study("mine")


@pytest.mark.parametrize("name", ["", "  ", None, 3])
def test_a_name_is_needed(tmp_path, name: object) -> None:
    with open_store(tmp_path / "studies.db") as store, pytest.raises(ArgumentError, match="is no name"):
        store.begin(name, {})


def test_studies_are_listed_with_what_became_of_them(address: str, rounds, curve) -> None:
    with open_store(address) as store:
        store.begin("empty", {"updates": 1})
        record = store.begin("busy", {"updates": 2})
        record.add_round(0, rounds(0, 5))
        losses = 0.5, 0.25, math.inf, math.nan
        record.finish(
            {
                one: Ended(curve(), loss, diverged=not math.isfinite(loss))
                for one, loss in zip(record.claim(4), losses, strict=True)
            }
        )
        record.claim(1)

        empty, busy = store.studies()
        assert (empty.name, empty.counts, empty.best) == ("empty", Counts(0, 0, 0), None)
        assert (busy.name, busy.counts, busy.best, busy.definition) == ("busy", Counts(0, 1, 4), 0.25, {"updates": 2})
        assert empty.created <= busy.created
        assert busy.version


@pytest.mark.parametrize(("role", "cut"), [("range", False), ("evaluation", False), ("tuning", True)])
def test_the_lowest_loss_is_that_of_a_run_of_the_search_that_was_trained_to_its_end(address: str, curve, role, cut) -> None:
    with open_store(address) as store:
        record = store.begin("mine", {})
        record.add_round(0, [NewRun({"lr": 0.1}, 0, "tuning"), NewRun({"lr": 0.2}, 0, role)])
        whole, other = record.claim(2)
        record.finish({whole: Ended(curve(), 0.5), other: Ended(curve(), 0.1, cut=cut)})

        assert store.studies()[0].best == 0.5


def test_studies_of_one_store_know_nothing_of_each_other(address: str, rounds) -> None:
    with open_store(address) as store:
        one, other = store.begin("one", {}), store.begin("other", {})
        one.add_round(0, rounds(1, 2))
        other.add_round(0, rounds(0, 3))

        assert len(one.claim(10)) == 2
        assert other.counts() == Counts(waiting=3, claimed=0, done=0)
        assert len(other.runs()) == 3


def test_a_round_that_is_there_is_not_added_again(address: str, rounds) -> None:
    with open_store(address) as store:
        record = store.begin("mine", {})
        record.add_round(0, rounds(2, 3))
        before = record.runs()

        store.begin("mine", {}).add_round(0, rounds(2, 3))

        assert record.runs() == before


@pytest.mark.parametrize(("brackets", "size"), [(2, 2), (3, 3), (1, 6), (0, 6)])
def test_a_round_that_is_there_with_other_runs_is_refused(address: str, rounds, brackets: int, size: int) -> None:
    with open_store(address) as store:
        record = store.begin("mine", {})
        record.add_round(0, rounds(2, 3))
        before = record.runs()

        with pytest.raises(StoreError, match="round 0 is there with other runs"):
            record.add_round(0, rounds(brackets, size))

        assert record.runs() == before


def test_rounds_come_in_order_and_runs_by_role(address: str, rounds) -> None:
    with open_store(address) as store:
        record = store.begin("mine", {})
        record.add_round(1, rounds(0, 2, role="evaluation"))
        record.add_round(0, [NewRun({"lr": 0.5}, seed=9, role="range")])

        assert [[(run.round, run.place) for run in runs] for runs in record.rounds()] == [[(0, 0)], [(1, 0), (1, 1)]]
        assert [run.seed for run in record.runs("range")] == [9]
        assert len(record.runs("evaluation")) == 2


def test_a_refusal_is_an_os_error_and_one_of_ours() -> None:
    assert issubclass(StoreError, AnnealingError)
    assert issubclass(StoreError, OSError)
