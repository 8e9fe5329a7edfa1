"""A Trainer on batches that follow a plan, and on parts of them where memory holds no more."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, cast

from torch import Tensor
from torch.utils.data import DataLoader
from transformers import Trainer

from annealing.core.checks import whole
from annealing.core.errors import ArgumentError, ConflictError, KindError
from annealing.core.plan import Plan
from annealing.torch.accumulate import in_parts
from annealing.torch.batch_sampler import PlannedBatches


class PlannedTrainer(Trainer):
    """Hugging Face's Trainer on batches whose size follows a plan: one update each, in as many parts as memory asks for.

    >>> import torch
    >>> import annealing as an
    >>> from transformers import TrainingArguments
    >>> from annealing.batch import trade
    >>> run = an.Horizon.of(1_000, epochs=10, batch_size=10)
    >>> pair = trade((0.05 * an.stairs({"50%": 1 / 5})).over(run, unit="samples"), batch=10)
    >>> arguments = TrainingArguments("run", max_steps=pair.updates(), ignore_data_skip=True, use_cpu=True, report_to=[])
    >>> trainer = PlannedTrainer(torch.nn.Linear(1, 1), arguments, batch=pair.batch, largest=25)
    >>> trainer.args.max_steps
    600

    Every sample is used once per epoch, in an order made of `data_seed` (or `seed`) and the epoch alone. A run that is
    resumed goes on after the samples of the updates that were made, also in the middle of an epoch. The gradient of an
    update is that of the mean over its samples, or over its labels where the Trainer divides by `num_items_in_batch`.

    Arguments: `batch`, a plan over samples, those of one update on all ranks together; `largest`, the samples that fit into
    memory at once, on one rank: larger batches are cut by `annealing.torch.in_parts`. All others are the Trainer's. To train
    by the rate that belongs to the batch, add `ScheduleCallback(pair.rate_by_update())`, or a Scheduler with `uses=pair`.
    With another Trainer of your own: `class Mine(PlannedTrainer, SFTTrainer): ...`.

    Raises `ConflictError` for `gradient_accumulation_steps`, which is not a plan; `KindError` under DeepSpeed with
    `largest`; when training begins, `ArgumentError` where `max_steps` or `ignore_data_skip` would bend the plan.
    """

    def __init__(self, *args: Any, batch: Plan, largest: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.batch, self.largest = batch, None if largest is None else whole("largest", largest)
        if self.args.gradient_accumulation_steps != 1:
            raise ConflictError(
                f"gradient_accumulation_steps={self.args.gradient_accumulation_steps} and batch= both say what an update uses: "
                "leave the first one out, and write largest=… for what fits into memory."
            )
        if self.largest is not None and self.is_deepspeed_enabled:
            raise KindError("DeepSpeed decides itself when to update: leave largest= out.")

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return the Trainer's own loader, with planned batches in place of its own."""
        theirs = cast("Any", super()).get_train_dataloader()
        args: Any = self.args  # much of it is untyped
        batches = PlannedBatches(
            theirs.dataset,
            self.batch,
            seed=args.seed if args.data_seed is None else args.data_seed,
            rank=args.process_index,
            ranks=args.world_size,
        )
        run = batches.whole_run(lambda: self.state.global_step)
        if not 0 < args.max_steps <= len(run.sizes) or not args.ignore_data_skip:
            raise ArgumentError(
                f"max_steps={args.max_steps} and ignore_data_skip={args.ignore_data_skip} do not fit a plan that says "
                f"where to go on: write TrainingArguments(max_steps={len(run.sizes)}, ignore_data_skip=True)."
            )
        return DataLoader(
            theirs.dataset,
            batch_sampler=run,
            collate_fn=theirs.collate_fn,
            num_workers=theirs.num_workers,
            pin_memory=theirs.pin_memory,
            worker_init_fn=theirs.worker_init_fn,
            prefetch_factor=theirs.prefetch_factor,
            multiprocessing_context=theirs.multiprocessing_context,
            persistent_workers=theirs.persistent_workers,
        )

    def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Tensor:
        """Add up the gradients of all parts of a batch, and return its loss."""
        if self.largest is None:
            return super().training_step(model, inputs, num_items_in_batch)
        losses: list[Tensor] = []
        for part in in_parts(inputs, self.largest):
            # what the Trainer divides a mean loss by; one that is divided by `num_items_in_batch` already is left alone
            self.current_gradient_accumulation_steps = 1 / part.weight
            with nullcontext() if part.last else self.accelerator.no_sync(model=model):
                losses.append(super().training_step(model, part.batch, num_items_in_batch))
        return sum(losses[1:], losses[0])
