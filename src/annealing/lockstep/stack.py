"""A stack: the parameters, buffers and optimizer state of several members, one row each, and the update that moves them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from annealing.lockstep.alone import prepare
from annealing.lockstep.blueprint import Blueprint, Gradients, Rows
from annealing.lockstep.delta import go_the_share, stacked_optimizer
from annealing.lockstep.feed import Feed, OtherStates
from annealing.lockstep.fused import Rule, flags_for, numbers_for, rule_for
from annealing.lockstep.member import Member
from annealing.lockstep.rates import Hyper, table
from annealing.torch.slot import Slot

Program = Callable[[Rows, Rows, Any, Tensor | None, Any, Any, Rows], tuple[Tensor, Rows]]
"""One update: parameters, rest, state, clipping norms, inputs, targets and masks in, losses and rest out."""
Move = Callable[[Rows, Rows, Any], None]

_STRETCH = 256  # updates whose numbers are sent to the device at once


@final
class Newborn:
    """A member before its first update: initial parameters and buffers by name, and its optimizer's hyper-parameters."""

    def __init__(self, plan: Blueprint, member: Member) -> None:
        model, self.optimizer = prepare(plan.task, member, plan.device)
        self.member, self.hyper = member, Hyper(member, self.optimizer)
        self.others = OtherStates.now()
        held = dict(model.named_parameters()) | dict(model.named_buffers())
        self.tensors = {name: value.detach() for name, value in held.items()}
        index = {id(parameter): name for name, parameter in model.named_parameters()}
        self.groups = [[index[id(parameter)] for parameter in group["params"]] for group in self.optimizer.param_groups]


@final
class Stack:
    """Members that train together, all at the same update. Made by `build`, or by `joined` from members of other stacks."""

    def __init__(
        self, plan: Blueprint, born: Sequence[Newborn], parameters: Rows, rest: Rows, moving: Fused | Shared, update: int
    ) -> None:
        self.plan, self.born, self.update = plan, list(born), update
        self.members = [one.member for one in born]
        self.parameters, self.rest, self.moving = parameters, rest, moving
        self._feed = Feed(
            plan.task, self.members, {one.member.seed: one.others for one in born}, plan.places, plan.device, start=update
        )
        clips = [np.inf if member.clip_norm is None else member.clip_norm for member in self.members]
        self._clip = None if np.isinf(clips).all() else torch.tensor(clips, dtype=parameters[0].dtype, device=plan.device)
        self.clips = self._clip is not None
        self.program: Program = partial(one_update, plan.gradients, moving.update)
        self.latest: Tensor = torch.full((len(born),), np.nan)

    @classmethod
    def build(cls, plan: Blueprint, members: Sequence[Member]) -> Stack:
        """Stack members at their beginning."""
        born = [Newborn(plan, member) for member in members]
        parameters, rest = (
            [torch.stack([one.tensors[name] for one in born]) for name in names] for names in (plan.trained, plan.rest)
        )
        return cls(plan, born, parameters, rest, moving(plan, born, parameters), 0)

    def advance(self, until: int, beat: Callable[[int], None]) -> NDArray[np.float64]:
        """Train to `until` finished updates; return the training losses [updates, members]. `beat(updates)` after each."""
        losses: list[Tensor] = []
        while self.update < until:
            self.moving.prepare(self.update, min(until, self.update + _STRETCH))
            for row in range(min(until - self.update, _STRETCH)):
                inputs, targets, masks = self._feed.next()
                self.latest, self.rest = self.program(
                    self.parameters, self.rest, self.moving.at(row), self._clip, inputs, targets, masks
                )
                self.moving.after(self.parameters, row)
                losses.append(self.latest)
                self.update += 1
                beat(self.update)
        return torch.stack(losses).double().cpu().numpy()

    def held_by(self, row: int) -> dict[str, Tensor]:
        """Return the parameters and buffers of one member by name."""
        names = (*self.plan.trained, *self.plan.rest)
        return {name: value[row] for name, value in zip(names, (*self.parameters, *self.rest), strict=True)}


def one_update(
    gradients_of: Gradients,
    move: Move,
    parameters: Rows,
    rest: Rows,
    state: Any,
    clip: Tensor | None,
    inputs: Any,
    targets: Any,
    masks: Rows,
) -> tuple[Tensor, Rows]:
    """Make one update of all members: parameters and state change in place, losses and buffers come back."""
    gradients, (loss, rest) = gradients_of(parameters, rest, inputs, targets, masks)
    move(parameters, gradients if clip is None else _clipped(gradients, clip), state)
    return loss, rest


def joined(stacks: Sequence[Stack], rows: Sequence[tuple[int, int]]) -> Stack:
    """Return a stack of members taken from others at the same update; each pair of `rows` says which stack and which row."""
    first = stacks[0]

    def taken(pick: Callable[[Stack], Rows]) -> Rows:
        parts = [pick(stack) for stack in stacks]
        return [torch.stack([parts[stack][which][row] for stack, row in rows]) for which in range(len(parts[0]))]

    born = [stacks[stack].born[row] for stack, row in rows]
    parameters = taken(lambda stack: stack.parameters)
    movement = moving(first.plan, born, parameters)
    movement.take([stack.moving for stack in stacks], rows)
    return Stack(first.plan, born, parameters, taken(lambda stack: stack.rest), movement, first.update)


def moving(plan: Blueprint, born: Sequence[Newborn], parameters: Rows) -> Fused | Shared:
    """Return what moves the parameters of these members: own formulas, or the optimizer itself at rate 1."""
    rule = rule_for(born[0].optimizer, [one.hyper for one in born])
    return Shared(plan, born, parameters) if rule is None else Fused(rule, plan, born, parameters)


@final
class Fused:
    """Own formulas: every number is a member's own."""

    def __init__(self, rule: Rule, plan: Blueprint, born: Sequence[Newborn], parameters: Rows) -> None:
        self._rule, self._hypers = rule, [one.hyper for one in born]
        self._groups = [[plan.trained.index(n) for n in names if n in plan.trained] for names in born[0].groups]
        self._flags = [flags_for(rule, self._hypers, row) for row in range(len(self._groups))]
        self.kept: list[list[Rows]] = [
            [[torch.zeros_like(parameters[i]) for i in group] for _ in range(rule.kept(flags))]
            for group, flags in zip(self._groups, self._flags, strict=True)
        ]
        shapes = [[(len(born), *[1] * (parameters[i].ndim - 1)) for i in group] for group in self._groups]
        self.update: Move = partial(_fused_update, rule, self._groups, self._flags, shapes)
        self.kind = repr((rule.name, self._groups, self._flags, shapes))
        self._like = parameters[0]
        self._tables: list[Tensor] = []

    def prepare(self, begin: int, end: int) -> None:
        """Send the numbers of these updates to the device."""
        numbers = [numbers_for(self._rule, self._hypers, row, begin, end) for row in range(len(self._groups))]
        self._tables = [torch.as_tensor(each).to(self._like) for each in numbers]

    def at(self, row: int) -> tuple[list[list[Rows]], list[Tensor]]:
        """Return what the update needs: all that is kept, and the numbers of this update."""
        return self.kept, [each[row] for each in self._tables]

    def after(self, parameters: Rows, row: int) -> None:
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
class Shared:
    """The optimizer itself on stacked parameters, at rate 1, each member going its share: see `delta`."""

    def __init__(self, plan: Blueprint, born: Sequence[Newborn], parameters: Rows) -> None:
        self._hypers = [one.hyper for one in born]
        places = {name: torch.nn.Parameter(value) for name, value in zip(plan.trained, parameters, strict=True)}
        self.places = [places[name] for name in plan.trained]
        self.optimizer: Optimizer = stacked_optimizer(
            born[0].optimizer, [places.get(name) for names in born[0].groups for name in names], len(born)
        )
        self._group_of = [next(g for g, names in enumerate(born[0].groups) if name in names) for name in plan.trained]
        self._planned = [[(Slot.of(name), own) for name, own in plans.items()] for plans in born[0].hyper.planned]
        self._begin, self._rates = 0, list[Tensor]()
        self._gradients: Rows = []
        self.kind = "shared"

    def prepare(self, begin: int, end: int) -> None:
        """Send the rates of these updates to the device."""
        tables = [table(self._hypers, "lr", row, begin, end) for row in range(len(self.optimizer.param_groups))]
        self._begin, self._rates = begin, [torch.as_tensor(each).to(self.places[0]) for each in tables]

    def at(self, row: int) -> None:
        """Nothing of it belongs to the program that may be compiled."""

    def update(self, parameters: Rows, gradients: Rows, state: None) -> None:
        """Only note the gradients: an optimizer is no part of the program."""
        self._gradients = gradients

    def after(self, parameters: Rows, row: int) -> None:
        """Step at rate 1, then put each member where its own rate takes it."""
        for group, planned in zip(self.optimizer.param_groups, self._planned, strict=True):
            for slot, plan in planned:
                slot.replace(group, float(plan(self._begin + row)))
        for place, gradient in zip(self.places, self._gradients, strict=True):
            place.grad = gradient
        with torch.no_grad():
            before = [value.clone() for value in parameters]
            self.optimizer.step()
            rates = [self._rates[g][row].view(-1, *[1] * (p.ndim - 1)) for g, p in zip(self._group_of, parameters, strict=True)]
            go_the_share(parameters, before, rates)

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


def _clipped(gradients: Rows, limits: Tensor) -> Rows:
    """Shorten each member's gradient to its own largest norm, as `torch.nn.utils.clip_grad_norm_` does."""
    norms = torch.stack([torch.linalg.vector_norm(gradient.flatten(1), dim=1) for gradient in gradients])
    share = (limits / (torch.linalg.vector_norm(norms, dim=0) + 1e-6)).clamp(max=1.0)
    return [gradient * share.view(-1, *[1] * (gradient.ndim - 1)) for gradient in gradients]
