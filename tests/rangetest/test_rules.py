"""The rules of other libraries, from one recorded sweep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annealing.core.errors import ArgumentError
from annealing.rangetest import RULES, Sweep, fastai, lightning, ramp, smith, suggest
from annealing.rangetest.averages import from_zero, running_mean
from annealing.rangetest.rules import Smoothing

RATES = ramp(1e-7, 10.0, 100).values()
CLEAN = 1 + 1 / (1 + RATES / 1e-3) + np.maximum(np.log10(RATES / 0.1), 0) ** 2


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "lightning"])
@pytest.mark.parametrize("smoothing", ["ours", "theirs"])
def test_every_rule_but_one_finds_a_rate_on_the_slope_of_a_clean_sweep(rule: str, smoothing: Smoothing) -> None:
    found = suggest(Sweep(RATES, CLEAN), rule, smoothing=smoothing)

    assert found.rate is not None, found.reason
    assert 1e-4 < found.rate < 1


def test_r41_noise_at_the_smallest_rates_is_not_the_steepest_fall() -> None:
    """Half a hundredth of noise sends the fall per unit of the rate to the smallest ones; the fall per factor stays."""
    per_unit, per_factor = list[float](), list[float]()
    for seed in range(20):
        noisy = CLEAN + 0.005 * np.random.default_rng(seed).normal(size=len(RATES))
        place = lightning.steepest(RATES, noisy)
        assert place is not None
        per_unit.append(float(RATES[place]))
        per_factor.append(suggest(Sweep(RATES, noisy), "steep").rate or 0.0)

    assert max(per_unit) < 1e-6  # the control: it must go wrong, or this story shows nothing
    assert all(1e-4 < rate < 1e-2 for rate in per_factor)


def test_r45_lightnings_running_mean_halves_the_first_loss_and_ours_does_not() -> None:
    np.testing.assert_allclose(lightning.smoothed(np.ones(3)), [0.505, 0.673, 0.758], atol=1e-3)
    np.testing.assert_allclose(fastai.smoothed(np.ones(3)), 1.0)
    np.testing.assert_allclose(Sweep(RATES, np.ones(100)).smoothed, 1.0)


@pytest.mark.parametrize("rule", RULES)
def test_a_flat_sweep_has_no_answer(rule: str) -> None:
    found = suggest(Sweep(RATES, np.ones(100)), rule)

    assert found.rate is None
    assert "higher one" in found.reason


def test_a_sweep_that_only_rises_has_no_range() -> None:
    found = suggest(Sweep(RATES, np.linspace(1, 3, 100)), "smith")

    assert found.rate is None
    assert "never falls" in found.reason
    assert smith.bounds(RATES, np.linspace(1, 3, 100)) is None


def test_smiths_range_begins_where_the_loss_begins_to_fall_and_ends_where_it_stops() -> None:
    bounds = smith.bounds(RATES, CLEAN)
    assert bounds is not None
    low, high = bounds

    assert 3e-5 < low < 3e-4
    assert high == pytest.approx(RATES[int(np.argmin(CLEAN))])


def test_too_few_losses_give_no_answer() -> None:
    assert suggest(Sweep(RATES[:12], CLEAN[:12]), "torch-lr-finder").rate is None


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=40), st.floats(0, 0.99), st.floats(-1, 1))
def test_a_running_mean_is_the_weighted_sum_it_claims_to_be(values: list[float], memory: float, start: float) -> None:
    losses = np.array(values)
    k = len(losses) - 1
    weights = (1 - memory) * memory ** np.arange(k, -1, -1)

    assert running_mean(losses, memory, start)[-1] == pytest.approx(weights @ losses + memory ** (k + 1) * start, abs=1e-9)
    assert from_zero(losses, memory)[-1] == pytest.approx(weights @ losses / (1 - memory ** (k + 1)), abs=1e-9)


def test_an_unknown_rule_is_refused_with_those_there_are() -> None:
    with pytest.raises(ArgumentError, match="'valley', 'slide'"):
        suggest(Sweep(RATES, CLEAN), "knee")
    with pytest.raises(ArgumentError, match="'theirs'"):
        suggest(Sweep(RATES, CLEAN), smoothing="best")  # pyright: ignore[reportArgumentType]
