"""How one thing is put back as it was, in place: one function per kind, each returning what undoes every later change.

Containers are remembered shallowly and what is in them by itself, so that after undoing all of them every object is the
same object with the same content: whoever holds a reference, a view or a hook's handle, holds the right one.
"""

from __future__ import annotations

import copy
import random
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import is_dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import torch
from torch import Tensor
from torch.amp import GradScaler
from torch.nn import Module
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader, Sampler

from annealing.core.errors import ArgumentError

Undo: TypeAlias = Callable[[], None]

_CONTAINERS = (dict, list, set, deque)
_KNOWN = (Module, Optimizer, LRScheduler, GradScaler, DataLoader, Sampler)
_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")
_GENERATORS = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)

# torch has no public name for it.
_set_versions: Any = cast("Any", torch)._C._autograd._unsafe_set_version_counter  # noqa: SLF001


def known(thing: object) -> bool:
    """Whether a thing is one whose attributes are looked into wherever it is met: a part of training, or of ours."""
    return isinstance(thing, _KNOWN) or _ours(thing)


def changeable(thing: object) -> bool:
    """Whether a thing is put back by itself, not by its attributes."""
    return isinstance(thing, (Tensor, np.ndarray, *_CONTAINERS, *_GENERATORS))


def parts_of(thing: Any) -> Iterator[Any]:
    """Yield what is inside a thing and may change without it."""
    match thing:
        case Tensor():
            yield thing.__dict__
            if thing.is_leaf:
                yield from (thing.grad, *(getattr(thing, name) for name in _HOOKS))
        case dict():
            yield from (key for key in thing if isinstance(key, Tensor))
            yield from thing.values()
        case list() | tuple() | set() | deque():
            yield from thing
        case Module():  # parameters by themselves too: a scripted module keeps them elsewhere
            yield from (vars(thing), *thing.parameters(), *thing.buffers())
        case _:
            yield getattr(thing, "__dict__", None)  # of a Scheduler's hook, too, which is how its owner is found
            yield from _slots(thing).values()


def undo_of(thing: Any) -> Undo | None:
    """Return what puts a thing back as it is now, in place; nothing where only its parts can change."""
    match thing:
        case Tensor():
            return _tensor(thing)
        case dict():
            return _mapping(thing)
        case list() | deque() | set():
            return _collection(thing)
        case np.ndarray():
            return _array(thing) if thing.flags.writeable else None
        case torch.Generator():
            return _calling(thing.set_state, thing.get_state())
        case np.random.Generator():
            state = copy.deepcopy(thing.bit_generator.state)
            return lambda: setattr(thing.bit_generator, "state", state)
        case np.random.RandomState():
            return _calling(thing.set_state, thing.get_state())
        case random.Random():
            return _calling(thing.setstate, thing.getstate())
        case _:
            slots = _slots(thing)
            return _attributes(thing, slots) if slots else None


def randomness() -> Iterator[Undo]:
    """Yield what puts the global random generators back: Python's, NumPy's, and torch's on every device in use."""
    yield _calling(random.setstate, random.getstate())
    yield _calling(np.random.set_state, np.random.get_state())  # noqa: NPY002 - it is users' code that may draw from it
    yield _calling(torch.set_rng_state, torch.get_rng_state())
    if torch.cuda.is_initialized():
        yield _calling(torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all())


def _calling(function: Callable[[Any], object], state: Any) -> Undo:
    def undo() -> None:
        function(state)

    return undo


def _mapping(mapping: MutableMapping[Any, Any]) -> Undo:
    items = dict(mapping)

    def undo() -> None:
        mapping.clear()
        mapping.update(items)

    return undo


def _collection(collection: Any) -> Undo:
    items = list(collection)

    def undo() -> None:
        collection.clear()
        (collection.update if isinstance(collection, set) else collection.extend)(items)

    return undo


def _attributes(thing: Any, slots: dict[str, Any]) -> Undo:
    def undo() -> None:
        for name, value in slots.items():
            setattr(thing, name, value)

    return undo


def _array(array: np.ndarray) -> Undo:
    values = array.copy()

    def undo() -> None:
        array[...] = values

    return undo


def _tensor(tensor: Tensor) -> Undo:
    """Content, storage and version: afterwards the tensor is what it was also for autograd and for compiled code."""
    if is_lazy(tensor):
        raise ArgumentError("this model has parameters without a shape yet (a lazy module): run one batch through it first.")
    place = tensor.data  # the same storage, and a version counter of its own
    own = _once_each(place)
    with torch.no_grad():
        values = own.clone()
    version = None if tensor.is_inference() else tensor._version  # noqa: SLF001

    def undo() -> None:
        with torch.no_grad():
            own.copy_(values)
        if not _same_place(tensor, place):
            tensor.data = place
        if version is not None:  # with the content goes its version, or a graph from before would be taken for outdated
            _set_versions((tensor,), (version,))

    return undo


def learning(leaf: Tensor) -> Undo:
    """Put back what only a leaf has: its gradient, whether it learns, its hooks. To be undone after all contents."""
    learns, gradient = leaf.requires_grad, leaf.grad
    hooked = {name: getattr(leaf, name) is not None for name in _HOOKS}

    def undo() -> None:
        if not leaf.is_leaf:
            leaf.detach_()
        if leaf.requires_grad != learns:
            leaf.requires_grad_(learns)
        leaf.grad = gradient
        for name, before in hooked.items():
            hooks = getattr(leaf, name)
            if hooks is not None and not before:
                hooks.clear()

    return undo


def _once_each(place: Tensor) -> Tensor:
    """The part of a tensor that holds each number once: an expanded one shows the same memory many times."""
    if place.layout is not torch.strided:
        return place
    return place[tuple(slice(0, 1) if step == 0 else slice(None) for step in place.stride())] if 0 in place.stride() else place


def _same_place(tensor: Tensor, place: Tensor) -> bool:
    if tensor.layout is not torch.strided or place.layout is not torch.strided:
        return False
    return (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype) == (
        place.data_ptr(),
        place.shape,
        place.stride(),
        place.dtype,
    )


def _ours(thing: object) -> bool:
    kind = type(thing)
    frozen = is_dataclass(thing) and cast("Any", kind).__dataclass_params__.frozen
    return kind.__module__.startswith("annealing.torch") and not frozen and not isinstance(thing, tuple)


def _slots(thing: Any) -> dict[str, Any]:
    names = [name for kind in type(thing).__mro__ for name in _names(vars(kind).get("__slots__", ()))]
    return {name: getattr(thing, name) for name in names if hasattr(thing, name)}


def _names(slots: Any) -> list[str]:
    names = [slots] if isinstance(slots, str) else list(slots)
    return [name for name in names if name not in ("__dict__", "__weakref__")]
