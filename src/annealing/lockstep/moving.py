"""What moves the parameters of a stack: own formulas for SGD and Adam, any other optimizer at rate 1 (see `delta`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, final

import torch
from torch import Tensor
from torch.optim import Optimizer

from annealing.lockstep.alone import made, optimizer_of
from annealing.lockstep.blueprint import Blueprint
from annealing.lockstep.delta import go_the_share, stacked_optimizer
from annealing.lockstep.feed import OtherStates
from annealing.lockstep.fused import Rule, flags_for, numbers_for, rule_for
from annealing.lockstep.member import Member
from annealing.lockstep.rates import Ahead, Hyper, table
from annealing.lockstep.traced import Rows
from annealing.torch.slot import Slot

Move = Callable[[Rows, Rows, Any], None]
"""Parameters, gradients and what an optimizer needs in; the parameters change in place."""


@final
class Newborn:
    """A member before its first update: initial parameters and buffers by name, and its optimizer's hyper-parameters.

    `twin` is a member of the same seed, which begins with the same weights.
    """

    def __init__(self, plan: Blueprint, member: Member, twin: Newborn | None = None) -> None:
        self.model = made(plan.task, member) if twin is None else twin.model
        self.others = OtherStates.now() if twin is None else twin.others
        self.optimizer = optimizer_of(plan.task, member, self.model)
        self.member, self.hyper = member, Hyper(member, self.optimizer)
        held = dict(self.model.named_parameters()) | dict(self.model.named_buffers())
        self.tensors = {name: value.detach() for name, value in held.items()}
        index = {id(parameter): name for name, parameter in self.model.named_parameters()}
        self.groups = [[index[id(parameter)] for parameter in group["params"]] for group in self.optimizer.param_groups]


def moving(plan: Blueprint, born: Sequence[Newborn], parameters: Rows) -> Fused | Shared:
    """Return what moves the parameters of these members: own formulas, or the optimizer itself at rate 1."""
    rule = rule_for(born[0].optimizer, [one.hyper for one in born])
    return Shared(plan, born, parameters) if rule is None else Fused(rule, plan, born, parameters)


@final
class Fused:
    """Own formulas: every number is a member's own."""

    def __init__(self, rule: Rule, plan: Blueprint, born: Sequence[Newborn], parameters: Rows) -> None:
        hypers = [one.hyper for one in born]
        self._groups = [[plan.trained.index(n) for n in names if n in plan.trained] for names in born[0].groups]
        self._flags = [flags_for(rule, hypers, row) for row in range(len(self._groups))]
        self.kept: list[list[Rows]] = [
            [[torch.zeros_like(parameters[i]) for i in group] for _ in range(rule.kept(flags))]
            for group, flags in zip(self._groups, self._flags, strict=True)
        ]
        shapes = [[(len(born), *[1] * (parameters[i].ndim - 1)) for i in group] for group in self._groups]
        self.update: Move = partial(_fused_update, rule, self._groups, self._flags, shapes)
        self.kind = repr((rule.name, self._groups, self._flags, shapes))
        self._ahead = Ahead(
            [partial(numbers_for, rule, hypers, row) for row in range(len(self._groups))], parameters[0], born[0].member
        )

    def at(self, update: int) -> tuple[list[list[Rows]], list[Tensor]]:
        """Return what the update needs: all that is kept, and the numbers of this update."""
        return self.kept, self._ahead.at(update)

    def after(self, parameters: Rows, update: int) -> None:
        """Nothing is left to do."""

    def take(self, others: Sequence[Any], rows: Sequence[tuple[int, int]]) -> None:
        """Take over what is kept from the rows of other stacks."""
        for g, group in enumerate(self.kept):
            for which, tensors in enumerate(group):
                for i, tensor in enumerate(tensors):
                    torch.stack([others[stack].kept[g][which][i][row] for stack, row in rows], out=tensor)


def _fused_update(
    rule: Rule,
    groups: list[list[int]],
    flags: list[dict[str, bool]],
    shapes: list[list[tuple[int, ...]]],
    parameters: Rows,
    gradients: Rows,
    state: tuple[list[list[Rows]], list[Tensor]],
) -> None:
    for group, flag, fits, kept, row in zip(groups, flags, shapes, *state, strict=True):
        if group:
            views = {shape: row.view(-1, *shape).unbind() for shape in dict.fromkeys(fits)}
            columns = [list(column) for column in zip(*(views[shape] for shape in fits), strict=True)]
            rule.update([parameters[i] for i in group], [gradients[i] for i in group], kept, columns, flag)


@final
class Noted:
    """Where the gradients of a stack are left for its optimizer."""

    def __init__(self) -> None:
        self.gradients: Rows = []


def _note(parameters: Rows, gradients: Rows, noted: Noted) -> None:
    """Move nothing yet: an optimizer is no part of a program that is compiled or recorded."""
    noted.gradients = gradients


@final
class Shared:
    """The optimizer itself on stacked parameters, at rate 1, each member going its share: see `delta`."""

    def __init__(self, plan: Blueprint, born: Sequence[Newborn], parameters: Rows) -> None:
        hypers = [one.hyper for one in born]
        places = {name: torch.nn.Parameter(value) for name, value in zip(plan.trained, parameters, strict=True)}
        self.places = [places[name] for name in plan.trained]
        self.optimizer: Optimizer = stacked_optimizer(
            born[0].optimizer, [places.get(name) for names in born[0].groups for name in names]
        )
        self._group_of = [next(g for g, names in enumerate(born[0].groups) if name in names) for name in plan.trained]
        self._planned = [[(Slot.of(name), own) for name, own in plans.items()] for plans in born[0].hyper.planned]
        groups = range(len(self.optimizer.param_groups))
        self._ahead = Ahead([partial(table, hypers, "lr", row) for row in groups], parameters[0], born[0].member)
        self._noted = Noted()
        self.update: Move = _note
        self.kind = "shared"

    def at(self, update: int) -> Noted:
        """Return what the update needs: a place for the gradients."""
        return self._noted

    def after(self, parameters: Rows, update: int) -> None:
        """Step at rate 1, then put each member where its own rate takes it."""
        for group, planned in zip(self.optimizer.param_groups, self._planned, strict=True):
            for slot, plan in planned:
                slot.replace(group, float(plan(update)))
        for place, gradient in zip(self.places, self._noted.gradients, strict=True):
            place.grad = gradient
        with torch.no_grad():
            before = [value.clone() for value in parameters]
            self.optimizer.step()
            rates = self._ahead.at(update)
            fitting = [rates[g].view(-1, *[1] * (p.ndim - 1)) for g, p in zip(self._group_of, parameters, strict=True)]
            go_the_share(parameters, before, fitting)

    def take(self, others: Sequence[Any], rows: Sequence[tuple[int, int]]) -> None:
        """Take over the optimizer's state from the rows of other stacks."""
        for i, place in enumerate(self.places):
            own = [other.optimizer.state.get(other.places[i], {}) for other in others]
            size = {stack: others[stack].places[i].shape for stack, _ in rows}
            self.optimizer.state[place] = {
                key: torch.stack([own[stack][key][row] for stack, row in rows])
                if isinstance(value, Tensor) and value.shape == size[rows[0][0]]
                else value
                for key, value in own[rows[0][0]].items()
            }
