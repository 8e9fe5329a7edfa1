"""The law of strategies: what is proposed depends on space, seed, budget and history, nothing else, and keeps to the budget."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import json
import logging
import os
import subprocess
import sys
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import require

require("torch")
optuna = require("optuna")

from annealing.core.errors import ArgumentError
from annealing.lockstep import Halving
from annealing.study.space import Choice, Log, Space, Uniform
from annealing.study.strategies import (
    STRATEGIES,
    GridSearch,
    HalvingSearch,
    OptunaSearch,
    Random,
    RandomGrid,
    Round,
    Sobol,
    strategy_named,
)
from tests.study_strategies.studies import SPACE, answered, loss, studied

CHEAP = {
    "random": Random(),
    "random from two seeds": Random(seeds=2),
    "sobol": Sobol(),
    "grid": GridSearch({"lr": 2, "momentum": 2, "batch_size": 2}),
    "randomgrid": RandomGrid(),
    "halving": HalvingSearch(),
    "sobol+halving": HalvingSearch(Sobol(), size=8),
}
ASKED = {
    "tpe": OptunaSearch("tpe", first=8, each=4),
    "tpe+halving": HalvingSearch(OptunaSearch("tpe", first=12, each=12)),
    "nsgaii": OptunaSearch("nsgaii", first=8, each=8, options={"population_size": 6}),
    "qmc": OptunaSearch("qmc", first=8, each=4),
    "optuna's random": OptunaSearch("random", first=8, each=4),
}
ALL = CHEAP | ASKED


@pytest.mark.parametrize("name", ALL)
def test_a_study_keeps_to_its_budget_and_numbers_its_candidates_in_order(name):
    rounds, history = studied(ALL[name])
    candidates = [one for round_ in rounds for one in round_.candidates]
    assert [one.number for one in candidates] == list(range(len(candidates)))
    assert len(history) == sum(len(list(round_.runs)) for round_ in rounds) <= 24
    assert len(history) >= (12 if name == "grid" else 20)
    assert all(SPACE.contains(one.values) for one in candidates)
    assert len({one.pairs for one in candidates}) >= len(history) / len(rounds[0].seeds) / 2
    assert all(seed < 100 for round_ in rounds for seed in round_.seeds), "evaluation seeds begin at 100"


@pytest.mark.parametrize("name", CHEAP)
@given(seed=st.integers(0, 2**40), shuffle=st.integers(0, 1000))
@settings(max_examples=15)
def test_the_order_in_which_history_is_told_changes_nothing(name, seed, shuffle):
    assert studied(ALL[name], seed=seed)[0] == studied(ALL[name], seed=seed, shuffle=shuffle)[0]


@pytest.mark.parametrize("name", ASKED)
def test_the_order_in_which_history_is_told_changes_nothing_for_samplers_that_learn(name):
    for seed in (0, 7):
        rounds = studied(ALL[name], seed=seed)[0]
        assert len(rounds) > 1
        assert rounds == studied(ALL[name], seed=seed, shuffle=3)[0]


@pytest.mark.parametrize("name", ALL)
def test_whoever_asks_at_any_time_gets_the_same_round(name):
    rounds = studied(ALL[name])[0]
    known = []
    for round_ in rounds:
        assert ALL[name].propose(SPACE, seed=0, budget=24, history=known[::-1]) == round_
        known += answered(round_)
    assert ALL[name].propose(SPACE, seed=0, budget=24, history=known) is None


@pytest.mark.parametrize("name", sorted(set(ALL) - {"grid"}))
def test_another_seed_proposes_others(name):
    one, other = (studied(ALL[name], seed=seed)[0][0] for seed in (0, 1))
    assert one.candidates != other.candidates
    assert one.seeds != other.seeds


@pytest.mark.parametrize("name", ["random", "sobol", "randomgrid", "halving"])
def test_a_larger_budget_goes_on_where_a_smaller_one_ended(name):
    small, history = studied(ALL[name], budget=10)
    more = ALL[name].propose(SPACE, seed=0, budget=24, history=history)
    whole = studied(ALL[name], budget=24)[0]
    assert [*small[0].candidates, *more.candidates] == list(whole[0].candidates)


SCRIPT = """
import json, sys
from tests.study_strategies.test_strategies import ASKED
from tests.study_strategies.studies import studied
print(json.dumps([[c.to_dict() for c in r.candidates] for name in sys.argv[1:] for r in studied(ASKED[name])[0]]))
"""


@pytest.mark.slow
def test_another_process_with_other_hashes_proposes_the_same():
    environment, names = {**os.environ, "PYTHONHASHSEED": "12345"}, ["tpe", "nsgaii"]
    found = subprocess.run([sys.executable, "-c", SCRIPT, *names], env=environment, check=True, capture_output=True, text=True)
    assert found.stderr == ""
    here = [round_ for name in names for round_ in studied(ASKED[name])[0]]
    assert json.loads(found.stdout) == [[one.to_dict() for one in round_.candidates] for round_ in here]


def test_tpe_learns_where_the_good_ones_are():
    _, by_chance = studied(Random(), budget=64)
    _, learnt = studied(OptunaSearch(), budget=64)
    late = [told for told in learnt if told.candidate.number >= 40]
    assert sorted(one.loss for one in late)[12] < sorted(one.loss for one in by_chance if one.loss == one.loss)[32]
    assert sum(one.diverged for one in late) < sum(one.diverged for one in by_chance if one.candidate.number >= 40)


def test_a_study_in_which_everything_diverged_goes_on():
    space = Space({"optimizer": "sgd", "lr": Log(0.9, 1), "batch_size": 64})
    rounds, history = studied(OptunaSearch(first=4, each=4), space=space, budget=12)
    assert all(told.diverged for told in history)
    assert len(rounds) == 3


def test_what_was_known_of_a_wider_space_does_not_disturb_a_narrower_one():
    _, history = studied(Random(), budget=16)
    narrow = SPACE.narrowed("lr", 0.05, 0.1, optimizer="sgd").narrowed("lr", 1e-3, 2e-3, optimizer="adamw")
    round_ = OptunaSearch(each=8).propose(narrow, seed=0, budget=24, history=history)
    assert len(round_.candidates) == 8
    assert all(narrow.contains(one.values) for one in round_.candidates)


def test_optuna_says_nothing_and_is_left_as_it_was(capfd, caplog):
    optuna.logging.enable_propagation()
    before = optuna.logging.get_verbosity()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        studied(ASKED["nsgaii"])
        studied(OptunaSearch("tpe", first=4, each=4, options={"multivariate": True, "group": True}), budget=8)
    optuna.logging.disable_propagation()
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if record.levelno >= logging.INFO] == []
    assert warned == []


def test_a_grid_is_as_fine_as_the_budget_allows():
    space = Space({"optimizer": Choice(["sgd", "adam"]), "lr": Log(1e-3, 1)})
    assert [len(GridSearch().propose(space, seed=0, budget=budget, history=()).candidates) for budget in (4, 7, 8, 21)] == [
        4,
        6,
        8,
        20,
    ]
    assert GridSearch().propose(space, seed=0, budget=21, history=()).candidates[3].values["lr"] == pytest.approx(10**-2)


def test_a_grid_larger_than_the_budget_is_refused_before_any_training():
    with pytest.raises(
        ArgumentError, match="the grid with two values of each range has 12 points and the budget is 8: write randomgrid"
    ):
        GridSearch().propose(SPACE, seed=0, budget=8, history=())
    with pytest.raises(ArgumentError, match="or a budget of 72"):
        GridSearch(levels={"lr": 3, "momentum": 3, "batch_size": 3}, seeds=2).propose(SPACE, seed=0, budget=8, history=())


def test_a_random_subset_of_a_small_grid_is_the_grid_once_there_is_budget_for_all():
    grid = list(SPACE.grid(2))
    found = [one.values for one in studied(RandomGrid(2), budget=100)[0][0].candidates]
    assert len(found) == len(grid)
    assert all(values in grid for values in found)
    assert found != grid


def test_a_random_subset_of_a_grid_of_billions_has_no_point_twice():
    space = Space({f"x{i}": Uniform(0, 1) for i in range(12)})
    found = RandomGrid().propose(space, seed=3, budget=300, history=()).candidates
    assert len({one.pairs for one in found}) == 300


@pytest.mark.parametrize(
    ("budget", "sizes"),
    [
        (1, [1]),
        (15, [15]),
        (16, [8, 8]),
        (40, [20, 20]),
        (64, [32, 32]),
        (70, [35, 35]),
        (128, [64, 64]),
        (193, [49, 49, 49, 46]),
    ],
)
def test_brackets_are_even_and_there_are_two_as_soon_as_two_are_worth_it(budget, sizes):
    round_ = HalvingSearch().propose(SPACE, seed=0, budget=budget, history=())
    assert [len(bracket) for bracket in round_.brackets] == sizes
    assert round_.halving == Halving(((0.25, 3), (0.5, 2), (0.75, 2)))
    assert round_.candidates == Random().propose(SPACE, seed=0, budget=budget, history=()).candidates


def test_without_halving_every_run_stands_for_itself():
    round_ = Random().propose(SPACE, seed=0, budget=5, history=())
    assert [len(bracket) for bracket in round_.brackets] == [1] * 5


def test_a_round_lists_every_candidate_from_every_seed():
    round_ = Random(seeds=3).propose(SPACE, seed=98, budget=8, history=())
    assert round_.seeds == (98, 99, 0)
    assert [(one.number, seed) for one, seed in round_.runs] == [(n, seed) for n in (0, 1) for seed in (98, 99, 0)]
    assert isinstance(round_, Round)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("halving", HalvingSearch), ("Random", Random), ("grid", GridSearch), ("tpe", OptunaSearch), ("gp", OptunaSearch),
     ("nsga-ii", OptunaSearch), ("CmaEsSampler", OptunaSearch), ("sobol+halving", HalvingSearch), ("gp+halving", HalvingSearch)],
)  # fmt: skip
def test_strategies_go_by_their_names(name, kind):
    found = strategy_named(name)
    assert isinstance(found, kind)
    assert found.name in (name, name.lower())


@pytest.mark.parametrize(
    ("name", "taught"),
    [
        ("randon", "strategy='randon' is none: write one of halving, .*; did you mean random"),
        ("hyperband", "or a sampler of Optuna's such as gp or cmaes"),
        ("GridSampler", "write grid"),
        ("partial_fixed", "write a fixed value into the space"),
        ("randon+halving", "did you mean random"),
        (3, "strategy=3 is no name"),
    ],
)
def test_a_strategy_that_is_none_is_refused_in_one_line(name, taught):
    with pytest.raises(ArgumentError, match=taught) as refused:
        strategy_named(name)
    assert "\n" not in str(refused.value)


def test_an_option_that_a_strategy_does_not_have_is_refused_in_one_line():
    with pytest.raises(ArgumentError, match="strategy random got an unexpected keyword argument 'sise'"):
        strategy_named("random", sise=3)


def test_a_sampler_that_cannot_search_the_space_says_so_in_one_line():
    asked = OptunaSearch("bruteforce", first=2, each=2)
    _, history = studied(Random(), budget=2)
    with pytest.raises(ArgumentError, match="Optuna's BruteForceSampler cannot search this space") as refused:
        asked.propose(SPACE, seed=0, budget=4, history=history)
    assert "\n" not in str(refused.value)


def test_a_sampler_whose_package_is_missing_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "cmaes", None)
    space = Space({"optimizer": "sgd", "lr": Log(0.01, 1), "momentum": Uniform(0.5, 0.9), "batch_size": 64})
    asked = OptunaSearch("cmaes", first=2, each=2)
    _, history = studied(Random(), space=space, budget=2)
    with pytest.raises(ArgumentError, match="cmaes"):
        asked.propose(space, seed=0, budget=4, history=history)


def test_the_strategies_by_name_begin_with_the_default():
    assert next(iter(STRATEGIES)) == "halving"
    assert loss({"optimizer": "sgd", "lr": 0.1, "batch_size": 64}) == pytest.approx(0.25)
