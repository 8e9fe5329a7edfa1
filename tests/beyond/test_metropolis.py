"""Annealing with moves: what settles is the Gibbs distribution, and what is random agrees with what is exact."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.beyond import ModifiedLam, anneal, anneal_noisy, distribution_after, gibbs, logarithmic, ring
from annealing.beyond.metropolis import accept
from annealing.control import Controller
from annealing.core.errors import ArgumentError

LEVELS = np.array([0.0, 1.2, 0.3, 2.0, 0.7, 1.5, 0.1, 0.9])
energies = st.lists(st.floats(-5, 5), min_size=3, max_size=9)


def level(x):
    return LEVELS[x]


def beside(x, rng):
    return (x + rng.choice([-1, 1], len(x))) % len(LEVELS)


@given(energies, st.floats(0.05, 10))
def test_moves_at_a_constant_temperature_leave_the_gibbs_distribution_as_it_is(levels, heat) -> None:
    settled = gibbs(levels, heat)

    assert distribution_after(levels, ring(len(levels)), np.full(5, heat), settled) == pytest.approx(settled, abs=1e-12)


@given(energies, st.floats(0.1, 10))
def test_moves_go_there_as_often_as_back(levels, heat) -> None:
    count = len(levels)
    once = np.array([distribution_after(levels, ring(count), [heat], one) for one in np.eye(count)])
    flow = gibbs(levels, heat)[:, None] * once

    assert once.sum(axis=1) == pytest.approx(1)
    assert flow == pytest.approx(flow.T, abs=1e-12)


def test_chains_settle_in_the_gibbs_distribution() -> None:
    chains = 20_000
    found = anneal(level, beside, np.zeros(chains, int), temperature=(0.8 * an.hold()).over(150), seed=3)
    counts = np.bincount(found.states, minlength=len(LEVELS))
    expected = chains * gibbs(LEVELS, 0.8)

    assert ((counts - expected) ** 2 / expected).sum() < 24.3  # χ² with 7 degrees of freedom: one in a thousand


def test_chains_under_a_cooling_plan_agree_with_the_transfer_matrices() -> None:
    chains = 20_000
    plan = (1.5 * an.cosine()).over(60)
    found = anneal(level, beside, np.arange(chains) % len(LEVELS), temperature=plan, seed=4)
    share = np.bincount(found.states, minlength=len(LEVELS)) / chains
    exact = distribution_after(LEVELS, ring(len(LEVELS)), plan.values())

    assert np.abs(share - exact).max() < 4 * np.sqrt(0.25 / chains)


def test_nothing_rises_in_the_cold() -> None:
    found = anneal(level, beside, np.arange(8), temperature=(0 * an.hold()).over(50))

    assert (np.diff(found.trace) <= 0).all()
    assert (found.energies <= LEVELS).all()
    assert (found.best_energies == found.energies).all()


def test_the_best_that_was_seen_is_kept_with_its_state() -> None:
    found = anneal(level, beside, np.arange(8), temperature=(5 * an.hold()).over(100))

    assert (found.best_energies <= found.energies).all()
    assert (level(found.best_states) == found.best_energies).all()
    assert found.trace[-1] == pytest.approx(found.energies.mean())


def test_states_may_have_any_shape_and_energies_that_are_lost_are_not_moved_to() -> None:
    def energy(x):
        return np.where(x.sum(axis=(1, 2)) > 0, np.nan, (x**2).sum(axis=(1, 2)))

    found = anneal(
        energy, lambda x, rng: x + rng.normal(0, 0.1, x.shape), -np.ones((6, 2, 3)), temperature=(0.1 * an.linear()).over(400)
    )

    assert found.states.shape == (6, 2, 3)
    assert (found.energies < 6).all()


def test_the_same_seed_moves_the_same_way() -> None:
    plan = an.linear().over(30)
    runs = [anneal(level, beside, np.arange(8), temperature=plan, seed=seed).trace.tolist() for seed in (7, 7, 8)]

    assert runs[0] == runs[1] != runs[2]


def test_energies_of_another_shape_are_refused() -> None:
    with pytest.raises(ArgumentError, match="one number per state"):
        anneal(lambda x: LEVELS, beside, np.arange(3), temperature=an.linear().over(3))


def test_a_rise_is_taken_as_often_as_the_temperature_says() -> None:
    taken = accept(np.full(40_000, 1.0), 2.0, np.random.default_rng(0))

    assert taken.mean() == pytest.approx(np.exp(-0.5), abs=0.01)


def test_modified_lam_keeps_to_its_plan_of_acceptance() -> None:
    updates, chains = 4_000, 64
    control = ModifiedLam(updates=updates)

    def energy(x):
        return (x**2).sum(axis=1)

    watched = []

    class Watched(Controller):  # a controller that passes on and remembers
        def init(self):
            return control.init()

        def step(self, state, observation):
            watched.append(observation.mean())
            return control.step(state, observation)

        def reset(self, state):
            return control.reset(state)

        def gain(self, state):
            return control.gain(state)

    anneal(
        energy,
        lambda x, rng: x + rng.normal(0, 1, x.shape),
        np.zeros((chains, 8)),
        temperature=(30 * an.hold()).over(updates),
        control=Watched(),
    )
    moved = np.array(watched)

    assert moved[1_200:2_600].mean() == pytest.approx(0.44, abs=0.03)
    assert moved[-200:].mean() < 0.2


def test_without_noise_two_plans_do_what_one_does() -> None:
    plan = (1.5 * an.linear()).over(80)
    start = np.arange(8_000) % len(LEVELS)
    found = anneal_noisy(lambda x, n, rng: LEVELS[x], beside, start, temperature=plan, samples=an.hold().over(80), seed=5)
    exact = distribution_after(LEVELS, ring(len(LEVELS)), plan.values())

    assert np.abs(np.bincount(found.states, minlength=8) / len(start) - exact).max() < 4 * np.sqrt(0.25 / len(start))


def test_noise_acts_as_a_temperature_that_more_samples_lower() -> None:
    def observe(x, samples, rng):
        return LEVELS[x] + rng.normal(0, 3 / np.sqrt(samples), len(x))

    def lowest(samples):
        found = anneal_noisy(
            observe,
            beside,
            np.arange(4_000) % 8,
            temperature=(0.1 * an.hold()).over(100),
            samples=(samples * an.hold()).over(100),
        )
        return LEVELS[found.states].mean(), found.spent[-1]

    (one, few), (many, lots) = lowest(1), lowest(400)

    assert many < one - 0.3
    assert (few, lots) == (200, 80_000)


def test_logarithmic_cooling_is_text_like_every_schedule() -> None:
    schedule = logarithmic(2.0, after=3)

    assert an.parse(str(schedule)) == schedule
    assert schedule.over(an.inf).values(1_000) == pytest.approx(2.0 / np.log(3 + np.arange(1_000)))
