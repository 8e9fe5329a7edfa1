"""The mean of the weights that a stack has passed through: what decaying the rate would make of each member, foretold.

A rate that is still high jumps about the floor of a valley, and its loss is that of the height it jumps at. Decay would let it
settle, and the mean of where it was lies about there. So a member with a high rate can be compared with one whose rate is low.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from annealing.lockstep.member import Member
from annealing.lockstep.stack import Stack


@final
@dataclass(frozen=True, eq=False)
class Settled:
    """The means of a stack's parameters and buffers, in the form in which an evaluation reads a stack."""

    members: Sequence[Member]
    parameters: Sequence[Tensor]
    rest: Sequence[Tensor]
    names: Sequence[str]

    def held_by(self, row: int) -> dict[str, Tensor]:
        """Return the parameters and buffers of one member by name."""
        return {name: value[row] for name, value in zip(self.names, (*self.parameters, *self.rest), strict=True)}


@final
class Trail:
    """The means over the updates after `begin`; what is no floating-point number stays as it last was.

    Source: the mean of the weights under a constant rate, Polyak and Juditsky 1992; of a network's, Izmailov et al. 2018
    (arXiv:1803.05407).
    """

    def __init__(self, begin: int) -> None:
        self._begin, self._count = begin, 0
        self._means: list[Tensor] = []

    def follow(self, stack: Stack) -> None:
        """Take in where the stack is now."""
        if stack.update <= self._begin:
            return
        now = [value.detach() for value in (*stack.parameters, *stack.rest)]
        self._count += 1
        if self._count == 1:
            self._means = [value.clone() for value in now]
        else:
            with torch.no_grad():
                for mean, value in zip(self._means, now, strict=True):
                    mean.lerp_(value, 1 / self._count) if mean.is_floating_point() else mean.copy_(value)

    def settled(self, stack: Stack) -> Settled | None:
        """Return the means, or None where nothing was taken in."""
        if not self._count:
            return None
        cut = len(stack.parameters)
        return Settled(stack.members, self._means[:cut], self._means[cut:], (*stack.plan.trained, *stack.plan.rest))
