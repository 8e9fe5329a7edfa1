"""Which slots a binding owns on this optimizer, and how its plans reach them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from torch import Tensor
from torch.optim import Optimizer

from annealing.core.errors import ArgumentError, ConflictError
from annealing.core.plan import Plan
from annealing.torch.base import mark, own_rates
from annealing.torch.binding import Binding
from annealing.torch.column import Column, Numbers, ScaledNumbers, Tensors
from annealing.torch.groups import check_made_for, reached
from annealing.torch.slot import Group, Slot, name_of, place_of


class Layout(NamedTuple):
    """Everything that depends on the groups: made anew whenever the optimizer gets other ones."""

    plans: list[tuple[Plan, list[Column]]]  # distinct plans, so that each is evaluated once per update
    columns: list[Column]  # the same columns
    bases: list[float]  # every group's own rate where a factor multiplies it, else empty
    groups: int  # how many there were


class _Cell(NamedTuple):
    row: int
    slot: Slot
    which: int
    base: float


def lay_out(optimizer: Optimizer, binding: Binding, saved_bases: Sequence[float], taken: Mapping[Slot, str]) -> Layout:
    """Find the slots that a binding owns and collect those that share a plan. No value is written yet.

    `taken` are the slots that another Scheduler owns, with what it follows. Raises `ConflictError` for one of those,
    `ArgumentError` for a hyper-parameter that a group does not have.
    """
    groups: list[Group] = optimizer.param_groups
    plans: list[Plan] = []
    bases = own_rates(groups, saved_bases) if binding.mode == "factor" else []
    cells = list(_cells(optimizer, binding, bases, plans, taken))
    for cell in cells:
        if cell.slot.field == "lr":
            mark(groups[cell.row], cell.base if bases else None)
    _unshare(optimizer, cells)
    members: defaultdict[tuple[int, Slot, bool], list[_Cell]] = defaultdict(list)
    for cell in cells:
        members[cell.which, cell.slot, isinstance(cell.slot.read(groups[cell.row]), Tensor)].append(cell)
    columns: list[list[Column]] = [[] for _ in plans]
    for (which, _, _), own in members.items():
        columns[which].append(_column(groups, own))
    return Layout(list(zip(plans, columns, strict=True)), [column for own in columns for column in own], bases, len(groups))


def check_reach(optimizer: Optimizer, binding: Binding) -> None:
    """Refuse a recipe with a pattern that no group's name matches: it is a typing error more often than a plan for later."""
    if isinstance(binding.plan, Plan):
        return
    names = [name_of(group, row) for row, group in enumerate(optimizer.param_groups)]
    check_made_for(optimizer.param_groups, binding.plan)
    for pattern, _ in binding.plan.groups:
        if not reached(pattern, optimizer.param_groups):
            raise ArgumentError(
                f"the pattern {pattern!r} matches no parameter group of this {type(optimizer).__name__}: "
                f'the groups are named {", ".join(map(repr, names))} (the "name" of a group, or its index).'
            )


def _cells(
    optimizer: Optimizer, binding: Binding, bases: Sequence[float], plans: list[Plan], taken: Mapping[Slot, str]
) -> Iterator[_Cell]:
    """Yield every slot that is owned, and collect the distinct plans on the way."""
    kind = type(optimizer).__name__
    known: dict[int, tuple[Plan, int]] = {}  # by identity, which spares comparing long plans; holds them, so ids stay theirs
    for row, group in enumerate(optimizer.param_groups):
        for key, plan in binding.plans_for(name_of(group, row)).items():
            slot = Slot.of(key)
            slot.check(group, f"{place_of(group, row)} of {kind}")
            if slot in taken:
                raise ConflictError(
                    f'another Scheduler already writes "{slot}" of this {kind}, following {taken[slot]}: '
                    "remove() that one first, or put both schedules into one recipe."
                )
            if id(plan) not in known:
                if plan not in plans:
                    plans.append(plan)
                known[id(plan)] = plan, plans.index(plan)
            yield _Cell(row, slot, known[id(plan)][1], bases[row] if bases else 1.0)


def _column(groups: Sequence[Group], cells: Sequence[_Cell]) -> Column:
    slot, rows, bases = cells[0].slot, [cell.row for cell in cells], [cell.base for cell in cells]
    held = [slot.read(groups[row]) for row in rows]
    if isinstance(held[0], Tensor):
        return Tensors(slot, rows, bases, len(groups), held)
    if len(set(bases)) == 1:
        return Numbers(slot, rows, bases[0], len(groups))
    return ScaledNumbers(slot, rows, bases, len(groups))


def _unshare(optimizer: Optimizer, cells: Sequence[_Cell]) -> None:
    """Give a tensor of its own to every slot that must differ from another one which holds the same tensor.

    `Adam(params, lr=torch.tensor(0.1))` puts that one tensor into every group and into the defaults for groups added
    later; filling it in place would reach all of them.
    """
    wanted = {(cell.slot, cell.row): (cell.which, cell.base) for cell in cells}
    for slot in {cell.slot: None for cell in cells}:
        taken: dict[int, tuple[int, float] | None] = {}
        holders = [*enumerate(optimizer.param_groups), (-1, optimizer.defaults)]
        for row, holder in holders:
            tensor = slot.peek(holder)
            if isinstance(tensor, Tensor):
                use = wanted.get((slot, row))
                if taken.setdefault(id(tensor), use) != use:
                    slot.replace(holder, tensor.detach().clone())
