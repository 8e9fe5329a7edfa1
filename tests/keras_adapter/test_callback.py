"""`ScheduleCallback`: any compiled model follows a recipe, watches a metric, and goes on from Keras' own checkpoints."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import annealing as an
from annealing.control import Plateau, Spike, fold
from tests.conftest import require
from tests.keras_adapter.training import BACKEND, KERAS_WARNS, close, keras, learn, line, network, rates, same

pytestmark = pytest.mark.filterwarnings(KERAS_WARNS)
adapter = require("annealing.keras")
ScheduleCallback, Scheduled = adapter.ScheduleCallback, adapter.Scheduled

UPDATES = 12
LR = 0.1 * an.chain(an.warmup(4), an.hold(), an.cooldown("25%"))
RECIPE = an.Recipe(lr=LR, momentum=0.9 - 0.4 * an.linear(), groups={"*bias": {"lr": 0.5 * LR}}).over(UPDATES)
CONTROLLER = Plateau(factor=0.5, patience=1, rtol=0.6) * Spike(settle=1, cooldown=1, recovery=2)


def sgd() -> Any:
    return keras.optimizers.SGD(momentum=0.9)


def callback(**options: Any) -> Any:
    return ScheduleCallback(RECIPE, controller=CONTROLLER, **{"monitor": "loss"} | options)


def test_a_compiled_model_follows_the_plan_from_the_first_update_on() -> None:
    assert close(rates(line(keras.optimizers.SGD()), UPDATES, ScheduleCallback(lr=LR.over(UPDATES))), LR.over(UPDATES).values())


@pytest.mark.skipif(BACKEND != "jax", reason="torch reads the rate at every update")
def test_what_is_written_before_a_batch_by_hand_is_ignored_on_jax() -> None:
    class ByHand(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self._model.optimizer.learning_rate = LR.over(UPDATES)(batch)

    model = line(keras.optimizers.SGD(1.0))
    x = np.ones((8, 1), np.float32)
    model.fit(x, x[:, 0], 1, verbose=0, callbacks=[ByHand()])
    assert -float(model.trainable_variables[0]) == pytest.approx(8 * LR.over(UPDATES)(0), rel=1e-5)  # the first one, eight times

    model = line(keras.optimizers.SGD(1.0))
    model.fit(x, x[:, 0], 1, verbose=0, callbacks=[ScheduleCallback(lr=LR.over(UPDATES))])
    assert -float(model.trainable_variables[0]) == pytest.approx(sum(LR.over(UPDATES).values()[:8]), rel=1e-5)


def test_r35_a_plateau_is_remembered_from_one_fit_to_the_next() -> None:
    theirs = line(keras.optimizers.SGD(1.0))
    forgetful = keras.callbacks.ReduceLROnPlateau(monitor="flat", mode="min", factor=0.5, patience=3)

    class Flat(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
            logs["flat"] = 2.0

    moved = [move for _ in range(4) for move in rates(theirs, 2, Flat(), forgetful, epochs=2)]
    assert moved == [1.0] * 16  # eight epochs without progress, and never a cut

    ours = line(keras.optimizers.SGD(1.0))
    plateau = ScheduleCallback(lr=an.hold().over(100), controller=Plateau(factor=0.5, patience=3), monitor="flat")
    moved = [move for _ in range(4) for move in rates(ours, 2, Flat(), plateau, epochs=2)]
    gains = [1.0, *fold(Plateau(factor=0.5, patience=3), [2.0] * 7)]
    assert moved == pytest.approx(np.repeat(gains, 2).tolist())
    assert gains[-1] == 0.25


def legs(model: Any, first: int, end: int, *callbacks: Any) -> list[dict[str, float]]:
    """Train from update to update in epochs of three, and return the logs of each."""
    logs = []
    for update in range(first, end, 3):
        history = learn(model, range(update, update + 3), *callbacks).history
        logs.append({name: values[0] for name, values in history.items()})
    return logs


def saved_model(model: Any, folder: Path) -> Any:
    model.save(folder / "model.keras")
    return keras.models.load_model(folder / "model.keras"), ScheduleCallback(monitor="loss")


def saved_weights(model: Any, folder: Path) -> Any:
    """Into a model that was just built: the callback is there before the weights are loaded."""
    model.save_weights(folder / "model.weights.h5")
    fresh = network(Scheduled(sgd(), RECIPE, controller=CONTROLLER))
    fresh.optimizer.build(fresh.trainable_variables)
    fresh.load_weights(folder / "model.weights.h5")
    return fresh, callback()


@pytest.mark.parametrize("through_file", [pytest.param(saved_model, marks=pytest.mark.slow), saved_weights])
def test_going_on_at_every_third_update_is_never_having_stopped(through_file: Any, tmp_path: Path) -> None:
    through = network(sgd())
    logs = legs(through, 0, UPDATES, callback())
    assert len({log["gain"] for log in logs}) > 2

    model, follow = network(sgd()), callback()
    again = []
    for update in range(0, UPDATES, 3):
        again += legs(model, update, update + 3, follow)
        model, follow = through_file(model, tmp_path)

    assert again == logs
    assert same(model, through)
    assert model.optimizer.used() == through.optimizer.used()
    assert model.optimizer.plan == RECIPE


def test_backup_and_restore_brings_back_the_counters_too(tmp_path: Path) -> None:
    x, y = np.linspace(-1, 1, 12, dtype=np.float32)[:, None], np.ones(12, np.float32)

    class Crash(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                raise KeyboardInterrupt

    hasty = Plateau(factor=0.5, patience=2, atol=100)  # the crash comes between the two bad epochs that make a cut

    def run(*callbacks: Any) -> Any:
        model, ours = network(sgd()), ScheduleCallback(RECIPE, controller=hasty, monitor="val_loss")
        model.fit(x, y, 4, epochs=4, verbose=0, shuffle=False, validation_data=(x, y), callbacks=[ours, *callbacks])
        return model

    through = run()
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(KeyboardInterrupt):
        run(backup, Crash())
    resumed = run(keras.callbacks.BackupAndRestore(tmp_path / "backup"))

    assert through.optimizer.used().gain == 0.5
    assert resumed.optimizer.used() == through.optimizer.used()
    assert same(resumed, through)


def test_the_text_and_the_counters_are_in_the_checkpoint_for_anyone_to_read(tmp_path: Path) -> None:
    h5py = require("h5py")
    model = network(sgd())
    legs(model, 0, 6, callback())
    model.save(tmp_path / "model.keras")

    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        (tmp_path / "weights.h5").write_bytes(archive.read("model.weights.h5"))
        assert str(RECIPE).replace('"', '\\"') in archive.read("config.json").decode()
    with h5py.File(tmp_path / "weights.h5") as file:
        data = json.loads(bytes(np.asarray(file["optimizer/vars/annealing"])))
    assert (data["plan"], data["update"]) == (str(RECIPE), 6)
    assert json.loads(data["control"])["controller"] == str(CONTROLLER)


def test_the_logs_say_what_the_last_update_of_each_epoch_used() -> None:
    [log, *_] = legs(network(sgd()), 0, 3, callback())

    assert log["learning_rate"] == pytest.approx(LR.over(UPDATES)(2))
    assert log["learning_rate of *bias"] == pytest.approx(0.5 * LR.over(UPDATES)(2))
    assert log["momentum"] == pytest.approx(0.9 - 0.4 * (1 - 2 / UPDATES))
    assert log["gain"] == 1.0


def test_another_plan_is_refused_when_fit_begins_unless_it_is_asked_for() -> None:
    model, other = network(sgd()), an.Recipe(lr=LR).over(UPDATES)
    legs(model, 0, 3, callback())

    with pytest.raises(an.AnnealingError, match=r"up to update 3, and this run follows .*resume=\"replace\"") as caught:
        learn(model, range(3, 6), ScheduleCallback(other))
    assert isinstance(caught.value, ValueError)
    with pytest.raises(an.AnnealingError, match=r"has the controller .*, not Plateau\(\)"):
        learn(model, range(3, 6), ScheduleCallback(RECIPE, controller=Plateau()))

    history = learn(model, range(3, 6), ScheduleCallback(other, monitor="loss", resume="replace")).history
    assert history["learning_rate"] == pytest.approx([LR.over(UPDATES)(5) * model.optimizer.used().gain])
    assert "momentum" not in history


def test_the_weights_of_another_plan_are_refused_with_both_texts(tmp_path: Path) -> None:
    model, other = network(sgd()), an.Recipe(lr=2 * LR).over(UPDATES)
    legs(model, 0, 3, ScheduleCallback(RECIPE))
    model.save_weights(tmp_path / "model.weights.h5")

    def fresh(**options: Any) -> Any:
        built = network(Scheduled(sgd(), other, **options))
        built.optimizer.build(built.trainable_variables)
        return built

    with pytest.raises(ValueError, match=r"followed Recipe\(.*up to update 3, and this run follows"):
        fresh().load_weights(tmp_path / "model.weights.h5")
    ready = fresh(resume="replace")
    ready.load_weights(tmp_path / "model.weights.h5")
    assert ready.optimizer.update == 3


def test_the_weights_of_a_plain_optimizer_are_refused_with_what_to_do(tmp_path: Path) -> None:
    plain = network(sgd())
    learn(plain, range(3))
    plain.save_weights(tmp_path / "plain.weights.h5")
    ours = network(Scheduled(sgd(), RECIPE))
    ours.optimizer.build(ours.trainable_variables)

    with pytest.raises(ValueError, match="load them before the first fit"):
        ours.load_weights(tmp_path / "plain.weights.h5")


def test_a_run_that_began_with_a_plain_optimizer_goes_on_from_its_count(tmp_path: Path) -> None:
    model = network(sgd())
    learn(model, range(6))
    model.save(tmp_path / "plain.keras")
    model = keras.models.load_model(tmp_path / "plain.keras")
    learn(model, range(6, 9), callback())

    assert model.optimizer.used().update == 8
    assert float(model.optimizer.learning_rate) == pytest.approx(LR.over(UPDATES)(8), rel=2e-6)


@pytest.mark.parametrize(("at", "goes_on"), [(2, False), (3, True)])
def test_a_branch_at_an_update_to_come_goes_on(at: int, goes_on: bool) -> None:
    plan = (0.1 * an.chain(an.warmup(2), an.hold())).over(40)
    decided = plan.branch(at=at, tail=an.cooldown(), total=9)
    model = line(keras.optimizers.SGD())
    moved = rates(model, 3, ScheduleCallback(lr=plan))

    if goes_on:
        moved += rates(model, 6, ScheduleCallback(lr=decided))
        assert close(moved, decided.values())
    else:
        with pytest.raises(an.AnnealingError, match="followed"):
            rates(model, 6, ScheduleCallback(lr=decided))


def test_loss_scaling_keeps_its_place_around_the_schedule() -> None:
    model = line(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), initial_scale=2.0))

    assert close(rates(model, 6, ScheduleCallback(lr=LR.over(UPDATES))), LR.over(UPDATES).values()[:6])
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)


def test_a_metric_that_is_not_there_is_said_once() -> None:
    model, plan = line(keras.optimizers.SGD()), LR.over(UPDATES)

    with pytest.warns(UserWarning, match=r"observes 'val_loss', and epoch 0 has only loss, .*monitor=\"loss\"") as warned:
        rates(model, 2, ScheduleCallback(lr=plan, controller=Plateau()), epochs=3)
    assert len([one for one in warned if "observes" in str(one.message)]) == 1


def test_a_callback_without_a_recipe_needs_a_model_that_follows_one() -> None:
    with pytest.raises(an.AnnealingError, match="this model follows nothing"):
        rates(line(keras.optimizers.SGD()), 2, ScheduleCallback())
