"""A sweep of Hugging Face's Trainer, which train() cannot tell was made."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from annealing.rangetest import ramp
from tests.conftest import require

require("transformers")
from annealing.transformers import record_sweep  # noqa: E402
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
