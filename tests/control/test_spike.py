"""`Spike`: what is a spike, what is none, and how the gain comes back."""

import math

import numpy as np
import pytest

from annealing.control import Spike, fold

nan, inf = math.nan, math.inf


def noisy(n: int = 300, level: float = 2.0, seed: int = 0) -> np.ndarray:
    return level + np.random.default_rng(seed).normal(0, 0.05, n)


def test_noise_is_no_spike() -> None:
    for seed in range(10):
        assert (fold(Spike(), noisy(1000, seed=seed)) == 1).all()


def test_a_falling_loss_is_no_spike() -> None:
    assert (fold(Spike(), 10 * np.exp(-np.arange(500) / 50) + noisy(500)) == 1).all()


def test_one_spike_is_one_cut_that_is_made_good() -> None:
    losses = noisy()
    losses[100:105] = 4.0
    gains = fold(Spike(cooldown=10, recovery=50), losses)

    assert (gains[:100] == 1).all()
    assert (gains[100:111] == 0.5).all()  # at once, and once
    assert (np.diff(gains[110:160]) > 0).all()
    assert gains[160:] == pytest.approx(1.0)


def test_a_huge_spike_does_not_hide_the_next_one() -> None:
    losses = noisy()
    losses[100], losses[150] = 1e6, 3.0

    assert fold(Spike(recovery=0), losses)[[99, 100, 149, 150]].tolist() == [1, 0.5, 0.5, 0.25]


def test_a_cut_is_not_made_good_where_that_is_not_asked_for() -> None:
    losses = noisy()
    losses[100] = 4.0

    assert (fold(Spike(recovery=0), losses)[100:] == 0.5).all()


def test_a_level_that_has_risen_for_good_is_accepted() -> None:
    losses = np.concatenate([noisy(100), noisy(900, level=3.0)])
    gains = fold(Spike(floor=0.001), losses)

    assert gains.min() < 0.6
    assert gains[-1] == 1.0


@pytest.mark.parametrize("seen", [nan, inf, -inf])
@pytest.mark.parametrize("at", [0, 3, 200])
def test_what_is_not_finite_is_a_spike_and_teaches_nothing(seen, at) -> None:
    losses = noisy(260)
    losses[at] = seen
    gains = fold(Spike(recovery=10), losses)

    assert gains[at] == 0.5
    assert gains[-1] == 1.0
    assert (fold(Spike(nonfinite="ignore"), losses) == 1).all()


def test_a_run_that_is_lost_ends_at_the_floor() -> None:
    assert fold(Spike(floor=0.25, cooldown=2), [nan] * 10).tolist() == [0.5] * 3 + [0.25] * 7


def test_the_sign_of_the_metric_does_not_matter() -> None:
    losses = noisy(level=0.0)
    losses[150] = 1.0
    options = {"rtol": 0.0}

    assert fold(Spike(**options), losses).tolist() == pytest.approx(fold(Spike(**options), losses - 100).tolist())
    assert fold(Spike(**options), losses - 100)[150] == 0.5


def test_a_rise_within_the_tolerance_is_no_spike_however_quiet_it_was() -> None:
    quiet = [2.0] * 50

    assert fold(Spike(rtol=0.01), [*quiet, 2.019])[-1] == 1.0
    assert fold(Spike(rtol=0.01), [*quiet, 2.021])[-1] == 0.5
    assert fold(Spike(rtol=0.0), [*quiet, 2.0])[-1] == 1.0


def test_a_loss_of_zero_that_rises_is_learnt_as_well() -> None:
    gains = fold(Spike(rtol=0.0, settle=5, cooldown=0, recovery=1), [0.0] * 10 + [1.0] * 200)

    assert gains[10] == 0.5
    assert gains[-1] == 1.0


def test_it_is_only_learnt_from_what_comes_first() -> None:
    assert (fold(Spike(settle=3), [1.0, 5.0, 25.0]) == 1).all()
    assert fold(Spike(settle=2), [1.0, 1.0, 25.0]).tolist() == [1, 1, 0.5]


def test_mean_and_deviation_are_plain_means_at_first_and_then_have_a_memory() -> None:
    losses, spike = noisy(60), Spike(memory=40, settle=60)
    state, states = spike.init(), []
    for loss in losses:
        state, _ = spike.step(state, loss)
        states.append(state)
    rises = losses[1:] - [s.mean for s in states[:-1]]

    assert states[29].mean == pytest.approx(losses[:30].mean())
    assert states[29].deviation == pytest.approx(np.abs(rises[:29]).mean())
    assert states[59].mean == pytest.approx(states[58].mean + rises[58] / 40)
    assert states[59].deviation == pytest.approx(states[58].deviation * 39 / 40 + abs(rises[58]) / 40)


def test_huge_losses_do_not_blind_it() -> None:
    losses = [1e308, -1e308, 1e308, *[2.0] * 50]

    assert np.isfinite(fold(Spike(settle=0), losses)).all()
