"""Growing the batch beside Adam: the arms see the same samples, what steps them is Adam, and the verdict does not hear of it."""

import numpy as np
import pytest

from annealing.reproduce.finding import verdict_of
from annealing.reproduce.seesaw import BATCH, HALVINGS
from annealing.reproduce.seesaw_adam import arms, beside_adam, losses, lower
from annealing.reproduce.stacked import Stack

SAMPLES = 4_000


def test_every_arm_sees_the_same_samples_and_growth_takes_fewer_updates() -> None:
    steps = arms(HALVINGS, 0.008, BATCH, SAMPLES)

    assert {sum(size for _, size in arm) for arm in steps.values()} == {SAMPLES}
    assert len(steps["batch rule"]) == len(steps["Seesaw"]) < 0.5 * len(steps["decay"])


def test_the_batch_rule_keeps_the_rate_and_seesaw_takes_the_root_of_what_the_decay_takes() -> None:
    steps = arms(HALVINGS, 0.008, BATCH, SAMPLES)
    rates, sizes = np.array(steps["Seesaw"]).T

    assert {rate for rate, _ in steps["batch rule"]} == {0.008}
    assert rates[-2:] / 0.008 == pytest.approx(2**-2.5)
    assert (rates / np.sqrt(BATCH / sizes))[:-1] == pytest.approx(0.008)  # the last batch is what is left of the samples
    assert [rate for rate, _ in steps["both at once"]][-1] == pytest.approx(0.008 / 32)


def test_a_rate_of_0_leaves_the_weights_and_adam_s_usual_one_brings_the_loss_down() -> None:
    before = Stack(3, 2)
    still, moved = losses(3, 2, [(0.0, 8)]), losses(3, 2, [(0.001, 8)] * 30)

    np.testing.assert_array_equal(still, before.valid_losses(before.weights))
    assert (moved < still - 0.05).all()


def test_the_sentence_follows_from_the_numbers() -> None:
    ends, apart = np.array([0.36, 0.37, 0.38, 0.37]), np.array([0.02, 0.03, 0.02, 0.03])

    assert "batch rule ends below Seesaw" in lower(ends, ends + apart)
    assert "Seesaw ends below the batch rule" in lower(ends, ends - apart)
    assert "cannot be told" in lower(ends, ends + apart * [1, -1, 1, -1])
    assert "cannot be told" in lower(ends, np.full(4, np.inf))


@pytest.mark.slow
def test_nothing_beside_adam_decides_anything() -> None:
    found = beside_adam(HALVINGS, BATCH, "fast", seed=1)

    assert found.statistics
    assert verdict_of(found.statistics) == "shown"
