"""Columns: all the slots of one hyper-parameter that follow one plan, written together and checked together.

Numbers are put into the groups, tensors are filled in place, so compiled steps and graphs keep the tensor they know.
A column remembers rows, not group dictionaries: loading an optimizer's state replaces the dictionaries.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from operator import countOf, is_, itemgetter
from typing import Any, Protocol, final

import numpy as np
import torch
from torch import Tensor

from annealing.torch.slot import Group, Slot


class Column(Protocol):
    """Slots that take one plan's value, each times its own base."""

    slot: Slot

    def write(self, groups: Sequence[Group], value: float) -> None: ...

    def untouched(self, groups: Sequence[Group]) -> bool: ...

    def foreign(self, groups: Sequence[Group]) -> int | None: ...

    def scaled(self, value: float) -> list[tuple[int, float]]: ...


@final
class Numbers:
    """A column of Python numbers, which all take the same value. This is the common case, and the fast one."""

    __slots__ = ("_base", "_count", "_field", "_pick", "_read", "_rows", "_wrote", "slot")

    def __init__(self, slot: Slot, rows: Sequence[int], base: float, groups: int) -> None:
        self.slot, self._rows, self._base, self._count = slot, rows, base, len(rows)
        self._pick, self._read = picker(rows, groups), reader(slot)
        self._field = slot.field if slot.index is None else None
        self._wrote = math.nan

    def write(self, groups: Sequence[Group], value: float) -> None:
        """Write the plan's value times the base, unless it has not changed."""
        value = value * self._base
        if value == self._wrote:
            return
        self._wrote = value
        mine = groups if self._pick is None else self._pick(groups)
        if (field := self._field) is not None:
            for group in mine:
                group[field] = value
        else:
            for group in mine:
                self.slot.replace(group, value)

    def untouched(self, groups: Sequence[Group]) -> bool:
        """Tell whether every slot still holds what was written: nearly always the very same object, so that is asked first."""
        mine, wrote = groups if self._pick is None else self._pick(groups), self._wrote
        if (field := self._field) is not None:
            for group in mine:
                if group[field] is not wrote:
                    break
            else:
                return True
        return countOf(map(self._read, mine), wrote) == self._count

    def foreign(self, groups: Sequence[Group]) -> int | None:
        """Return the first row that holds another number."""
        return next((row for row in self._rows if self.slot.peek(groups[row]) != self._wrote), None)

    def scaled(self, value: float) -> list[tuple[int, float]]:
        """Return what each row would be given for a value of the plan."""
        return [(row, value * self._base) for row in self._rows]


@final
class ScaledNumbers:
    """A column of Python numbers with bases that differ."""

    __slots__ = ("_bases", "_field", "_pick", "_read", "_rows", "_wrote", "slot")

    def __init__(self, slot: Slot, rows: Sequence[int], bases: Sequence[float], groups: int) -> None:
        self.slot, self._rows, self._bases = slot, rows, np.array(bases)
        self._pick, self._read = picker(rows, groups), reader(slot)
        self._field = slot.field if slot.index is None else None
        self._wrote: list[float] = []

    def write(self, groups: Sequence[Group], value: float) -> None:
        """Write the plan's value times each base."""
        mine = groups if self._pick is None else self._pick(groups)
        self._wrote = (value * self._bases).tolist()
        if (field := self._field) is not None:
            for group, own in zip(mine, self._wrote, strict=True):
                group[field] = own
        else:
            for group, own in zip(mine, self._wrote, strict=True):
                self.slot.replace(group, own)

    def untouched(self, groups: Sequence[Group]) -> bool:
        """Tell whether every slot still holds what was written (list comparison looks at identity first)."""
        mine = groups if self._pick is None else self._pick(groups)
        return list(map(self._read, mine)) == self._wrote

    def foreign(self, groups: Sequence[Group]) -> int | None:
        """Return the first row that holds another number."""
        pairs = zip(self._rows, self._wrote, strict=True)
        return next((row for row, wrote in pairs if self.slot.peek(groups[row]) != wrote), None)

    def scaled(self, value: float) -> list[tuple[int, float]]:
        """Return what each row would be given for a value of the plan."""
        return list(zip(self._rows, (value * self._bases).tolist(), strict=True))


@final
class Tensors:
    """A column of 0-d tensors, each filled in place. The version counter shows foreign writes without a device sync."""

    __slots__ = ("_bases", "_fills", "_pick", "_read", "_rows", "_tensors", "_value", "_versions", "slot")

    def __init__(self, slot: Slot, rows: Sequence[int], bases: Sequence[float], groups: int, tensors: Sequence[Tensor]) -> None:
        self.slot, self._rows = slot, rows
        self._pick, self._read = picker(rows, groups), reader(slot)
        self._bases, self._tensors = bases, list(tensors)
        # Groups that never had a rate of their own share the optimizer's one default tensor: fill it once.
        fills = {id(tensor): (tensor, base) for tensor, base in zip(tensors, bases, strict=True)}.values()
        kinds: defaultdict[tuple[torch.dtype, torch.device], list[tuple[Tensor, float]]] = defaultdict(list)
        for tensor, base in fills:
            kinds[tensor.dtype, tensor.device].append((tensor, base))
        self._fills = [_Fill(alike) for alike in kinds.values()]
        self._versions: list[int] = []
        self._value = math.nan

    def write(self, groups: Sequence[Group], value: float) -> None:
        """Fill every tensor with the plan's value times its base, unless the value has not changed."""
        if value == self._value:
            return
        self._value = value
        for fill in self._fills:
            fill(value)
        self._versions = versions(self._tensors)

    def untouched(self, groups: Sequence[Group]) -> bool:
        """Tell whether every slot still holds its tensor, and nothing else has written into it."""
        mine = groups if self._pick is None else self._pick(groups)
        return all(map(is_, map(self._read, mine), self._tensors)) and versions(self._tensors) == self._versions

    def foreign(self, groups: Sequence[Group]) -> int | None:
        """Return the first row that holds another tensor, or one that was written to."""
        now = zip(self._rows, self._tensors, self._versions, versions(self._tensors), strict=True)
        return next((row for row, tensor, wrote, held in now if self.slot.peek(groups[row]) is not tensor or held != wrote), None)

    def scaled(self, value: float) -> list[tuple[int, float]]:
        """Return what each row would be given for a value of the plan."""
        return [(row, value * base) for row, base in zip(self._rows, self._bases, strict=True)]


# What torch's own optimizers call; it has no public name.
_copy: Any = torch._foreach_copy_  # pyright: ignore[reportPrivateUsage, reportPrivateImportUsage]
_FEW = 4  # tensors that are filled one by one sooner than together


@final
class _Fill:
    """Fills tensors of one type and device with a value times each one's base, in one call of torch however many they are."""

    def __init__(self, pairs: Sequence[tuple[Tensor, float]]) -> None:
        self._pairs, self._tensors = pairs, [tensor for tensor, _ in pairs]
        bases, like = [base for _, base in pairs], pairs[0][0]
        self._alike = len(set(bases)) == 1
        self._bases = np.array(bases[:1] if self._alike else bases)
        self._source = torch.empty(len(self._bases), dtype=like.dtype, device=like.device)
        views = [self._source[place] for place in range(len(self._bases))]
        self._sources = views * (len(pairs) if self._alike else 1)

    def __call__(self, value: float) -> None:
        if len(self._pairs) < _FEW:
            for tensor, base in self._pairs:
                tensor.fill_(value * base)
            return
        if self._alike:
            self._source.fill_(value * self._pairs[0][1])
        else:
            self._source.copy_(torch.from_numpy(value * self._bases))
        _copy(self._tensors, self._sources)


@final
class Flat:
    """A column whose slots are 0-d views of one tensor, which is filled in one call, however many they are.

    The views share its version counter, so one look at it shows foreign writes into any of them.
    """

    __slots__ = ("_alike", "_bases", "_first", "_pick", "_read", "_rows", "_value", "_version", "_views", "_whole", "slot")

    def __init__(self, slot: Slot, rows: Sequence[int], bases: Sequence[float], groups: Sequence[Group]) -> None:
        self.slot, self._rows, self._bases = slot, rows, np.array(bases)
        self._first, self._alike = bases[0], len(set(bases)) == 1
        self._pick, self._read = picker(rows, len(groups)), reader(slot)
        held = [slot.read(groups[row]) for row in rows]
        whole = _flat_under(held)
        if whole is None:
            like = next((value for value in held if isinstance(value, Tensor)), None)
            weight = next((weight for row in rows for weight in groups[row]["params"]), None)
            kind = like if like is not None else torch.zeros((), device=None if weight is None else weight.device)
            whole = torch.empty(len(rows), dtype=kind.dtype, device=kind.device)
            held = [whole[place] for place in range(len(rows))]
            for row, view in zip(rows, held, strict=True):
                slot.replace(groups[row], view)
        self._whole: Tensor = whole
        self._views: list[Tensor] = held
        self._value, self._version = math.nan, 0

    def write(self, groups: Sequence[Group], value: float) -> None:
        """Fill the tensor under all the slots."""
        if value == self._value:
            return
        self._value = value
        if self._alike:
            self._whole.fill_(value * self._first)
        else:
            self._whole.copy_(torch.from_numpy(value * self._bases))
        self._version = self._whole._version  # noqa: SLF001 - torch has no public name for it

    def untouched(self, groups: Sequence[Group]) -> bool:
        """Tell whether every slot still holds its view, and nothing else has written into any."""
        mine = groups if self._pick is None else self._pick(groups)
        return self._whole._version == self._version and all(map(is_, map(self._read, mine), self._views))  # noqa: SLF001

    def foreign(self, groups: Sequence[Group]) -> int | None:
        """Return the first row that holds something else, or another number."""
        wanted = (self._value * torch.from_numpy(self._bases)).to(self._whole.dtype).tolist()
        rows = zip(self._rows, self._views, wanted, self._whole.tolist(), strict=True)
        return next((row for row, view, want, held in rows if self.slot.peek(groups[row]) is not view or held != want), None)

    def scaled(self, value: float) -> list[tuple[int, float]]:
        """Return what each row would be given for a value of the plan."""
        return list(zip(self._rows, (value * self._bases).tolist(), strict=True))


def _flat_under(held: Sequence[Any]) -> Tensor | None:
    """Return the one tensor that the slots are the views of, in order, where a Flat made them already."""
    whole = held[0]._base if isinstance(held[0], Tensor) else None  # noqa: SLF001
    if whole is None or whole.shape != (len(held),):
        return None
    places = [value.storage_offset() for value in held if isinstance(value, Tensor) and value._base is whole]  # noqa: SLF001
    return whole if places == list(range(len(held))) else None


def versions(tensors: Sequence[Tensor]) -> list[int]:
    """Return how often each tensor was written in place."""
    return [tensor._version for tensor in tensors]  # noqa: SLF001 - torch has no public name for it


def picker(rows: Sequence[int], groups: int) -> Callable[[Sequence[Group]], Sequence[Group]] | None:
    """Return what picks a column's rows out of the groups, or nothing where the column takes them all."""
    if len(rows) == groups:
        return None
    return itemgetter(slice(rows[0], rows[0] + 1)) if len(rows) == 1 else itemgetter(*rows)


def reader(slot: Slot) -> Callable[[Group], Any]:
    """Return what reads a slot, the fastest way there is."""
    return itemgetter(slot.field) if slot.index is None else slot.read
