"""transformers' Trainer: passed in `optimizers=`, logged as used, resumed from its own checkpoint."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import torch

from annealing.torch import Scheduler
from tests.conftest import require
from tests.torch_scheduler.training import PLAN, UPDATES, USED

transformers = require("transformers")


class Line(torch.nn.Module):
    """One weight, and the loss that the Trainer asks a model for."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": ((self.weight * x - labels) ** 2).mean()}


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The rates that reach the arithmetic of SGD, in order."""
    rates: list[float] = []
    module = importlib.import_module("torch.optim.sgd")  # torch.optim hides it
    compute = module.sgd

    def spy(*args: Any, lr: float, **kwargs: Any) -> None:
        rates.append(float(lr))
        compute(*args, lr=lr, **kwargs)

    monkeypatch.setattr(module, "sgd", spy)
    return rates


def trainer(folder: Path, *, tensor: bool, **kwargs: Any) -> tuple[Any, Scheduler]:
    model = Line()
    optimizer = torch.optim.SGD(model.parameters(), lr=torch.tensor(0.1) if tensor else 0.1, momentum=0.5)
    scheduler = Scheduler(optimizer, lr=PLAN)
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        max_steps=UPDATES,
        per_device_train_batch_size=2,
        logging_steps=1,
        save_steps=9,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        dataloader_pin_memory=False,
        **kwargs,
    )
    data = [{"x": torch.tensor([float(i % 5)]), "labels": torch.tensor([1.0])} for i in range(40)]
    return transformers.Trainer(model=model, args=arguments, train_dataset=data, optimizers=(optimizer, scheduler)), scheduler


def logged(run: Any) -> list[float]:
    return [entry["learning_rate"] for entry in run.state.log_history if "learning_rate" in entry]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("tensor", [False, True])
@pytest.mark.parametrize("accumulation", [1, 3])
def test_the_trainer_uses_and_logs_every_value_and_resumes_exactly(
    accumulation: int, tensor: bool, tmp_path: Path, used: list[float]
) -> None:
    run, scheduler = trainer(tmp_path, tensor=tensor, gradient_accumulation_steps=accumulation)
    run.train()
    assert used == pytest.approx(USED, rel=1e-6)
    assert logged(run) == pytest.approx(used, rel=1e-6)
    assert scheduler.update == UPDATES
    weight = run.model.weight.item()

    used.clear()
    again, scheduler = trainer(tmp_path, tensor=tensor, gradient_accumulation_steps=accumulation)
    again.train(resume_from_checkpoint=str(tmp_path / "checkpoint-9"))
    assert used == pytest.approx(USED[9:], rel=1e-6)
    assert logged(again) == pytest.approx(USED, rel=1e-6)
    assert scheduler.update == UPDATES
    assert again.model.weight.item() == weight
