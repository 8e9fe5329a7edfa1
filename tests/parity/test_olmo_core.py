"""OLMo-core's schedulers by their formulas (its own code runs in test_extracted*.py), and values that they once gave.

Formulas are of `current`, which the trainer counts up before it trains: update t has current = t + 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS, parse
from annealing.dialects import olmo_core as ours
from tests.parity.golden import agree, cosine, gave, reads_back

NAMES = [
    "ComposableScheduler", "ConstantScheduler", "ConstantWithWarmup", "CosWithWarmup", "CosWithWarmupAndLinearDecay",
    "ExponentialScheduler", "HalfCosWithWarmup", "InvSqrtWithWarmup", "LinearWithWarmup", "PowerLR", "SequentialScheduler",
    "WSD", "WSDS",
]  # fmt: skip
LR = 3e-4

totals = st.integers(2, 120)
warmups = st.integers(0, 60)
minima = st.sampled_from([0.0, 1e-5])
ends = st.floats(0.0, 0.5)
Rate = Callable[[int], float]


def rise(s: int, warm: int, low: float, peak: float = LR) -> float:
    return low + (peak - low) * min(s, warm) / warm


def fall(left: int, length: int, low: float, peak: float = LR) -> float:
    return low + (peak - low) * min(left, length) / length


def trained(plan: an.Plan, rate: Rate, steps: int) -> None:
    """The rates of a run, of which update t is trained at current = t + 1."""
    agree(plan, lambda t: rate(t + 1), steps)
    reads_back(plan)


def curve(warm: int, end: int, low: float, alpha: float, shape: Callable[[float], float]) -> Rate:
    def rate(s: int) -> float:
        if s < warm:
            return rise(s, warm, low)
        return LR * (alpha + (1 - alpha) * shape((s - warm) / (end - warm))) if s < end else LR * alpha

    return rate


@given(total=totals, warm=warmups, low=minima, alpha=ends, t_max=st.none() | totals)
def test_a_warm_up_and_a_curve_to_t_max(total: int, warm: int, low: float, alpha: float, t_max: int | None) -> None:
    fields = {"warmup": warm, "warmup_min_lr": low, "alpha_f": alpha, "t_max": t_max, "lr": LR, "max_steps": total}
    end = total if t_max is None else t_max

    trained(ours.CosWithWarmup(**fields), curve(warm, end, low, alpha, cosine), total)
    trained(ours.LinearWithWarmup(**fields), curve(warm, end, low, alpha, lambda p: 1 - p), total)


@given(total=totals, warm=st.integers(0, 60), alpha=ends)
def test_the_second_half_of_a_cosine(total: int, warm: int, alpha: float) -> None:
    def rate(s: int) -> float:
        if s < warm:
            return rise(s, warm, 0.0, LR * (alpha + (1 - alpha) / 2))
        done = (s - warm + total - warm) / (2 * (total - warm)) if s < total else 1.0
        return LR * (alpha + (1 - alpha) * cosine(done))

    trained(ours.HalfCosWithWarmup(warmup=warm, alpha_f=alpha, lr=LR, max_steps=total), rate, total)


@given(total=totals, share=st.floats(0.0, 1.0), alpha=ends, low=minima)
def test_a_constant_and_an_inverse_square_root(total: int, share: float, alpha: float, low: float) -> None:
    warm = round(total * share)
    fields = {"warmup_fraction": share, "warmup_min_lr": low, "lr": LR, "max_steps": total}

    trained(ours.ConstantWithWarmup(**fields), lambda s: rise(s, warm, low) if s <= warm else LR, total)
    trained(
        ours.InvSqrtWithWarmup(alpha_f=alpha, **fields),
        lambda s: rise(s, warm, low) if s < warm else LR * (alpha + (1 - alpha) * math.sqrt(warm / s)),
        total,
    )


@given(total=totals, warm=warmups, decay=st.integers(1, 80), low=minima, b=st.floats(-2.0, -0.1))
def test_a_stable_or_a_power_stretch_and_a_linear_decay(total: int, warm: int, decay: int, low: float, b: float) -> None:
    fields = {"warmup": warm, "decay": decay, "decay_fraction": None, "decay_min_lr": low, "lr": LR, "max_steps": total}

    def stable(s: int) -> float:
        if s <= warm:
            return rise(s, warm, 0.0)
        return fall(total - s, decay, low) if s >= total - decay else LR

    def power(s: int) -> float:
        if s <= warm:
            return rise(s, warm, 0.0)
        return LR * (s / warm) ** b if s < total - decay else fall(total - s, decay, low, LR * ((total - decay) / warm) ** b)

    trained(ours.WSD(**fields), stable, total)
    if warm and decay < total and low < LR * ((total - decay) / warm) ** b:
        trained(ours.PowerLR(b=b, **fields), power, total)


@given(total=totals, warm=warmups, decay=st.floats(0.1, 0.9), alpha=st.floats(0.1, 0.5))
def test_a_cosine_that_is_cut_off_by_a_line(total: int, warm: int, decay: float, alpha: float) -> None:
    length = round(total * decay)
    whole = curve(warm, total, 0.0, alpha, cosine)
    assume(length and whole(total - length) > 0)  # where theirs divides by zero or fails an assertion
    plan = ours.CosWithWarmupAndLinearDecay(warmup=warm, alpha_f=alpha, decay_fraction=decay, lr=LR, max_steps=total)

    trained(plan, lambda s: whole(s) if s < total - length else fall(total - s, length, 0.0, whole(total - length)), total)


@given(
    lengths=st.lists(st.integers(5, 50), min_size=1, max_size=4), warm=st.integers(0, 3), share=st.floats(0.2, 0.4), low=minima
)
def test_every_period_stays_and_falls(lengths: list[int], warm: int, share: float, low: float) -> None:
    heights = [1.0, 0.5, 2.0, 1.5][: len(lengths)]
    own = [lengths[0] - warm, *lengths[1:]]
    edges = np.cumsum(own).tolist()

    def rate(s: int) -> float:
        if s < warm:
            return rise(s, warm, 0.0)
        at = s - warm
        if at >= edges[-1]:
            return low
        i = next(i for i, edge in enumerate(edges) if at <= edge)
        decay, left = round(share * lengths[i]), edges[i] - at
        return LR * heights[i] if left > decay else fall(left, decay, low, LR * heights[i])

    fields = {"warmup": warm, "decay_fraction": share, "decay_min_lr": low, "lr": LR, "max_steps": 150}
    trained(ours.WSDS(period_lengths=lengths, period_lr_multipliers=heights, **fields), rate, 150)


@given(total=totals, low=st.sampled_from([1e-9, 1e-5]))
def test_a_rise_by_equal_ratios(total: int, low: float) -> None:
    trained(ours.ExponentialScheduler(lr_min=low, lr=LR, max_steps=total), lambda s: low * (LR / low) ** (s / total), total)


@given(total=st.integers(30, 120), first=st.integers(5, 40), start=st.integers(0, 60), cut=st.booleans())
def test_schedulers_in_sequence_begin_where_the_last_one_ended(total: int, first: int, start: int, cut: bool) -> None:
    one, peak = curve(3, min(first, total), 0.0, 0.5, cosine), LR * 0.5
    override = {"start": start, "duration": 10, "end_lr": 0.0} if cut else None

    def both(s: int) -> float:
        if s <= first:
            return one(s)
        return 0.2 * peak + 0.8 * peak * (1 - (s - first) / (total - first))

    def rate(s: int) -> float:
        return both(s) if not cut or s < start else max(0.0, both(start) * (1 - (s - start) / 10)) if start else 0.0

    parts = [
        {"type": "cos_with_warmup", "warmup": 3, "alpha_f": 0.5},
        {"type": "linear_with_warmup", "warmup": 0, "alpha_f": 0.2},
    ]
    plan = ours.SequentialScheduler(schedulers=parts, schedulers_max=[first], override_decay=override, lr=LR, max_steps=total)

    trained(plan, rate, total)


@given(durations=st.lists(st.integers(1, 30), min_size=1, max_size=4), total=totals)
def test_stages_ignore_how_long_the_run_is(durations: list[int], total: int) -> None:
    levels = [0.2, 1.0, 0.3, 0.0, 0.6]
    stages = [
        {"duration": d, "shape": ["linear", "cosine"][i % 2], "end_lr_fraction": levels[i + 1]} for i, d in enumerate(durations)
    ]
    stages[0]["start_lr"] = 0.2 * LR

    def rate(s: int) -> float:
        begin = 0
        for i, d in enumerate(durations):
            if s < begin + d:
                left = cosine((s - begin) / d) if i % 2 else 1 - (s - begin) / d
                return LR * (levels[i + 1] + (levels[i] - levels[i + 1]) * left)
            begin += d
        return LR * levels[len(durations)]

    trained(ours.ComposableScheduler(stages=stages, lr=LR, max_steps=total), rate, total)


def test_a_run_in_tokens_is_asked_at_the_tokens_seen() -> None:
    plan = ours.CosWithWarmup(warmup=1_000_000, lr=LR, max_tokens=2_000_000_000)

    assert plan.unit == "tokens"
    assert plan(500_000) == 1.5e-4
    assert plan(2_000_000_000) == pytest.approx(0.1 * LR)


def test_it_gives_what_olmo_core_gave() -> None:
    """ai2-olmo-core 3.0.0, whose get_lr was asked for current = 1, 10, 19, …"""
    fields = {"lr": LR, "max_steps": 100}
    gave(
        ours.CosWithWarmup(warmup=20, warmup_min_lr=1e-5, **fields),
        9,
        [
            2.45e-05,
            0.000155,
            0.0002855,
            0.0002933926296998457,
            0.0002710177856689005,
            0.00023553730623665305,
            0.0001913371934721773,
        ],
    )
    gave(
        ours.WSD(warmup=20, decay_fraction=0.3, **fields),
        9,
        [1.5e-05, 0.00015, 0.000285, *[3e-4] * 5, 0.00027, 0.00018, 9e-05, 0.0],
    )
    cut = ours.CosWithWarmupAndLinearDecay(warmup=20, decay_fraction=0.3, **fields)
    gave(cut, 9, [1.5e-05, 0.00015, 0.000285, 0.0002933926296998457, 0.0002710177856689005, 0.00023553730623665305])
    gave(cut, 72, [1.5e-05, 0.00010200396296764159])
    gave(
        ours.WSDS(warmup=10, decay=20, period_lengths=[50, 50], **fields),
        9,
        [3e-05, 3e-4, 3e-4, 3e-4, 0.000195, 6e-05, 3e-4, 3e-4, 3e-4, 0.00027, 0.000135, 0.0],
    )
    parts = [
        {"type": "cos_with_warmup", "warmup": 10, "alpha_f": 0.5},
        {"type": "inv_sqrt_with_warmup", "warmup": 5},
        {"type": "linear_with_warmup", "warmup": 0},
    ]
    gave(
        ours.SequentialScheduler(schedulers=parts, schedulers_max=[40, 30], **fields),
        9,
        [3e-05, 3e-4, 0.00026908389392193543, 0.00020182372542187893, 0.00015367076127786346, 0.00013823757543866236],
    )


def test_the_last_update_is_at_the_end_value_and_none_is_at_zero() -> None:
    plan = ours.CosWithWarmup(warmup=20, lr=LR, max_steps=1000)

    assert plan(999) == pytest.approx(0.1 * LR)
    assert plan(0) == pytest.approx(LR / 20)
    assert np.allclose(plan.values(), (LR * an.chain(an.warmup(19), an.cosine(to=0.1))).over(1000, endpoint=True).values())


@pytest.mark.parametrize("name", NAMES)
def test_the_catalogue_says_that_it_is_checked_and_gives_an_example(name: str) -> None:
    row = DIALECTS[f"olmo_core.{name}"]

    assert row.checked
    reads_back(parse(row.example))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ours.CosWithWarmup(warmup=5), "max_steps="),
        (lambda: ours.CosWithWarmup(warmup=5, max_steps=10, max_tokens=10), "max_steps="),
        (lambda: ours.CosWithWarmup(max_steps=10), "either warmup="),
        (lambda: ours.CosWithWarmup(warmup=5, warmup_fraction=0.1, max_steps=10), "either warmup="),
        (lambda: ours.CosWithWarmup(warmup=5, warmup_min_lr=2.0, max_steps=10), "below the peak"),
        (lambda: ours.WSD(warmup=5, decay=3, max_steps=10), "either decay="),
        (lambda: ours.WSD(warmup=5, decay_fraction=0.0, max_steps=10), "divides by zero"),
        (lambda: ours.WSD(warmup=5, decay_min_lr=1.0, max_steps=10), "below where the decay begins"),
        (lambda: ours.CosWithWarmupAndLinearDecay(warmup=5, decay=30, decay_fraction=None, max_steps=10), "longer than the run"),
        (lambda: ours.PowerLR(warmup=0, max_steps=10), "a warm-up"),
        (lambda: ours.PowerLR(b=0.5, warmup=2, max_steps=10), "b below 0"),
        (lambda: ours.WSDS(period_lengths=[10, 5], warmup=0, decay=8, max_steps=20), "longer than its 5"),
        (lambda: ours.WSDS(period_lengths=[], warmup=0, decay=8, max_steps=20), "at least one period"),
        (lambda: ours.ExponentialScheduler(lr_min=0.0, max_steps=20), "above 0"),
        (
            lambda: ours.SequentialScheduler(schedulers=[{"type": "cosine"}], schedulers_max=[], max_steps=9),
            "no scheduler of OLMo",
        ),
        (lambda: ours.SequentialScheduler(schedulers=[{"type": "wsd", "warm": 3}], schedulers_max=[], max_steps=9), "its fields"),
        (lambda: ours.SequentialScheduler(schedulers=[{"type": "wsd"}] * 2, schedulers_max=[], max_steps=9), "but the last"),
        (lambda: ours.ComposableScheduler(stages=[], max_steps=9), "is empty"),
        (lambda: ours.ComposableScheduler(stages=[{"duration": 3}], max_steps=9), "where it ends once"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, said: str) -> None:
    with pytest.raises(an.AnnealingError, match=said):
        make()
