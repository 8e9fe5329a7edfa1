"""How a run is divided: counts are exact, shares are rounded, and the parts are the whole."""

from __future__ import annotations

import pytest

import annealing as an
from annealing.core.errors import LengthError
from tests.core.refusals import refused


@pytest.mark.parametrize(
    ("total", "parts", "sizes"),
    [
        (100, [10, "rest", "20%"], [10, 70, 20]),
        (100, ["10%", "rest"], [10, 90]),
        (100, ["1fr", "2fr", "1fr"], [25, 50, 25]),
        (10, ["1fr", "1fr", "1fr"], [3, 4, 3]),
        (7, ["50%", "50%"], [4, 3]),  # 3.5 rounds half to even, as everywhere
        (5, ["50%", "50%"], [2, 3]),
        (3, ["33.3%", "33.3%", "33.4%"], [1, 1, 1]),
        (5, ["10%", 1, "rest"], [0, 1, 4]),
        (5, [0, 5, 0], [0, 5, 0]),
        (10, [10, "rest"], [10, 0]),
        (10, ["0%", "rest"], [0, 10]),
        (1, ["5%", "rest", "20%"], [0, 1, 0]),
        (10**15, ["10%", "rest"], [10**14, 9 * 10**14]),
    ],
)
def test_a_run_is_divided_like_this(total: int, parts: list[int | str], sizes: list[int]) -> None:
    assert an.split(total, parts) == sizes
    assert sum(sizes) == total


def test_sizes_of_a_whole_run_are_whole_numbers() -> None:
    assert all(type(size) is int for size in an.split(100, ["10%", "33%", "rest"]))


def test_shares_of_the_rest_are_shares_of_what_counts_and_percents_leave() -> None:
    assert an.split(100, [10, "20%", "3fr", "4fr"]) == [10, 20, 30, 40]


@pytest.mark.parametrize(
    ("total", "parts", "teaching"),
    [
        (10, [5, 6], ("need 11", "there are 10", "5 + 6", "shorten one")),
        (100, ["60%", "50%"], ("need 110", '"60%" (60)', '"50%" (50)')),
        (100, [90, "20%"], ("need 110", '90 + "20%" (20)')),
        (100, [10, "rest", 95], ("need 105",)),
        (100, ["10%", "20%"], ("cover 30 of 100", "add hold()", '"rest"')),
        (100, [], ("cover 0 of 100", "add hold()")),
    ],
)
def test_parts_that_do_not_fit_are_refused_with_the_sum(total: int, parts: list[int | str], teaching: tuple[str, ...]) -> None:
    with refused(LengthError, *teaching):
        an.split(total, parts)


def test_a_run_without_an_end_has_no_shares() -> None:
    with refused(LengthError, "endless", "count", "total"):
        an.split(float("inf"), ["10%", "rest"])
    with refused(LengthError, "never begins", "give the run a total"):
        an.split(float("inf"), ["rest", 10])
    assert an.split(float("inf"), [10, "0%", "rest"]) == [10, 0, float("inf")]


def test_units_need_a_horizon() -> None:
    with refused(LengthError, '"3ep"', "Horizon.of(loader, epochs="):
        an.split(100, ["3ep", "rest"])


def test_a_horizon_can_be_split() -> None:
    """It can be given wherever a total can."""
    assert an.split(an.Horizon(100, epochs=10), ["3ep", "rest"]) == [30, 70]  # type: ignore[arg-type]


@pytest.mark.parametrize("total", [10.5, "ten", None, True])
def test_a_total_that_is_no_count_is_refused(total: object) -> None:
    """The parts of a run are whole updates, so the run is, too."""
    with refused(LengthError):
        an.split(total, ["rest"])  # type: ignore[arg-type]
