"""A sweep, and its loss smoothed so that nothing lags."""

import numpy as np
import pytest

from annealing.core.errors import ArgumentError
from annealing.rangetest import Sweep, ramp

RATES = ramp(1e-6, 10.0, 100).values()


def valley_at(rate: float) -> np.ndarray:
    """A loss that falls from 2 to 1 around a hundredth of `rate`, and rises again past it."""
    return 1 + 1 / (1 + RATES / (rate / 100)) + 2 * np.maximum(np.log10(RATES / rate), 0) ** 2


def test_the_ramp_uses_both_of_its_ends() -> None:
    assert RATES[0] == 1e-6
    assert RATES[-1] == pytest.approx(10.0, rel=1e-12)
    assert np.ptp(np.diff(np.log(RATES))) < 1e-9


def test_r45_a_constant_loss_is_smoothed_to_itself_from_the_first_update_on() -> None:
    np.testing.assert_allclose(Sweep(RATES, np.ones(100)).smoothed, 1.0, rtol=1e-12)


def test_a_line_is_smoothed_to_itself_so_nothing_lags() -> None:
    line = 3 - 0.2 * np.log10(RATES)
    np.testing.assert_allclose(Sweep(RATES, line).smoothed, line, rtol=1e-9)


def test_noise_moves_the_least_loss_to_neither_side() -> None:
    rng = np.random.default_rng(0)
    truth = np.log10(RATES[int(np.argmin(valley_at(1e-2)))])
    noisy = (Sweep(RATES, valley_at(1e-2) + 0.02 * rng.normal(size=100)) for _ in range(40))
    off = np.array([np.log10(RATES[int(np.argmin(sweep.smoothed))]) - truth for sweep in noisy])

    assert np.abs(off).max() < 1.0
    assert abs(np.median(off)) < 0.15


def test_one_wild_batch_moves_nothing() -> None:
    calm, wild = valley_at(1e-2), valley_at(1e-2)
    wild[40] += 1.5
    np.testing.assert_allclose(Sweep(RATES, wild).smoothed, Sweep(RATES, calm).smoothed, atol=0.02)


def test_the_sweep_ends_where_it_diverges() -> None:
    loss = valley_at(1e-2)
    loss[90:] = np.nan
    assert len(Sweep(RATES, loss).until_divergence().loss) <= 90

    exploding = np.where(RATES < 0.1, 1.0, 1e6)
    ended = Sweep(RATES, exploding).until_divergence()
    assert ended.rate[-1] < 0.2
    assert np.isfinite(ended.loss).all()


def test_a_sweep_that_never_diverges_is_whole() -> None:
    assert len(Sweep(RATES, np.linspace(2, 1, 100)).until_divergence().loss) == 100


@pytest.mark.parametrize(
    ("rates", "losses", "words"),
    [
        ([1.0], [1.0], "two or more"),
        ([1.0, 2.0], [1.0], "one loss for each rate"),
        ([2.0, 1.0], [1.0, 1.0], "must rise"),
        ([0.0, 1.0], [1.0, 1.0], "above 0"),
    ],
)
def test_what_is_no_sweep_is_refused(rates: list[float], losses: list[float], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        Sweep(rates, losses)


def test_a_ramp_that_does_not_rise_is_refused() -> None:
    with pytest.raises(ArgumentError, match="a sweep rises"):
        ramp(1.0, 0.1, 10)
