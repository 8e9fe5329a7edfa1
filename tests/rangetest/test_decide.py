"""What a scan and a few confirming runs come to: a rate with its interval, a doubt in words, or no answer."""

import math

import numpy as np
import pytest

from annealing.core.errors import ArgumentError
from annealing.rangetest import Answer, Scan, around, decide

RATES = np.logspace(-4, 1, 21)


def scan_with_best_at(rate: float, cliff: float = 3.0, first: float = 2.3) -> Scan:
    """A loss that falls slowly to `rate` and explodes `cliff` times above it."""
    loss = 1 + 0.3 * np.abs(np.log10(RATES / rate))
    return Scan(RATES, np.where(cliff * rate < RATES, math.inf, np.minimum(loss, first)), first)


def test_the_rate_right_before_the_cliff_does_not_win_a_scan() -> None:
    loss = np.full(len(RATES), 1.2)
    loss[10], loss[11:] = 1.19, math.inf

    assert Scan(RATES, loss, 2.3).best < 10


def test_a_clear_scan_has_no_doubt_and_an_edge() -> None:
    scan = scan_with_best_at(0.01)

    assert scan.doubt == ""
    assert scan.rate[scan.best] == pytest.approx(0.01)
    assert scan.edge_of_divergence == pytest.approx(10**-1.5)


def test_a_plateau_is_said_to_be_one() -> None:
    answer = decide(Scan(RATES, np.full(21, 2.2), 2.3), [0.1, 0.2, 0.4], [2.0, 1.5, 1.9])

    assert (answer.confidence, answer.reason) == ("low", "still on the plateau")
    assert answer.rate == pytest.approx(0.2, rel=0.1)


def test_the_best_at_an_end_of_the_rates_is_said_to_be_there() -> None:
    assert scan_with_best_at(10.0).doubt == "best at the edge of the grid"
    answer = decide(scan_with_best_at(0.01), around(0.01), [1.0, 1.1, 1.2, 1.3, 1.4])

    assert (answer.confidence, answer.reason) == ("low", "best at the edge of the grid")


@pytest.mark.parametrize(
    ("losses", "words"), [([math.nan, math.inf, math.nan], "every rate diverged"), ([2.4, 2.5, math.nan], "train longer")]
)
def test_where_nothing_learns_there_is_no_answer(losses: list[float], words: str) -> None:
    answer = decide(scan_with_best_at(0.01), [0.1, 0.2, 0.4], losses)

    assert answer.rate is None
    assert answer.confidence == "none"
    assert words in str(answer)
    assert str(answer).startswith("no answer")


def test_the_interval_holds_exactly_the_rates_within_10_percent() -> None:
    rates = np.logspace(-3, 1, 9)
    loss = 1 + 0.1 * np.log10(rates / 0.1) ** 2
    answer = decide(scan_with_best_at(0.1), rates, loss)

    assert answer.interval == pytest.approx((0.01, 1.0))


def test_beside_a_cliff_the_interval_promises_nothing() -> None:
    answer = decide(scan_with_best_at(0.1), [0.05, 0.1, 0.2], [1.05, 1.0, math.inf])

    assert answer.interval == pytest.approx((0.05, 0.1))


def test_losses_below_zero_are_ranked_like_any_others() -> None:
    scan = Scan(RATES, scan_with_best_at(0.01).loss - 5, first=2.3 - 5)
    answer = decide(scan, around(0.01), [-3.8, -3.95, -4.0, -3.9, math.nan])

    assert scan.rate[scan.best] == pytest.approx(0.01)
    assert answer.rate == pytest.approx(0.0075, rel=0.1)  # a little away from the cliff
    assert answer.interval is not None
    assert answer.interval[0] == pytest.approx(10**-2.5)


def test_the_answer_reads_as_one_line() -> None:
    sure = Answer(0.1, (0.05, 0.2), 1.0, "high", "")

    assert str(sure) == "0.1 (0.05 to 0.2 within 10%)"
    assert str(Answer(0.1, (0.05, 0.2), None, "low", "still on the plateau")).endswith("; low confidence: still on the plateau")


@pytest.mark.parametrize(("rates", "losses"), [([1.0, 2.0], [1.0, 2.0]), ([1.0, 3.0, 2.0], [1.0] * 3), ([1.0, 2.0, 3.0], [1.0])])
def test_what_is_no_scan_is_refused(rates: list[float], losses: list[float]) -> None:
    with pytest.raises(ArgumentError, match="three rising rates"):
        Scan(rates, losses, 2.3)


def test_confirming_runs_need_a_loss_each() -> None:
    with pytest.raises(ArgumentError, match="one loss for each"):
        decide(scan_with_best_at(0.1), [0.1, 0.2], [1.0])
