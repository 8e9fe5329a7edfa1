"""The mixture of digits: its densities are those of the model, its sampler keeps the books, and its arms cost the same."""

from itertools import product

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import t as student

from annealing.reproduce.dirichlet import CONCENTRATION, DEGREES, PULL, SPREAD, Mixtures
from annealing.reproduce.mixture import ANNEALED, PRIOR, SEQUENTIAL, digits, sampled, streams


def rows(count: int, columns: int = 2) -> np.ndarray:
    return np.random.default_rng(5).normal(0, 1, (count, columns))


def assigned(data: np.ndarray, slots: tuple[int, ...]) -> Mixtures:
    """One chain in which the rows are in given slots."""
    found = Mixtures(data, 1, np.random.default_rng(0), slots=4)
    for row, slot in enumerate(slots):
        found.put(np.array([row]), np.array([slot]))
    return found


def test_a_group_without_rows_has_the_density_of_the_prior() -> None:
    found = Mixtures(rows(3), 1, np.random.default_rng(0), slots=1)
    value = np.array([[0.3, -1.2]])
    direct = student(DEGREES, scale=np.sqrt(SPREAD * (1 + 1 / PULL))).logpdf(value).sum()

    assert found.log_weights(value)[0, 0] == pytest.approx(direct + np.log(CONCENTRATION))


def test_what_a_row_adds_to_the_log_joint_is_its_weight_among_all() -> None:
    data = rows(6)
    before = assigned(data, (0, 1, 0, 0, 1))
    weights = before.log_weights(data[5:6])[0]
    shares = np.log(CONCENTRATION + 5)

    for slot in (0, 1):
        gained = assigned(data, (0, 1, 0, 0, 1, slot)).log_joint() - before.log_joint()
        assert gained[0] == pytest.approx(weights[slot] - shares)
    gained = assigned(data, (0, 1, 0, 0, 1, 2)).log_joint() - before.log_joint()
    assert gained[0] == pytest.approx(weights[2] - shares + np.log(2))  # one of two slots in which the same group may begin


def test_a_row_that_left_leaves_nothing_behind() -> None:
    data = rows(4)
    found = assigned(data, (0, 1, 0, 0))
    weights, joint = found.log_weights(data[:1]), found.log_joint()
    found.remove(np.array([3]))
    found.put(np.array([3]), np.array([0]))

    np.testing.assert_allclose(found.log_weights(data[:1]), weights, rtol=1e-12)
    np.testing.assert_allclose(found.log_joint(), joint, rtol=1e-12)


def test_gibbs_sampling_visits_partitions_as_often_as_they_are_likely() -> None:
    data, chains, sweeps = rows(3), 4_000, 12
    first = {tuple(_in_order(slots)): slots for slots in product(range(3), repeat=3)}
    logs = np.array([assigned(data, slots).log_joint()[0] for slots in first])
    likely = np.exp(logs - logsumexp(logs))
    found = Mixtures(data, chains, np.random.default_rng(1))
    for row in range(3):
        found.add(np.full(chains, row), blind=True)
    for _ in range(sweeps):
        for row in range(3):
            found.remove(np.full(chains, row))
            found.add(np.full(chains, row))
    seen = [tuple(_in_order(slots)) for slots in found.group.tolist()]
    often = np.array([seen.count(slots) for slots in first]) / chains

    assert len(first) == 5
    assert np.abs(often - likely).max() < 4 * np.sqrt(0.25 / chains)


def _in_order(slots: list[int] | tuple[int, ...]) -> list[int]:
    """Name groups by the order in which they come, so that equal partitions look equal."""
    names: dict[int, int] = {}
    return [names.setdefault(slot, len(names)) for slot in slots]


def test_there_is_always_room_for_another_group() -> None:
    data = np.repeat(30 * np.eye(10), 4, axis=0)
    found = Mixtures(data, 2, np.random.default_rng(0), slots=1)
    for row in range(40):
        found.add(np.array([row, 39 - row]))

    assert ((found.count > 0).sum(1) >= 9).all()
    assert found.count.sum(1).tolist() == [40, 40]
    assert (np.bincount(found.group[1], minlength=found.count.shape[1]) == found.count[1]).all()


def test_digits_come_in_columns_of_variance_1_that_do_not_correlate() -> None:
    data = digits()

    assert data.shape == (1797, 8)
    np.testing.assert_allclose(data.mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(data.T @ data / len(data), np.eye(8), atol=1e-9)


def test_arms_cost_the_same_and_end_with_every_row() -> None:
    data = digits()[:60]
    arms = streams(60)

    assert len({len(stream) for stream in arms.values()}) == 1
    assert arms[ANNEALED].count("ADD") > 2.5 * 60
    for name in (PRIOR, SEQUENTIAL, ANNEALED):
        found = sampled(data, arms[name], [0, 1], blind=60 * (name == PRIOR))
        assert (found.group >= 0).all()
        assert found.count.sum(1).tolist() == [60, 60]


def test_chains_of_different_seeds_go_different_ways() -> None:
    one = sampled(digits()[:60], streams(60)[ANNEALED], [4, 5])
    again = sampled(digits()[:60], streams(60)[ANNEALED], [4, 5])

    assert (one.group[0] != one.group[1]).any()
    np.testing.assert_array_equal(one.group, again.group)
