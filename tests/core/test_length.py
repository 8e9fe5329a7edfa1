"""Lengths carry units, are read in one way only, and are honoured wherever they stand."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np
import pytest

import annealing as an
from annealing.core.errors import LengthError
from tests.core.refusals import refused


@pytest.mark.parametrize(
    ("written", "amount", "unit"),
    [
        (2000, 2000, ""),
        (np.uint8(200), 200, ""),
        ("2000", 2000, ""),
        ("2_000", 2000, ""),
        ("2e3", 2000, ""),
        ("10%", 10, "%"),
        ("12.5 %", 12.5, "%"),
        ("rest", 1, "fr"),
        ("1fr", 1, "fr"),
        ("2fr", 2, "fr"),
        ("3ep", 3, "ep"),
        ("0.5ep", 0.5, "ep"),
        ("2e9tok", 2e9, "tok"),
        ("64sam", 64, "sam"),
        ("100up", 100, "up"),
        (" 10% ", 10, "%"),
        ("10EP", 10, "ep"),
    ],
)
def test_every_way_to_write_a_length_is_read(written: int | str, amount: float, unit: str) -> None:
    assert an.Length.of(written) == an.Length(amount, unit)
    assert an.Length.of(an.Length.of(written)) == an.Length.of(written)


@pytest.mark.parametrize("written", [0, 2000, 1_234_567, "10%", "12.5%", "0%", "rest", "2fr", "0.5fr", "3ep", "2e9tok", "64sam"])
def test_a_length_prints_as_it_is_read(written: int | str) -> None:
    length = an.Length.of(written)

    assert an.Length.of(eval(str(length))) == length


def test_the_rest_is_one_share_of_what_is_left() -> None:
    assert an.Length.of("rest") == an.Length.of("1fr")
    assert str(an.Length.of("1fr")) == '"rest"'
    assert an.hold() == an.hold("rest") == an.hold("1fr")


@pytest.mark.parametrize(
    ("bare", "teaching"),
    [
        (0.1, 'write "10%"'),
        (0.125, 'write "12.5%"'),
        (1.0, 'write "100%"'),
        (2000.0, "write 2000 for updates"),
        (np.float64(0.1), 'write "10%"'),
    ],
)
def test_a_bare_float_is_refused_with_what_to_write(bare: float, teaching: str) -> None:
    with refused(LengthError, "bare float", "count or a share", teaching):
        an.cosine(bare)  # type: ignore[arg-type]


@pytest.mark.parametrize("bare", [inf, nan])
def test_a_float_without_a_value_is_refused_as_a_length(bare: float) -> None:
    """People write `hold(inf)` for "to the end"; the hint for bare floats rounded it and Python's OverflowError came out."""
    with refused(LengthError, '"rest"'):
        an.hold(bare)  # type: ignore[arg-type]


def test_the_hint_for_a_negative_float_can_be_followed() -> None:
    """It said to write "-50%", which was refused in its turn."""
    with pytest.raises(LengthError) as caught:
        an.hold(-0.5)  # type: ignore[arg-type]
    assert '"-50%"' not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "teaching"),
    [
        (-1, "negative"),
        (10**16, "too long"),
        ("1e16", "too long"),
        ("ten", 'write 2000, "10%"'),
        ("", 'write 2000, "10%"'),
        ("-5", 'write 2000, "10%"'),
        ("10 percent", 'write 2000, "10%"'),
        ("2.5", "write 2"),
        ("0fr", 'write "1fr"'),
        (True, "write a whole number of updates"),
        (None, "write a whole number of updates"),
        ([10], "write a whole number of updates"),
    ],
)
def test_what_is_no_length_is_refused_with_what_to_write(wrong: Any, teaching: str) -> None:
    with refused(LengthError, teaching):
        an.cosine(wrong)


@pytest.mark.parametrize(("amount", "unit"), [(0.5, ""), (-3, ""), (5, "steps"), (nan, "%")])
def test_the_length_class_is_no_way_around_the_checks(amount: float, unit: str) -> None:
    """`Length(0.5)` was a bare float that got in (and printed as 0), `Length(5, "steps")` a KeyError later on."""
    with refused(LengthError):
        an.hold(an.Length(amount, unit))


def test_a_chain_is_as_long_as_the_sum_of_its_parts() -> None:
    parts = an.chain(an.warmup(10), an.chain(an.hold(20), an.jump(0.5)), an.repeat(an.linear(5), 3))

    assert parts.over().total == 10 + 20 + 0 + 15
    assert an.chain(2 * parts.clip(high=1), an.cosine(55)).over().total == 100


@pytest.mark.parametrize(
    "tail",
    [
        an.cooldown(8),
        0.5 * an.cooldown(8) + 0.5,
        an.cooldown(8).clip(low=0.1),
        an.cooldown(8).rounded(0.1),
        an.cooldown(8).every(2),
        an.minimum(an.cooldown(8), 2),
        an.cooldown(8) ** 2,
        -an.cooldown(8),
        an.cooldown(8) * an.linear(),
        an.linear() * an.cooldown(8),
        an.lasting(an.cooldown(), 8),
        an.chain(an.hold(3), an.cooldown(5)),
    ],
    ids=str,
)
def test_a_written_length_is_honoured_everywhere(tail: an.Schedule) -> None:
    """At the top level, in a chain, under arithmetic and clip, as a branch's tail: it is always 8 updates."""
    assert tail.over().total == 8
    run = an.chain(an.hold(12), an.jump(tail.over()(0)), tail, an.jump(5), an.hold())
    assert run.over(100)(20) == 5
    assert run.over(100)(19) != 5
    late = an.hold().over(inf).branch(12, an.chain(an.jump(1), tail), absolute=True)
    assert late.total == 20


def test_percent_means_the_nearest_window() -> None:
    """Of the run, of a `lasting`, of a cycle, of what a branch has left."""
    half = an.chain(an.hold("50%"), an.jump(0.5), an.hold())

    assert half.over(100).keyframes()[1][0] == 50
    assert an.chain(an.hold(10), an.lasting(half, 40), an.hold()).over(100).keyframes()[2] == (30, 1.0)
    assert an.repeat(half, 2).over(100).values()[[24, 25, 49, 50, 74, 75]].tolist() == [1, 0.5, 0.5, 1, 1, 0.5]
    branched = an.hold().over(100).branch(40, half)
    assert branched(69) == 1
    assert branched(70) == 0.5


def test_windows_nest() -> None:
    """A repetition in a `lasting` in the tail of a branch: each "%" is of the window around it."""
    tail = an.chain(an.lasting(an.repeat(an.chain(an.hold("50%"), an.linear()), 2), "50%"), an.hold())
    values = an.hold().over(50).branch(10, tail).values()

    cycle = [1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2]
    np.testing.assert_allclose(values, [1] * 10 + cycle + cycle + [0] * 20, atol=1e-15)


def test_a_length_of_nothing_takes_no_update() -> None:
    plan = an.chain(an.warmup("0%"), an.hold(0), an.linear("0%", to=0.5), an.cosine(0, to=0.3), an.hold()).over(10)

    np.testing.assert_array_equal(plan.values(), np.full(10, 0.3))


def test_two_written_lengths_under_arithmetic_may_be_the_same() -> None:
    """A sum of parts is compared, not how it is divided."""
    both = an.chain(an.warmup(5), an.hold(5)) * an.linear(10)

    assert both.over().total == 10
    assert both.over()(5) == pytest.approx(0.5)
    with refused(LengthError, "two different lengths, 10 and ", '"10%"'):
        (an.linear(10) * an.linear("10%")).over(100)
