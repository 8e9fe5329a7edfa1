"""Every study runs, says what it stands on, and gives the same numbers again; the exact ones give their verdict."""

import math
from dataclasses import replace

import pytest

from annealing.core.errors import ArgumentError
from annealing.reproduce import NAMES, reproduce, study
from annealing.reproduce.finding import Curves, Figure, Finding, above, below, between, holds, noted
from annealing.reproduce.study import Study

SLOW = {
    *("bengio", "cyclical", "sgdr", "wsd", "haegele", "bergsma", "mccandlish"),
    *("too-high-too-low", "large-then-small", "stepwise", "warmup-prevents", "uphill", "sensitivity", "adaptive", "overfitting"),
    *("defazio", "schedule-free", "greedy", "power-scheduler", "batch-growth", "you", "li"),
}
"""Studies whose fast form takes more than a few seconds, most of which load and start PyTorch's stacks."""
SLOW_IN_FULL = {"learned-cooling", "subsample"}
"""Exact studies that take more than a few seconds."""


def numbers(figure: Figure) -> list[float]:
    if isinstance(figure, Curves):
        return [value for line in figure.lines for value in (*line.x, *line.y)]
    return [mean.value for mean in figure.means]


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in NAMES])
def test_a_study_runs_in_its_fast_form(name: str) -> None:
    one = study(name)
    result = reproduce(one, scale="fast", seed=1)

    assert one.name == name
    assert one.title
    assert one.source
    assert one.shows
    assert len(one.criterion) > 40
    assert result.finding.statistics
    assert result.finding.seeds
    assert numbers(result.finding.figure)
    assert all(math.isfinite(s.value) or s.value == math.inf or s.met is not True for s in result.finding.statistics)
    assert result.to_dict()["verdict"] == result.verdict


EXACT = [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW_IN_FULL)) for name in NAMES if study(name).exact]


@pytest.mark.parametrize("name", EXACT)
def test_an_exact_study_is_reproduced(name: str) -> None:
    result = reproduce(study(name))

    assert result.verdict == "reproduced", result.finding.statistics


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, again = (reproduce(study("schaipp"), scale="fast", seed=3).finding for _ in range(2))

    assert first == again


def test_a_verdict_follows_from_the_targets() -> None:
    met, missed, free = below("a", 1, 2), above("b", 1, 2), noted("c", 1)
    finding = Finding((met,), "seed 0", Curves("", "", "", "", ()))

    assert finding.verdict == "reproduced"
    assert replace(finding, statistics=(met, missed, free)).verdict == "partly"
    assert replace(finding, statistics=(missed, free)).verdict == "not reproduced at this scale"
    assert replace(finding, statistics=(free,)).verdict == "shown"


def test_what_is_no_number_meets_no_target() -> None:
    nan = math.nan

    assert not any(one.met for one in (below("a", nan, 2), above("b", nan, 2), between("c", nan, 0, 1), holds("d", nan)))


def test_an_unknown_study_is_refused_with_the_nearest() -> None:
    with pytest.raises(ArgumentError, match="did you mean schaipp"):
        study("schaip")


def test_a_row_that_could_not_exist_is_refused() -> None:
    with pytest.raises(ArgumentError, match="no row of the table"):
        Study("a", "b", "c", ("X3",), "d", lambda scale, seed: Finding((), "", Curves("", "", "", "", ())))
