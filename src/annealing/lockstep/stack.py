"""A stack: the parameters, buffers and optimizer state of several members, one row each, and the update that moves them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from annealing.lockstep.blueprint import Blueprint
from annealing.lockstep.feed import Feed
from annealing.lockstep.graphed import Graphed
from annealing.lockstep.member import Member
from annealing.lockstep.moving import Fused, Move, Newborn, Shared, moving
from annealing.lockstep.traced import Gradients, Rows

Program = Callable[[Rows, Rows, Any, Tensor | None, Any, Any, Rows], tuple[Tensor, Rows]]
"""One update: parameters, rest, state, clipping norms, inputs, targets and masks in, losses and rest out."""


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
        self.use(partial(one_update, plan.gradients, moving.update))
        self.latest: Tensor = torch.full((len(born),), np.nan)

    @classmethod
    def build(cls, plan: Blueprint, members: Sequence[Member]) -> Stack:
        """Stack members at their beginning."""
        first: dict[int, Newborn] = {}
        born: list[Newborn] = []
        for member in members:
            born.append(Newborn(plan, member, first.get(member.seed)))
            first.setdefault(member.seed, born[-1])
        parameters, rest = (
            [torch.stack([one.tensors[name] for one in born]).to(plan.device) for name in names]
            for names in (plan.trained, plan.rest)
        )
        return cls(plan, born, parameters, rest, moving(plan, born, parameters), 0)

    def use(self, program: Program) -> None:
        """Make updates by this program; on a GPU, by a recording of it."""
        self.ordinary, self.program = program, program if self.plan.device == "cpu" else Graphed(program)

    def advance(self, until: int, beat: Callable[[int], None]) -> NDArray[np.float64]:
        """Train to `until` finished updates; return the training losses [updates, members]. `beat(updates)` after each."""
        losses: list[Tensor] = []
        while self.update < until:
            inputs, targets, masks = self._feed.next()
            state = self.moving.at(self.update)
            self.latest, self.rest = self.program(self.parameters, self.rest, state, self._clip, inputs, targets, masks)
            self.moving.after(self.parameters, self.update)
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


def _clipped(gradients: Rows, limits: Tensor) -> Rows:
    """Shorten each member's gradient to its own largest norm, as `torch.nn.utils.clip_grad_norm_` does."""
    norms = torch.stack([torch.linalg.vector_norm(gradient.flatten(1), dim=1) for gradient in gradients])
    share = (limits / (torch.linalg.vector_norm(norms, dim=0) + 1e-6)).clamp(max=1.0)
    return [gradient * share.view(-1, *[1] * (gradient.ndim - 1)) for gradient in gradients]
