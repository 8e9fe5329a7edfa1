"""The tasks that finders of rates are scored on: six to develop with, and seven that were written down before any result.

    python benchmarks/rangetest_tasks.py

The held-out ones choose nothing: no rule, constant or default of the library was ever looked up on them. Data are
scikit-learn's bundled sets, split in halves once and for all, and the reference text that the interpreter ships. What a
seed changes are the first weights and the order of batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from annealing.tasks import Task

Pair = tuple[Tensor, Tensor]
Parts = tuple[Pair, Pair]


@final
@dataclass(frozen=True)
class Case:
    """A task, the length of its run, and where its exhaustive grid lies: rates around the usual one, over some decades."""

    task: Task
    updates: int
    decades: float = 5.0

    @property
    def usual(self) -> float:
        """The rate that people start from with its optimizer."""
        assert self.task.named_optimizer is not None
        return self.task.named_optimizer.usual


def development() -> list[Case]:
    """The six to develop with: a perceptron, a convolutional net and a small transformer, each with two optimizers."""
    made = [
        Case(Task(lambda: perceptron((64, 128, 10)), cross_entropy, *digits(), batch_size=64, name="mlp"), 1000),
        Case(Task(convolutional, cross_entropy, *images(), batch_size=64, name="cnn"), 500),
        Case(Task(Transformer, next_loss, *passages(), batch_size=8, name="transformer"), 300, 4.25),
    ]
    optimizers = ("momentum", "adamw")
    return [replace(case, task=_with(case.task, optimizer)) for case in made for optimizer in optimizers]


def held_out() -> list[Case]:
    """The seven that choose nothing, all of 600 updates."""
    residual = ("residual perceptron, batch norm", Residual, cross_entropy, digits(), 64, "radam")
    tasks: list[tuple[str, Callable[[], nn.Module], Any, Parts, int, str]] = [
        ("wine perceptron", lambda: perceptron((13, 32, 3)), cross_entropy, table("wine"), 16, "adam"),
        ("breast-cancer perceptron", lambda: perceptron((30, 32, 2)), cross_entropy, table("breast_cancer"), 32, "sgd"),
        ("diabetes regression", lambda: perceptron((10, 64, 1)), mse_loss, table("diabetes"), 32, "adamw"),
        ("iris, three tanh layers", lambda: perceptron((4, 32, 32, 3), nn.Tanh), cross_entropy, table("iris"), 16, "rmsprop"),
        ("digits autoencoder", lambda: perceptron((64, 64, 16, 64, 64)), mse_loss, themselves(), 64, "nesterov"),
        ("character bigrams", lambda: nn.Embedding(len(text()[1]), len(text()[1])), cross_entropy, bigrams(), 64, "adagrad"),
        residual,
    ]
    return [
        Case(Task(model, loss, *parts, batch_size=batch, optimizer=optimizer, name=f"{name}, {optimizer}"), 600)
        for name, model, loss, parts, batch, optimizer in tasks
    ]


def _with(task: Task, optimizer: str) -> Task:
    return replace(task, optimizer=optimizer, name=f"{task.name}, {optimizer}")


def perceptron(widths: Sequence[int], between: Callable[[], nn.Module] = nn.ReLU) -> nn.Module:
    """Linear layers of these widths, with torch's own first weights."""
    layers = [layer for inputs, outputs in pairwise(widths) for layer in (nn.Linear(inputs, outputs), between())]
    return nn.Sequential(*layers[:-1])


def convolutional() -> nn.Module:
    """Two convolutions of 3 x 3, each halved, and a linear layer."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


class Residual(nn.Module):
    """A perceptron of three residual blocks with batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(64, 64), nn.Linear(64, 10)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 64), nn.BatchNorm1d(64))
            for _ in range(3)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for block in self.blocks:
            x = torch.relu(x + block(x))
        return self.last(x)


CONTEXT, WIDTH, HEADS = 32, 32, 4


class Transformer(nn.Module):
    """Two layers of causal attention over 32 characters."""

    def __init__(self) -> None:
        super().__init__()
        signs = len(text()[1])
        self.signs, self.places = nn.Embedding(signs, WIDTH), nn.Parameter(0.02 * torch.randn(CONTEXT, WIDTH))
        self.layers = nn.ModuleList(Block() for _ in range(2))
        self.norm, self.last = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, signs)

    def forward(self, x: Tensor) -> Tensor:
        h = self.signs(x) + self.places
        for layer in self.layers:
            h = layer(h)
        return self.last(self.norm(h))


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.mixed, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))
        self.register_buffer("hidden", torch.full((CONTEXT, CONTEXT), -1e9).triu(1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (part.unflatten(-1, (HEADS, -1)).transpose(-3, -2) for part in self.mixed(self.before(x)).chunk(3, dim=-1))
        seen = torch.softmax(q @ k.transpose(-2, -1) * (WIDTH // HEADS) ** -0.5 + self.hidden, dim=-1) @ v
        x = x + self.out(seen.transpose(-3, -2).flatten(-2))
        return x + self.wide(self.between(x))


def next_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of every next character."""
    return cross_entropy(outputs.flatten(0, -2), targets.flatten())


def halves(inputs: Tensor, targets: Tensor) -> Parts:
    """Shuffle, once and for all, and cut in the middle."""
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(0))
    first, second = order[: len(order) // 2], order[len(order) // 2 :]
    return (inputs[first], targets[first]), (inputs[second], targets[second])


def digits() -> Parts:
    """Handwritten digits, pixels from 0 to 1."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return halves(torch.as_tensor(pixels, dtype=torch.float32) / 16, torch.as_tensor(labels))


def images() -> Parts:
    (x, y), (xv, yv) = digits()
    return (x.unflatten(1, (1, 8, 8)), y), (xv.unflatten(1, (1, 8, 8)), yv)


def themselves() -> Parts:
    (x, _), (xv, _) = digits()
    return (x, x), (xv, xv)


def table(name: str) -> Parts:
    """One of scikit-learn's small tables, every column at mean 0 and deviation 1; so is a target that is a number."""
    from sklearn import datasets

    columns, targets = getattr(datasets, f"load_{name}")(return_X_y=True)
    x, y = torch.as_tensor(columns, dtype=torch.float32), torch.as_tensor(targets)
    x = (x - x.mean(0)) / x.std(0)
    if y.is_floating_point():
        y = ((y - y.mean()) / y.std()).float().unsqueeze(1)
    return halves(x, y)


@cache
def text() -> tuple[Tensor, str]:
    """The interpreter's own reference text, as numbers of its characters, and the characters."""
    from pydoc_data.topics import topics

    words = "".join(topics[name] for name in sorted(topics))[:200_000]
    signs = "".join(sorted(set(words)))
    return torch.tensor([signs.index(sign) for sign in words]), signs


def passages() -> Parts:
    """Passages of 32 characters, and the same one character on; the last tenth is for validation."""
    numbers = text()[0][:100_000]
    x = numbers[: (len(numbers) - 1) // CONTEXT * CONTEXT].unflatten(0, (-1, CONTEXT))
    y = numbers[1 : x.numel() + 1].unflatten(0, (-1, CONTEXT))
    cut = len(x) * 9 // 10
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def bigrams() -> Parts:
    """Each character and the next one; the last tenth is for validation."""
    numbers = text()[0][:20_000]
    x, y, cut = numbers[:-1], numbers[1:], 18_000
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def main() -> None:
    for title, cases in (("development", development()), ("held out", held_out())):
        for case in cases:
            print(f"{title:12s} {case.task.name:40s} {case.updates:5d} updates, {case.decades:g} decades around {case.usual:g}")


if __name__ == "__main__":
    main()
