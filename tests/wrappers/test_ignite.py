"""ignite: a Scheduler needs no handler, and its checkpoints hold nothing but JSON of ours."""

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, LinearLR

import annealing as an
from annealing.core.errors import ConflictError, PlanMismatchError
from annealing.torch import Scheduler
from tests.conftest import require

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it loads parts of torch that say so
    require("ignite")
from ignite.engine import Engine, Events
from ignite.handlers import LRScheduler, ReduceLROnPlateauScheduler

from tests.wrappers.ignite_engine import Training

UPDATES = 24  # three epochs of eight
LR = 0.5 * an.chain(an.warmup(5), an.cosine(to=0.1))
USED = list(LR.over(UPDATES).values())
assert len(set(USED)) == UPDATES  # an off-by-one could hide in a flat stretch


def near(values: Any) -> Any:
    return pytest.approx(values, abs=1e-12)


def ours(optimizer: Optimizer) -> Scheduler:
    return Scheduler(optimizer, lr=LR.over(UPDATES))


def test_every_update_uses_the_value_of_the_plan_without_a_handler(tmp_path: Path) -> None:
    training = Training(ours)
    training.run(tmp_path)
    assert training.used == near(USED)


def test_a_run_that_was_stopped_within_an_epoch_goes_on_from_its_checkpoint_exactly(tmp_path: Path) -> None:
    first, second = Training(ours), Training(ours)
    first.run(tmp_path, stop=12)
    second.run(tmp_path, resume=tmp_path / "checkpoint_10.pt")
    assert first.used == near(USED[:12])
    assert second.used == near(USED[10:])
    assert second.engine.state.iteration == second.scheduler.update == UPDATES


def test_a_longer_run_is_refused(tmp_path: Path) -> None:
    Training(ours).run(tmp_path, stop=12)
    longer = Training(lambda optimizer: Scheduler(optimizer, lr=LR.over(2 * UPDATES)))
    with pytest.raises(PlanMismatchError, match=r"over\(24\).*over\(48\)"):
        longer.run(tmp_path, resume=tmp_path / "checkpoint_10.pt")


class TestItsWrapperOfTorchsSchedulers:
    """R26: ignite's LRScheduler calls get_lr() of torch's schedulers by itself, outside of their step()."""

    @pytest.mark.parametrize(
        ("make", "wrong"),
        [
            (lambda optimizer: CosineAnnealingLR(optimizer, UPDATES), 1),  # its first rate lies above the peak
            (lambda optimizer: ExponentialLR(optimizer, 0.9), UPDATES),
            (lambda optimizer: LinearLR(optimizer, total_iters=UPDATES), UPDATES),
        ],
        ids=["cosine", "exponential", "linear"],
    )
    def test_r26_the_control_that_it_is_wrong(self, make: Any, wrong: int, tmp_path: Path) -> None:
        bare = Training(make)
        expected: list[float] = []
        for _ in range(UPDATES):
            expected.append(bare.optimizer.param_groups[0]["lr"])
            bare.optimizer.step()
            bare.scheduler.step()

        wrapped = Training(lambda optimizer: LRScheduler(make(optimizer)))
        wrapped.engine.add_event_handler(Events.ITERATION_STARTED, wrapped.scheduler)
        wrapped.run(tmp_path)
        assert [one == pytest.approx(other) for one, other in zip(wrapped.used, expected, strict=True)].count(False) == wrong
        assert wrapped.used[0] != near(expected[0])

    def test_r26_ours_refuses_to_be_moved_by_it(self, tmp_path: Path) -> None:
        training = Training(ours)
        with pytest.raises(ConflictError, match="a clock that belongs to the optimizer"):
            LRScheduler(training.scheduler)(training.engine)


class TestWhatACheckpointHolds:
    def test_r27_the_state_is_json_and_a_checkpoint_of_it_needs_no_code(self, tmp_path: Path) -> None:
        Training(ours).run(tmp_path, stop=5)
        saved = torch.load(tmp_path / "checkpoint_5.pt", weights_only=True)["scheduler"]
        assert json.loads(json.dumps(saved)) == saved
        assert saved["update"] == 5

    def test_r27_the_control_that_the_state_of_ignites_plateau_holds_the_optimizer(self, tmp_path: Path) -> None:
        training = Training(lambda optimizer: None)
        plateau = ReduceLROnPlateauScheduler(training.optimizer, metric_name="loss", trainer=training.engine)
        state = plateau.state_dict()
        assert state["scheduler"]["_reduce_lr"].__self__.optimizer is training.optimizer
        torch.save(state, tmp_path / "plateau.pt")
        with pytest.raises(pickle.UnpicklingError):
            torch.load(tmp_path / "plateau.pt", weights_only=True)


def test_a_controller_sees_what_an_evaluator_measured(tmp_path: Path) -> None:
    losses = iter([3.0, 2.0, 2.0, 2.0])
    evaluator = Engine(lambda engine, batch: None)
    training = Training(lambda optimizer: Scheduler(optimizer, lr=LR.over(UPDATES), control="Plateau(factor=0.5, patience=1)"))

    @evaluator.on(Events.COMPLETED)
    def observe(engine: Engine) -> None:
        training.scheduler.observe(next(losses))

    @training.engine.on(Events.EPOCH_COMPLETED)
    def evaluate(engine: Engine) -> None:
        evaluator.run([None])

    training.run(tmp_path, epochs=3)
    assert training.used[:16] == near(USED[:16])
    assert training.scheduler.gains == {"lr": 0.5}
    assert training.optimizer.param_groups[0]["lr"] == near(0.5 * LR.over(UPDATES)(24))
