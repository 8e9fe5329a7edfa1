"""The table ranks what was found, and its verdict says it in words."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import math

import pytest

from tests.conftest import require

require("torch")

from annealing.study.table import table
from annealing.study.tuning import Choice
from annealing.study.words import plus_minus, verdict_in_words

SEEDS = (100, 101, 102, 103)
STEADY = (0.30, 0.31, 0.32, 0.33)


@pytest.fixture
def rows_of(run):
    """Make the table of {name: (tuning loss, evaluation losses)}."""

    def make(arms, edge=False):
        choices = [Choice(name, f"{name}()", 0.1, tuning, edge) for name, (tuning, _) in arms.items()]
        runs = [
            run(name, 0.1, seed, "evaluation", loss, {"accuracy": 1 - loss})
            for name, (_, losses) in arms.items()
            for seed, loss in zip(SEEDS, losses, strict=False)
        ]
        return table(choices, runs, SEEDS)

    return make


def above(amount):
    return tuple(loss + amount + 0.001 * i for i, loss in enumerate(STEADY))


def test_rows_are_ranked_by_evaluation_and_the_reference_is_the_best_on_the_tuning_seeds(rows_of):
    rows = rows_of({"constant": (0.9, above(0.1)), "cosine": (0.1, STEADY), "wsd": (0.2, above(-0.002))})
    assert [(row.rank, row.name, row.verdict) for row in rows] == [
        (1, "wsd", "cannot be told apart"),
        (2, "cosine", "reference"),
        (3, "constant", "worse"),
    ]
    reference, worse = rows[1:]
    assert (reference.difference, reference.difference_interval) == (None, None)
    assert worse.difference == pytest.approx(0.1015)
    assert worse.difference_interval[0] > 0
    assert worse.mean == pytest.approx(0.4165)
    assert worse.interval[0] < worse.mean < worse.interval[1]
    assert worse.metrics == {"accuracy": pytest.approx(1 - 0.4165)}


def test_the_verdict_says_who_beats_whom_by_how_much_and_who_cannot_be_told_apart(rows_of):
    rows = rows_of({"constant": (0.9, above(0.1)), "cosine": (0.1, STEADY), "wsd": (0.2, above(-0.002))})
    assert verdict_in_words(rows) == "cosine beats constant by 0.102 ± 0.002; cosine and wsd cannot be told apart."


def test_several_arms_like_the_reference_are_set_against_it_not_against_one_another(rows_of):
    rows = rows_of({"cosine": (0.1, STEADY), "wsd": (0.2, above(-0.002)), "linear": (0.3, above(-0.001))})
    assert verdict_in_words(rows) == "cosine cannot be told apart from wsd and linear."


def test_an_arm_that_was_not_best_in_tuning_may_win_and_the_verdict_says_how_that_came(rows_of):
    rows = rows_of({"cosine": (0.1, STEADY), "wsd": (0.2, above(-0.1))})
    assert rows[0].verdict == "better"
    assert verdict_in_words(rows) == "wsd beats cosine, the best on the tuning seeds, by 0.0985 ± 0.0015."


def test_arms_that_diverged_are_counted_and_ranked_after_all_others(rows_of):
    rows = rows_of({"hot": (0.3, (0.1, 0.1, math.inf, 0.1)), "hotter": (0.4, (math.inf,) * 4), "cold": (0.5, above(5.0))})
    assert [(row.name, row.diverged, row.verdict) for row in rows] == [
        ("cold", 0, "reference"),
        ("hot", 1, "diverged"),
        ("hotter", 4, "diverged"),
    ]
    assert [(row.mean, row.interval, row.difference, row.metrics) for row in rows[1:]] == [(None, None, None, {})] * 2
    assert verdict_in_words(rows) == "diverged: hot (1 of 4 seeds) and hotter (4 of 4 seeds)."


def test_where_there_is_nothing_to_say_the_verdict_says_why(rows_of, run):
    assert (
        verdict_in_words(rows_of({"cosine": (0.1, STEADY)}))
        == "cosine was trained alone, so there is nothing to compare it with."
    )
    choices = [Choice(name, f"{name}()", 0.1, 0.1, edge=False) for name in ("a", "b")]
    one_seed = table(choices, [run(name, 0.1, 100, "evaluation", loss) for name, loss in (("a", 0.1), ("b", 0.9))], (100,))
    assert verdict_in_words(one_seed) == "one seed says nothing about chance, so nothing can be told apart: take more."


def test_when_every_arm_diverged_there_is_no_reference(rows_of):
    rows = rows_of({"a": (0.1, (math.inf,) * 4), "b": (0.2, (math.inf,) * 4)})
    assert {row.verdict for row in rows} == {"diverged"}


def test_arms_with_runs_missing_come_last_and_are_not_judged(rows_of):
    rows = rows_of({"a": (0.1, STEADY), "b": (0.2, STEADY[:2]), "c": (0.3, ())})
    assert [(row.name, row.seeds, row.verdict) for row in rows] == [
        ("a", 4, "reference"),
        ("b", 2, "not finished"),
        ("c", 0, "not finished"),
    ]
    assert rows[1].mean == pytest.approx(0.305)
    assert (rows[2].mean, rows[1].difference) == (None, None)
    assert verdict_in_words(rows) == "not finished: b and c."


def test_a_rate_at_the_end_of_its_grid_is_said(rows_of):
    assert "the best rate tried for a and b lies at an end of the grid" in verdict_in_words(
        rows_of({"a": (0.1, STEADY), "b": (0.2, STEADY)}, edge=True)
    )


@pytest.mark.parametrize(
    ("value", "half", "said"),
    [
        (0.04127, 0.0063, "0.041 ± 0.006"),
        (0.04127, 0.00199, "0.0413 ± 0.0020"),
        (0.5, 0.0, "0.5"),
        (1234.5, 61.0, "1234 ± 61"),
        (0.3, 0.0999, "0.30 ± 0.10"),
    ],
)
def test_differences_are_written_to_the_digits_that_their_interval_supports(value, half, said):
    assert plus_minus(value, half) == said
