"""composer's cosine with warm restarts."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Callable

from annealing.core.checks import number
from annealing.core.composition import repeat
from annealing.core.errors import ArgumentError
from annealing.core.length import LengthLike
from annealing.core.phases import cosine
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.composer.run import Run
from annealing.dialects.pieces import Given, Piece, curve, flat

_NEVER = 10**15  # updates: longer than any run


@dialect(
    "composer.CosineAnnealingWarmRestartsScheduler",
    odd="each cycle's length is cut to a whole number before the next is computed from it",
    example="t_0='10ba', t_mult=2.0, lr=0.1, max_duration='150ba'",
)
def CosineAnnealingWarmRestartsScheduler(
    t_0: str,
    t_mult: float = 1.0,
    alpha_f: float = 0.0,
    *,
    lr: float = 1.0,
    max_duration: str,
    dataloader_len: int | None = None,
    ssr: float = 1.0,
) -> Plan:
    """Fall to `alpha_f` along half a cosine, start again, each cycle `t_mult` times as long as the one before.

    >>> from annealing.dialects import composer
    >>> composer.CosineAnnealingWarmRestartsScheduler("10ba", 2.0, lr=0.1, max_duration="100ba")
    (0.1 * repeat(cosine(), first=10, growth=2)).over(100)

    Odd: lengths are cut one after another (10, 15, 22, 33 for 1.5), and so they are written out here. With `t_mult`
    below 1 they shrink to nothing: there theirs fails in the middle of the run, and this refuses before it.
    Ours: `lr * sgdr(None, first=10, growth=2)`. Source: Loshchilov & Hutter 2016, arXiv:1608.03983.
    """
    run = Run(lr, max_duration, dataloader_len, ssr)
    length, unit = run.above_zero("t_0", t_0)
    growth, to, total = number("t_mult", t_mult), number("alpha_f", alpha_f), run.total(unit)
    pieces: list[Piece | Given] = []
    begin = 0
    while begin < min(total, _NEVER):
        if length == 0:
            raise ArgumentError(f"t_mult={t_mult!r} shrinks the cycles to nothing after {begin} {unit}: write 1 or more.")
        if (growth >= 1 and growth == int(growth)) or length == int(growth * length):  # one rule for all that follow
            end = _last_restart(begin, length, int(growth), total)
            pieces.append(Given(begin, end, 1.0, _cycles(length, int(growth), to)))
            begin = end
        else:
            pieces.append(curve(begin, begin + length, 1.0, to, "cosine"))
            begin, length = begin + length, int(growth * length)
    return run.draw([*pieces, flat(begin, math.inf, 1.0)], unit)  # a restart at the very end shows past it only


def _last_restart(begin: float, length: int, growth: int, total: float) -> float:
    """The end of the run where a cycle ends there too, otherwise endless."""
    if growth == 1:
        return total if (total - begin) % length == 0 else math.inf
    while begin < min(total, _NEVER):
        begin, length = begin + length, length * growth
    return total if begin == total else math.inf


def _cycles(first: int, growth: int, to: float) -> Callable[[LengthLike], Schedule]:
    def make(length: LengthLike) -> Schedule:
        return repeat(cosine(to=to), first=first, growth=growth, length=length)

    return make
