"""Batches that grow inside both trainers: every sample once per epoch, across a real checkpoint in the middle of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch.utils.data import DataLoader

import annealing as an
from annealing.batch import TradePlan, trade
from annealing.torch import PlannedBatches, Scheduler
from tests.conftest import require

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")

SAMPLES, EPOCHS = 16, 4
HORIZON = an.Horizon.of(SAMPLES, epochs=EPOCHS, batch_size=4)
DECAY = (0.5 * an.stairs({"25%": 1 / 2, "50%": 1 / 4})).over(HORIZON, unit="samples")
PAIR = cast("TradePlan", trade(DECAY, batch=4))
SIZES = PAIR.sizes.tolist()
assert SIZES == [4] * 4 + [8] * 2 + [16] * 2  # the checkpoint at update 5 lies in the middle of the second epoch
CUT = 5


def batches() -> PlannedBatches:
    return PlannedBatches(SAMPLES, PAIR.batch, seed=3)


def once_per_epoch(seen: list[list[int]]) -> None:
    flat = [sample for batch in seen for sample in batch]
    epochs = [sorted(flat[begin : begin + SAMPLES]) for begin in range(0, len(flat), SAMPLES)]
    assert epochs == [list(range(SAMPLES))] * EPOCHS


def test_lightning(tmp_path: Path) -> None:
    require("lightning")
    from lightning.pytorch import LightningModule, Trainer
    from lightning.pytorch.callbacks import ModelCheckpoint

    class Line(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))
            self.seen: list[list[int]] = []
            self.used: list[float] = []

        def train_dataloader(self) -> Any:
            sampler = batches().whole_run(lambda: self.trainer.global_step)
            return DataLoader(torch.arange(SAMPLES), batch_sampler=sampler)  # type: ignore[arg-type]

        def training_step(self, batch: Any, index: int) -> Any:
            self.seen.append(batch.tolist())
            return self.weight + 0 * batch.sum()

        def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
            before = self.weight.item()
            super().optimizer_step(*args, **kwargs)
            self.used.append(before - self.weight.item())

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=0.5)
            scheduler = Scheduler(optimizer, lr=PAIR.rate, uses=PAIR)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def fit(stop: int, ckpt_path: Any = None) -> Line:
        module, saver = Line(), ModelCheckpoint(dirpath=tmp_path, filename="{step}", save_top_k=-1, every_n_train_steps=CUT)
        quiet: dict[str, Any] = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
        trainer = Trainer(
            accelerator="cpu", devices=1, max_steps=stop, max_epochs=-1, callbacks=[saver], use_distributed_sampler=False, **quiet
        )
        trainer.fit(module, ckpt_path=ckpt_path)
        return module

    whole, before = fit(len(SIZES)), fit(CUT)
    after = fit(len(SIZES), ckpt_path=tmp_path / f"step={CUT}.ckpt")

    once_per_epoch(whole.seen)
    assert [len(batch) for batch in whole.seen] == SIZES
    assert before.seen + after.seen == whole.seen
    assert before.used + after.used == pytest.approx(whole.used) == PAIR.rate_by_update().values().tolist()


def test_hugging_face(tmp_path: Path) -> None:
    require("transformers")
    from transformers import Trainer, TrainingArguments

    class Line(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))
            self.seen: list[list[int]] = []

        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            self.seen.append(x.tolist())
            return {"loss": self.weight + 0 * x.sum()}

    class Growing(Trainer):
        def get_train_dataloader(self) -> Any:
            sampler: Any = batches().whole_run(lambda: self.state.global_step)
            data: Any = self.train_dataset
            return DataLoader(data, batch_sampler=sampler, collate_fn=self.data_collator)

    def train(stop: int, resume: Any = None) -> tuple[Line, Scheduler]:
        model, data = Line(), [{"x": torch.tensor(i)} for i in range(SAMPLES)]
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        scheduler = Scheduler(optimizer, lr=PAIR.rate, uses=PAIR)
        arguments = TrainingArguments(
            output_dir=str(tmp_path), max_steps=stop, ignore_data_skip=True, save_steps=CUT, report_to=[], use_cpu=True,
            disable_tqdm=True, dataloader_pin_memory=False, max_grad_norm=0.0,
        )  # fmt: skip
        trainer: Any = Growing(model=model, args=arguments, train_dataset=data, optimizers=(optimizer, scheduler))  # type: ignore[arg-type]
        trainer.train(resume_from_checkpoint=resume)
        return model, scheduler

    whole, _ = train(len(SIZES))
    before, _ = train(CUT)
    after, scheduler = train(len(SIZES), resume=str(tmp_path / f"checkpoint-{CUT}"))

    once_per_epoch(whole.seen)
    assert [len(batch) for batch in whole.seen] == SIZES
    assert before.seen + after.seen == whole.seen
    assert (scheduler.update, scheduler.seen) == (len(SIZES), SAMPLES * EPOCHS)
    assert after.weight.item() == pytest.approx(whole.weight.item()) == pytest.approx(-PAIR.rate_by_update().values().sum())
