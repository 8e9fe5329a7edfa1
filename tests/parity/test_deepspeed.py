"""DeepSpeed's schedulers by their formulas (its own code runs in test_extracted*.py), and values it once gave."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS, parse
from annealing.dialects import deepspeed as ours
from tests.parity.golden import agree, cosine, gave, reads_back

rates = st.floats(1e-4, 1.0)
small = st.sampled_from([0.0, 1e-5, 0.05])
lengths = st.integers(1, 60)
kinds = st.sampled_from(["log", "linear"])
stairs = st.sampled_from([0, 0, 1, 3, 7, 50])


def gamma(k: int, warm: int, kind: str) -> float:
    """Their warm-up at their own count k, which is one behind the update."""
    return math.log(k + 1) / math.log(warm) if kind == "log" else k / warm


@given(low=rates, size=lengths, slope=st.floats(0.0, 3.0), staircase=st.booleans())
def test_the_range_test_rises_in_a_line_or_in_stairs(low: float, size: int, slope: float, staircase: bool) -> None:
    plan = ours.LRRangeTest(0.1, low, size, slope, staircase)

    agree(plan, lambda t: low * (1 + slope * (t // size if staircase else t / size)), 200)
    reads_back(plan)


@given(lr=rates, low=small, top=st.none() | rates, steps=lengths, kind=kinds)
def test_a_warm_up_begins_with_two_updates_at_its_floor(lr: float, low: float, top: float | None, steps: int, kind: str) -> None:
    warm, high = max(2, steps), lr if top is None else top
    plan = ours.WarmupLR(lr, low, top, steps, kind)

    agree(plan, lambda t: low + (high - low) * (gamma(t - 1, warm, kind) if t - 1 < warm else 1.0) if t else low, 200)
    assert plan(0) == plan(1) == low
    reads_back(plan)


@given(low=small, high=rates, total=st.integers(1, 120), steps=lengths, kind=kinds)
def test_a_linear_decay_ends_one_update_late(low: float, high: float, total: int, steps: int, kind: str) -> None:
    warm = max(2, steps)

    def rate(t: int) -> float:
        k = t - 1
        if k < 0:
            return low
        done = gamma(k, warm, kind) if k < warm else max(0.0, (total - k) / max(1.0, total - warm))
        return low + (high - low) * done

    plan = ours.WarmupDecayLR(0.1, total, low, high, steps, kind)

    agree(plan, rate, 200)
    assert plan.total == max(total, warm) + 1
    reads_back(plan)


@given(lr=rates, start=small, floor=small, total=st.integers(1, 120), steps=lengths, kind=kinds)
def test_a_cosine_begins_one_update_before_its_warm_up_is_over(
    lr: float, start: float, floor: float, total: int, steps: int, kind: str
) -> None:
    warm = max(2, steps)

    def ratio(t: int) -> float:
        k = t - 1
        if k < 0:
            return 0.0
        if k < warm:
            return start + (1 - start) * gamma(k, warm, kind)
        return floor + (1 - floor) * cosine(min(1.0, (k - warm + 1) / max(1, total - warm)))

    plan = ours.WarmupCosineLR(lr, total, start, steps, floor, kind)

    agree(plan, lambda t: lr * ratio(t), 200)
    reads_back(plan)


@given(
    low=small,
    up=st.integers(1, 40),
    down=st.none() | st.integers(0, 40),
    climbs=stairs,
    falls=st.none() | stairs,
    per=st.sampled_from([0, 7, 10]),
    slopes=st.tuples(st.sampled_from([0.0, 0.5]), st.sampled_from([0.0, 0.1])),
)
def test_one_cycle_in_lines_or_stairs_and_the_decay_after_it(
    low: float, up: int, down: int | None, climbs: int, falls: int | None, per: int, slopes: tuple[float, float]
) -> None:
    back = up if down is None else down
    total, counts = up + back, (climbs, climbs if falls is None else falls)

    def height(t: int) -> float:
        at = t % total
        first = at <= up
        share = at / up if first else (total - at) / back
        number = counts[0 if first else 1]
        return math.floor((at * number / up) if first else (total - at) * number / back) / number if number else share

    def rate(t: int) -> float:
        if t > total:
            return low / (1 + slopes[0] * (t - total) / per) if per and slopes[0] else low
        return low + (0.1 - low) * height(t)

    def momentum(t: int) -> float:
        if t > total:
            return 0.9 * (1 + slopes[1] * (t - total) / per) if per and slopes[1] else 0.9
        return 0.9 - (0.9 - 0.8) * height(t) if t else 0.8

    plan = ours.OneCycle(0.5, low, 0.1, slopes[0], up, down, climbs, falls, per, decay_mom_rate=slopes[1])
    assert isinstance(plan, an.RecipePlan)
    moved = plan.plans_for("")

    agree(moved["lr"], rate, 200)
    agree(moved["betas[0]"], momentum, 200)
    agree(moved["betas[1]"], lambda t: 0.99, 200)
    assert ours.OneCycle(0.5, low, 0.1, slopes[0], up, down, climbs, falls, per, cycle_momentum=False) == moved["lr"]
    reads_back(plan)


def test_it_gives_what_deepspeed_gave() -> None:
    """deepspeed 0.19.8, the optimizer stepped before the scheduler as its engine does."""
    decay = ours.WarmupDecayLR(0.1, 40, warmup_max_lr=0.1, warmup_num_steps=10)
    gave(
        decay,
        4,
        [0.0, 0.06020599913279623, 0.09030899869919434, 0.09666666666666668, 0.08333333333333334, 0.07, 0.05666666666666667],
    )
    fall = ours.WarmupCosineLR(0.1, 40, 0.1, 10, warmup_type="linear")
    gave(
        fall, 4, [0.0, 0.037, 0.073, 0.09890748929868662, 0.0904518046337755, 0.0750025, 0.05523090052106634, 0.03455569536622451]
    )
    cycle = ours.OneCycle(
        0.1, 0.01, 0.1, 0.5, 20, 25, cycle_first_stair_count=4, decay_step_size=5, decay_mom_rate=0.01
    ).plans_for("")  # type: ignore[union-attr]
    gave(cycle["lr"], 4, [0.01, 0.01, 0.0325, 0.055, 0.0775, 0.1, 0.0775, 0.055, 0.055, 0.0325, 0.01, 0.01, 0.007692307692307692])
    gave(cycle["betas[0]"], 4, [0.8, 0.9, 0.875, 0.85, 0.825, 0.8, 0.825, 0.85, 0.85, 0.875, 0.9, 0.9, 0.9054, 0.9126])


def test_ours_wastes_no_update_where_theirs_wastes_two() -> None:
    theirs, better = ours.WarmupLR(0.1, warmup_num_steps=100, warmup_type="linear"), (0.1 * an.warmup(100)).over()

    assert np.count_nonzero(theirs.values(100) == 0) == 2
    assert np.count_nonzero(better.values() == 0) == 0


@pytest.mark.parametrize("name", ["LRRangeTest", "OneCycle", "WarmupLR", "WarmupDecayLR", "WarmupCosineLR"])
def test_the_catalogue_says_that_it_is_checked_and_gives_an_example(name: str) -> None:
    row = DIALECTS[f"deepspeed.{name}"]
    plan = parse(row.example)

    assert row.checked
    assert isinstance(plan, (an.Plan, an.RecipePlan))
    reads_back(plan)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ours.LRRangeTest(lr_range_test_step_size=0), "lr_range_test_step_size"),
        (lambda: ours.OneCycle(0.1), "cycle_min_lr"),
        (lambda: ours.OneCycle(0.1, 0.0, 0.1, cycle_first_step_size=0), "cycle_first_step_size"),
        (ours.WarmupLR, "warmup_max_lr"),
        (lambda: ours.WarmupLR(0.1, warmup_num_steps=0), "warmup_num_steps"),
        (lambda: ours.WarmupLR(0.1, warmup_type="cosine"), "'log', 'linear'"),
        (lambda: ours.WarmupDecayLR(0.1), "total_num_steps"),
        (lambda: ours.WarmupCosineLR(-0.1, 10), "below 0"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, said: str) -> None:
    with pytest.raises(an.AnnealingError, match=said):
        make()
