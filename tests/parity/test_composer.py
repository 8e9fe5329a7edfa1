"""composer's schedulers by their formulas (its own code runs in test_extracted*.py), and values it once gave."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.dialects import DIALECTS, parse
from annealing.dialects import composer as ours
from tests.parity.golden import agree, cosine, gave, reads_back

rates = st.floats(1e-4, 1.0)
ends = st.floats(0.0, 0.5)
batches = st.integers(1, 80)
NAMES = [
    "Step", "MultiStep", "Constant", "Linear", "Exponential", "CosineAnnealing", "CosineAnnealingWarmRestarts", "Polynomial",
    "MultiStepWithWarmup", "ConstantWithWarmup", "LinearWithWarmup", "CosineAnnealingWithWarmup", "PolynomialWithWarmup",
]  # fmt: skip


def warmed(warm: int, end: int, ease: Any, to: float, top: float = 1.0) -> Any:
    """A straight rise to the top, then an ease from 1 to 0 stretched between the top and its end."""

    def alpha(t: int) -> float:
        if t < warm:
            return top * t / warm
        done = min(1.0, (t - warm) / (end - warm)) if end > warm else 0.0
        return to + (top - to) * ease(done)

    return alpha


@given(lr=rates, total=batches, length=batches, to=ends, power=st.floats(0.3, 4.0))
def test_one_curve_to_the_end_of_t_max(lr: float, total: int, length: int, to: float, power: float) -> None:
    run = {"lr": lr, "max_duration": f"{total}ba", "t_max": f"{length}ba"}

    for plan, top, ease in [
        (ours.LinearScheduler(0.7, to, **run), 0.7, lambda p: 1 - p),
        (ours.CosineAnnealingScheduler(alpha_f=to, **run), 1.0, cosine),
        (ours.PolynomialScheduler(power, alpha_f=to, **run), 1.0, lambda p: (1 - p) ** power),
    ]:
        agree(plan, lambda t, top=top, ease=ease: lr * (to + (top - to) * ease(min(1.0, t / length))), total + 1)
        reads_back(plan)


@given(lr=rates, total=batches, warm=st.integers(0, 60), extra=st.integers(0, 60), to=ends, power=st.floats(0.3, 4.0))
def test_a_warm_up_and_a_curve(lr: float, total: int, warm: int, extra: int, to: float, power: float) -> None:
    run = {"lr": lr, "max_duration": f"{total}ba", "t_max": f"{total + extra}ba"}
    length = total + extra
    plans = {
        ours.LinearWithWarmupScheduler(f"{warm}ba", 0.8, to, **run): warmed(warm, length, lambda p: 1 - p, to, 0.8),
        ours.CosineAnnealingWithWarmupScheduler(f"{warm}ba", alpha_f=to, **run): warmed(warm, length, cosine, to),
        ours.PolynomialWithWarmupScheduler(f"{warm}ba", power, alpha_f=to, **run): warmed(
            warm, length, lambda p: (1 - p) ** power, to
        ),
        ours.ConstantWithWarmupScheduler(f"{warm}ba", 0.3, **run): warmed(warm, length, lambda p: 1 - p, 0.3, 0.3),
    }

    for plan, alpha in plans.items():
        agree(plan, lambda t, f=alpha: lr * f(t), total + 1)
        reads_back(plan)


@given(lr=rates, total=batches, size=batches, gamma=st.floats(0.01, 0.99), marks=st.lists(st.integers(1, 90), min_size=1))
def test_steps_milestones_and_ratios(lr: float, total: int, size: int, gamma: float, marks: list[int]) -> None:
    run = {"lr": lr, "max_duration": f"{total}ba"}
    written = [f"{mark}ba" for mark in marks]
    passed = [sum(mark <= t for mark in marks) for t in range(total + 1)]

    agree(ours.StepScheduler(f"{size}ba", gamma, **run), lambda t: lr * gamma ** (t // size), total + 1)
    agree(ours.ExponentialScheduler(gamma, f"{size}ba", **run), lambda t: lr * gamma ** (t / size), total + 1)
    agree(ours.ConstantScheduler(gamma, f"{size}ba", **run), lambda t: lr * (gamma if t < size else 1.0), total + 1)
    agree(ours.MultiStepScheduler(written, gamma, **run), lambda t: lr * gamma ** passed[t], total + 1)
    warm = ours.MultiStepWithWarmupScheduler(f"{size}ba", written, gamma, **run)
    agree(warm, lambda t: lr * (t / size if t < size else gamma ** passed[t]), total + 1)
    reads_back(warm)


@given(total=st.integers(1, 300), first=st.integers(4, 40), growth=st.sampled_from([1.0, 1.05, 1.5, 2.0, 3.0]), to=ends)
def test_restarts_on_lengths_that_are_cut_one_after_another(total: int, first: int, growth: float, to: float) -> None:
    def alpha(t: int) -> float:
        length, end = first, first
        while end <= t:
            length = int(growth * length)
            end += length
        return to + (1 - to) * cosine((t - end + length) / length)

    plan = ours.CosineAnnealingWarmRestartsScheduler(f"{first}ba", growth, to, max_duration=f"{total}ba")

    agree(plan, alpha, total + 1)
    reads_back(plan)


@given(
    epochs=st.integers(1, 12), batches=st.integers(1, 9), share=st.floats(0.05, 1.2), ssr=st.sampled_from([0.5, 1.0, 1.5, 2.0])
)
def test_epochs_and_shares_become_batches_and_are_cut_off(epochs: int, batches: int, share: float, ssr: float) -> None:
    whole = int(epochs * ssr) * batches
    length = int(share * batches * int(epochs * ssr))
    if not whole or not length:
        with pytest.raises(an.AnnealingError, match="comes to nothing"):
            ours.LinearScheduler(t_max=f"{share}dur", max_duration=f"{epochs}ep", dataloader_len=batches, ssr=ssr)
        return

    plan = ours.LinearScheduler(t_max=f"{share}dur", max_duration=f"{epochs}ep", dataloader_len=batches, ssr=ssr)

    assert plan.total == whole
    agree(plan, lambda t: 1 - min(1.0, t / length), whole + 1)


def test_tokens_and_samples_are_the_plans_own_clock() -> None:
    plan = ours.CosineAnnealingWithWarmupScheduler("1e6tok", alpha_f=0.1, lr=3e-4, max_duration="2e9tok")

    assert (plan.unit, plan.total) == ("tokens", 2_000_000_000)
    assert plan(500_000) == 1.5e-4
    assert ours.StepScheduler("100sp", max_duration="1ep", dataloader_len=10).total == math.inf  # how many samples is not known


def test_it_gives_what_composer_gave() -> None:
    """mosaicml 0.32.1: a stretched run whose warm-up is cut off, restarts, milestones inside and after a warm-up."""
    stretched = ours.CosineAnnealingWithWarmupScheduler(
        "2ep", alpha_f=0.1, scale_warmup=True, max_duration="10ep", dataloader_len=7, ssr=1.5
    )
    gave(
        stretched, 13, [0.0, 0.6190476190476191, 0.9619336038364149, 0.8425468421509349, 0.6652175905258962, 0.46506808204618755]
    )
    restarts = ours.CosineAnnealingWarmRestartsScheduler("10ba", 1.5, 0.1, max_duration="100ba")
    gave(restarts, 9, [1.0, 0.12202456766718092, 0.502962191529556, 0.9817718381265239, 0.55, 0.11822816187347623])
    milestones = ours.MultiStepWithWarmupScheduler("0.29dur", ["20ba", "0.57dur"], 0.5, max_duration="100ba")
    gave(milestones, 9, [0.0, 0.32142857142857145, 0.6428571428571429, 0.9642857142857143, 0.5, 0.5, 0.5, 0.25, 0.25])


@pytest.mark.parametrize("name", NAMES)
def test_the_catalogue_says_that_it_is_checked_and_gives_an_example(name: str) -> None:
    row = DIALECTS[f"composer.{name}Scheduler"]

    assert row.checked
    reads_back(parse(row.example))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ours.LinearScheduler(t_max="10", max_duration="1ep", dataloader_len=3), "no time of composer's"),
        (lambda: ours.LinearScheduler(t_max="1.5ba", max_duration="10ba"), "no time of composer's"),
        (lambda: ours.LinearScheduler(t_max="30sec", max_duration="10ba"), "no time of composer's"),
        (lambda: ours.LinearScheduler(max_duration="2ep"), "dataloader_len="),
        (lambda: ours.LinearScheduler(max_duration="1dur"), "share of itself"),
        (lambda: ours.LinearScheduler(t_max="0ba", max_duration="10ba"), "comes to nothing"),
        (lambda: ours.LinearWithWarmupScheduler("1ba", t_max="5ba", max_duration="10ba"), "over before"),
        (lambda: ours.LinearWithWarmupScheduler("9tok", max_duration="10ba"), "two clocks"),
        (lambda: ours.MultiStepScheduler(["9tok", "3ba"], max_duration="10ba"), "different clocks"),
        (lambda: ours.MultiStepScheduler([], max_duration="10ba"), "list of times"),
        (lambda: ours.CosineAnnealingWarmRestartsScheduler("4ba", 0.5, max_duration="100ba"), "shrinks"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, said: str) -> None:
    with pytest.raises(an.AnnealingError, match=said):
        make()
