"""`digits`: scikit-learn's 1797 handwritten digits, with fresh pixel noise at every update.

On the clean digits the training loss reaches 0 and every schedule ties. With noise that never repeats, the
final loss is limited by how well the noise of the gradient is averaged out, which is what annealing does.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import torch
from torch import Tensor

from annealing.core.errors import TaskError
from annealing.tasks.task import Pair, Task

NOISE = 0.35
"""Standard deviation of the pixel noise; a pixel goes from 0 (paper) to 1 (ink)."""
TRAIN_SIZE = 1_000
_VALID_COPIES = 4  # each held-out digit is seen under four fixed draws of noise
_WIDTHS = (64, 64, 64, 10)


def digits() -> Task:
    """Make the task: a 64-64-64-10 ReLU network on noisy 8 × 8 digits, 1000 to train on and 797 to validate.

    Every seed has its own split, initial weights, order of batches and noise. Batches of 20 make an epoch
    of 50 updates.

    >>> task = digits()
    >>> [tuple(part.shape) for part in task.data("valid", seed=0)]
    [(3188, 64), (3188,)]

    Raises `TaskError` when scikit-learn, which brings the data, is not installed.
    """
    _pixels()
    return Task(
        model=_model,
        loss=torch.nn.functional.cross_entropy,
        train=_train,
        valid=_valid,
        batch_size=20,
        optimizer="nesterov",
        metrics={"accuracy": _accuracy},
        name="digits",
        augment=_add_noise,
    )


@cache
def _pixels() -> Pair:
    try:
        from sklearn.datasets import load_digits  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
    except ImportError:
        raise TaskError("the task digits needs scikit-learn, which brings the data: pip install scikit-learn.") from None
    pixels, labels = load_digits(return_X_y=True)
    return torch.as_tensor(pixels, dtype=torch.float32) / 16, torch.as_tensor(labels)


def _split(seed: int) -> tuple[Pair, Pair]:
    """Shuffle and cut, and put the mean pixel of the training half at 0."""
    inputs, targets = _pixels()
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(seed))
    train, valid = order[:TRAIN_SIZE], order[TRAIN_SIZE:]
    inputs = inputs - inputs[train].mean()
    return (inputs[train], targets[train]), (inputs[valid], targets[valid])


def _train(seed: int) -> Pair:
    return _split(seed)[0]


def _valid(seed: int) -> Pair:
    inputs, targets = (part.repeat(_VALID_COPIES, *[1] * (part.ndim - 1)) for part in _split(seed)[1])
    fixed = torch.Generator().manual_seed(seed + 2**32)  # another stream than the split's
    return _add_noise(inputs, fixed), targets


def _add_noise(inputs: Tensor, generator: torch.Generator) -> Tensor:
    return inputs + NOISE * torch.randn(inputs.shape, generator=generator)


def _model() -> torch.nn.Module:
    layers: list[torch.nn.Module] = []
    for inputs, outputs in pairwise(_WIDTHS):
        layer = torch.nn.Linear(inputs, outputs)
        torch.nn.init.xavier_normal_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def _accuracy(outputs: Tensor, targets: Tensor) -> float:
    return (outputs.argmax(1) == targets).float().mean().item()
