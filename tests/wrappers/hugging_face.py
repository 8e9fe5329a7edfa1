"""A Trainer over one weight whose gradient is 1, so that plain SGD moves it by exactly the rate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

SAMPLES = 18  # an epoch of 9 updates at two samples each


class Line(torch.nn.Module):
    """One weight, or several, that start at 0."""

    def __init__(self, names: tuple[str, ...] = ("weight",)) -> None:
        super().__init__()
        for name in names:
            self.register_parameter(name, torch.nn.Parameter(torch.zeros((), dtype=torch.float64)))

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        total = torch.stack(list(self.parameters())).sum()
        return {"loss": total + 0 * (x - labels).sum()}


class Note(TrainerCallback):
    """Notes how far every weight moved in each update; stops after one of them, as a crash would, where that is wanted."""

    def __init__(self, stop: int | None = None) -> None:
        self.stop = stop
        self.moved: list[list[float]] = []

    @property
    def used(self) -> list[float]:
        """The rate that each update used for the first weight."""
        return [moved[0] for moved in self.moved]

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.before = [weight.item() for weight in kwargs["model"].parameters()]

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        after = [weight.item() for weight in kwargs["model"].parameters()]
        self.moved.append([old - new for old, new in zip(self.before, after, strict=True)])

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.stop:
            control.should_training_stop = True


def trainer_of(folder: Path, *callbacks: TrainerCallback, model: torch.nn.Module | None = None, **options: Any) -> Any:
    """Return a Trainer that logs every update and saves after every ninth one."""
    passed = {name: options.pop(name) for name in ("optimizers", "model_init", "eval_dataset") if name in options}
    arguments: dict[str, Any] = {
        "output_dir": str(folder),
        "max_steps": 24,
        "optim": "sgd",
        "learning_rate": 0.1,
        "max_grad_norm": 0.0,
        "per_device_train_batch_size": 2,
        "logging_steps": 1,
        "save_steps": 9,
        "report_to": [],
        "use_cpu": True,
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
        **options,
    }
    data: Any = [{"x": torch.tensor([float(i % 5)]), "labels": torch.tensor([1.0])} for i in range(SAMPLES)]
    if "model_init" not in passed:
        passed["model"] = model or Line()
    return Trainer(args=TrainingArguments(**arguments), train_dataset=data, callbacks=list(callbacks), **passed)


def logged(trainer: Any) -> list[float]:
    """Return the learning rates of the Trainer's log, as its reports show them."""
    return [entry["learning_rate"] for entry in trainer.state.log_history if "learning_rate" in entry]
