"""The network of noisy digits for several seeds at once, for rules that are no optimizer of torch's: gradients in, weights out.

Studies whose rule looks at losses or gradients of each seed (a controller, an average of iterates, gradient norms) step it
themselves; everything else trains through `annealing.lockstep`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import cast, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from annealing.tasks import digits
from annealing.tasks.noisy_digits import NOISE
from annealing.tasks.task import Pair

Weights = list[Tensor]
"""One tensor per layer's matrix and bias, each with the seeds in front: [seeds, inputs, outputs] and [seeds, 1, outputs]."""


@contextmanager
def one_thread() -> Generator[None]:
    """Compute on one thread inside, however many cores there are: an update of a stack this small is slower on two."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@final
class Stack:
    """The data, weights and random numbers of some seeds, stacked."""

    def __init__(self, seed: int, seeds: int, *, first: int = 100) -> None:
        """Make `seeds` runs from `1000 · seed + first` on: each its own split and initial weights."""
        task, numbers = digits(), range(1_000 * seed + first, 1_000 * seed + first + seeds)
        train, valid = (cast("list[Pair]", [task.data(role, number) for number in numbers]) for role in ("train", "valid"))
        self.train = tuple(torch.stack([part[i] for part in train]) for i in (0, 1))
        self.valid = tuple(torch.stack([part[i] for part in valid]) for i in (0, 1))
        self.random = torch.Generator().manual_seed(numbers[0])
        self.seeds = seeds
        self.weights = self._initial()

    def batch(self, size: int = 20) -> tuple[Tensor, Tensor]:
        """Draw a batch for every seed, with fresh noise on its pixels."""
        inputs, targets = self.train
        chosen = torch.randint(inputs.shape[1], (self.seeds, size), generator=self.random)
        picked = torch.take_along_dim(inputs, chosen[..., None], 1)
        noise = torch.randn(picked.shape, generator=self.random)
        return picked + NOISE * noise, torch.take_along_dim(targets, chosen, 1)

    def gradients(self, weights: Weights, size: int = 20) -> tuple[Tensor, Weights]:
        """Return the training loss of every seed on a fresh batch at some weights, and its gradient."""
        inputs, targets = self.batch(size)
        leaves = [weight.detach().requires_grad_() for weight in weights]
        losses = _losses(leaves, inputs, targets)
        return losses.detach(), list(torch.autograd.grad(losses.sum(), leaves))

    def squared_lengths(self, size: int) -> NDArray[np.float64]:
        """Return |gradient|² of every seed on a fresh batch, at the weights where they are."""
        _, gradients = self.gradients(self.weights, size)
        return sum((g.flatten(1) ** 2).sum(1) for g in gradients).double().numpy()  # pyright: ignore[reportAttributeAccessIssue]

    @torch.no_grad()
    def valid_losses(self, weights: Weights) -> NDArray[np.float64]:
        """Return the validation loss of every seed; infinite where it is no finite number."""
        losses = _losses(weights, *self.valid).double().numpy()
        return np.where(np.isfinite(losses), losses, np.inf)

    def _initial(self) -> Weights:
        weights: Weights = []
        for inputs, outputs in ((64, 64), (64, 64), (64, 10)):
            deviation = (2 / (inputs + outputs)) ** 0.5
            weights.append(deviation * torch.randn(self.seeds, inputs, outputs, generator=self.random))
            weights.append(torch.zeros(self.seeds, 1, outputs))
        return weights


def _losses(weights: Sequence[Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
    """The mean cross-entropy of every seed."""
    hidden = inputs
    for matrix, bias in zip(weights[0:4:2], weights[1:4:2], strict=True):
        hidden = torch.relu(torch.baddbmm(bias, hidden, matrix))
    logits = torch.baddbmm(weights[5], hidden, weights[4])
    chosen = torch.take_along_dim(torch.log_softmax(logits, -1), targets[..., None], -1)
    return -chosen.squeeze(-1).mean(-1)
