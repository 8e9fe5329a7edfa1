"""The schedules that papers and handbooks name (features F1 to F13), each against its formula written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import annealing as an
from annealing.core.errors import ArgumentError
from tests.core.refusals import refused

EPOCHS, PER_EPOCH = 12, 25
RUN = an.Horizon(EPOCHS * PER_EPOCH, epochs=EPOCHS)
T = RUN.updates
t = np.arange(T)
epoch = t // PER_EPOCH + 1  # counted from 1, as the papers do
PEAK = 0.4


def agrees(schedule: an.Schedule, formula: np.ndarray, **over: object) -> None:
    """Equal at every update of the run, as numbers in their own units."""
    np.testing.assert_allclose((PEAK * schedule).over(RUN, **over).values(), PEAK * formula, rtol=1e-12, atol=1e-16)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "schedule",
    [
        an.constant(),
        an.step("1ep", 0.5),
        an.step(),
        an.exponential(),
        an.geometric(0.9, per="1ep"),
        an.inverse_sqrt("1ep"),
        an.inverse_time(0.5, per="1ep"),
        an.linear(),
        an.cosine(),
        an.cooldown(),
        an.polynomial(),
        an.stairs({"50%": 0.1, "75%": 0.01}),
    ],
    ids=str,
)
def test_f1_annealing_only_ever_reduces_the_rate(schedule: an.Schedule) -> None:
    values = schedule.over(RUN).values()

    assert values[0] == 1
    assert (np.diff(values) <= 0).all()
    assert (values > 0).all()


def test_f2_the_plain_update_rule_follows_a_plan() -> None:
    """parameter = parameter − rate·gradient on x²/2, where the gradient is x: what is left is ∏(1 − η_t)."""
    plan = (PEAK * an.cosine()).over(RUN)
    parameter = 1.0
    for update in range(40):
        parameter = parameter - plan(update) * parameter

    assert parameter == pytest.approx(np.prod(1 - PEAK * (1 + np.cos(np.pi * np.arange(40) / T)) / 2))


def test_f3_a_constant_rate_is_constant() -> None:
    agrees(an.constant(), np.ones(T))
    assert (an.constant(0.1).over(5).values() == 0.1).all()
    assert an.constant() == an.hold()
    assert an.constant(0.1) == 0.1 * an.hold()


@pytest.mark.parametrize(("k", "gamma"), [(1, 0.5), (3, 0.1), (5, 0.9)])
def test_f4_step_decay_falls_after_every_k_epochs(k: int, gamma: float) -> None:
    """η_e = η0·γ^⌊(e − 1)/k⌋."""
    agrees(an.step(f"{k}ep", gamma), gamma ** ((epoch - 1) // k))


def test_f4_step_decay_at_chosen_milestones() -> None:
    agrees(an.stairs({"4ep": 0.1, "8ep": 0.01}), np.select([epoch <= 4, epoch <= 8], [1, 0.1], 0.01))


def test_f5_exponential_decay_by_gamma_per_epoch_changes_once_an_epoch() -> None:
    """η_e = η0·γ^(e − 1)."""
    agrees(an.geometric(0.9, per="1ep").every("1ep"), 0.9 ** (epoch - 1.0))


def test_f5_exponential_decay_per_update_changes_at_every_update() -> None:
    """η_t = η0·γ^t, which is η0·e^(−kt) with γ = e^(−k)."""
    agrees(an.geometric(0.99), 0.99**t)
    agrees(an.geometric(np.exp(-0.01)), np.exp(-0.01 * t))


def test_f5_per_epoch_and_per_update_meet_where_epochs_begin() -> None:
    """γ per epoch, once smooth and once in steps: equal at the first update of an epoch, lower inside it."""
    smooth = an.geometric(0.9, per="1ep").over(RUN).values()
    stepped = an.geometric(0.9, per="1ep").every("1ep").over(RUN).values()
    begins = t % PER_EPOCH == 0

    np.testing.assert_allclose(smooth[begins], stepped[begins])
    assert (smooth[~begins] < stepped[~begins]).all()


def test_f6_inverse_time_decay_by_the_root_of_the_epoch() -> None:
    """η_e = η0/√e, epochs from 1: the first of two rules called inverse time decay."""
    agrees(an.inverse_sqrt("1ep").every("1ep"), 1 / np.sqrt(epoch))


def test_f7_time_based_decay_per_update_and_per_epoch() -> None:
    """η_t = η0/(1 + k·t): the second rule of that name."""
    agrees(an.inverse_time(0.02, per=1), 1 / (1 + 0.02 * t))
    agrees(an.inverse_time(0.5, per="1ep").every("1ep"), 1 / (1 + 0.5 * (epoch - 1)))


def test_f6_and_f7_are_two_rules_under_two_names() -> None:
    assert an.inverse_sqrt("1ep") != an.inverse_time(per="1ep")
    assert an.inverse_sqrt(1).over(10)(3) == 0.5
    assert an.inverse_time(1, per=1).over(10)(3) == 0.25


@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_f8_linear_decay(floor: float) -> None:
    """η_t = η0 + (η_T − η0)·t/T."""
    agrees(an.linear(to=floor), 1 + (floor - 1) * t / T)


@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_f9_cosine_annealing(floor: float) -> None:
    """α_t = α_T + ½(α_0 − α_T)(1 + cos(πt/T)), at its least at the end."""
    agrees(an.cosine(to=floor), floor + (1 - floor) * (1 + np.cos(np.pi * t / T)) / 2)
    assert an.cosine(to=floor).over(RUN)(T) == floor


@pytest.mark.parametrize(("first", "growth"), [(50, 1), (20, 2), (10, 3)])
def test_f10_warm_restarts(first: int, growth: int) -> None:
    """When t reaches the end of a cycle, t ← 0 and α ← α_0; each cycle is `growth` times as long (T_0, T_mult)."""
    expected, since, length = [], 0, first
    for _ in range(T):
        expected.append((1 + np.cos(np.pi * since / length)) / 2)
        since += 1
        if since == length:
            since, length = 0, length * growth

    agrees(an.sgdr(None, first=first, growth=growth), np.array(expected))


def test_f10_warm_restarts_by_number_of_cycles_end_with_the_run() -> None:
    plan = an.sgdr(4).over(150)

    assert [place for place, value in plan.keyframes() if value == 1] == [0, 10, 30, 70]
    assert plan(150) == 0
    assert an.sgdr(4) == an.repeat(an.cosine(), times=4, growth=2)


@pytest.mark.parametrize("w", [1, 10, 100])
def test_f11_warm_up_rises_to_the_peak(w: int) -> None:
    """The library's own (t + 1)/(w + 1), and t/w of those who start at zero."""
    agrees(an.chain(an.warmup(w), an.hold()), np.minimum((t + 1) / (w + 1), 1))
    agrees(an.chain(an.warmup(w, start=0), an.hold()), np.minimum(t / w, 1))


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_f12_triangular_cyclic_rates(scale: float) -> None:
    """Smith's formula: cycle = ⌊1 + t/2s⌋, x = |t/s − 2·cycle + 1|, low + (high − low)·max(0, 1 − x), halved per cycle."""
    s, low = 30, 0.1
    cycle = np.floor(1 + t / (2 * s))
    x = np.abs(t / s - 2 * cycle + 1)

    agrees(an.triangular(None, first=2 * s, low=low, scale=scale), low + (1 - low) * np.maximum(0, 1 - x) * scale ** (cycle - 1))
    agrees(an.triangular(5, low=low, scale=scale), low + (1 - low) * np.maximum(0, 1 - x) * scale ** (cycle - 1))
    with refused(ArgumentError, "below the peak, 1"):
        an.triangular(low=1)


def test_f13_a_range_test_grows_linearly_from_small() -> None:
    low, high = 1e-4, 1.0
    plan = an.linear(to=high, start=low).over(T, endpoint=True)

    np.testing.assert_allclose(plan.values(), np.linspace(low, high, T), rtol=1e-12)
    grown = an.exponential(to=high, start=low).over(T, endpoint=True)
    np.testing.assert_allclose(grown.values(), np.geomspace(low, high, T), rtol=1e-12)


def test_warmup_stable_decay() -> None:
    """Hägele et al.: η·(1 − √((t − s)/d)) over the last d updates."""
    s = T - 60
    stable = np.minimum((t + 1) / 16, 1)

    agrees(an.wsd(15, 60), np.where(t < s, stable, 1 - np.sqrt(np.maximum(t - s, 0) / 60)))
    agrees(an.wsd("5%", "20%"), np.where(t < s, stable, 1 - np.sqrt(np.maximum(t - s, 0) / 60)))
    agrees(an.wsd(15, 60, to=0.1, ease="linear"), np.where(t < s, stable, 1 - 0.9 * (t - s) / 60))


def test_trapezoid() -> None:
    """Xing et al.: straight up, flat, straight down."""
    agrees(an.trapezoid(30, 60), np.minimum(np.minimum((t + 1) / 31, 1), (T - t) / 60))
    assert an.trapezoid() == an.wsd("10%", "20%", ease="linear")


def test_onecycle_and_its_momentum() -> None:
    """Smith & Topin as PyTorch has it: cosine from max/25 to max over 30 %, then to max/25/10⁴; momentum the other way."""
    up = 90

    def between(a: float, b: float, u: np.ndarray) -> np.ndarray:
        return b + (a - b) * (1 + np.cos(np.pi * u)) / 2

    agrees(an.onecycle(), np.where(t < up, between(1 / 25, 1, t / up), between(1, 4e-6, (t - up) / (T - up))))
    momentum = 0.95 - 0.1 * an.chain(an.warmup("30%", start=0, ease="cosine"), an.cosine())
    agrees(momentum, np.where(t < up, between(0.95, 0.85, t / up), between(0.85, 0.95, (t - up) / (T - up))))


def test_inverse_square_root_of_the_first_transformer() -> None:
    """Vaswani et al.: min(t^−½, t·w^−1½), here as a share of its peak w^−½."""
    w = 40
    with np.errstate(divide="ignore"):
        agrees(an.chain(an.warmup(w, start=0), an.inverse_sqrt(w)), np.sqrt(w) * np.minimum(t**-0.5, t * w**-1.5))


def test_constant_then_one_over_t() -> None:
    """Bengio 2012: η0·τ/max(t, τ)."""
    agrees(an.chain(an.hold(40), an.power(-1, per=40)), 40 / np.maximum(t, 40))


def test_polynomial_decay() -> None:
    """The "poly" policy: (1 − t/T)^p."""
    agrees(an.polynomial(power=0.9), (1 - t / T) ** 0.9)


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("constant", an.hold()),
        ("step", an.geometric(0.1, per="30%").every("30%")),
        ("wsd", an.chain(an.warmup("5%"), an.hold(), an.cooldown("20%"))),
        ("trapezoid", an.chain(an.warmup("10%"), an.hold(), an.linear("20%"))),
        ("onecycle", an.chain(an.warmup("30%", start=0.04, ease="cosine"), an.cosine(to=4e-6))),
        ("sgdr", an.repeat(an.cosine(), 4, growth=2)),
        ("inverse_sqrt", an.power(-0.5, per="10%")),
        ("triangular", 0.1 + 0.9 * an.repeat(an.chain(an.linear("50%", to=1, start=0), an.linear()), 4)),
    ],
)
def test_a_family_is_its_composition(name: str, schedule: an.Schedule) -> None:
    """A name stands for phases anybody could have written; nothing is hidden behind it."""
    assert getattr(an, name)() == an.parse(name) == schedule
    assert (PEAK * schedule).over(100)(50) > 0
