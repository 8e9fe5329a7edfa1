"""Dimensions: what they give lies in them, at every share, and what cannot be is refused in one line."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.conftest import require

require("torch")

from annealing.core.errors import AnnealingError, ArgumentError
from annealing.study.space import Choice, Log, Uniform, Whole

SHARES = st.floats(0, 1)
REALS = st.floats(-1e6, 1e6)


@st.composite
def dimensions(draw):
    kind = draw(st.sampled_from(["log", "uniform", "whole", "choice"]))
    if kind == "choice":
        values = st.one_of(st.integers(-5, 5), st.floats(-1, 1).filter(lambda x: x != int(x)), st.sampled_from(["sgd", "adam"]))
        return Choice(draw(st.lists(values, min_size=1, max_size=5, unique=True)))
    if kind == "whole":
        log = draw(st.booleans())
        low = draw(st.integers(1 if log else -100, 1000))
        return Whole(low, low + draw(st.integers(1, 1000)), log=log)
    low, high = sorted((draw(REALS), draw(REALS)))
    assume(low < high)
    if kind == "uniform":
        return Uniform(low, high)
    low, high = abs(low) + 1e-6, abs(low) + 1e-6 + high - low
    assume(low < high)
    return Log(low, high)


@given(dimensions(), SHARES)
def test_every_share_of_a_dimension_gives_a_value_that_lies_in_it(dimension, share):
    assert dimension.contains(dimension.at(share))


@given(dimensions(), st.integers(1, 9))
def test_a_grid_lies_in_its_dimension_without_repeats_and_holds_both_ends_of_a_range(dimension, levels):
    grid = dimension.grid(levels)
    assert all(dimension.contains(value) for value in grid)
    assert len(set(grid)) == len(grid) > 0
    if not isinstance(dimension, Choice) and levels > 1:
        assert {dimension.low, dimension.high} <= set(grid)
        assert len(grid) <= levels


@given(dimensions(), SHARES)
def test_the_share_of_a_value_leads_back_to_it(dimension, share):
    value = dimension.at(share)
    back = dimension.at(dimension.share(value))
    assert back == value or math.isclose(back, value, rel_tol=1e-5, abs_tol=1e-5 * abs(dimension.high - dimension.low))


def test_a_logarithmic_range_gives_each_power_of_ten_the_same_part():
    values = [Log(1e-4, 1).at((i + 0.5) / 400) for i in range(400)]
    assert [sum(low <= value < 10 * low for value in values) for low in (1e-4, 1e-3, 1e-2, 1e-1)] == [100] * 4


def test_every_whole_number_of_a_range_has_the_same_part_also_the_ends():
    values = [Whole(1, 4).at((i + 0.5) / 400) for i in range(400)]
    assert [values.count(number) for number in (1, 2, 3, 4)] == [100] * 4


def test_whole_numbers_by_ratios_come_from_an_even_spread_of_their_logarithms():
    values = [Whole(16, 256, log=True).at((i + 0.5) / 1000) for i in range(1000)]
    assert abs(sum(value <= 64 for value in values) - 500) < 25
    assert all(isinstance(value, int) for value in values)


@pytest.mark.parametrize(
    ("make", "taught"),
    [
        (lambda: Log(1, 0.1), "from 1 to 0.1 is empty: write the smaller end first"),
        (lambda: Uniform(0.5, 0.5), r"from 0.5 to 0.5 is empty: write Choice\(\[0.5\]\) for one value"),
        (lambda: Log(0, 1), "reaches 0, where ratios end"),
        (lambda: Log(-1, 1), "reaches 0"),
        (lambda: Uniform(0, math.inf), "finite"),
        (lambda: Uniform("a", 1), "not a number"),
        (lambda: Whole(0, 4, log=True), "write a whole number from 1"),
        (lambda: Whole(1.5, 4), "write a whole number"),
        (lambda: Whole(4, 4), "empty"),
        (lambda: Choice([]), "nothing to choose from"),
        (lambda: Choice("sgd"), r"write Choice\(\['sgd'\]\)"),
        (lambda: Choice(["sgd", "sgd"]), "lists 'sgd' twice"),
        (lambda: Choice([True, False]), "neither a number nor a word"),
        (lambda: Choice([None]), "neither a number nor a word"),
        (lambda: Choice([math.nan]), "finite"),
        (lambda: Log(0.1, 1, only="sgd"), "no condition"),
        (lambda: Log(0.1, 1, only={"optimizer": []}), "never so"),
    ],
)
def test_what_is_no_dimension_is_refused_in_one_line(make, taught):
    with pytest.raises(AnnealingError, match=taught) as refused:
        make()
    assert "\n" not in str(refused.value)


def test_a_choice_does_not_hold_what_only_looks_equal():
    assert not Choice([0, 1]).contains(True)
    assert not Uniform(0, 1).contains(True)
    assert not Uniform(0, 1).contains("0.5")
    assert not Whole(0, 3).contains(1.5)
    assert not Uniform(0, 1).contains(math.nan)


def test_numpy_numbers_are_taken_as_the_plain_numbers_they_are():
    numpy = require("numpy")
    choice = Choice(list(numpy.array([16, 32])))
    assert choice == Choice([16, 32])
    assert all(type(value) is int for value in choice.values)
    with pytest.raises(ArgumentError):
        Whole(numpy.int64(5), numpy.int64(5))
