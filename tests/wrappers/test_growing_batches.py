"""Batches that grow inside both trainers, in parts that fit: the updates of one loop on whole batches, across a checkpoint."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch.utils.data import DataLoader

import annealing as an
from annealing.batch import trade
from annealing.core.errors import ArgumentError, ConflictError, KindError
from annealing.torch import PlannedBatches, Scheduler
from tests.conftest import require

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")

SAMPLES, EPOCHS = 18, 4
HORIZON = an.Horizon.of(SAMPLES, epochs=EPOCHS, batch_size=4)
DECAY = (0.05 * an.stairs({"25%": 1 / 2, "50%": 1 / 4})).over(HORIZON, unit="samples")
PAIR = trade(DECAY, batch=4)
SIZES = PAIR.sizes.tolist()
assert SIZES == [4, 4, 4, 4, 2, 8, 8, 2, 16, 2, 16, 2]
CUT = 6  # the checkpoint after 6 updates lies in the middle of the second epoch, and of parts: 8 and 16 do not fit
LARGEST = [None, 3, 1]
INPUTS = torch.randn(SAMPLES, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
TARGETS = INPUTS.sum(1).square()


class Trained(NamedTuple):
    weights: list[float]
    samples: list[int]
    parts: list[int]
    updates: int


def batches() -> PlannedBatches:
    return PlannedBatches(SAMPLES, PAIR.batch, seed=3)


def optimizer_of(parameters: Any) -> tuple[torch.optim.Optimizer, Scheduler]:
    optimizer = torch.optim.SGD(parameters, lr=0.05, momentum=0.9)
    return optimizer, Scheduler(optimizer, lr=PAIR.rate, uses=PAIR)


def loss_of(weight: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    return (INPUTS[rows] @ weight - TARGETS[rows]).square().mean()


def weight_at_first() -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))


@cache
def by_hand(stop: int) -> Trained:
    """One update on every whole batch."""
    weight, samples = weight_at_first(), list[int]()
    optimizer, _ = optimizer_of([weight])
    for update, rows in enumerate(batches().whole_run(lambda: 0)):
        if update == stop:
            break
        optimizer.zero_grad()
        loss_of(weight, torch.tensor(rows)).backward()
        optimizer.step()
        samples += rows
    return Trained(weight.tolist(), samples, SIZES[:stop], stop)


def parts_of(largest: int | None, begin: int, stop: int) -> list[int]:
    """As few as fit, as even as they can be."""
    cut = {None: {8: [8], 16: [16]}, 3: {8: [3, 3, 2], 4: [2, 2], 16: [3, 3, 3, 3, 2, 2]}, 1: {}}[largest]
    return [part for size in SIZES[begin:stop] for part in cut.get(size, [1] * size if largest == 1 else [size])]


def lightning(folder: Path, largest: int | None, stop: int, ckpt_path: Any = None, **options: Any) -> Trained:
    require("lightning")
    from lightning.pytorch import LightningModule, Trainer
    from lightning.pytorch.callbacks import ModelCheckpoint

    from annealing.lightning import PlannedAccumulation

    class Line(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.weight = weight_at_first()
            self.samples, self.parts = list[int](), list[int]()

        def train_dataloader(self) -> Any:
            sampler: Any = batches().whole_run(lambda: self.trainer.global_step, largest=largest)
            return DataLoader(range(SAMPLES), batch_sampler=sampler)  # type: ignore[arg-type]

        def training_step(self, batch: Any, index: int) -> Any:
            self.samples += batch.tolist()
            self.parts.append(len(batch))
            return loss_of(self.weight, batch)

        def configure_optimizers(self) -> Any:
            optimizer, scheduler = optimizer_of(self.parameters())
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    module, saver = Line(), ModelCheckpoint(dirpath=folder, filename="{step}", save_top_k=-1, every_n_train_steps=CUT)
    quiet: dict[str, Any] = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    callbacks = [saver] if largest is None else [PlannedAccumulation(), saver]
    trainer = Trainer(
        accelerator="cpu", devices=1, max_steps=stop, max_epochs=-1, callbacks=callbacks, use_distributed_sampler=False,
        **quiet, **options,
    )  # fmt: skip
    trainer.fit(module, ckpt_path=ckpt_path)
    assert trainer.accumulate_grad_batches == 1  # as it was
    return Trained(module.weight.tolist(), module.samples, module.parts, trainer.global_step)


def hugging_face(folder: Path, largest: int | None, stop: int, resume: Any = None, **options: Any) -> Trained:
    require("transformers")
    from transformers import TrainingArguments

    from annealing.transformers import PlannedTrainer

    class Line(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = weight_at_first()
            self.samples, self.parts = list[int](), list[int]()

        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            self.samples += x.tolist()
            self.parts.append(len(x))
            return {"loss": loss_of(self.weight, x)}

    model, data = Line(), [{"x": torch.tensor(i)} for i in range(SAMPLES)]
    chosen: dict[str, Any] = {"max_steps": stop, "ignore_data_skip": True, "data_seed": 3, **options}
    arguments = TrainingArguments(
        output_dir=str(folder), save_steps=CUT, report_to=[], use_cpu=True, disable_tqdm=True, max_grad_norm=0.0,
        dataloader_pin_memory=False, **chosen,
    )  # fmt: skip
    optimizers: Any = optimizer_of(model.parameters())
    trainer: Any = PlannedTrainer(
        model=model, args=arguments, train_dataset=data, optimizers=optimizers, batch=PAIR.batch, largest=largest
    )
    trainer.train(resume_from_checkpoint=resume)
    assert trainer.state.log_history[-1]["step"] == stop
    return Trained(model.weight.tolist(), model.samples, model.parts, optimizers[1].update)


TRAINERS = [
    pytest.param(lightning, "step={}.ckpt", id="lightning"),
    pytest.param(hugging_face, "checkpoint-{}", id="hugging face"),
]


@pytest.mark.parametrize("largest", LARGEST)
@pytest.mark.parametrize(("train", "saved"), TRAINERS)
def test_updates_on_parts_are_those_on_whole_batches_also_across_a_checkpoint(
    train: Any, saved: str, largest: int | None, tmp_path: Path
) -> None:
    for begin, stop in ((0, len(SIZES)), (0, CUT), (CUT, len(SIZES))):
        found = train(tmp_path, largest, stop, tmp_path / saved.format(CUT) if begin else None)

        assert found.updates == stop
        assert found.samples == by_hand(stop).samples[sum(SIZES[:begin]) :]
        assert found.parts == parts_of(largest, begin, stop)
        assert found.weights == pytest.approx(by_hand(stop).weights, rel=1e-12)


def test_every_sample_is_seen_once_per_epoch() -> None:
    flat = by_hand(len(SIZES)).samples
    epochs = [sorted(flat[begin : begin + SAMPLES]) for begin in range(0, len(flat), SAMPLES)]

    assert epochs == [list(range(SAMPLES))] * EPOCHS
    assert sum(map(len, epochs)) == PAIR.sizes.sum()


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"accumulate_grad_batches": 2}, ConflictError, "both say when to update"),
        ({"limit_train_batches": 3}, ArgumentError, "in the middle of a batch"),
    ],
)
def test_lightning_refuses_what_would_cut_a_batch(options: dict[str, Any], error: Any, says: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=says):
        lightning(tmp_path, 3, 4, **options)


def test_lightning_refuses_a_loader_without_planned_batches(tmp_path: Path) -> None:
    require("lightning")
    from annealing.lightning import PlannedAccumulation
    from tests.wrappers.lightning_module import Line, fit

    with pytest.raises(KindError, match=r"whole_run\("):
        fit(tmp_path, Line(), PlannedAccumulation())


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"gradient_accumulation_steps": 2}, ConflictError, "both say what an update uses"),
        ({"ignore_data_skip": False}, ArgumentError, r"max_steps=12, ignore_data_skip=True"),
        ({"max_steps": 13}, ArgumentError, r"max_steps=13 and .* write TrainingArguments\(max_steps=12"),
    ],
)
def test_hugging_faces_trainer_refuses_what_would_bend_the_plan(
    options: dict[str, Any], error: Any, says: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=says):
        hugging_face(tmp_path, 3, 4, **options)


def test_a_loss_that_the_model_divides_by_its_labels_is_divided_once(tmp_path: Path) -> None:
    """As transformers' own models do: they are told how many labels the whole update has, in every part of it."""
    require("transformers")
    from transformers import TrainingArguments

    from annealing.transformers import PlannedTrainer

    class Line(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = weight_at_first()

        def forward(self, x: torch.Tensor, labels: torch.Tensor, num_items_in_batch: Any = None, **kwargs: Any) -> Any:
            assert num_items_in_batch is not None
            return {"loss": (INPUTS[x] @ self.weight - TARGETS[labels]).square().sum() / num_items_in_batch}

    model, data = Line(), [{"x": torch.tensor(i), "labels": torch.tensor(i)} for i in range(SAMPLES)]
    arguments = TrainingArguments(
        output_dir=str(tmp_path), max_steps=len(SIZES), ignore_data_skip=True, data_seed=3, save_strategy="no", report_to=[],
        use_cpu=True, disable_tqdm=True, max_grad_norm=0.0, dataloader_pin_memory=False,
    )  # fmt: skip
    optimizers: Any = optimizer_of(model.parameters())
    made: Any = PlannedTrainer(
        model=model, args=arguments, train_dataset=data, optimizers=optimizers, batch=PAIR.batch, largest=3
    )
    made.train()

    assert model.weight.tolist() == pytest.approx(by_hand(len(SIZES)).weights, rel=1e-12)
