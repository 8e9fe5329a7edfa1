"""What a study's rounds follow from: which seeds, which rates, and what there is to judge."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import require

require("torch")
require("sqlalchemy")

from annealing.core.errors import ArgumentError, TaskError
from annealing.study.conclude import conclude
from annealing.study.conduct import conduct
from annealing.study.defaults import FIRST_EVALUATION_SEED
from annealing.study.definition import definition_of, search_from
from annealing.study.engines.own import Own
from annealing.study.ranges import ABOVE, BELOW, Range, narrowed, to_test
from annealing.study.result import Curve
from annealing.study.search import Search, best_few, settled
from annealing.study.space import Candidate, Choice, Log, Space, default_space
from annealing.study.store import Ended, NewRun, open_store
from annealing.study.strategies import Random, Told
from annealing.study.strategies.grid import GridSearch

SPACE = Space({"lr": Log(0.1, 1), "schedule": Choice(["constant"])})


def searched(**changes):
    parts = {
        "space": SPACE, "strategy": Random(), "horizon": 20, "updates": 20, "budget": 4, "seed": 0, "find": False,
        "optimizer": None, "baselines": {}, "finalists": 2, "seeds": 2,
    }  # fmt: skip
    return Search(**(parts | changes))


def found(low, high, optimizer=None):
    return Range(optimizer, low, (low, high), None, 1.0, (), ())


@pytest.mark.parametrize("seed", [0, 99, 100, 105, 2**80])
def test_no_round_before_the_last_uses_a_seed_of_the_last_whatever_the_seed_of_the_study(seed):
    for find in (True, False):
        first = searched(seed=seed, find=find).next_round((), {})
        assert {run.role for run in first} == {"range" if find else "tuning"}
        assert all(0 <= run.seed < FIRST_EVALUATION_SEED for run in first)


def lucky(run):
    """Train nothing: the higher its rate the worse a setting is, but for 20, which is lucky on the first seed."""
    first = run.seed == 0
    run.report(run.updates, (0.1 if first else 0.9) if run.values["lr"] == 20 else (0.5 + run.values["lr"] / 100))


def test_the_best_of_a_search_are_trained_from_more_tuning_seeds_before_one_is_chosen(here, tmp_path):
    space = Space({"lr": Choice([float(rate) for rate in range(1, 49)])})
    asked = searched(space=space, strategy=GridSearch(), budget=48, own=True, stacked=False, repeats=2, finalists=2)
    with open_store(tmp_path / "s.db") as store:
        record = store.begin("s", {})
        conduct(record, asked, here(Own(lucky), stacks=False))
        rounds = record.rounds()
        outcome = conclude(asked, rounds, record.curves(), task="t", study="s", store="", engine="here")

    search, repeats, judged = rounds
    assert len(search) == 48
    assert asked.repeated == len(repeats) == 2 * 3
    assert {run.candidate["values"]["lr"] for run in repeats} == {20.0, 1.0, 2.0}
    assert {run.seed for run in repeats} == set(asked.repeat_seeds)
    assert not {run.seed for run in repeats} & {run.seed for run in [*search, *judged]}
    assert max(asked.repeat_seeds) < FIRST_EVALUATION_SEED
    assert [values["lr"] for values in outcome.chosen.values()] == [1.0, 2.0]
    assert outcome.values["lr"] == 1.0


@pytest.mark.parametrize(
    ("changes", "why"), [({"budget": 31}, "few"), ({"repeats": 0}, "none"), ({"strategy": Random(seeds=2)}, "own")]
)
def test_nothing_is_repeated_where_it_would_cost_much_or_is_done_anyway(changes, why, here, tmp_path):
    asked = searched(**({"budget": 32, "repeats": 2, "own": True, "stacked": False} | changes))
    with open_store(tmp_path / "s.db") as store:
        record = store.begin("s", {})
        conduct(record, asked, here(Own(lambda run: run.report(run.updates, run.values["lr"])), stacks=False))

    assert [round_[0].role for round_ in record.rounds()] == ["tuning", "evaluation"], why


def test_where_some_were_repeated_it_is_chosen_among_them_alone():
    told = [Told(Candidate(i, {"lr": float(i)}), 0, 0.5 + i / 100, 20) for i in range(4)]
    again = [Told(Candidate(i, {"lr": float(i)}), 50, 0.9 - i / 10, 20, repeat=True) for i in range(2)]

    assert [one.number for one in best_few(told, 20, 3)] == [0, 1, 2]
    assert [one.number for one in best_few([*told, *again], 20, 3)] == [1, 0]
    gone = [replace(one, diverged=True, loss=math.inf) for one in again]
    assert [one.number for one in best_few([*told, *gone], 20, 3)] == [2, 3]


def test_a_mean_over_seeds_that_a_strategy_chose_itself_is_like_any_other():
    told = [Told(Candidate(0, {"lr": 0.1}), seed, 2.0, 20) for seed in range(3)] + [Told(Candidate(1, {"lr": 0.2}), 0, 0.1, 20)]

    assert [one.number for one in best_few(told, 20, 2)] == [1, 0]


def test_optuna_is_told_what_the_search_saw_and_no_repeat(here, tmp_path):
    space = Space({"lr": Choice([float(rate) for rate in range(1, 49)])})
    asked = searched(space=space, strategy=GridSearch(), budget=48, own=True, stacked=False, repeats=2)
    with open_store(tmp_path / "s.db") as store:
        record = store.begin("s", {})
        conduct(record, asked, here(Own(lucky), stacks=False))
        told = settled(record.runs(), record.curves())

    assert len(told) == 48
    assert {one.seed for one in told} == {0}


def test_a_study_from_before_there_were_repeats_is_read_as_one_without():
    definition = definition_of(Own(lucky), searched(own=True, stacked=False), stacked=False, device="cpu")
    del definition["repeats"]

    assert search_from(definition)[0].repeats == 0


def test_a_grid_larger_than_the_budget_is_refused_before_there_is_a_study():
    with pytest.raises(ArgumentError, match="the budget is 4"):
        searched(space=default_space(["sgd"]), strategy=GridSearch(), find=True)


def test_rates_that_somebody_wrote_are_narrowed_and_never_left():
    inside = narrowed(Space({"lr": Log(1e-4, 1)}), (found(0.01, 0.02),))["lr"][0]
    across = narrowed(Space({"lr": Log(1e-4, 1e-2)}), (found(0.01, 0.02),))["lr"][0]
    apart = narrowed(Space({"lr": Log(1e-4, 1e-3)}), (found(0.1, 0.2),))["lr"][0]

    assert (inside.low, inside.high) == (0.01 / BELOW, 0.02 * ABOVE)
    assert (across.low, across.high) == (0.01 / BELOW, 1e-2)
    assert (apart.low, apart.high) == (1e-4, 1e-3)


def test_rates_of_the_default_space_are_a_guess_that_a_test_corrects():
    for optimizers in (["sgd"], ["sgd", "adamw"]):
        space = narrowed(default_space(optimizers), (found(20.0, 40.0, "sgd"),))
        lr = space.active({"optimizer": "sgd", "schedule": "constant"})["lr"]
        assert (lr.low, lr.high) == (20.0 / BELOW, 40.0 * ABOVE)
        assert {one.high for one in space["lr"]} == {40.0 * ABOVE, *([0.02] if "adamw" in optimizers else [])}


def test_an_optimizer_whose_rates_are_listed_is_not_tested_and_keeps_them():
    space = Space({
        "optimizer": Choice(["sgd", "adamw"]),
        "lr": [Log(0.01, 1, only={"optimizer": "sgd"}), Choice([1e-3, 1e-2], {"optimizer": "adamw"})],
    })  # fmt: skip

    assert to_test(space, "sgd") == ("sgd",)
    narrow = narrowed(space, (found(0.1, 0.2, "sgd"),))
    assert narrow.active({"optimizer": "adamw"})["lr"] == space.active({"optimizer": "adamw"})["lr"]
    assert narrow.active({"optimizer": "sgd"})["lr"].high == 0.2 * ABOVE


def test_where_every_run_diverged_and_nothing_else_is_judged_the_study_says_so_and_what_was_tried_can_be_read(here, tmp_path):
    asked = searched(own=True, stacked=False)
    with open_store(tmp_path / "s.db") as store:
        record = store.begin("s", {})
        for _ in range(2):
            with pytest.raises(TaskError, match=r"none of the 4 settings .* 4 of the 4 runs diverged"):
                conduct(record, asked, here(Own(lambda run: run.report(1, math.nan)), stacks=False))
        so_far = conclude(asked, record.rounds(), record.curves(), task="t", study="s", store="", engine="here")

    assert len(so_far.tried) == 4
    assert so_far.rows == ()
    assert so_far.best == ""


def test_a_function_that_reports_no_loss_of_its_end_is_refused_with_what_to_call(here, tmp_path):
    def stops_short(run):
        for update in range(1, run.updates):
            run.report(update, 1.0)

    with (
        open_store(tmp_path / "s.db") as store,
        pytest.raises(TaskError, match=r"after update 19 of 20, .* call run.report\(20, loss\)"),
    ):
        conduct(store.begin("s", {}), searched(own=True, stacked=False), here(Own(stops_short), stacks=False))


def test_a_candidate_of_which_a_seed_is_still_to_be_trained_is_not_handed_on(tmp_path):
    point = np.array([20.0])
    ended = Ended(Curve(np.array([20]), point, point, point), 0.5)
    with open_store(tmp_path / "s.db") as store:
        record = store.begin("s", {})
        record.add_round(0, [NewRun(Candidate(i, {"lr": 0.1 + i}).to_dict(), seed, "tuning") for i in (0, 1) for seed in (0, 1)])
        record.finish(dict.fromkeys(record.claim(3), ended))
        assert [(told.candidate.number, told.seed) for told in settled(record.runs(), {})] == [(0, 0), (0, 1)]
        record.finish(dict.fromkeys(record.claim(1), ended))
        assert len(settled(record.runs(), {})) == 4


def test_a_space_that_a_test_corrected_goes_to_optuna_with_every_candidate(here, line, tmp_path):
    optuna = require("optuna")
    from annealing.study.search import history_of
    from annealing.study.strategies.optuna_storage import export_study, import_study

    asked = searched(space=default_space(["sgd"]), find=True, optimizer="sgd", baselines={"default": {"lr": 0.1}})
    task = line(loss=lambda output, target: 1e-4 * (output - target).square().mean())
    with open_store(tmp_path / "s.db") as store:
        record = store.begin("s", {})
        conduct(record, asked, here(task))
        runs, curves = record.runs(), record.curves()
    rates = [run.candidate["values"]["lr"] for run in runs if run.role == "tuning"]
    storage = f"sqlite:///{tmp_path}/optuna.db"

    assert max(rates) > 2.0  # beyond the default range
    assert export_study(asked.narrowed(runs), history_of(runs, curves), storage, "s") == 4
    assert len(import_study(storage, "s").history) == 4
    assert np.isfinite(optuna.load_study(study_name="s", storage=storage).best_value)
