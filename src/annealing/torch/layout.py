"""Which slots a binding owns on this optimizer, and how its plans reach them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from torch import Tensor
from torch.optim import Optimizer

from annealing.core.errors import ArgumentError, ConflictError
from annealing.core.plan import Plan
from annealing.torch.base import mark, own_rates
from annealing.torch.binding import Binding
from annealing.torch.column import Column, Flat, Numbers, ScaledNumbers, Tensors
from annealing.torch.feedback import Feedback, peaks
from annealing.torch.groups import check_made_for, reached
from annealing.torch.slot import Group, Slot, name_of, place_of


class Lane(NamedTuple):
    """Slots that all get the same number, each times its own base: evaluated once per update."""

    plan: Plan
    number: Callable[[float], float]  # the plan, as what is called at every update
    start: float  # the update at which the plan begins for these groups
    gains: tuple[str, ...]  # the keys of the controllers whose gains multiply it
    columns: list[Column]


class Layout(NamedTuple):
    """Everything that depends on the groups: made anew whenever the optimizer gets other ones."""

    lanes: list[Lane]
    columns: list[Column]  # the same columns
    bases: list[float]  # every group's own rate where a factor multiplies it, else empty
    starts: list[float]  # the place on the clock at which each group's plan begins
    members: list[Group]  # the groups, to know later which of them are new


class Ask(NamedTuple):
    """What a layout is made of, besides the optimizer."""

    binding: Binding
    feedback: Feedback
    flat: bool
    bases: Sequence[float]  # those of a saved state
    starts: Sequence[float]
    taken: Mapping[Slot, str]  # the slots that another Scheduler owns, with what it follows


class _Cell(NamedTuple):
    row: int
    slot: Slot
    lane: tuple[int, float, tuple[str, ...]]  # which plan, its start, its gains
    base: float


def lay_out(optimizer: Optimizer, ask: Ask) -> Layout:
    """Find the slots that are asked for and collect those that share a lane. No value is written yet.

    Raises `ConflictError` for a slot that another Scheduler owns, `ArgumentError` for a hyper-parameter that a group
    does not have.
    """
    groups: list[Group] = optimizer.param_groups
    plans: list[Plan] = []
    bases = own_rates(groups, ask.bases) if ask.binding.mode == "factor" else []
    cells = list(_cells(optimizer, ask, bases, plans))
    _check_peaks(ask.feedback, cells, groups)
    for cell in cells:
        if cell.slot.field == "lr":
            mark(groups[cell.row], cell.base if bases else None)
    if not ask.flat:
        _unshare(optimizer, cells)
    members: defaultdict[tuple[int, float, tuple[str, ...]], defaultdict[tuple[Slot, bool], list[_Cell]]]
    members = defaultdict(lambda: defaultdict(list))
    for cell in cells:
        flat = ask.flat and cell.slot.field == "lr"  # Adam wants both betas in the same form
        members[cell.lane][cell.slot, flat or isinstance(cell.slot.read(groups[cell.row]), Tensor)].append(cell)
    lanes = [
        Lane(plans[which], plans[which].number, start, gains, [_column(groups, own, flat=ask.flat) for own in slots.values()])
        for (which, start, gains), slots in members.items()
    ]
    return Layout(lanes, [column for lane in lanes for column in lane.columns], bases, list(ask.starts), list(groups))


def check_reach(optimizer: Optimizer, binding: Binding, feedback: Feedback) -> None:
    """Refuse a pattern that no group's name matches: it is a typing error more often than a plan for later.

    So is a controller of something that no plan moves: its gain would multiply nothing.
    """
    names = [name_of(group, row) for row, group in enumerate(optimizer.param_groups)]
    patterns = [pattern for pattern, _ in binding.plan.groups] if not isinstance(binding.plan, Plan) else []
    patterns += [bond.pattern for bond in feedback.bonds]
    check_made_for(optimizer.param_groups, patterns)
    for pattern in patterns:
        if not reached(pattern, optimizer.param_groups):
            raise ArgumentError(
                f"the pattern {pattern!r} matches no parameter group of this {type(optimizer).__name__}: "
                f'the groups are named {", ".join(map(repr, names))} (the "name" of a group, or its index).'
            )
    owned = {(Slot.of(key), name): key for name in names for key in binding.plans_for(name)}
    for bond in feedback.bonds:
        if bond.slot is not None and not any(bond.reaches(slot, name) for slot, name in owned):
            raise ArgumentError(
                f"control= binds {bond.controller} to {bond.key!r}, which no plan moves here: "
                f"write one of {', '.join(dict.fromkeys(map(repr, owned.values())))}, or add it to the recipe."
            )


def _cells(optimizer: Optimizer, ask: Ask, bases: Sequence[float], plans: list[Plan]) -> Iterator[_Cell]:
    """Yield every slot that is owned, and collect the distinct plans on the way."""
    kind = type(optimizer).__name__
    known: dict[int, tuple[Plan, int]] = {}  # by identity, which spares comparing long plans; holds them, so ids stay theirs
    for row, group in enumerate(optimizer.param_groups):
        name = name_of(group, row)
        for key, plan in ask.binding.plans_for(name).items():
            slot = Slot.of(key)
            slot.check(group, f"{place_of(group, row)} of {kind}")
            if slot in ask.taken:
                raise ConflictError(
                    f'another Scheduler already writes "{slot}" of this {kind}, following {ask.taken[slot]}: '
                    "remove() that one first, or put both schedules into one recipe."
                )
            if id(plan) not in known:
                if plan not in plans:
                    plans.append(plan)
                known[id(plan)] = plan, plans.index(plan)
            lane = known[id(plan)][1], ask.starts[row], ask.feedback.reaching(slot, name)
            yield _Cell(row, slot, lane, bases[row] if bases else 1.0)


def _check_peaks(feedback: Feedback, cells: Sequence[_Cell], groups: Sequence[Group]) -> None:
    """Refuse one floor in units of the rate for slots whose rates differ: it would be right for one of them only."""
    for bond in feedback.bonds:
        own = [cell for cell in cells if bond.key in cell.lane[2]]
        if peaks(bond.controller) and len({(cell.lane[:2], cell.base) for cell in own}) > 1:
            names = ", ".join(f'"{bond.slot}@{name_of(groups[cell.row], cell.row)}"' for cell in own[:3])
            raise ArgumentError(
                f"{bond.controller} says in peak= which rate a gain of 1 stands for, and {bond.key!r} covers groups whose rates "
                f"differ: bind one controller to each, {names}, or leave peak= out and write the floor as a share of the plan."
            )


def _column(groups: Sequence[Group], cells: Sequence[_Cell], *, flat: bool) -> Column:
    slot, rows, bases = cells[0].slot, [cell.row for cell in cells], [cell.base for cell in cells]
    if flat and slot.field == "lr":
        return Flat(slot, rows, bases, groups)
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
    wanted = {(cell.slot, cell.row): (cell.lane, cell.base) for cell in cells}
    for slot in {cell.slot: None for cell in cells}:
        taken: dict[int, object] = {}
        holders = [*enumerate(optimizer.param_groups), (-1, optimizer.defaults)]
        for row, holder in holders:
            tensor = slot.peek(holder)
            if isinstance(tensor, Tensor):
                use = wanted.get((slot, row))
                if taken.setdefault(id(tensor), use) != use:
                    slot.replace(holder, tensor.detach().clone())
