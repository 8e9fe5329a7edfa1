"""Cycles: each is a window of its own and opens where the first one opened."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

import annealing as an
from annealing.core.errors import ArgumentError, LengthError
from tests.conftest import require
from tests.core.refusals import refused


@pytest.mark.parametrize(
    ("schedule", "total", "begins"),
    [
        (an.repeat(an.cosine(), 4), 100, [0, 25, 50, 75]),
        (an.repeat(an.cosine(), 3), 100, [0, 33, 67]),
        (an.repeat(an.cosine(), 4, growth=2), 150, [0, 10, 30, 70]),
        (an.repeat(an.cosine(), 3, growth=0.5), 70, [0, 40, 60]),
        (an.repeat(an.cosine(25)), 100, [0, 25, 50, 75]),
        (an.repeat(an.cosine(30)), 100, [0, 30, 60, 90]),
        (an.repeat(an.cosine(), first=10, growth=2), 100, [0, 10, 30, 70]),
        (an.repeat(an.cosine(), first="40%"), 100, [0, 40, 80]),
        (an.repeat(an.cosine(), first="2ep"), 100, [0, 20, 40, 60, 80]),
        (an.repeat(an.chain(an.hold(5), an.linear(20))), 100, [0, 25, 50, 75]),
        (an.repeat(an.repeat(an.cosine(), 2), 2), 100, [0, 25, 50, 75]),
    ],
    ids=str,
)
def test_cycles_begin_here(schedule: an.Schedule, total: int, begins: list[int]) -> None:
    plan = schedule.over(an.Horizon(total, epochs=10))

    falls = np.flatnonzero(np.diff(plan.values()) > 0) + 1
    assert [0, *falls.tolist()] == begins


def test_the_last_cycle_is_cut_where_the_window_ends() -> None:
    plan = an.chain(an.repeat(an.linear(4), length=6), an.hold(2)).over()

    assert plan.values().tolist() == [1, 0.75, 0.5, 0.25, 1, 0.75, 0.5, 0.5]


def test_written_cycles_add_up_and_the_chain_goes_on() -> None:
    plan = an.chain(an.warmup(2, start=0), an.repeat(an.linear(4), 2), an.hold()).over(12)

    assert plan.values().tolist() == [0, 0.5, 1, 0.75, 0.5, 0.25, 1, 0.75, 0.5, 0.25, 0, 0]
    assert an.repeat(an.linear(), 3, first=10, growth=2).over().total == 70


def test_a_cycle_opens_where_the_first_one_opened() -> None:
    plan = an.chain(an.linear(2, to=0.6), an.repeat(an.linear(2), 3)).over()

    np.testing.assert_allclose(plan.values(), [1, 0.8, 0.6, 0.3, 0.6, 0.3, 0.6, 0.3])


def test_each_cycle_can_be_lower_than_the_one_before() -> None:
    plan = an.repeat(an.linear(), 3, scale=0.5).over(6)

    assert plan.values().tolist() == [1, 0.5, 0.5, 0.25, 0.25, 0.125]


def test_cycles_without_an_end() -> None:
    """An endless run of equal or growing cycles needs no total."""
    equal = an.repeat(an.linear(5)).over(inf)
    growing = an.sgdr(None, first=10).over(inf)

    assert equal(np.array([0, 4, 5, 7, 10**9 + 1])).tolist() == pytest.approx([1, 0.2, 1, 0.6, 0.8])
    assert growing(np.array([0, 10, 30, 70, 150])).tolist() == [1] * 5
    assert growing(20) == pytest.approx(0.5)
    with refused(LengthError, "never ends", "the run a total"):
        an.repeat(an.cosine(), 3).over(inf)


def test_cycles_too_many_to_write_out_are_the_same_cycles() -> None:
    """Above a hundred thousand of them one stands for all, at the end of the run as well."""
    few, many = an.repeat(an.linear(2)).over(202), an.repeat(an.linear(2)).over(200_002)

    t = np.arange(202)
    np.testing.assert_array_equal(many(t + 199_800), few(t))
    assert many(200_002) == few(202) == 0


def test_endless_cycles_on_a_device() -> None:
    jax, torch = require("jax"), require("torch")
    plan = an.repeat(an.chain(an.hold(2), an.linear(3))).over(inf)
    t = np.arange(23)

    np.testing.assert_allclose(np.asarray(jax.jit(plan)(jax.numpy.asarray(t))), plan(t), atol=2e-6)
    np.testing.assert_allclose(plan(torch.as_tensor(t)).numpy(), plan(t), atol=1e-12)


@pytest.mark.parametrize(
    ("wrong", "kind", "teaching"),
    [
        (lambda: an.repeat(an.cosine()), LengthError, "times=4, or first=100"),
        (lambda: an.repeat(an.cosine(), 0), ArgumentError, "whole number from 1"),
        (lambda: an.repeat(an.cosine(), 2.5), ArgumentError, "whole number from 1"),
        (lambda: an.repeat(an.cosine(), 3, growth=0), ArgumentError, "above 0"),
        (lambda: an.repeat(an.cosine(), 3, scale=-1), ArgumentError, "above 0"),
        (lambda: an.repeat(an.cosine(10), 3, first=10), LengthError, "write first=10"),
        (lambda: an.repeat(an.cosine(10), 3, growth=2), LengthError, "growth="),
        (lambda: an.repeat(an.cosine(), 3, first=10, length=50), LengthError, "says the length twice"),
        (lambda: an.repeat(an.cosine(), first=10, growth=0.5).over(100), LengthError, "write a longer first="),
        (lambda: an.repeat(an.cosine(10), 3).over(100), LengthError, "add hold()"),
    ],
)
def test_cycles_that_cannot_be_counted_are_refused(wrong: object, kind: type[Exception], teaching: str) -> None:
    with refused(kind, teaching):
        wrong()  # type: ignore[operator]


def test_a_body_of_counts_and_epochs_has_a_length() -> None:
    """A chain is as long as the sum of its parts: 2 updates and an epoch of 4 are a cycle of 6."""
    body = an.chain(an.hold(2), an.linear("1ep"))
    run = an.Horizon(40, epochs=10)

    assert an.chain(an.repeat(body, 2), an.hold()).over(run).values()[[0, 1, 2, 5, 6, 7, 8, 11, 12]].tolist() == [
        1, 1, 1, 0.25, 1, 1, 1, 0.25, 0,
    ]  # fmt: skip
    assert an.repeat(body).over(run)(6) == 1


def test_cycles_of_no_length_take_no_update() -> None:
    plan = an.chain(an.repeat(an.linear(0, to=0.5), 3), an.hold()).over(5)

    assert plan.values().tolist() == [0.5] * 5


@pytest.mark.parametrize("wild", [{"growth": 2}, {"scale": 2}])
def test_cycles_beyond_every_number_are_refused_as_ours(wild: dict[str, float]) -> None:
    with refused(an.AnnealingError, "2000"):
        an.repeat(an.cosine(), 2000, **wild).over(100)


def test_a_number_of_numpy_is_a_number_of_cycles() -> None:
    assert an.repeat(an.cosine(), np.int64(3)) == an.repeat(an.cosine(), 3)  # type: ignore[arg-type]


def test_endless_cycles_of_many_pieces_are_read_on_the_host() -> None:
    """A cycle of more than a handful of values, repeated for ever: array and single numbers agree."""
    plan = an.repeat(an.table([0.1 * i for i in range(11)])).over(inf)

    np.testing.assert_allclose(plan(np.arange(40)), [plan(t) for t in range(40)])
    assert plan(10**9) == plan(10**9 % 11)
