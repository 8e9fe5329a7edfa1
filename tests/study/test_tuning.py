"""Each arm's rate is chosen on tuning seeds, and no arm is judged by the end of its grid."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import math

import pytest

import annealing as an
from tests.conftest import require

require("torch")

from annealing.study.arms import Entry
from annealing.study.result import Arm
from annealing.study.tuning import best_of, choose, next_rate


@pytest.fixture
def tuned(run):
    """Make an entry and its tuning runs from {rate: losses}."""

    def make(losses, *, is_open=True, name="cosine"):
        entry = Entry(Arm(name, f"{name}()"), an.cosine(), tuple(losses), is_open, 100)
        return entry, [run(name, lr, seed, "tuning", loss) for lr, seeds in losses.items() for seed, loss in enumerate(seeds)]

    return make


def test_the_rate_with_the_lowest_mean_loss_is_chosen(tuned):
    choice = choose(*tuned({0.1: [0.5, 0.3], 0.2: [0.3, 0.4], 0.4: [0.2, 0.9]}))
    assert (choice.lr, choice.loss, choice.edge) == (0.2, 0.35, False)


def test_a_rate_at_which_one_run_diverged_comes_last(tuned):
    assert choose(*tuned({0.1: [0.9, 0.9], 0.2: [0.1, math.inf]})).lr == 0.1
    all_diverged = choose(*tuned({0.1: [math.inf], 0.2: [math.inf]}))
    assert (all_diverged.lr, all_diverged.loss) == (0.1, math.inf)


def test_evaluation_runs_and_other_arms_have_no_part_in_the_choice(tuned, run):
    entry, runs = tuned({0.1: [0.5], 0.2: [0.4]})
    runs += [run("cosine", 0.1, 100, "evaluation", 0.0), run("linear", 0.1, 0, "tuning", 0.0)]
    assert choose(entry, runs).lr == 0.2


@pytest.mark.parametrize(
    ("losses", "following"),
    [
        ({0.1: [0.5], 0.2: [0.4], 0.4: [0.6]}, None),
        ({0.1: [0.3], 0.2: [0.4], 0.4: [0.6]}, 0.05),
        ({0.1: [0.5], 0.2: [0.4], 0.4: [0.3]}, 0.8),
        ({0.1: [0.5], 0.2: [0.4], 0.4: [0.3], 0.8: [math.inf]}, None),
        ({0.1: [math.inf], 0.2: [math.inf], 0.4: [math.inf]}, 0.05),
        ({2.0**-i: [1.0 + 2.0**-i] for i in range(12)}, None),
    ],
    ids=["inside", "low end", "high end", "then it diverged", "all diverged", "far enough"],
)
def test_an_open_grid_grows_by_a_factor_of_2_where_the_best_rate_lies_at_its_end(tuned, losses, following):
    assert next_rate(*tuned(losses)) == following


def test_a_grid_that_the_user_wrote_does_not_grow_but_says_so(tuned):
    entry, runs = tuned({0.1: [0.3], 0.2: [0.4]}, is_open=False)
    assert next_rate(entry, runs) is None
    assert choose(entry, runs).edge


def test_a_single_rate_has_no_edge(tuned):
    assert not choose(*tuned({0.1: [0.3]}, is_open=False)).edge


def test_the_best_choice_is_the_first_of_the_lowest(tuned):
    choices = [choose(*tuned({0.1: [loss]}, name=name)) for name, loss in [("a", 0.5), ("b", 0.3), ("c", 0.3)]]
    assert best_of(choices).name == "b"
