"""The validation losses and metrics of a stack's members."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, final

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from annealing.lockstep.alone import Validation
from annealing.lockstep.blueprint import Blueprint
from annealing.lockstep.stack import Stack
from annealing.lockstep.trail import Settled
from annealing.tasks.batches import Batch
from annealing.tasks.measure import metrics_of, validation_loss

_SMALL = 1 << 15
"""Numbers in the validation inputs up to which members are measured together: beyond it, a processor's core has enough to do."""

_MOST = 1 << 26
"""Numbers in the inputs of all members that are measured together on a device: what they turn into has to fit its memory."""


@final
class Evaluation:
    """Measures members on the validation data of their own seeds, with the model in evaluation mode."""

    def __init__(self, plan: Blueprint) -> None:
        self._plan = plan
        self._of: dict[int, Any] = {}
        self._known: tuple[tuple[int, ...], list[Batch]] = (), []
        self._can: bool | None = None
        self._together = vmap(self._loss, randomness="error")

    def losses(self, stack: Stack | Settled, rows: Sequence[int]) -> dict[int, float]:
        """Return the mean validation loss per sample of the members in these rows."""
        with _evaluating(self._plan.model), torch.no_grad():
            batches = [self._batches(stack.members[row].seed) for row in rows]
            if not self._fits_together(batches) or not self._stacks(stack, rows, batches):
                pairs = zip(rows, batches, strict=True)
                return {row: validation_loss(self._plan.task, self._predict(stack, row), own) for row, own in pairs}
            rows = list(rows)
            most = max(1, _MOST // max(1, sum(x.numel() for x, _ in batches[0])))
            found = [self._stacked(stack, rows[i : i + most], batches[i : i + most]) for i in range(0, len(rows), most)]
            return dict(zip(rows, chain.from_iterable(found), strict=True))

    def _side_by_side(self, stack: Stack | Settled, rows: Sequence[int], batches: Sequence[Validation]) -> list[Batch]:
        """Return the validation batches with a row for each member; those of the last call are kept."""
        seeds = tuple(stack.members[row].seed for row in rows)
        if self._known[0] != seeds:
            parts = zip(*(own.tensors or () for own in batches), strict=True)
            pairs = [tuple(torch.stack(list(column)) for column in zip(*part, strict=True)) for part in parts]
            self._known = seeds, [(inputs, targets) for inputs, targets in pairs]
        return self._known[1]

    def metrics(self, stack: Stack, row: int) -> dict[str, float]:
        """Return the task's metrics for the member in this row."""
        with _evaluating(self._plan.model):
            return metrics_of(self._plan.task, self._predict(stack, row), self._batches(stack.members[row].seed))

    def _batches(self, seed: int) -> Any:
        if seed not in self._of:
            self._of[seed] = Validation(self._plan.task, seed, self._plan.device)
        return self._of[seed]

    def _predict(self, stack: Stack | Settled, row: int) -> Callable[[Any], Any]:
        held = stack.held_by(row)
        return lambda inputs: functional_call(self._plan.model, held, (inputs,))

    def _fits_together(self, batches: Sequence[Validation]) -> bool:
        """Whether measuring together is worth it, by what a member alone has to do, so that it never depends on the others."""
        tensors = [own.tensors for own in batches]
        if not tensors or any(own is None for own in tensors):
            return False
        sizes = {tuple((x.shape, y.shape) for x, y in own) for own in tensors if own is not None}
        numbers = sum(x.numel() for x, _ in tensors[0] or ())
        return len(sizes) == 1 and (numbers <= _SMALL or self._plan.device != "cpu")

    def _stacks(self, stack: Stack | Settled, rows: Sequence[int], batches: Sequence[Validation]) -> bool:
        """Whether the model has a rule for stacks in evaluation mode as well: an LSTM has one only while it is trained."""
        if self._can is None:
            try:
                self._stacked(stack, rows[:1], batches[:1])
                self._can = True
            except Exception:  # noqa: BLE001 - whatever torch says; measured by itself, a member says it again
                self._can = False
        return self._can

    def _stacked(self, stack: Stack | Settled, rows: Sequence[int], batches: Sequence[Validation]) -> list[float]:
        chosen = torch.tensor(rows, device=self._plan.device)
        held = [value.index_select(0, chosen) for value in (*stack.parameters, *stack.rest)]
        total, samples = torch.zeros(len(rows), dtype=torch.float64, device=self._plan.device), 0
        for inputs, targets in self._side_by_side(stack, rows, batches):
            total += self._together(held, inputs, targets).double() * targets.shape[1]
            samples += targets.shape[1]
        return (total / samples).tolist()

    def _loss(self, held: list[Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
        names = (*self._plan.trained, *self._plan.rest)
        outputs = functional_call(self._plan.model, dict(zip(names, held, strict=True)), (inputs,))
        return self._plan.task.loss(outputs, targets).reshape(())


@contextmanager
def _evaluating(model: torch.nn.Module) -> Generator[None]:
    model.eval()
    try:
        yield
    finally:
        model.train()
