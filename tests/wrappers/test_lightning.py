"""Lightning: a Scheduler from configure_optimizers, and `ScheduleCallback`, with Lightning's real checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR

import annealing as an
from annealing.core.errors import ArgumentError, ConflictError, LengthError, PlanMismatchError
from annealing.torch import Scheduler
from tests.conftest import require

lightning = require("lightning")
from lightning.pytorch.callbacks import LearningRateFinder, LearningRateMonitor  # noqa: E402
from lightning.pytorch.loggers import CSVLogger  # noqa: E402
from lightning.pytorch.plugins import MixedPrecision  # noqa: E402

from annealing.lightning import ScheduleCallback  # noqa: E402
from tests.wrappers.lightning_module import Line, Until, fit  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")

UPDATES = 24  # three epochs of eight
SHAPE = an.chain(an.warmup(5), an.cosine(to=0.1))
LR = 0.5 * SHAPE
PLAN = LR.over(UPDATES)
USED = list(PLAN.values())
assert len(set(USED)) == UPDATES  # an off-by-one could hide in a flat stretch

Configured = Callable[[Any, torch.optim.Optimizer], Any]


def near(values: Any) -> Any:
    return pytest.approx(values, abs=1e-12)


def right(used: list[float], expected: list[float]) -> int:
    return sum(one == near(other) for one, other in zip(used, expected, strict=True))


def ours(plan: an.Plan = PLAN, **config: Any) -> Configured:
    return lambda module, optimizer: {
        "optimizer": optimizer,
        "lr_scheduler": {"scheduler": Scheduler(optimizer, lr=plan), **config},
    }


def torchs(plan: an.Plan = PLAN, **config: Any) -> Configured:
    return lambda module, optimizer: {
        "optimizer": optimizer,
        "lr_scheduler": {"scheduler": LambdaLR(optimizer, lambda t: plan(t) / 0.1), **config},
    }


class TestConfigureOptimizers:
    @pytest.mark.parametrize("config", [{}, {"interval": "step"}, {"interval": "step", "frequency": 3}], ids=str)
    def test_any_interval_and_frequency_is_exact(self, config: Any, tmp_path: Path) -> None:
        """Lightning's default is a step of the scheduler per epoch."""
        module = Line(ours(**config))
        fit(tmp_path, module)
        assert module.used == near(USED)

    def test_the_control_that_torchs_scheduler_is_wrong_by_default(self, tmp_path: Path) -> None:
        module = Line(torchs())
        fit(tmp_path, module)
        assert right(module.used, USED) == 1

    def test_r46_the_frequency_counts_micro_batches_for_torch_and_means_nothing_to_ours(self, tmp_path: Path) -> None:
        """A step of the scheduler at every second update is asked for, and an update has two micro-batches."""
        options: dict[str, Any] = {"max_epochs": 6, "accumulate_grad_batches": 2}
        mine, theirs = Line(ours(interval="step", frequency=2)), Line(torchs(interval="step", frequency=2))
        fit(tmp_path, mine, **options)
        fit(tmp_path, theirs, **options)
        assert mine.used == near(USED)
        assert theirs.used != near([USED[t // 2] for t in range(UPDATES)])
        assert theirs.used == near(USED)  # as if every update had been asked for

    @pytest.mark.parametrize("config", [{}, {"interval": "step"}], ids=str)
    def test_a_run_that_was_stopped_within_an_epoch_goes_on_exactly(self, config: Any, tmp_path: Path) -> None:
        first, second = Line(ours(**config)), Line(ours(**config))
        fit(tmp_path, first, Until(12))
        fit(tmp_path, second, ckpt_path=tmp_path / "step=10.ckpt")
        assert first.used == near(USED[:12])
        assert second.used == near(USED[10:])

    def test_the_control_that_torchs_scheduler_is_lost_after_such_a_resume(self, tmp_path: Path) -> None:
        first, second = Line(torchs()), Line(torchs())
        fit(tmp_path, first, Until(12))
        fit(tmp_path, second, ckpt_path=tmp_path / "step=10.ckpt")
        assert right(second.used, USED[10:]) == 0

    def test_r47_a_longer_run_is_refused_where_torchs_keeps_the_old_horizon(self, tmp_path: Path) -> None:
        def cosine(module: Any, optimizer: torch.optim.Optimizer) -> Any:
            horizon = module.trainer.estimated_stepping_batches
            scheduler = CosineAnnealingLR(optimizer, T_max=horizon)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

        fit(tmp_path / "theirs", Line(cosine), Until(12))
        longer = Line(cosine)
        fit(tmp_path / "theirs", longer, ckpt_path=tmp_path / "theirs" / "step=10.ckpt", max_epochs=6)
        assert longer.used[UPDATES - 10] == pytest.approx(0.0, abs=1e-6)  # the floor at half of the run, and then up again
        assert max(longer.used[UPDATES - 10 :]) > 0.09

        fit(tmp_path / "ours", Line(ours()), Until(12))
        with pytest.raises(PlanMismatchError, match=r"over\(24\).*over\(48\)"):
            fit(tmp_path / "ours", Line(ours(LR.over(48))), ckpt_path=tmp_path / "ours" / "step=10.ckpt", max_epochs=6)


class TestTheCallback:
    @pytest.mark.parametrize(
        ("schedule", "options"),
        [
            (str(LR), {}),
            (LR, {"max_epochs": 6, "accumulate_grad_batches": 2}),
            (LR.over(UPDATES), {}),
            (an.Recipe(lr=LR), {"max_epochs": -1, "max_steps": 24}),
        ],
        ids=["text", "schedule, accumulated", "plan", "recipe, by steps"],
    )
    def test_every_update_uses_the_value_of_the_plan(self, schedule: Any, options: Any, tmp_path: Path) -> None:
        module = Line()
        fit(tmp_path, module, ScheduleCallback(schedule), **options)
        assert module.used == near(USED)

    def test_lengths_in_epochs_are_those_of_the_trainer(self, tmp_path: Path) -> None:
        module = Line()
        fit(tmp_path, module, ScheduleCallback("0.5 * chain(warmup(1ep), hold, cooldown(1ep))"), accumulate_grad_batches=2)
        expected = 0.5 * an.chain(an.warmup(4), an.hold(4), an.cooldown(4))
        assert module.used == near(list(expected.over(12).values()))

    def test_a_run_that_was_stopped_within_an_epoch_goes_on_exactly(self, tmp_path: Path) -> None:
        first, second = Line(), Line()
        fit(tmp_path, first, ScheduleCallback(LR), Until(12))
        trainer = fit(tmp_path, second, ScheduleCallback(LR), ckpt_path=tmp_path / "step=10.ckpt")
        assert first.used == near(USED[:12])
        assert second.used == near(USED[10:])
        assert trainer.global_step == UPDATES

    def test_a_factor_multiplies_the_own_rate_also_after_a_resume(self, tmp_path: Path) -> None:
        first, second = Line(lr=0.2), Line(lr=0.2)
        fit(tmp_path, first, ScheduleCallback(factor=SHAPE), Until(12))
        fit(tmp_path, second, ScheduleCallback(factor=SHAPE), ckpt_path=tmp_path / "step=10.ckpt")
        assert first.used[:10] + second.used == near([0.4 * used for used in USED])

    def test_the_state_in_the_checkpoint_is_plain(self, tmp_path: Path) -> None:
        fit(tmp_path, Line(), ScheduleCallback(LR), Until(5))
        saved = torch.load(tmp_path / "step=5.ckpt", weights_only=True)["callbacks"]["ScheduleCallback"]
        assert (saved["update"], saved["plan"]) == (5, str(LR.over(UPDATES)))

    def test_r47_a_longer_run_is_refused_and_obeys_a_policy(self, tmp_path: Path) -> None:
        fit(tmp_path, Line(), ScheduleCallback(LR), Until(12))
        checkpoint = tmp_path / "step=10.ckpt"
        with pytest.raises(PlanMismatchError, match=r"over\(24\).*over\(48\)"):
            fit(tmp_path, Line(), ScheduleCallback(LR), ckpt_path=checkpoint, max_epochs=6)
        longer = Line()
        fit(tmp_path, longer, ScheduleCallback(LR, resume="replace"), ckpt_path=checkpoint, max_epochs=6)
        assert longer.used == near(list(LR.over(48).values()[10:]))

    def test_a_checkpoint_without_the_callback_is_refused_or_followed_from_there(self, tmp_path: Path) -> None:
        fit(tmp_path, Line(), Until(12))
        checkpoint = tmp_path / "step=10.ckpt"
        with pytest.raises(PlanMismatchError, match="update 10 was trained without a ScheduleCallback"):
            fit(tmp_path, Line(), ScheduleCallback(LR), ckpt_path=checkpoint)
        module = Line()
        fit(tmp_path, module, ScheduleCallback(LR, resume="replace"), ckpt_path=checkpoint)
        assert module.used == near(USED[10:])

    def test_a_second_fit_goes_on_where_the_first_one_ended(self, tmp_path: Path) -> None:
        """Lightning makes a new optimizer for it, and goes on counting."""
        module = Line()
        trainer = fit(tmp_path, module, ScheduleCallback(LR.over(UPDATES)), max_epochs=2, save_every=100)
        trainer.fit_loop.max_epochs = 3
        trainer.fit(module, trainer.train_dataloader)
        assert module.used == near(USED)

    def test_two_owners_of_the_rates_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConflictError, match="returned a LambdaLR"):
            fit(tmp_path, Line(torchs()), ScheduleCallback(LR))

    def test_several_optimizers_are_refused(self, tmp_path: Path) -> None:
        def two(module: Any, optimizer: torch.optim.Optimizer) -> Any:
            module.automatic_optimization = False
            return [optimizer, torch.optim.SGD(module.parameters(), lr=0.1)]

        with pytest.raises(ConflictError, match="returned 2 optimizers"):
            fit(tmp_path, Line(two), ScheduleCallback(LR))

    def test_a_run_without_an_end_needs_a_plan_with_a_length(self, tmp_path: Path) -> None:
        with pytest.raises(LengthError, match="does not know how many updates"):
            fit(tmp_path, Line(), ScheduleCallback(LR), Until(5), max_epochs=-1)

    def test_manual_optimization_is_counted_too(self, tmp_path: Path) -> None:
        class ByHand(Line):
            def training_step(self, batch: Any, index: int) -> Any:
                optimizer: Any = self.optimizers()
                optimizer.zero_grad()
                before = self.weight.item()
                self.manual_backward(super().training_step(batch, index))
                optimizer.step()
                self.used.append(before - self.weight.item())

        module = ByHand()
        module.automatic_optimization = False
        fit(tmp_path, module, ScheduleCallback(LR))
        assert module.used == near(USED)


class TestControl:
    """A controller sees what is logged, and its gain multiplies the plan."""

    losses = (3.0, 2.0, 2.0, 2.0, 1.0, 1.0)  # validated after every fourth update
    gains = [1.0] * 16 + [0.5] * 8

    def trained(self, folder: Path, losses: tuple[float, ...], *callbacks: Any, **options: Any) -> list[float]:
        module = Line()
        module.losses = list(losses)
        callback = ScheduleCallback(LR, control="Plateau(factor=0.5, patience=2)")
        chosen: dict[str, Any] = {"val_check_interval": 4, "limit_val_batches": 1, "num_sanity_val_steps": 0, **options}
        fit(folder, module, callback, *callbacks, after_validation=True, **chosen)
        return module.used

    def test_its_gain_holds_from_the_next_update_on_and_is_resumed(self, tmp_path: Path) -> None:
        whole = self.trained(tmp_path / "whole", self.losses)
        assert whole == near([gain * used for gain, used in zip(self.gains, USED, strict=True)])

        self.trained(tmp_path / "run", self.losses, Until(14))
        resumed = self.trained(tmp_path / "run", self.losses[2:], ckpt_path=tmp_path / "run" / "step=8.ckpt")
        assert resumed == near(whole[8:])

    def test_a_sanity_check_is_not_seen(self, tmp_path: Path) -> None:
        used = self.trained(tmp_path, (0.1, *self.losses), num_sanity_val_steps=1)
        assert used == near([gain * value for gain, value in zip(self.gains, USED, strict=True)])

    def test_an_early_stop_ends_the_run(self, tmp_path: Path) -> None:
        module = Line()
        module.losses = [1.0, 2.0, 3.0, 4.0]
        fit(tmp_path, module, ScheduleCallback(LR, control={"stop": "EarlyStop(patience=1)"}), limit_val_batches=1)
        assert module.used == near(USED[:16])

    def test_a_metric_of_training_is_seen_after_every_epoch_where_nothing_is_validated(self, tmp_path: Path) -> None:
        class Logging(Line):
            def training_step(self, batch: Any, index: int) -> torch.Tensor:
                self.log("train_loss", 1.0, on_epoch=True, on_step=False)
                return super().training_step(batch, index)

        module = Logging()
        callback = ScheduleCallback(LR, control="Plateau(factor=0.5, patience=1)", monitor="train_loss")
        fit(tmp_path, module, callback)
        assert module.used == near(USED[:16] + [0.5 * used for used in USED[16:]])

    def test_a_metric_that_is_not_logged_is_refused(self, tmp_path: Path) -> None:
        callback = ScheduleCallback(LR, control="Plateau", monitor="accuracy")
        with pytest.raises(ArgumentError, match=r'monitor="accuracy", and what was logged is .*val_loss'):
            fit(tmp_path, Line(), callback, limit_val_batches=1)


class TestWhatIsShown:
    @pytest.mark.parametrize("way", ["callback", "configure_optimizers"])
    def test_the_learning_rate_monitor_shows_what_is_then_used(self, way: str, tmp_path: Path) -> None:
        monitor = LearningRateMonitor(logging_interval="step")
        module = Line() if way == "callback" else Line(ours())
        callbacks = [ScheduleCallback(LR)] if way == "callback" else []
        fit(tmp_path, module, *callbacks, monitor, logger=CSVLogger(tmp_path))
        assert module.used == near(USED)
        assert monitor.lrs["lr-SGD"] == near(module.used)


class Overflowing(Line):
    """Two of its gradients are infinite, which the scaler of mixed precision finds, and then skips the update."""

    fused = False

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        self.overflows = self.trainer.global_step in (2, 9)
        return super().training_step(batch, index) * (float("inf") if self.overflows else 1.0)

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        super().optimizer_step(*args, **kwargs)
        if self.overflows:
            assert self.used.pop() == 0.0

    def configure_optimizers(self) -> Any:
        return self.schedule(self, torch.optim.SGD(self.parameters(), lr=self.lr, fused=self.fused))


class TestSkippedSteps:
    """R44: what the scaler skips is no update. Lightning counts it in global_step, and steps torch's scheduler for it."""

    def trained(self, folder: Path, module: Overflowing, *callbacks: Any) -> list[float]:
        scaler: Any = torch.amp.GradScaler("cpu", init_scale=2.0)
        trainer = fit(folder, module, *callbacks, plugins=MixedPrecision("16-mixed", "cpu", scaler))
        assert trainer.global_step == UPDATES
        return module.used

    @pytest.mark.parametrize("fused", [False, True])
    def test_r44_a_step_that_amp_skips_uses_no_value_of_the_plan(self, fused: bool, tmp_path: Path) -> None:
        module = Overflowing()
        module.fused = fused
        assert self.trained(tmp_path, module, ScheduleCallback(LR)) == near(USED[:22])

    def test_r44_the_control_that_torchs_scheduler_goes_on_without_the_optimizer(self, tmp_path: Path) -> None:
        used = self.trained(tmp_path, Overflowing(torchs(interval="step")))
        assert right(used, USED[:22]) == 2


class TestTheLearningRateFinder:
    """Lightning's finder puts a scheduler of its own on the optimizer and takes it away again."""

    def test_it_works_beside_the_callback_which_takes_over_afterwards(self, tmp_path: Path) -> None:
        module = Line()
        fit(tmp_path, module, ScheduleCallback(LR), LearningRateFinder(num_training_steps=12, early_stop_threshold=None))
        assert module.used[12:] == near(USED)

    def test_a_scheduler_from_configure_optimizers_refuses_it_before_anything_is_trained(self, tmp_path: Path) -> None:
        module = Line(ours(interval="step"))
        with pytest.raises(ConflictError, match='something else writes "lr"'):
            fit(tmp_path, module, LearningRateFinder(num_training_steps=12, early_stop_threshold=None))
        assert module.weight.item() == 0.0
