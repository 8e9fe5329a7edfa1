"""Optuna opens what we export, and what it holds comes back: spaces, values, losses, curves, pruned and diverged runs."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import math
import shutil
from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.conftest import require

require("torch")
optuna = require("optuna")

from annealing.core.errors import AnnealingError, ArgumentError, StoreError
from annealing.study.space import Candidate, Choice, Log, Space, Uniform, Whole
from annealing.study.strategies import HalvingSearch, OptunaSearch, Random, Told
from annealing.study.strategies.optuna_space import dimension_of, distribution
from annealing.study.strategies.optuna_storage import export_study, import_study
from tests.study_space.test_dimension import dimensions
from tests.study_strategies.studies import SPACE, studied


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A database with Optuna's tables, which take it seconds to make."""
    path = tmp_path_factory.mktemp("optuna") / "optuna.db"
    optuna.storages.RDBStorage(f"sqlite:///{path}").engine.dispose()
    return path


@pytest.fixture
def storage(tmp_path, empty):
    return f"sqlite:///{shutil.copy(empty, tmp_path)}"


@pytest.fixture(autouse=True)
def _silent():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def opened(storage, name="mine"):
    kept = optuna.storages.RDBStorage(storage)
    study = optuna.load_study(study_name=name, storage=kept)
    study.close = lambda: (kept.remove_session(), kept.engine.dispose())
    return study


def same(a, b):
    """Equal, with a diverged run's NaN equal to infinity: Optuna's database holds no NaN as a value."""

    def plain(history):
        return [replace(one, loss=one.loss if math.isfinite(one.loss) else math.inf, points=()) for one in history]

    return plain(a) == plain(b)


@given(dimensions())
@settings(max_examples=100)
def test_every_dimension_survives_optunas_distributions(dimension):
    if not isinstance(dimension, Choice) or len({str(value) for value in dimension.values}) == len(dimension.values):
        back = dimension_of(distribution(dimension), "x")
        assert back == dimension


@pytest.mark.parametrize("strategy", [Random(), Random(seeds=2), HalvingSearch()], ids=["random", "two seeds", "halving"])
def test_a_study_comes_back_from_optunas_database_as_it_was(storage, strategy):
    _, history = studied(strategy, budget=20)
    assert export_study(SPACE, history, storage, "mine") == 20 / len({told.seed for told in history})
    found = import_study(storage, "mine")
    assert found.space == SPACE
    assert found.left_out == 0
    assert same(found.history, history)
    if len({told.seed for told in history}) == 1:
        assert [told.points[0] for told in found.history] == [told.points[0] for told in history]


def test_optuna_sees_values_states_curves_and_the_best(storage):
    _, history = studied(HalvingSearch(), budget=20)
    export_study(SPACE, history[::-1], storage, "mine", attributes={"task": "digits"})
    study = opened(storage)
    best = min((told for told in history if not told.diverged and not told.cut), key=lambda told: told.loss)
    assert study.best_trial.user_attrs["candidate"] == best.candidate.number
    assert study.best_value == best.loss
    assert study.user_attrs["task"] == "digits"
    for trial, told in zip(study.trials, history, strict=True):
        assert trial.state.name == ("PRUNED" if told.cut else "COMPLETE")
        assert trial.intermediate_values[50] == 2.0
        rate = "lr (optimizer=sgd)" if told.candidate.values["optimizer"] == "sgd" else "lr (optimizer=adamw)"
        assert trial.params[rate] == told.candidate.values["lr"]
        assert trial.distributions[rate].log
        if told.diverged:
            assert trial.value == math.inf
            assert math.isnan(trial.intermediate_values[100])
    study.close()


def test_optuna_goes_on_with_what_we_exported(storage):
    _, history = studied(Random(), budget=12)
    export_study(SPACE, history, storage, "mine")
    study = opened(storage)
    study.sampler = optuna.samplers.TPESampler(seed=0, n_startup_trials=5)

    def objective(trial):
        optimizer = trial.suggest_categorical("optimizer", ["sgd", "adamw"])
        low, high = (0.01, 1) if optimizer == "sgd" else (1e-4, 1e-2)
        rate = trial.suggest_float(f"lr (optimizer={optimizer})", low, high, log=True)
        trial.report(rate + 1, step=10)
        return rate

    study.optimize(objective, n_trials=3)
    study.close()
    assert len(import_study(storage, "mine").history) == 15


def test_a_study_is_written_again_with_only_what_is_new(storage):
    _, history = studied(Random(), budget=10)
    assert export_study(SPACE, history[:6], storage, "mine") == 6
    assert export_study(SPACE, history, storage, "mine") == 4
    assert export_study(SPACE, history, storage, "mine") == 0
    assert same(import_study(storage, "mine").history, history)


def test_a_study_without_any_history_is_refused_and_nothing_is_written(storage):
    with pytest.raises(ArgumentError, match="no setting yet whose runs have all ended"):
        export_study(SPACE, [], storage, "mine")
    with pytest.raises(ArgumentError, match="it has none"):
        import_study(storage, "mine")


def test_another_study_of_that_name_is_not_touched(storage):
    export_study(SPACE, studied(Random(), budget=3)[1], storage, "mine")
    with pytest.raises(ArgumentError, match="another study 'mine' with another space"):
        export_study(Space({"lr": Log(0.1, 1)}), [Told(Candidate(9, {"lr": 0.2}), 0, 1.0, 10)], storage, "mine")
    assert len(import_study(storage, "mine").history) == 3
    assert export_study(Space({"lr": Log(0.1, 1)}), [Told(Candidate(9, {"lr": 0.2}), 0, 1.0, 10)], storage, "other") == 1


def test_a_run_outside_its_space_is_refused_and_nothing_is_written(storage):
    space = Space({"lr": Log(0.1, 1)})
    told = [Told(Candidate(0, {"lr": 0.2}), 0, 1.0, 10), Told(Candidate(1, {"lr": 5.0}), 0, 1.0, 10)]
    with pytest.raises(ArgumentError, match=r"lr=5\.0 lies outside"):
        export_study(space, told, storage, "mine")
    with pytest.raises(ArgumentError, match="no finished trial"):
        import_study(storage, "mine")


def foreign(storage, name="theirs", **how):
    kept = optuna.storages.RDBStorage(storage)
    study = optuna.create_study(study_name=name, storage=kept, sampler=optuna.samplers.RandomSampler(seed=1), **how)
    return study, lambda: (kept.remove_session(), kept.engine.dispose())


def test_a_study_of_optunas_own_becomes_a_space_and_a_history(storage):
    study, close = foreign(storage)

    def objective(trial):
        optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam"])
        rate = trial.suggest_float("lr", 1e-4, 1, log=True)
        momentum = trial.suggest_float("momentum", 0.5, 0.99) if optimizer == "sgd" else 0.0
        width = trial.suggest_int("width", 16, 256, log=True)
        depth = trial.suggest_int("depth", 2, 8, step=2)
        drop = trial.suggest_float("drop", 0, 0.5, step=0.25)
        for step in (10, 20):
            trial.report(rate / step, step)
        if trial.number == 3:
            raise optuna.TrialPruned
        if trial.number == 4:
            return math.nan
        return rate + momentum + width + depth + drop if trial.number != 5 else math.inf

    study.optimize(objective, n_trials=16)
    trials = study.trials
    close()
    found = import_study(storage, "theirs")
    assert found.space == Space(
        {
            "optimizer": Choice(["sgd", "adam"]),
            "lr": Log(1e-4, 1),
            "momentum": Uniform(0.5, 0.99, only={"optimizer": "sgd"}),
            "width": Whole(16, 256, log=True),
            "depth": Choice([2, 4, 6, 8]),
            "drop": Choice([0.0, 0.25, 0.5]),
        }
    )
    assert found.left_out == 1
    assert all(found.space.contains(told.candidate.values) for told in found.history)
    kept = [trial for trial in trials if trial.number != 4]
    assert [told.candidate.values for told in found.history] == [Candidate(0, trial.params).values for trial in kept]
    pruned, diverged = found.history[3], found.history[4]
    assert (pruned.cut, pruned.loss, pruned.updates) == (True, trials[3].intermediate_values[20], 20)
    assert (diverged.diverged, diverged.loss) == (True, math.inf)
    assert found.history[0].loss == trials[0].value
    assert found.history[0].points == tuple(trials[0].intermediate_values.items())
    proposed = OptunaSearch(each=4).propose(found.space, seed=0, budget=30, history=found.history)
    assert all(found.space.contains(one.values) for one in proposed.candidates)


def test_ranges_that_changed_on_the_way_become_the_smallest_that_holds_them(storage):
    study, close = foreign(storage)
    study.optimize(lambda trial: trial.suggest_float("lr", 0.1 / (1 + trial.number), 1 + trial.number, log=True), n_trials=3)
    close()
    assert import_study(storage, "theirs").space == Space({"lr": Log(0.1 / 3, 3)})


def test_what_was_maximized_comes_back_with_its_sign_turned(storage):
    study, close = foreign(storage, direction="maximize")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    values = [trial.value for trial in study.trials]
    close()
    assert [told.loss for told in import_study(storage, "theirs").history] == [-value for value in values]


@pytest.mark.parametrize(
    ("objective", "how", "taught"),
    [
        (lambda trial: (trial.suggest_float("x", 0, 1), 1.0), {"directions": ["minimize", "minimize"]}, "has 2 objectives"),
        (lambda trial: float(trial.suggest_categorical("x", [True, False])), {}, r"parameter x chooses from \[True, False\]"),
        (
            lambda trial: trial.suggest_float("x" if trial.number % 2 else "y", 0, 1),
            {},
            "parameter y is there in some trials only, and no choice says in which",
        ),
    ],
)
def test_a_study_that_has_no_counterpart_is_refused_in_one_line(storage, objective, how, taught):
    study, close = foreign(storage, **how)
    study.optimize(objective, n_trials=4)
    close()
    with pytest.raises(AnnealingError, match=taught) as refused:
        import_study(storage, "theirs")
    assert "\n" not in str(refused.value)


def test_a_study_that_is_not_there_is_answered_with_those_that_are(storage):
    export_study(SPACE, studied(Random(), budget=2)[1], storage, "mine")
    with pytest.raises(ArgumentError, match="has no study 'mime': it has mine"):
        import_study(storage, "mime")


def test_a_storage_that_is_none_or_cannot_be_reached_is_one_line(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database, only some notes about one\n" * 50)
    for where in (f"sqlite:///{tmp_path}/notes.txt", f"sqlite:///{tmp_path}/no/such/folder/optuna.db", "mysql://host/optuna"):
        with pytest.raises(StoreError) as refused:
            import_study(where, "mine")
        assert "\n" not in str(refused.value)


def test_a_plain_path_is_a_file_of_sqlite(tmp_path):
    told = Told(Candidate(0, {"lr": 0.1}), 0, 0.3, 100, points=((50, 0.5), (100, 0.3)))
    export_study(Space({"lr": Log(1e-3, 1)}), [told], tmp_path / "optuna.db", "mine")
    assert import_study(str(tmp_path / "optuna.db"), "mine").history == (told,)
