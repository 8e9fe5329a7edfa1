"""nanotron's schedule by its formula (its own code runs in test_extracted*.py), and values that it once gave."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS, parse
from annealing.dialects import nanotron as ours
from tests.parity.golden import agree, cosine, gave, reads_back

SHAPES = {"linear": lambda q: 1 - q, "cosine": cosine, "1-sqrt": lambda q: 1 - math.sqrt(q)}


@given(
    peak=st.floats(1e-4, 1.0),
    total=st.integers(1, 100),
    warm=st.integers(0, 30),
    ramp=st.sampled_from(["linear", "constant"]),
    kind=st.sampled_from(sorted(SHAPES)),
    steps=st.none() | st.integers(0, 60),
    start=st.none() | st.integers(0, 60),
    floor=st.none() | st.floats(0.0, 1e-4),
)
def test_every_update_of_the_run_agrees(
    peak: float, total: int, warm: int, ramp: str, kind: str, steps: int | None, start: int | None, floor: float | None
) -> None:
    low = peak if floor is None else floor
    begin = warm if start is None else start
    length = total - warm - (start or 0) if steps is None else steps

    def rate(t: int) -> float:
        if warm == 0 and length == 0:
            return peak * peak
        if t <= warm:
            return peak if ramp == "constant" else peak * t / max(warm, 1)
        if t < begin:
            return peak
        if t < begin + length:
            return low + (peak - low) * SHAPES[kind]((t - begin) / length)
        return low

    plan = ours.lr_scheduler_builder(peak, warm, ramp, kind, steps, start, floor, total_training_steps=total)

    agree(plan, rate, total + 1)
    assert plan.total == total
    reads_back(plan)


def test_it_gives_what_nanotron_gave() -> None:
    """nanotron 0.4: a decay that ends ten steps early, a zero without a warm-up, the square of the rate."""
    early = ours.lr_scheduler_builder(
        0.1, 10, lr_decay_style="cosine", lr_decay_starting_step=50, min_decay_lr=0.01, total_training_steps=100
    )
    gave(
        early,
        9,
        [0.0, 0.09, 0.1, 0.1, 0.1, 0.1, 0.09779754323328192, 0.0785124354122177, 0.04796044907318963, 0.02078173154799861],
    )
    assert early(90) == early(99) == 0.01
    wasted = ours.lr_scheduler_builder(0.1, min_decay_lr=0.0, total_training_steps=30)
    gave(wasted, 3, [0.0, 0.09, 0.08, 0.07, 0.06, 0.05, 0.04, 0.03, 0.02, 0.01])
    squared = ours.lr_scheduler_builder(0.1, lr_decay_steps=0, total_training_steps=12)
    gave(squared, 3, [0.010000000000000002] * 4)


def test_ours_decays_to_the_end_of_the_run() -> None:
    plan = (0.1 * an.chain(an.warmup(10), an.hold(40), an.cosine(to=0.1))).over(100)

    assert plan(90) > 0.011
    assert plan(100) == pytest.approx(0.01)


def test_the_catalogue_says_that_it_is_checked_and_gives_an_example() -> None:
    row = DIALECTS["nanotron.lr_scheduler_builder"]

    assert row.checked
    reads_back(parse(row.example))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"lr_warmup_style": "cosine"}, "lr_warmup_style"),
        ({"lr_decay_style": "sqrt"}, "lr_decay_style"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"min_decay_lr": -0.1}, "min_decay_lr"),
        ({"total_training_steps": 0}, "total_training_steps"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(an.AnnealingError, match=said):
        ours.lr_scheduler_builder(**({"learning_rate": 0.1, "total_training_steps": 100} | wrong))
