"""What is trained: a model, its data, its loss and its optimizer, as one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import Any, TypeGuard, cast, final

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from annealing.core.errors import TaskError
from annealing.tasks.optimizers import Maker, NamedOptimizer, maker_name, optimizer_named

Pair = tuple[Tensor, Tensor]
Data = Pair | Dataset[Any] | DataLoader[Any]
"""Inputs and targets: two tensors of equal length, a `Dataset` of (input, target), or a `DataLoader` of batches of them."""
Measure = Callable[[Any, Any], Any]
"""A function of (output, target) that gives one number."""


@final
@dataclass(frozen=True, eq=False)
class Task:
    """Something to train many times: under other schedules, from other seeds.

    >>> x = torch.linspace(-1, 1, 64).reshape(64, 1)
    >>> task = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, 3 * x), (x, 3 * x), name="line")
    >>> task.name, task.batch_size
    ('line', 32)

    Arguments: `model`, a function that makes a new `torch.nn.Module` at every call; `loss`, a function of
    (output, target) giving the mean loss of a batch; `train` and `valid`, two tensors, a `Dataset`, a
    `DataLoader`, or a function of the seed that gives one of these (so that every seed may have a split of
    its own); `batch_size`, samples per update (a `DataLoader` has its own); `optimizer`, a name from
    torch.optim (sgd, momentum, nesterov, adam, adamw, rmsprop, adagrad, adadelta, nadam, radam, adamax) or of a
    package of its own (schedulefree_sgd, schedulefree_adamw, schedulefree_radam, prodigy), or a function of
    (parameters, lr); `metrics`, functions of (outputs, targets) of the whole validation data, by
    name; `name`, how reports call it; `augment`, a function of (inputs, generator) applied to every training
    batch, which should draw its randomness from the generator.

    Raises `TaskError` for anything that could not be trained, saying what to write instead.
    """

    model: Callable[[], torch.nn.Module]
    loss: Measure
    train: Data | Callable[[int], Data]
    valid: Data | Callable[[int], Data]
    _: KW_ONLY
    batch_size: int = 32
    optimizer: str | Maker = "adamw"
    metrics: Mapping[str, Measure] = field(default_factory=dict[str, Measure])
    name: str = "task"
    augment: Callable[[Any, torch.Generator], Any] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise TaskError(f'name={self.name!r} is not a name: write name="my task".')
        _check_model(self.model)
        _check_function("loss", self.loss, "(output, target)")
        for role, data in (("train", self.train), ("valid", self.valid)):
            if not is_made_from_seed(data):
                check_data(role, data)
        if isinstance(self.batch_size, bool) or not isinstance(self.batch_size, int) or self.batch_size < 1:
            raise TaskError(f"batch_size={self.batch_size!r} is not a number of samples: write a whole number of 1 or more.")
        if isinstance(self.optimizer, str):
            optimizer_named(self.optimizer)
        elif isinstance(self.optimizer, torch.optim.Optimizer):
            raise TaskError(
                "optimizer is one that was already made: write its name, or a function of (parameters, lr) that makes it."
            )
        else:
            _check_function("optimizer", self.optimizer, "(parameters, lr)")
        if not isinstance(self.metrics, Mapping):
            raise TaskError(f'metrics={self.metrics!r} is not a mapping: write metrics={{"accuracy": function}}.')
        for name, metric in self.metrics.items():
            _check_function(f"metrics[{name!r}]", metric, "(outputs, targets)")
        if self.augment is not None:
            _check_function("augment", self.augment, "(inputs, generator)")

    @cached_property
    def named_optimizer(self) -> NamedOptimizer | None:
        """The optimizer with its usual rates, or None when the task makes its own."""
        return optimizer_named(self.optimizer) if isinstance(self.optimizer, str) else None

    @property
    def optimizer_name(self) -> str:
        """The optimizer as a word: its name, or that of the function that makes it."""
        return maker_name(self.optimizer)

    def data(self, role: str, seed: int) -> Data:
        """Return the `"train"` or `"valid"` data that a run from `seed` uses."""
        source = self.train if role == "train" else self.valid
        if not is_made_from_seed(source):
            return cast("Data", source)
        data = source(seed)
        check_data(f"{role}({seed})", data)
        return data


def is_made_from_seed(data: Data | Callable[[int], Data]) -> TypeGuard[Callable[[int], Data]]:
    """Say whether `data` is a function of the seed rather than data."""
    return callable(data) and not isinstance(data, Dataset | DataLoader | Tensor)


def check_data(role: str, data: object) -> None:
    """Refuse what is neither two tensors of equal length, a `Dataset`, nor a `DataLoader`."""
    if isinstance(data, Dataset | DataLoader):
        return
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise TaskError(
            f"{role} is {kind_of(data)}: write (inputs, targets), a Dataset, a DataLoader, or a function of the seed."
        )
    for part in data:
        if not isinstance(part, Tensor):
            raise TaskError(f"{role} holds {kind_of(part)} where a tensor belongs: write torch.as_tensor(…).")
    inputs, targets = data
    if inputs.ndim == 0 or targets.ndim == 0 or len(inputs) != len(targets):
        raise TaskError(
            f"{role} has inputs {tuple(inputs.shape)} and targets {tuple(targets.shape)}: their first dimensions must agree."
        )
    if len(inputs) == 0:
        raise TaskError(f"{role} is empty: there is nothing to learn from.")


def _check_model(model: object) -> None:
    if isinstance(model, torch.nn.Module):
        raise TaskError(
            "model is a module that was already made, so every run would go on training it: write model=lambda: MyModel(…)."
        )
    _check_function("model", model, "no arguments that makes a new torch.nn.Module")


def _check_function(name: str, value: object, arguments: str) -> None:
    if isinstance(value, type) and issubclass(value, torch.nn.Module) and name != "model":
        raise TaskError(f"{name}={value.__name__} is a class: write {name}={value.__name__}().")
    if not callable(value):
        raise TaskError(f"{name} is {kind_of(value)}: write a function of {arguments}.")


def kind_of(value: object) -> str:
    """Name a value's type with its article: `a str`, `an int`."""
    return f"{'an' if type(value).__name__[0] in 'aeiou' else 'a'} {type(value).__name__}"
