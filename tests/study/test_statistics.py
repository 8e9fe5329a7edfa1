"""The statistics keep their promises: simulated, not assumed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from annealing.study.statistics import LEVEL, differences, holm_levels, mean_interval

losses = st.lists(st.floats(0.1, 2.0), min_size=4, max_size=4)


def found(differences):
    return [difference.finding for difference in differences]


@pytest.mark.parametrize("spread", [1.0, 0.1], ids=["seeds matter little", "seeds matter much"])
def test_ten_identical_arms_are_told_apart_no_more_often_than_stated(spread):
    """The reference is the best on other seeds, as in a comparison; seeds shift every arm alike, as a split does."""
    random = np.random.default_rng(7)
    comparisons, wrong = 1000, 0
    for _ in range(comparisons):
        tuning = random.normal(size=(10, 3)).mean(1)
        evaluation = random.normal(size=12) + spread * random.normal(size=(10, 12))
        reference = int(tuning.argmin())
        others = [evaluation[arm] for arm in range(10) if arm != reference]
        wrong += any(finding != "cannot be told apart" for finding in found(differences(evaluation[reference], others)))
    # Were the chance exactly LEVEL, more than this many would be seen once in a thousand such tests.
    assert wrong <= stats.binom.ppf(0.999, comparisons, LEVEL)
    assert wrong > 0


def test_without_the_adjustment_identical_arms_would_be_told_apart_far_too_often():
    """The control of the simulation above: it would notice."""
    random = np.random.default_rng(7)
    wrong = 0
    for _ in range(200):
        evaluation = random.normal(size=(10, 12))
        alone = [differences(evaluation[0], [other])[0].finding for other in evaluation[1:]]
        wrong += any(finding != "cannot be told apart" for finding in alone)
    assert wrong > stats.binom.ppf(0.999, 200, LEVEL)


def test_a_real_difference_is_found_and_lies_in_its_interval():
    random = np.random.default_rng(3)
    hits = covered = 0
    for _ in range(300):
        seeds = random.normal(0.4, 0.02, size=12)
        arms = seeds + random.normal(0, 0.01, size=(10, 12))
        arms[1] += 0.04
        worse = differences(arms[0], arms[1:])[0]
        hits += worse.finding == "worse"
        low, high = worse.interval
        covered += low < 0.04 < high
    assert hits == 300
    assert covered >= stats.binom.ppf(0.001, 300, 1 - LEVEL)


@given(losses, st.lists(losses, min_size=1, max_size=6))
def test_an_interval_excludes_0_exactly_when_the_finding_says_so(reference, others):
    for difference in differences(reference, others):
        low, high = difference.interval
        assert low <= difference.mean <= high
        if difference.finding == "cannot be told apart":
            assert low <= 0 <= high
        else:
            assert low > 0 if difference.finding == "worse" else high < 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holms_procedure_is_the_one_in_the_paper(p_values):
    rejected, ordered = set(), sorted(range(len(p_values)), key=lambda i: p_values[i])
    for rank, index in enumerate(ordered):
        if p_values[index] > LEVEL / (len(p_values) - rank):
            break
        rejected.add(index)
    assert {i for i, level in enumerate(holm_levels(p_values)) if p_values[i] <= level} == rejected


@given(losses)
def test_the_interval_of_a_mean_is_scipys_90_percent_interval(sample):
    low, high = mean_interval(sample)
    if np.std(sample) < 1e-9:
        assert low == pytest.approx(high, abs=1e-8)
    else:
        expected = stats.t.interval(0.9, len(sample) - 1, loc=np.mean(sample), scale=stats.sem(sample))
        assert (low, high) == pytest.approx(expected, rel=1e-9)


def test_the_p_value_is_scipys_paired_t_test():
    random = np.random.default_rng(0)
    reference = random.normal(size=8)
    others = reference + random.normal(0.1, 0.3, size=(40, 8))
    for other in others:
        p_value = stats.ttest_rel(other, reference).pvalue
        assert (differences(reference, [other])[0].finding == "cannot be told apart") == (p_value > LEVEL)


def test_exact_copies_cannot_be_told_apart_and_a_constant_shift_can():
    sample = [0.5, 0.25, 0.75]
    copy, shifted = differences(sample, [sample, [loss + 0.25 for loss in sample]])
    assert (copy.finding, copy.mean, copy.interval) == ("cannot be told apart", 0, (0, 0))
    assert (shifted.finding, shifted.interval) == ("worse", (0.25, 0.25))


def test_one_seed_says_nothing_about_chance():
    (only,) = differences([0.3], [[0.9]])
    assert (only.finding, only.interval) == ("cannot be told apart", None)
    assert mean_interval([0.3]) is None
    assert math.isclose(only.mean, 0.6)


def test_one_arm_has_nobody_to_differ_from():
    assert differences([0.1, 0.2], []) == ()
