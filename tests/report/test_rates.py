"""The picture of loss against rate, as data and as a PNG, and its numbers in words."""

from typing import Any

import pytest

from annealing.report.found import table
from annealing.report.rates import Mark, picture, rates_figure

RATES = [1e-3, 1e-2, 1e-1, 1.0]


def numbers(**changes: Any) -> dict[str, Any]:
    return {
        "task": "line",
        "optimizer": "sgd",
        "schedule": "cosine()",
        "updates": 1000,
        "seed": 0,
        "rate": 0.1,
        "interval": [0.06, 0.2],
        "edge_of_divergence": 1.0,
        "confidence": "high",
        "reason": "",
        "scan": {"updates": 100, "first": 2.3, "rates": RATES, "losses": [2.2, 1.9, 1.2, None]},
        "runs": {"rates": [0.05, 0.1, 0.2, 0.5], "losses": [0.5, 0.4, 0.43, 80.0]},
        "cost": 7.5,
        "seconds": 12.0,
        "notes": [],
    } | changes


def test_a_rate_that_diverged_is_a_cross_and_not_a_point() -> None:
    figure = rates_figure(numbers())

    assert figure.scan.x == (1e-3, 1e-2, 1e-1)
    assert [x for x, _ in figure.scan.crosses] == [1.0]
    assert figure.runs is not None
    assert [x for x, _ in figure.runs.crosses] == [0.5]
    assert all(figure.y.low < y < figure.y.high for _, y in figure.scan.crosses + figure.runs.crosses)


def test_everything_lies_inside_the_axes() -> None:
    figure = rates_figure(numbers(), {"valley": 1e-5, "steep": 3.0, "slide": None})

    assert figure.marks == (Mark("valley", 1e-5), Mark("steep", 3.0))
    assert figure.x.low < 1e-5
    assert figure.x.high > 3.0
    assert figure.y.low < 0.4
    assert 2.3 < figure.y.high < 80
    assert figure.interval == (0.06, 0.2)
    assert (figure.rate, figure.edge, figure.first) == (0.1, 1.0, 2.3)


def test_the_title_says_the_answer_and_its_doubt() -> None:
    assert rates_figure(numbers()).title == "Train with 0.1 (0.06 to 0.2 within 10 %)"
    doubtful = rates_figure(numbers(confidence="low", reason="still on the plateau"))
    assert doubtful.title.endswith("low confidence: still on the plateau")
    nothing = rates_figure(numbers(rate=None, interval=None, reason="every rate diverged", runs={"rates": [], "losses": []}))
    assert nothing.title == "No answer: every rate diverged"
    assert nothing.runs is None


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"rate": None, "interval": None, "edge_of_divergence": None, "reason": "nothing learns"},
        {"scan": {"updates": 9, "first": None, "rates": RATES, "losses": [None] * 4}, "rate": None, "interval": None},
    ],
)
def test_every_outcome_can_be_drawn(changes: dict[str, Any]) -> None:
    assert picture(rates_figure(numbers(**changes), {"valley": 1e-3}))[:4] == b"\x89PNG"


def words(**changes: Any) -> dict[str, str]:
    return {name: said for name, said in table(numbers(**changes)).rows}  # noqa: C416 - rows are of any length, these of two


def test_the_words_say_what_the_numbers_are() -> None:
    assert words()["rate"] == "0.1"
    assert words()["within 10 %"] == "0.06 to 0.2"
    assert words()["edge of divergence"] == "1"
    assert words()["cost"] == "7.5 whole runs of 1 000 updates, 12 s"
    assert words(edge_of_divergence=None)["edge of divergence"] == "none up to 1"
    assert words(confidence="low", reason="still on the plateau")["confidence"] == "low: still on the plateau"
