"""A sweep of Hugging Face's Trainer, which train() cannot tell was made."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from annealing.rangetest import ramp
from tests.conftest import require

require("transformers")
from annealing.core.errors import ArgumentError  # noqa: E402
from annealing.transformers import record_sweep, scan_rates  # noqa: E402
from tests.wrappers.hugging_face import Note, trainer_of  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def test_it_is_recorded_and_train_goes_as_if_it_had_not_been(tmp_path: Path) -> None:
    plain, swept = Note(), Note()
    trainer_of(tmp_path / "plain", plain, gradient_accumulation_steps=2, learning_rate=0.5).train()
    trainer = trainer_of(tmp_path / "swept", swept, gradient_accumulation_steps=2, learning_rate=0.5)
    before = [value.clone() for value in trainer.model.state_dict().values()]
    random = torch.get_rng_state()

    sweep = record_sweep(trainer, start=1e-4, end=1e-2, updates=12)

    assert sweep.rate.tolist() == ramp(1e-4, 1e-2, 12).values().tolist()
    assert trainer.optimizer is None
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(a, b) for a, b in zip(trainer.model.state_dict().values(), before, strict=True))
    trainer.train()
    assert swept.used == plain.used


class Curve(torch.nn.Module):
    """One weight and a parabola with its bottom at 3: a rate of 1 jumps to the other side, one of 0.5 to the bottom."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": (self.weight - 3) ** 2 + 0 * (x - labels).sum()}


def test_constant_rates_are_scanned_on_the_evaluation_data(tmp_path: Path) -> None:
    data = [{"x": torch.tensor([1.0]), "labels": torch.tensor([1.0])} for _ in range(6)]
    trainer = trainer_of(tmp_path, model=Curve(), eval_dataset=data, learning_rate=0.5)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    random = torch.get_rng_state()

    scanned = scan_rates(trainer, rates=[0.1, 0.5, 0.99], updates=3)

    assert scanned.first == pytest.approx(9)
    assert scanned.loss.tolist() == pytest.approx([9 * 0.8**6, 0, 9 * 0.98**6], rel=1e-5, abs=1e-9)
    assert scanned.rate[int(scanned.loss.argmin())] == 0.5
    assert trainer.optimizer is None
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in trainer.model.state_dict().items())


def test_a_scan_without_evaluation_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="eval_dataset"):
        scan_rates(trainer_of(tmp_path, model=Curve()))
