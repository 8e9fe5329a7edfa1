"""A LightningModule of one weight whose gradient is 1, so that plain SGD moves it by exactly the rate."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader

BATCHES = 8  # an epoch, of one sample each


class Line(LightningModule):
    """`schedule(module, optimizer)` returns what configure_optimizers returns; by default the optimizer alone."""

    def __init__(self, schedule: Callable[[Any, Any], Any] = lambda module, optimizer: optimizer, lr: float = 0.1) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))
        self.schedule, self.lr = schedule, lr
        self.used: list[float] = []
        self.losses: list[float] = []  # of validation, in order; when they are used up, 1

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        return self.weight + 0 * batch[0].sum()

    def validation_step(self, batch: Any, index: int) -> None:
        self.log("val_loss", self.losses.pop(0) if self.losses else 1.0)

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        before = self.weight.item()
        super().optimizer_step(*args, **kwargs)
        self.used.append(before - self.weight.item())

    def configure_optimizers(self) -> Any:
        return self.schedule(self, torch.optim.SGD(self.parameters(), lr=self.lr))


class Until(Callback):
    """Stops after an update, as a crash would."""

    def __init__(self, stop: int) -> None:
        self.stop = stop

    def on_train_batch_end(self, trainer: Trainer, *args: Any, **kwargs: Any) -> None:
        trainer.should_stop = trainer.should_stop or trainer.global_step == self.stop


def data() -> Any:
    samples: Any = torch.arange(float(BATCHES)).reshape(-1, 1)
    loader: Any = DataLoader(samples, batch_size=1)
    return loader


def fit(
    folder: Path,
    module: Line,
    *callbacks: Callback,
    ckpt_path: Path | None = None,
    save_every: int = 5,
    after_validation: bool = False,
    **options: Any,
) -> Trainer:
    """Train for three epochs of eight updates; `step=<n>.ckpt` is saved after every fifth update, or every validation."""
    when: dict[str, Any] = {"save_on_train_epoch_end": False} if after_validation else {"every_n_train_steps": save_every}
    saver = ModelCheckpoint(dirpath=folder, filename="{step}", save_top_k=-1, **when)
    chosen: dict[str, Any] = {"max_epochs": 3, "logger": False, "limit_val_batches": 0, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about workers, devices and folders
        trainer = Trainer(
            accelerator="cpu",
            devices=1,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[*callbacks, saver],
            default_root_dir=folder,
            log_every_n_steps=1,
            **chosen,
        )
        trainer.fit(module, data(), data(), ckpt_path=ckpt_path)
    return trainer
