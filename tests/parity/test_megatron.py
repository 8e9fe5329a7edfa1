"""Megatron-LM's scheduler by its formulas (its own code runs in test_extracted*.py), and values that it once gave."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS, parse
from annealing.dialects import megatron as ours
from tests.parity.golden import agree, cosine, gave, reads_back

TAILS = {
    "linear": lambda q: 1 - q,
    "cosine": cosine,
    "exponential": lambda q: 2 * 0.5**q - 1,
    "minus_sqrt": lambda q: 1 - math.sqrt(q),
}
BASE = {
    "init_lr": 0.0, "max_lr": 3e-4, "min_lr": 3e-5, "lr_warmup_steps": 20, "lr_decay_steps": 100, "lr_decay_style": "linear",
    "start_wd": 0.1, "end_wd": 0.1, "wd_incr_steps": 100, "wd_incr_style": "constant",
}  # fmt: skip


@given(
    end=st.integers(1, 120),
    warm=st.integers(0, 60),
    style=st.sampled_from(["constant", "linear", "cosine", "inverse-square-root", "WSD"]),
    wsd=st.integers(0, 120),
    tail=st.sampled_from(sorted(TAILS)),
    initial=st.sampled_from([0.0, 1e-5]),
    floor=st.sampled_from([0.0, 3e-5, 3e-4]),
)
def test_the_rate_of_every_style(end: int, warm: int, style: str, wsd: int, tail: str, initial: float, floor: float) -> None:
    warm = min(warm, end - 1)

    def rate(n: int) -> float:
        if warm > 0 and n <= warm:
            return initial + (3e-4 - initial) * n / warm
        if style == "constant":
            return 3e-4
        if n > end:
            return floor
        if style == "inverse-square-root":
            return max(floor, 3e-4 * math.sqrt(max(warm, 1)) / math.sqrt(max(n, 1)))
        done = (n - warm) / (end - warm)
        if style == "WSD":
            return floor + (3e-4 - floor) * (1.0 if n <= end - wsd else TAILS[tail]((n - end + wsd) / wsd))
        return floor + (3e-4 - floor) * (cosine(done) if style == "cosine" else 1 - done)

    own = {"init_lr": initial, "min_lr": floor, "lr_warmup_steps": warm, "lr_decay_steps": end, "lr_decay_style": style}
    plan = ours.OptimizerParamScheduler(**(BASE | own), wsd_decay_steps=wsd, lr_wsd_decay_style=tail)

    agree(plan.plans_for("")["lr"], rate, 200)
    reads_back(plan)


@given(
    steps=st.integers(1, 120),
    style=st.sampled_from(["linear", "cosine"]),
    start=st.floats(0.0, 0.1),
    more=st.floats(0.0, 0.2),
    times=st.floats(0.0, 2.0),
)
def test_the_weight_decay_of_every_group(steps: int, style: str, start: float, more: float, times: float) -> None:
    own = {"start_wd": start, "end_wd": start + more, "wd_incr_steps": steps, "wd_incr_style": style}
    plan = ours.OptimizerParamScheduler(**(BASE | own), groups={"*.bias": {"wd_mult": 0.0}, "head": {"wd_mult": times}})

    def decay(n: int) -> float:
        done = min(n / steps, 1.0)
        return start + more * (1 - cosine(done) if style == "cosine" else done)

    agree(plan.plans_for("body")["weight_decay"], decay, 200)
    agree(plan.plans_for("head")["weight_decay"], lambda n: times * decay(n), 200)
    assert not plan.plans_for("layer.bias")["weight_decay"].values().any()
    reads_back(plan)


def test_groups_may_have_rates_of_their_own_and_any_clock() -> None:
    plan = ours.OptimizerParamScheduler(**BASE, groups={"head": {"max_lr": 1e-3, "min_lr": 1e-4}}, unit="updates")

    assert plan.unit == "updates"
    assert plan.plans_for("head")["lr"](20) == 1e-3
    assert plan.plans_for("head")["lr"](100) == 1e-4
    assert plan.plans_for("body")["lr"](20) == 3e-4


def test_it_gives_what_megatron_gave() -> None:
    """megatron-core 0.16.1."""
    own = {"lr_decay_style": "WSD", "start_wd": 0.01, "wd_incr_steps": 80, "wd_incr_style": "cosine"}
    plan = ours.OptimizerParamScheduler(**(BASE | own), wsd_decay_steps=40, lr_wsd_decay_style="exponential").plans_for("")
    gave(
        plan["lr"],
        9,
        [0.0, 0.000135, 0.00027, 3e-4, 3e-4, 3e-4, 3e-4, 0.00027264474531328033, 0.00019861629403236718, 0.00013527791935743098],
    )
    gave(plan["weight_decay"], 9, [0.01, 0.012781389883488219, 0.02078173154799861, 0.033012044132637045, 0.04796044907318961])
    own = {"lr_decay_style": "inverse-square-root", "lr_warmup_steps": 10, "lr_decay_steps": 60, "min_lr": 1e-4}
    plan = ours.OptimizerParamScheduler(**(BASE | own)).plans_for("")
    gave(plan["lr"], 12, [0.0, 0.00027386127875258305, 0.00019364916731037085, 0.00015811388300841897, 0.00013693063937629153])
    gave(plan["lr"], 60, [0.0, 0.0001224744871391589])
    assert plan["lr"](61) == 1e-4


@given(first=st.integers(1, 9), by=st.integers(1, 9), steps=st.integers(1, 20), samples=st.integers(1, 300))
def test_the_batch_size_is_raised_in_equal_increments(first: int, by: int, steps: int, samples: int) -> None:
    final = first + by * steps
    plan = ours.RampupBatchsizeNumMicroBatchesCalculator(final, first, by, samples)

    agree(plan, lambda n: final if n > samples else first + int(n / (samples / steps)) * by, samples + 20)
    assert plan.unit == "samples"
    reads_back(plan)


def test_our_state_is_a_count_so_that_resuming_never_adds_up() -> None:
    """Theirs steps by the saved count on top of its own when it loads; a plan is asked at the count that is loaded."""
    plan = ours.OptimizerParamScheduler(**BASE).plans_for("")["lr"]
    saved_at = 60

    assert np.array_equal(plan(np.arange(saved_at, 100)), plan.values()[saved_at:])
    assert plan(saved_at) != plan(2 * saved_at)


@pytest.mark.parametrize("name", ["OptimizerParamScheduler", "RampupBatchsizeNumMicroBatchesCalculator"])
def test_the_catalogue_says_that_it_is_checked_and_gives_an_example(name: str) -> None:
    row = DIALECTS[f"megatron.{name}"]
    plan = parse(row.example)

    assert row.checked
    assert isinstance(plan, (an.Plan, an.RecipePlan))
    reads_back(plan)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"lr_warmup_steps": 100}, "must be below lr_decay_steps"),
        ({"min_lr": 1e-3}, "must not be above max_lr"),
        ({"init_lr": 1e-3}, "must not be above max_lr"),
        ({"lr_decay_style": "exponential"}, "lr_decay_style"),
        ({"lr_decay_style": "WSD"}, "wsd_decay_steps"),
        ({"lr_decay_style": "WSD", "wsd_decay_steps": 9, "lr_wsd_decay_style": "sqrt"}, "lr_wsd_decay_style"),
        ({"start_wd": 0.05}, "to be equal"),
        ({"start_wd": 0.2, "wd_incr_style": "linear"}, "not above end_wd"),
        ({"wd_incr_steps": 0, "wd_incr_style": "linear"}, "divides by zero"),
        ({"groups": {"head": {"lr": 1.0}}}, "cannot override lr"),
    ],
)
def test_what_theirs_asserts_against_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(an.AnnealingError, match=said):
        ours.OptimizerParamScheduler(**(BASE | wrong))


def test_increments_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(an.AnnealingError, match="do not lead from"):
        ours.RampupBatchsizeNumMicroBatchesCalculator(100, 64, 64, 3000)
