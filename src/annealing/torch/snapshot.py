"""`snapshot`: whatever is done to a model and its optimizer inside the block is undone when it ends."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from inspect import isroutine
from types import FunctionType
from typing import Any

from torch import Tensor

from annealing.core.errors import KindError
from annealing.torch.memento import Undo, changeable, known, learning, parts_of, randomness, undo_of


@contextmanager
def snapshot(*things: Any) -> Generator[Callable[[], None]]:
    """Restore everything when the block ends, also by an exception: what trains afterwards cannot tell that it happened.

    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    >>> before = model[0].weight.clone()
    >>> with snapshot(model, optimizer) as restore:
    ...     for rate in (0.1, 10.0):
    ...         optimizer.param_groups[0]["lr"] = rate
    ...         model(torch.randn(8, 2)).square().sum().backward()
    ...         optimizer.step()
    ...         restore()  # by hand as often as it is needed, and at the end anyway
    >>> torch.equal(model[0].weight, before), optimizer.param_groups[0]["lr"], len(optimizer.state)
    (True, 0.1, 0)

    Restored in place are parameters, buffers (those that are not saved too), gradients, `requires_grad` and `training`,
    hooks, the optimizer's state, groups, rates (tensors too) and attributes, every `Scheduler` on it with its clock, and the
    random generators of Python, NumPy and torch (CPU and CUDA). Every tensor stays the same object in the same storage.

    Arguments: `things`, the model and the optimizer, then whatever else the block will change: a `Scheduler` or one of
    torch's, a `GradScaler`, an EMA, a `DataLoader` or its generator, an object of your own (its attributes are restored: the
    numbers, tensors, lists and dictionaries in them). `None` is passed over. Not restored: an iterator over a loader that is
    under way, what a dataset keeps to itself, files. The block needs the memory of all that once more.

    Raises `KindError` for what has nothing to restore, `ArgumentError` for a lazy module that has not seen a batch.
    """
    given = [thing for thing in things if thing is not None]
    if not given:
        raise KindError("snapshot() was given nothing: write snapshot(model, optimizer), and what else the block changes.")
    for thing in given:
        if not (_walked(thing) or _has_attributes(thing)):
            raise KindError(f"snapshot() cannot restore {thing!r}: pass the object that changes, such as a model.")
    undos = [*_remembered(given), *randomness()]

    def restore() -> None:
        failures: list[Exception] = []
        for undo in undos:
            try:
                undo()
            except Exception as failure:  # noqa: BLE001 - the others must still be restored
                failures.append(failure)
        if failures:
            raise failures[0]

    try:
        yield restore
    finally:
        restore()


def _remembered(given: list[Any]) -> list[Undo]:
    """Walk through everything that is reached from what was given, each object once."""
    undos: list[Undo] = []
    afterwards: list[Undo] = []  # a gradient must have its own type back before it is given back to its parameter
    seen: dict[int, Any] = {}  # holds them, so that ids stay theirs
    ahead: list[Any] = list(reversed(given))
    roots = {id(thing) for thing in given}
    while ahead:
        thing = ahead.pop()
        if id(thing) in seen or not (id(thing) in roots or _walked(thing)):
            continue
        seen[id(thing)] = thing
        undo = undo_of(thing)
        if undo is not None:
            undos.append(undo)
        if isinstance(thing, Tensor) and thing.is_leaf:
            afterwards.append(learning(thing))
        ahead += parts_of(thing)
    return undos + afterwards


def _walked(thing: Any) -> bool:
    hook = isinstance(thing, FunctionType) and hasattr(thing, "annealing_owner")
    return hook or changeable(thing) or isinstance(thing, tuple) or known(thing)


def _has_attributes(thing: Any) -> bool:
    return not isinstance(thing, type) and not isroutine(thing) and (hasattr(thing, "__dict__") or hasattr(thing, "__slots__"))
