"""torchtitan's schedule by its formula (its own code runs in test_extracted*.py), and values it once gave."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS, parse
from annealing.dialects import torchtitan as ours
from tests.parity.golden import agree, cosine, gave, reads_back

SHAPES = {"linear": lambda p: 1 - p, "sqrt": lambda p: 1 - math.sqrt(p), "cosine": cosine}


@given(
    run=st.integers(1, 120),
    total=st.none() | st.integers(1, 120),
    warmup=st.integers(0, 60),
    ratio=st.none() | st.floats(0.0, 1.0),
    kind=st.sampled_from(sorted(SHAPES)),
    floor=st.sampled_from([0.0, 0.1]),
)
def test_every_update_of_the_run_agrees_also_past_total_steps(
    run: int, total: int | None, warmup: int, ratio: float | None, kind: str, floor: float
) -> None:
    whole = run if total is None else total
    warm = min(warmup, whole)
    decay = whole - warm if ratio is None else min(round(whole * ratio), whole - warm)
    assume(decay or run <= whole + 1)  # where theirs fails an assertion
    stable = whole + 1 - warm - decay

    def factor(t: int) -> float:
        if t < warm:
            return (t + 1) / warm
        if t < warm + stable:
            return 1.0
        return floor + (1 - floor) * SHAPES[kind]((t + 1 - warm - stable) / decay)

    plan = ours.LRSchedulersContainer(warmup, total, ratio, kind, floor, lr=0.1, training_steps=run)

    agree(plan, lambda t: 0.1 * factor(t), max(run, whole))
    assert plan.total == max(run, whole)
    reads_back(plan)


def test_it_gives_what_torchtitan_gave() -> None:
    """torchtitan 0.3.0, the last two trained on past total_steps: below zero, and up again."""
    sqrt = ours.LRSchedulersContainer(10, None, 0.3, "sqrt", 0.1, lr=0.1, training_steps=100)
    gave(sqrt, 9, [0.01, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.07676209992275551, 0.045502293626245166, 0.026515307716504656])
    linear = ours.LRSchedulersContainer(5, 50, 0.5, lr=0.1, training_steps=60)
    gave(linear, 6, [0.02, 0.1, 0.1, 0.1, 0.1, 0.08, 0.056, 0.032, 0.008, -0.016])
    rising = ours.LRSchedulersContainer(5, 40, 0.5, "cosine", 0.1, lr=0.1, training_steps=60)
    gave(rising, 6, [0.02, 0.1, 0.1, 0.1, 0.09140576474687263, 0.055, 0.018594235253127374, 0.012202456766718092])


def test_ours_is_refused_as_a_rate_where_theirs_trains_backwards() -> None:
    theirs = ours.LRSchedulersContainer(5, 50, 0.5, lr=0.1, training_steps=60)

    with pytest.raises(an.AnnealingError, match="at least 0"):
        an.check_rate(theirs)
    an.check_rate((0.1 * an.wsd(4, "50%", ease="linear")).over(50))


def test_the_catalogue_says_that_it_is_checked_and_gives_an_example() -> None:
    row = DIALECTS["torchtitan.LRSchedulersContainer"]

    assert row.checked
    reads_back(parse(row.example))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"decay_type": "exponential"}, "decay_type"),
        ({"decay_ratio": 1.5}, "between 0 and 1"),
        ({"total_steps": 50, "decay_ratio": 0.0}, "without a decay"),
        ({"training_steps": 0}, "training_steps"),
        ({"warmup_steps": 1.5}, "warmup_steps"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(an.AnnealingError, match=said):
        ours.LRSchedulersContainer(**({"training_steps": 100} | wrong))
