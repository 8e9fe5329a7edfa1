"""Hugging Face's Trainer: the callback builds the schedule, whose length is the Trainer's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

from annealing.transformers import ScheduleCallback
from tests.stories.everywhere.protocol import legs, moves
from tests.stories.everywhere.run_torch import Line


class Model(Line):
    """The same, with the face that the Trainer asks for."""

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return {"loss": super().forward() + 0 * (x - labels).sum()}


class Until(TrainerCallback):
    """Saves and stops at an update, and notes the weight after every one."""

    def __init__(self, end: int, weights: list[float]) -> None:
        self.end, self.weights = end, weights

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.weights.append(kwargs["model"].weight.item())
        if state.global_step == self.end:
            control.should_save = control.should_training_stop = True


def run(text: str, updates: int, save_every: int | None, folder: Path) -> list[float]:
    weights: list[float] = []
    for first, end in legs(updates, save_every):
        arguments = TrainingArguments(
            output_dir=str(folder),
            max_steps=updates,
            optim="sgd",
            learning_rate=0.1,
            max_grad_norm=0.0,
            per_device_train_batch_size=1,
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        data = [{"x": torch.tensor([1.0]), "labels": torch.tensor([1.0])} for _ in range(7)]
        callbacks = [ScheduleCallback(text), Until(end, weights)]
        trainer = Trainer(model=Model(), args=arguments, train_dataset=data, callbacks=callbacks)  # pyright: ignore[reportArgumentType]
        trainer.train(resume_from_checkpoint=str(folder / f"checkpoint-{first}") if first else None)
    return moves(weights)
