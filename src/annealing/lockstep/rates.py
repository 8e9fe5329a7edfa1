"""The hyper-parameters of a stack: for every update, group and member a number of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from annealing.core.plan import Plan
from annealing.lockstep.member import Member
from annealing.torch.slot import Slot, name_of

Numbers = NDArray[np.float64]

_STRETCH = 256  # updates whose numbers are worked out at once


@final
class Hyper:
    """What one member's optimizer was made with, group by group, and what its plan makes of it."""

    def __init__(self, member: Member, optimizer: Optimizer) -> None:
        self._updates = member.updates
        self._groups = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
        plan, groups = member.plan, enumerate(optimizer.param_groups)
        self._plans: list[dict[str, Plan]] = [
            {"lr": plan} if isinstance(plan, Plan) else dict(plan.plans_for(name_of(group, row))) for row, group in groups
        ]

    def over(self, name: str, row: int, begin: int, end: int) -> Numbers:
        """Return the values of a hyper-parameter of group `row` at the updates from `begin` to `end`, float64."""
        plan = self.plan_of(name, row)
        if plan is not None:
            return np.asarray(plan(np.arange(begin, end)), dtype=np.float64)
        return np.full(end - begin, self.still(name, row))

    def plan_of(self, name: str, row: int) -> Plan | None:
        """Return the plan of a hyper-parameter of group `row`, where it has one."""
        return self._plans[row].get(name)

    def still(self, name: str, row: int) -> float:
        """Return the value of a hyper-parameter that no plan moves."""
        return float(Slot.of(name).read(self._groups[row]))

    def ever(self, name: str, row: int) -> bool:
        """Return whether a hyper-parameter is there and other than 0 at some time."""
        if name in self._plans[row]:
            return bool(np.any(self.over(name, row, 0, self._updates)))
        return bool(Slot.of(name).peek(self._groups[row]) or 0)

    def rest(self, row: int) -> Mapping[str, Any]:
        """Return what a group holds that no number of a member's own can replace: flags and the like."""
        return {k: v for k, v in self._groups[row].items() if k not in {"name", "param_names", "initial_lr", "lr"}}

    @property
    def apart(self) -> tuple[Any, ...]:
        """Return what members must have in common to share an ordinary optimizer: everything but the rate."""
        rows: list[Any] = []
        for row, plans in enumerate(self._plans):
            still = {key: repr(value) for key, value in self.rest(row).items() if key not in plans}
            rows.append((tuple(sorted(still.items())), tuple(sorted((k, p) for k, p in plans.items() if k != "lr"))))
        return tuple(rows)

    @property
    def planned(self) -> list[dict[str, Plan]]:
        """Return the plans of every group but the rate's."""
        return [{name: plan for name, plan in plans.items() if name != "lr"} for plans in self._plans]


def table(hypers: Sequence[Hyper], name: str, row: int, begin: int, end: int) -> Numbers:
    """Return a hyper-parameter of a group for all members: [updates, members]. A plan that members share is asked once."""
    values, known = np.empty((end - begin, len(hypers))), dict[int, Numbers]()
    for column, hyper in enumerate(hypers):
        plan = hyper.plan_of(name, row)
        if plan is None:
            values[:, column] = hyper.still(name, row)
            continue
        if id(plan) not in known:
            known[id(plan)] = hyper.over(name, row, begin, end)
        values[:, column] = known[id(plan)]
    return values


@final
class Ahead:
    """Numbers of the updates to come, worked out and sent to the device a stretch at a time.

    Each of `numbers(begin, end)` gives an array whose first axis is the update; they become tensors like `like`.
    """

    def __init__(self, numbers: Sequence[Callable[[int, int], Numbers]], like: Tensor, member: Member) -> None:
        self._numbers, self._like, self._updates = numbers, like, member.updates
        self._begin, self._end = 0, 0
        self._tables: list[Tensor] = []

    def at(self, update: int) -> list[Tensor]:
        """Return the numbers of this update."""
        if not self._begin <= update < self._end:
            self._begin, self._end = update, max(update + 1, min(update + _STRETCH, self._updates))
            self._tables = [torch.as_tensor(each(self._begin, self._end)).to(self._like) for each in self._numbers]
        return [each[update - self._begin] for each in self._tables]
