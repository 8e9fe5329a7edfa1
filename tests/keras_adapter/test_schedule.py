"""`PlanSchedule`: the rate of a plan, saved with the model as its text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import annealing as an
from tests.conftest import require
from tests.keras_adapter.training import KERAS_WARNS, close, keras, learn, line, network, rates, same

pytestmark = pytest.mark.filterwarnings(KERAS_WARNS)
PlanSchedule = require("annealing.keras").PlanSchedule

PLAN = (0.1 * an.chain(an.warmup(4), an.hold(), an.cooldown("25%"))).over(18)
VALUES = PLAN.values()


def test_every_update_uses_the_value_of_its_index() -> None:
    assert close(rates(line(keras.optimizers.SGD(PlanSchedule(PLAN))), 20), PLAN(np.arange(20)))


def test_r46_a_plan_advances_once_for_every_real_update_and_keras_own_schedules_do_not() -> None:
    right = (0.1 * an.cosine()).over(6).values()
    theirs = keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 6), gradient_accumulation_steps=3)
    moves = np.reshape(rates(line(theirs), 18), (6, 3))[:, 2]
    assert moves == pytest.approx([right[2], right[5], 0, 0, 0, 0], rel=1e-5, abs=1e-9)  # three times too fast

    ours = keras.optimizers.SGD(PlanSchedule((0.1 * an.cosine()).over(6)), gradient_accumulation_steps=3)
    moves = np.reshape(rates(line(ours), 18), (6, 3))
    assert not moves[:, :2].any()
    assert close(moves[:, 2], right)


def test_r44_an_update_that_loss_scaling_skips_does_not_count() -> None:
    inner = keras.optimizers.SGD(PlanSchedule(PLAN))
    model = line(keras.optimizers.LossScaleOptimizer(inner, initial_scale=2.0))

    assert close(rates(model, 5, targets=[1, np.inf, 1, np.inf, 1]), [VALUES[0], 0, VALUES[1], 0, VALUES[2]])


@pytest.mark.slow
def test_a_saved_model_goes_on_exactly_from_every_third_update(tmp_path: Path) -> None:
    through = network(keras.optimizers.SGD(PlanSchedule(PLAN), momentum=0.9))
    learn(through, range(12))

    model = network(keras.optimizers.SGD(PlanSchedule(PLAN), momentum=0.9))
    for first in range(0, 12, 3):
        learn(model, range(first, first + 3))
        model.save(tmp_path / "model.keras")
        model = keras.models.load_model(tmp_path / "model.keras")

    assert model.optimizer.get_config()["learning_rate"]["config"] == {"plan": str(PLAN)}
    assert same(model, through)


def test_the_configuration_is_the_text_and_comes_back() -> None:
    schedules = keras.optimizers.schedules
    for plan in (PLAN, PLAN.branch(at=9, tail=an.cooldown(), total=12, why="it is enough")):
        back = schedules.deserialize(schedules.serialize(PlanSchedule(plan)))
        assert isinstance(back, PlanSchedule)
        assert back.plan == plan
    assert PlanSchedule(str(PLAN)).plan == PLAN


def test_called_by_hand_it_takes_the_index_of_an_update() -> None:
    schedule = PlanSchedule(PLAN)

    assert close([float(schedule(t)) for t in range(18)], VALUES)
    assert float(schedule(keras.ops.convert_to_tensor(5))) == pytest.approx(PLAN(5), rel=1e-6)


def test_the_rate_that_is_shown_counts_real_updates_as_well() -> None:
    optimizer = keras.optimizers.SGD(PlanSchedule(PLAN), gradient_accumulation_steps=2)
    rates(line(optimizer), 6)

    assert int(optimizer.iterations) == 3
    assert float(optimizer.learning_rate) == pytest.approx(PLAN(3), rel=1e-6)


def test_r34_a_warm_up_is_not_ignored() -> None:
    theirs = keras.optimizers.schedules.CosineDecay(0.1, 10, warmup_steps=5)
    assert rates(line(keras.optimizers.SGD(theirs)), 1) == pytest.approx([0.1])  # there is none

    ours = (0.1 * an.chain(an.warmup(5), an.cosine(10))).over(15)
    assert close(rates(line(keras.optimizers.SGD(PlanSchedule(ours))), 15), ours.values())
    assert ours(0) == pytest.approx(0.1 / 6)


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        (an.Recipe(lr=0.1).over(9), TypeError, "not a recipe"),
        (an.cosine(), TypeError, "no length yet"),
        (0.1, TypeError, "not a plan"),
        (an.linear(to=-1).over(9), ValueError, "lr is -1 at 9"),
        (an.cosine().over(9, unit="epochs"), ValueError, "counts epochs"),
    ],
    ids=str,
)
def test_what_is_no_rate_is_refused(given: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(an.AnnealingError, match=says) as caught:
        PlanSchedule(given)
    assert isinstance(caught.value, error)
