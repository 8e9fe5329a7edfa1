"""A run of OLMo-core's trainer, and its schedulers as stretches on the trainer's own clock."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, final

from annealing.core.checks import number, positive
from annealing.core.errors import ArgumentError, KindError
from annealing.core.plan import Plan
from annealing.dialects.checks import count, fraction
from annealing.dialects.pieces import Given, Piece, curve, flat, joined, scaled

Pieces = list[Piece | Given]
Shape = Callable[..., Pieces]
S = TypeVar("S", bound=Shape)

SHAPES: dict[str, Shape] = {}
"""By the name under which OLMo-core registers a scheduler: (run, initial, total, **fields) -> stretches of `current`."""


def shape(name: str) -> Callable[[S], S]:
    """Enter a shape under OLMo-core's name for it."""

    def enter(function: S) -> S:
        SHAPES[name] = function
        return function

    return enter


@final
@dataclass(frozen=True)
class Run:
    """The rate that stands for 1, the length of the run, and what `current` is at the first update."""

    lr: float
    total: int
    first: int  # 1 where steps are counted, 0 where tokens are
    unit: str

    @classmethod
    def of(cls, lr: float, max_steps: int | None, max_tokens: int | None) -> Run:
        """Read how long a run is: in steps or in tokens, not both."""
        if (max_steps is None) == (max_tokens is None):
            raise ArgumentError("write how long the run is: max_steps=100_000, or max_tokens= for a schedule that counts tokens.")
        if max_steps is not None:
            return cls(positive("lr", lr), count("max_steps", max_steps, 1), 1, "updates")
        return cls(positive("lr", lr), count("max_tokens", max_tokens, 1), 0, "tokens")

    def share(self, name: str, value: float) -> float:
        """An absolute rate of theirs as a share of `lr`."""
        return number(name, value) / self.lr

    def draw(self, name: str, **fields: Any) -> Plan:
        """The plan of one of the schedulers."""
        return self.plan(self.pieces(name, 1.0, self.total, fields))

    def plan(self, pieces: Pieces) -> Plan:
        """The plan of stretches of `current`."""
        return scaled(self.lr, joined([p.later(-self.first) for p in pieces], self.total)).over(self.total, unit=self.unit)

    def pieces(self, name: str, initial: float, total: int, fields: dict[str, Any]) -> Pieces:
        """The stretches of one of the schedulers, for its own `initial_lr` and `t_max`."""
        if name not in SHAPES:
            raise ArgumentError(f"type={name!r} is no scheduler of OLMo-core's: write one of {', '.join(SHAPES)}.")
        try:
            return SHAPES[name](self, initial, total, **fields)
        except TypeError as error:
            raise KindError(f"{name}: {str(error).rpartition('() ')[2]}; write its fields as OLMo-core names them.") from None

    def value(self, pieces: Pieces, current: int) -> float:
        """What stretches come to at one `current`."""
        return joined(pieces, current + 1).over(current + 1)(current)


def length_of(name: str, amount: int | None, share: float | None, total: int) -> int:
    """A length given as a count or as a share of the run, not both."""
    if (amount is None) == (share is None):
        raise ArgumentError(f"write either {name}= or {name}_fraction=, the one as a count and the other as a share of the run.")
    return count(name, amount) if amount is not None else round(total * fraction(f"{name}_fraction", share))


def warm_up(run: Run, warm: int, peak: float, low: float) -> Pieces:
    """The straight rise to the peak, which is reached at `current` = warm."""
    begin = run.share("warmup_min_lr", low)
    if not 0 <= begin < peak:
        raise ArgumentError(f"warmup_min_lr={low!r} must be at least 0 and below the peak, {peak * run.lr:g}.")
    return [Piece(0, warm, (0, begin), (warm, peak))] if warm else []


def linear_tail(run: Run, begin: int, end: int, peak: float, low: float) -> Pieces:
    """The straight fall from `begin` to `end`, and the floor after it."""
    to = run.share("decay_min_lr", low)
    if end == begin:
        raise ArgumentError("a decay of no length divides by zero in OLMo-core: write decay=1 or more, or another scheduler.")
    if not 0 <= to < peak:
        raise ArgumentError(f"decay_min_lr={low!r} must be at least 0 and below where the decay begins, {peak * run.lr:g}.")
    return [curve(begin, end, peak, to), flat(end, math.inf, to)]


def until(end: int, pieces: Pieces) -> Pieces:
    """What comes before `end`."""
    return [p._replace(end=min(p.end, end)) for p in pieces if p.begin < end]
