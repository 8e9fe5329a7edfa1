"""torch's schedulers of schedulers to plans, with what really happens where one child hands over to the next."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from annealing.core.errors import ArgumentError, KindError
from annealing.core.phases import hold
from annealing.core.plan import Plan
from annealing.dialects import torch as dialect
from annealing.dialects.sequence import in_sequence
from annealing.dialects.translate.groups import Moves

Read = Callable[[Any, int, float | None], Moves]
"""Of a child, a group and another base rate than it has noted (None: its own): what it moves there."""

OVERWRITES = {"LambdaLR", "CosineAnnealingWarmRestarts", "CyclicLR", "OneCycleLR"}
"""They set the rate at every step, whatever it was; the others multiply the one they find."""

_INSIDE = {"SequentialLR", "ChainedScheduler"}


def sequence(scheduler: Any, row: int, read: Read) -> Moves:
    """Read a SequentialLR for one group.

    Its first child leaves from the group's initial rate. A later one starts from its own formula, but for a MultiplicativeLR
    or SWALR, which have none and go on from the rate they find. A sequence or chain as a later child fails when its turn
    comes; here it does what was meant.
    """
    edges = list(scheduler._milestones)
    first = bisect_right(edges, 0)
    children, edges = scheduler._schedulers[first:], edges[first:]
    parts: list[Moves] = []
    for k, child in enumerate(children):
        if k == 0:
            parts.append(_first(child, row, read))
            continue
        line = [part["lr"] for part in parts]
        parts.append(_later(child, row, read, _joined(line, edges[: k - 1])(edges[k - 1] - 1)))
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: _joined(_everywhere(name, parts, edges), edges) for name in names}


def _joined(plans: Sequence[Plan], edges: Sequence[int]) -> Plan:
    joined = in_sequence("SequentialLR", list(plans), list(edges))
    assert isinstance(joined, Plan)
    return joined


def _first(child: Any, row: int, read: Read) -> Moves:
    kind = type(child).__name__
    if kind in _INSIDE:
        raise KindError(
            f"a SequentialLR that begins with a {kind} runs it one update ahead of its milestones, and wrongly from its first "
            "step on: write one SequentialLR of all the children, or join their plans by chain(…)."
        )
    found, noted = float(child.optimizer.param_groups[row]["initial_lr"]), float(child.base_lrs[row])
    if found == noted or kind in OVERWRITES:
        return read(child, row, None)
    if kind == "CosineAnnealingLR":
        raise ArgumentError(
            f"a later child, such as OneCycleLR, has put {found:g} in the place of the initial rate {noted:g} that "
            "CosineAnnealingLR needs: make that child first, or join plans by chain(…)."
        )
    return read(child, row, found)


def _later(child: Any, row: int, read: Read, before: float) -> Moves:
    kind = type(child).__name__
    if kind == "MultiplicativeLR":
        return read(child, row, before * child.lr_lambdas[row](0))
    if kind == "SWALR":
        to = float(child.optimizer.param_groups[row]["swa_lr"])
        return {"lr": dialect.SWALR(before, to, child.anneal_epochs, child._anneal_strategy)}
    if kind in ("LinearLR", "PolynomialLR", "ConstantLR") and child.total_iters == 0:
        if kind != "ConstantLR":
            raise ArgumentError(
                f"{kind}(total_iters=0) divides by zero when its turn comes in a SequentialLR: leave it out, since a phase of no "
                "length changes nothing."
            )
        return {"lr": (float(child.base_lrs[row]) * hold()).over(float("inf"))}
    return read(child, row, None)


def _everywhere(name: str, parts: Sequence[Moves], edges: Sequence[int]) -> list[Plan]:
    """A hyper-parameter's plans; while a child that does not move it is on, it stays where others have put it."""
    line: list[Plan] = []
    starts = {part[name](0) for part in parts if name in part}
    for k, part in enumerate(parts):
        if name in part:
            line.append(part[name])
        elif line and any(name in before for before in parts[:k]):
            line.append((_joined(line, edges[: k - 1])(edges[k - 1] - 1) * hold()).over(float("inf")))
        elif len(starts) == 1:  # the constructor of the child that moves it has set its first value
            line.append((next(iter(starts)) * hold()).over(float("inf")))
        else:
            raise ArgumentError(
                f"which {name} the first child of this SequentialLR has depends on the order in which the others were made: give "
                "them one max_momentum, or cycle_momentum=False."
            )
    return line


def chained(scheduler: Any, row: int, read: Read) -> Moves:
    """Read a ChainedScheduler for one group: the product of what multiplies, or the last member where that overwrites."""
    members = list(_members(scheduler))
    last = members[-1]
    if len(members) == 1:
        return read(last, row, None)
    kinds = [type(member).__name__ for member in members]
    if kinds[-1] in OVERWRITES:
        others = [read(member, row, None) for member in members[:-1] if type(member).__name__ in OVERWRITES]
        momenta = {name: plan for part in others for name, plan in part.items() if name != "lr"}
        return momenta | dict(read(last, row, None))
    if odd := [kind for kind in kinds if kind in OVERWRITES | {"SWALR", "SequentialLR"}]:
        raise ArgumentError(
            f"ChainedScheduler: {odd[0]} overwrites the rate for the members after it, so that all of them depend on how it "
            "changes from step to step: multiply plans, such as 0.1 * chain(warmup(10), hold()) * geometric(0.98)."
        )
    base = float(last.base_lrs[row])
    if base == 0:
        return {"lr": (0.0 * hold()).over(float("inf"))}
    product = dialect.ChainedScheduler([read(member, row, None)["lr"] for member in members], lr=base)
    assert isinstance(product, Plan)
    return {"lr": product}


def _members(scheduler: Any) -> list[Any]:
    """A chain inside a chain is stepped with it."""
    inside = [_members(one) if type(one).__name__ == "ChainedScheduler" else [one] for one in scheduler._schedulers]
    return [member for members in inside for member in members]
