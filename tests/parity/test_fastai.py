"""fastai's annealers and policies by their formulas (its own code runs in test_extracted*.py), and values it gave.

Theirs computes positions of combined schedules in float32, so the formulas do as well, with torch's own numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS, parse
from annealing.dialects import fastai as ours
from tests.parity.golden import agree, reads_back

Annealer = Callable[[float], float]

values = st.floats(0.01, 2.0)
totals = st.integers(1, 150)
NAMES = [
    "LRFinder",
    "ParamScheduler",
    "SchedCos",
    "SchedExp",
    "SchedLin",
    "SchedNo",
    "SchedPoly",
    "combine_scheds",
    "combined_cos",
]
FITS = ["fine_tune", "fit_flat_cos", "fit_one_cycle", "fit_sgdr"]


def cos(start: float, end: float) -> Annealer:
    return lambda p: start + (1 + float(np.cos(np.pi * (1 - p)))) * (end - start) / 2


KINDS: dict[str, Callable[[float, float], Annealer]] = {
    "Lin": lambda start, end: lambda p: start + p * (end - start),
    "Cos": cos,
    "No": lambda start, end: lambda p: start,
    "Exp": lambda start, end: lambda p: start * (end / start) ** p,
}


def combined(pcts: Sequence[float], scheds: Sequence[Annealer]) -> Annealer:
    """Their rule for which annealer is on: shares rounded to float32, added up, and compared in float32."""
    edges = np.array([0.0, *accumulate(np.array(pcts, np.float32).astype(float))]).astype(np.float32)

    def at(position: float) -> float:
        index = min(int(np.flatnonzero(np.float32(position) >= edges).max()), len(scheds) - 1)
        done = (np.float32(position) - edges[index]) / (edges[index + 1] - edges[index])
        return scheds[index](float(done))

    return at


@pytest.mark.parametrize("kind", KINDS)
@given(start=values, end=values, total=totals)
def test_an_annealer_uses_the_share_of_batches_that_are_done(kind: str, start: float, end: float, total: int) -> None:
    plan = getattr(ours, f"Sched{kind}")(start, end, total)
    expected = KINDS[kind](start, end)

    agree(plan, lambda t: expected(t / total), total)
    reads_back(plan)


@given(start=values, end=values, power=st.floats(0.2, 4.0), total=totals)
def test_a_power_of_what_is_done(start: float, end: float, power: float, total: int) -> None:
    agree(ours.SchedPoly(start, end, power, total), lambda t: start + (end - start) * (t / total) ** power, total)


shares = st.lists(st.integers(1, 20), min_size=1, max_size=4)


@given(
    parts=shares, ends=st.lists(st.tuples(st.sampled_from(sorted(KINDS)), values, values), min_size=4, max_size=4), total=totals
)
def test_annealers_one_after_another_change_over_when_float32_says_so(
    parts: list[int], ends: list[tuple[str, float, float]], total: int
) -> None:
    pcts = [part / sum(parts) for part in parts]
    own = [getattr(ours, f"Sched{kind}")(start, end) for kind, start, end in ends][: len(pcts)]
    theirs = [KINDS[kind](start, end) for kind, start, end in ends][: len(pcts)]
    plan = ours.combine_scheds(pcts, own, total)
    expected = combined(pcts, theirs)

    agree(plan, lambda t: expected(t / total), total, within=5e-6)  # float32 positions, divided by shares down to 2%
    reads_back(plan)


@given(
    epochs=st.integers(1, 6),
    batches=st.integers(1, 30),
    pct=st.floats(0.05, 0.95),
    div=st.floats(1.0, 50.0),
    lr=st.floats(1e-4, 1.0),
)
def test_one_cycle_of_rate_and_momentum(epochs: int, batches: int, pct: float, div: float, lr: float) -> None:
    total = epochs * batches
    recipe = ours.fit_one_cycle(epochs, lr, div, 1e4, pct, steps_per_epoch=batches)
    rate = combined([pct, 1 - pct], [cos(lr / div, lr), cos(lr, lr / 1e4)])
    momentum = combined([pct, 1 - pct], [cos(0.95, 0.85), cos(0.85, 0.95)])

    agree(recipe.plans_for("")["lr"], lambda t: rate(t / total), total, within=2e-6)
    agree(recipe.plans_for("")["momentum"], lambda t: momentum(t / total), total, within=2e-6)
    reads_back(recipe)


@given(epochs=st.integers(1, 6), batches=st.integers(1, 30), pct=st.floats(0.05, 0.95), lr=st.floats(1e-4, 1.0))
def test_flat_then_cosine(epochs: int, batches: int, pct: float, lr: float) -> None:
    total = epochs * batches
    plan = ours.fit_flat_cos(epochs, lr, 1e3, pct, steps_per_epoch=batches)
    rate = combined([pct, 1 - pct], [lambda p: lr, cos(lr, lr / 1e3)])

    agree(plan, lambda t: rate(t / total), total, within=2e-6)
    reads_back(plan)


@given(cycles=st.integers(1, 4), length=st.integers(1, 2), growth=st.integers(2, 3), batches=st.integers(1, 40))
def test_warm_restarts_come_when_float32_says_so(cycles: int, length: int, growth: int, batches: int) -> None:
    epochs = length * (growth**cycles - 1) // (growth - 1)
    pcts = [length * growth**i / epochs for i in range(cycles)]
    assume(sum(pcts) == 1.0)  # theirs asserts it
    plan = ours.fit_sgdr(cycles, length, 0.1, growth, steps_per_epoch=batches)
    rate = combined(pcts, [cos(0.1, 0.0)] * cycles)

    agree(plan, lambda t: rate(t / (epochs * batches)), epochs * batches, within=2e-6)
    reads_back(plan)


def test_the_third_cycle_begins_with_a_batch_at_rate_zero() -> None:
    """fastai 2.8.12 gives 7.5e-15 there: float32 says that 1/7 + 2/7 is more than 3/7."""
    plan = ours.fit_sgdr(3, 1, 0.1, steps_per_epoch=100)

    assert plan(299) < 1e-4
    assert plan(300) == 0
    assert plan(301) > 0.0999
    assert (0.1 * an.sgdr(3)).over(700)(300) == 0.1  # ours


def test_fine_tuning_is_two_one_cycles_with_a_rate_for_each_group() -> None:
    plan = ours.fine_tune(3, 0.2, 2, steps_per_epoch=50, groups=("stem", "body", "head"))
    peaks = {"stem": (0.02, 0.001), "body": (0.02, 0.01), "head": (0.2, 0.1)}

    for group, (frozen, free) in peaks.items():
        first = combined([0.99, 1 - 0.99], [cos(frozen / 25, frozen), cos(frozen, frozen / 1e5)])
        second = combined([0.3, 0.7], [cos(free / 5, free), cos(free, free / 1e5)])
        rate = plan.plans_for(group)["lr"]
        agree(rate, lambda t, f=first: f(t / 100), 99, within=2e-6)
        agree(rate, lambda t, f=second: f((t - 100) / 150), 150, first=100, within=2e-6)
        assert plan.plans_for(group)["momentum"](145) == 0.85
    reads_back(plan)


def test_the_range_test_never_uses_its_end_and_takes_six_batches_at_least() -> None:
    agree(ours.LRFinder(1e-5, 1.0, 40), lambda t: 1e-5 * 1e5 ** (t / 40), 40)
    assert ours.LRFinder(num_it=3) == ours.LRFinder(num_it=6)


def test_hyper_parameters_have_our_names() -> None:
    scheds = {name: ours.SchedLin(0.9, 0.5, 10) for name in ("lr", "mom", "wd", "sqr_mom")}

    assert sorted(ours.ParamScheduler(scheds).plans_for("")) == ["betas[1]", "lr", "momentum", "weight_decay"]


@pytest.mark.parametrize("name", [*NAMES, *FITS])
def test_the_catalogue_says_that_it_is_checked_and_gives_an_example(name: str) -> None:
    row = DIALECTS[f"fastai.{name}"]
    plan = parse(row.example)

    assert row.checked
    assert isinstance(plan, (an.Plan, an.RecipePlan))
    reads_back(plan)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ours.combine_scheds([0.5, 0.4], [ours.SchedLin(0, 1), ours.SchedLin(1, 0)], 10), "add up to 1"),
        (lambda: ours.combine_scheds([1.0], [ours.SchedLin(0, 1), ours.SchedLin(1, 0)], 10), "one share for each"),
        (lambda: ours.combine_scheds([1.0], [ours.SchedLin(0, 1, 10)], 10), "without a total"),
        (lambda: ours.combine_scheds([1.0], [an.chain(an.hold(3), an.linear())], 10), "without a total"),
        (lambda: ours.ParamScheduler({"lr": an.cosine()}), "is no plan"),
        (lambda: ours.SchedExp(1.0, 0.0), "equal ratios"),
        (lambda: ours.SchedPoly(1.0, 0.0, 0.0), "above 0"),
        (lambda: ours.fit_sgdr(3, 1, cycle_mult=1, steps_per_epoch=10), "divides by zero"),
        (lambda: ours.fit_one_cycle(1, moms=(0.9, 0.8), steps_per_epoch=10), "three momenta"),
        (lambda: ours.fine_tune(1, steps_per_epoch=10, groups=()), "no parameter group"),
        (lambda: ours.combined_cos(1.5, 0, 1, 0, 10), "between 0 and 1"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, said: str) -> None:
    with pytest.raises(an.AnnealingError, match=said):
        make()
