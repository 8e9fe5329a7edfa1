"""Paddle's schedulers by their formulas (unverified here: its wheel is 190 MB), and values that they once gave."""

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
from annealing.dialects import paddle as ours
from tests.parity.golden import agree, cosine, gave, reads_back

NAMES = [
    "CosineAnnealingDecay", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialDecay", "InverseTimeDecay", "LambdaDecay",
    "LinearLR", "LinearWarmup", "MultiStepDecay", "MultiplicativeDecay", "NaturalExpDecay", "NoamDecay", "OneCycleLR",
    "PiecewiseDecay", "PolynomialDecay", "StepDecay",
]  # fmt: skip

rates = st.floats(1e-4, 1.0)
lengths = st.integers(1, 60)
factors = st.floats(0.05, 0.99)
small = st.sampled_from([0.0, 1e-5, 0.05])


@an.register("tests.paddle.decay")
def decay(t: float) -> float:
    return 1 / (1 + t / 9)


def checked(plan: an.Plan, rate: Callable[[int], float], updates: int = 200) -> None:
    agree(plan, rate, updates)
    reads_back(plan)


@given(lr=rates, size=st.integers(1, 1000), warm=lengths)
def test_noam_rises_from_zero_and_falls_as_a_square_root(lr: float, size: int, warm: int) -> None:
    checked(ours.NoamDecay(size, warm, lr), lambda t: lr * size**-0.5 * min(t**-0.5 if t else 1.0, t * warm**-1.5))


@given(lr=rates, gamma=factors, size=lengths)
def test_decays_that_never_end(lr: float, gamma: float, size: int) -> None:
    checked(ours.NaturalExpDecay(lr, gamma), lambda t: lr * math.exp(-gamma * t))
    checked(ours.InverseTimeDecay(lr, gamma), lambda t: lr / (1 + gamma * t))
    checked(ours.ExponentialDecay(lr, gamma), lambda t: lr * gamma**t)
    checked(ours.StepDecay(lr, size, gamma), lambda t: lr * gamma ** (t // size))


@given(marks=st.lists(st.integers(0, 90), min_size=1, max_size=5), extra=st.booleans(), gamma=factors)
def test_values_and_factors_change_at_their_boundaries(marks: list[int], extra: bool, gamma: float) -> None:
    levels = [0.1 * (i + 1) for i in range(len(marks) + 1 + extra)]

    def piecewise(t: int) -> float:
        return next((level for mark, level in zip(marks, levels, strict=False) if t < mark), levels[-1])

    checked(ours.PiecewiseDecay(marks, levels), piecewise)
    rising = sorted({mark + 1 for mark in marks})
    checked(ours.MultiStepDecay(0.1, rising, gamma), lambda t: 0.1 * gamma ** sum(mark <= t for mark in rising))


@given(lr=rates, steps=lengths, end=small, power=st.floats(0.3, 4.0), cycle=st.booleans())
def test_a_polynomial_to_its_end_or_on_longer_and_longer_curves(
    lr: float, steps: int, end: float, power: float, cycle: bool
) -> None:
    def rate(t: int) -> float:
        done = t / (steps * max(1, math.ceil(t / steps))) if cycle else min(t, steps) / steps
        return (lr - end) * (1 - done) ** power + end

    checked(ours.PolynomialDecay(lr, steps, end, power, cycle), rate)


@given(lr=rates, steps=lengths, start=factors, end=st.floats(0.0, 1.0), eta=small, growth=st.integers(1, 3))
def test_lines_and_cosines(lr: float, steps: int, start: float, end: float, eta: float, growth: int) -> None:
    def restarted(t: int) -> float:
        begin, length = 0, steps
        while t >= begin + length:
            begin, length = begin + length, length * growth
        return eta + (lr - eta) * cosine((t - begin) / length)

    checked(ours.LinearLR(lr, steps, start, end), lambda t: lr * (start + (end - start) * min(t, steps) / steps))
    checked(ours.CosineAnnealingDecay(lr, steps, eta), lambda t: eta + (lr - eta) * cosine(t / steps))  # and up again
    checked(ours.CosineAnnealingWarmRestarts(lr, steps, growth, eta), restarted)


@given(
    total=st.integers(1, 120),
    pct=st.floats(0.0, 1.0) | st.sampled_from([0.3, 0.25, 1.0]),
    end=small,
    kind=st.sampled_from(["cos", "linear"]),
    three=st.booleans(),
)
def test_one_cycle_whose_edges_fall_between_updates(total: int, pct: float, end: float, kind: str, three: bool) -> None:
    assume(pct * total - 1 != 0)
    assume(pct < 0.5 or not three)
    edges = [0.0, pct * total - 1, *([2 * pct * total - 2] if three else []), total - 1.0]
    levels = [0.1 / 25, 0.1, *([0.1 / 25] if three else []), end]

    def rate(t: int) -> float:
        i = next((i for i, edge in enumerate(edges[1:-1]) if t <= edge), len(edges) - 2)
        done = (t - edges[i]) / (edges[i + 1] - edges[i])
        return levels[i + 1] + (levels[i] - levels[i + 1]) * (cosine(done) if kind == "cos" else 1 - done)

    plan = ours.OneCycleLR(0.1, total, end_learning_rate=end, phase_pct=pct, anneal_strategy=kind, three_phase=three)

    checked(plan, rate, total + (edges[-1] != edges[-2]))  # with update T, which theirs allows where a phase leads there
    assert plan(total + 1) == plan(total)


@given(
    up=lengths,
    down=st.none() | lengths,
    mode=st.sampled_from(["triangular", "triangular2", "exp_range"]),
    gamma=st.floats(0.9, 1.0),
)
def test_triangles_for_ever(up: int, down: int | None, mode: str, gamma: float) -> None:
    whole = up + (up if down is None else down)
    heights = {"triangular": lambda t: 1.0, "triangular2": lambda t: 0.5 ** (t // whole), "exp_range": lambda t: gamma**t}

    def rate(t: int) -> float:
        at = t % whole
        share = at / up if at <= up else (whole - at) / (whole - up)
        return 0.01 + 0.09 * share * heights[mode](t)

    checked(ours.CyclicLR(0.01, 0.1, up, down, mode, gamma), rate)


@given(lr=rates)
def test_a_users_function_goes_by_its_name(lr: float) -> None:
    checked(ours.LambdaDecay(lr, "tests.paddle.decay"), lambda t: lr * decay(t))
    product = ours.MultiplicativeDecay(lr, "tests.paddle.decay")
    agree(product, lambda t: lr * math.prod(decay(j) for j in range(1, t + 1)), 60)


@given(warm=lengths, steps=lengths, low=small)
def test_a_warm_up_in_front_of_another_schedule(warm: int, steps: int, low: float) -> None:
    after = {
        ours.CosineAnnealingDecay(0.1, steps, 0.01): lambda t: 0.01 + 0.09 * cosine(t / steps),
        ours.PolynomialDecay(0.2, steps, 0.0): lambda t: 0.2 * (1 - min(t, steps) / steps),
        ours.ExponentialDecay(0.1, 0.9): lambda t: 0.1 * 0.9**t,
        ours.StepDecay(0.1, steps): lambda t: 0.1 * 0.1 ** (t // steps),
        0.07: lambda t: 0.07,
    }

    for inner, rate in after.items():
        plan = ours.LinearWarmup(inner, warm, low, 0.1)
        checked(plan, lambda t, rate=rate: low + (0.1 - low) * t / warm if t < warm else rate(t - warm))


def test_it_gives_what_paddle_gave() -> None:
    """paddlepaddle 3.3.1, whose lr.py was run alone."""
    gave(ours.NoamDecay(64, 10), 4, [0.0, 0.015811388300841896, 0.03162277660168379, 0.03608439182435161, 0.03125])
    again = ours.PolynomialDecay(0.1, 20, power=2.0, cycle=True)
    gave(again, 5, [0.1, 0.05629375, 0.025075, 0.00634375, 0.0001, 0.0141484375, 0.00634375, 0.0016609375, 0.0001, 0.00634375])
    cycle = ours.OneCycleLR(0.1, 50, phase_pct=0.33, three_phase=True)
    gave(cycle, 5, [0.004, 0.026609727504305805, 0.07313891927476646, 0.09975372752281098, 0.08138108716228783])
    gave(cycle, 50, [0.004, 0.00012962488162619436])  # one step past the end it rises again
    warmed = ours.LinearWarmup(ours.CosineAnnealingDecay(0.1, 20, 0.01), 10, 0.0, 0.1)
    gave(warmed, 5, [0.0, 0.05, 0.1, 0.08681980515339464, 0.055, 0.023180194846605363, 0.01, 0.023180194846605356, 0.055])
    waves = ours.CyclicLR(0.01, 0.1, 7, 5, mode="triangular2")
    gave(waves, 5, [0.01, 0.0742857142857143, 0.046, 0.02928571428571429, 0.046, 0.01321428571428572, 0.02928571428571429])


def test_ours_stays_down_where_theirs_rises_again() -> None:
    assert ours.CosineAnnealingDecay(0.1, 100)(200) == pytest.approx(0.1)
    assert (0.1 * an.cosine()).over(100)(200) == 0
    assert np.all(np.diff(ours.PolynomialDecay(0.1, 20, cycle=True).values(22)[20:]) > 0)


@pytest.mark.parametrize("name", NAMES)
def test_the_catalogue_says_that_it_is_unverified_and_gives_an_example(name: str) -> None:
    row = DIALECTS[f"paddle.{name}"]

    assert not row.checked
    reads_back(parse(row.example))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ours.NoamDecay(0, 10), "d_model"),
        (lambda: ours.NoamDecay(64, 0), "warmup_steps"),
        (lambda: ours.NaturalExpDecay(0.1, 0.0), "above 0"),
        (lambda: ours.InverseTimeDecay(0.1, -0.1), "below 0"),
        (lambda: ours.ExponentialDecay(0.1, 1.0), "does not decay"),
        (lambda: ours.StepDecay(0.1, 30, 1.5), "does not decay"),
        (lambda: ours.MultiStepDecay(0.1, [30, 30]), "must rise"),
        (lambda: ours.MultiStepDecay(0.1, [30], 1.0), "does not decay"),
        (lambda: ours.PiecewiseDecay([10, 20], [0.1, 0.01]), "need 3 values"),
        (lambda: ours.PiecewiseDecay([], [0.1]), "0 boundaries"),
        (lambda: ours.PolynomialDecay(0.1, 0), "decay_steps"),
        (lambda: ours.PolynomialDecay(0.1, 10, power=0.0), "above 0"),
        (lambda: ours.LinearLR(0.1, 10, start_factor=0.0), "above 0"),
        (lambda: ours.LinearLR(0.1, 0), "total_steps"),
        (lambda: ours.CosineAnnealingDecay(-0.1, 10), "below 0"),
        (lambda: ours.OneCycleLR(0.1, 10, phase_pct=0.1), "divides by zero"),
        (lambda: ours.OneCycleLR(0.1, 10, phase_pct=0.6, three_phase=True), "below 0.5"),
        (lambda: ours.OneCycleLR(0.1, 10, anneal_strategy="exp"), "anneal_strategy"),
        (lambda: ours.CyclicLR(0.1, 0.2, 5, step_size_down=0), "step_size_down"),
        (lambda: ours.LinearWarmup(0.1, 10, 0.1, 0.1), "it is a warm-up"),
        (lambda: ours.LambdaDecay(0.1, lambda t: 1.0), "has no name"),
        (lambda: ours.MultiplicativeDecay(0.1, lambda t: 1.0), "has no name"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, said: str) -> None:
    with pytest.raises(an.AnnealingError, match=said):
        make()
