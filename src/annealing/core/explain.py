"""Why a plan has the value that it has: the phase in force, how far it is, and the edit that put it there."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from annealing.core.evaluate import folded
from annealing.core.journal import Branch, Edit
from annealing.core.length import compact
from annealing.core.schedule import Schedule
from annealing.core.track import Track

if TYPE_CHECKING:
    from annealing.core.plan import Plan


@final
@dataclass(frozen=True)
class Reason:
    """What is in force at one update: `phase`, from `begin` to `end`, the `index`-th of the run, put there by `edit`.

    `local` is the time since the phase began; `cycles` are the repetitions it is in, counted from 0, the outermost first;
    `ended` says that the run is over and holds its last value.
    """

    phase: Schedule | None
    index: int
    begin: float
    end: float
    local: float
    cycles: tuple[int, ...] = ()
    edit: Edit | None = None
    ended: bool = False

    def __str__(self) -> str:
        of = f" of {compact(self.end - self.begin)}" if math.isfinite(self.end) else ""
        where = "over" if self.ended else f"{compact(self.local)}{of}"
        cycles = "".join(f", cycle {count}" for count in self.cycles)
        return f"{self.phase}: {where}{cycles}{f', by {self.edit}' if self.edit else ''}"


def explain(plan: Plan, t: float) -> Reason:
    """Return which phase of a plan is in force at update `t`, and which edit of its journal put it there.

    Scaled, clipped and rounded phases are spoken of as the phases they are made of; two schedules that are multiplied or
    added, as that product or sum of their phases.

    >>> import annealing as an
    >>> plan = (3e-4 * an.chain(an.warmup(20), an.hold(), an.cooldown("20%"))).over(100)
    >>> print(explain(plan, 85))
    cooldown("20%"): 5 of 20
    >>> print(explain(plan.branch(at=90, tail=an.hold(), why="enough"), 95))
    hold(): 5 of 10, by branch(at=90, tail=hold(), total=100, why='enough')
    """
    ended = t >= plan.total and plan.after == "hold"
    inside = folded(t, plan.total, plan.after)
    track = plan.track
    if not track.pieces:
        return Reason(plan.schedule, 0, 0, plan.total, inside, edit=_edit(plan, t), ended=ended)
    # Past the end of a run that holds, the last phase is the one that is over.
    at = len(track.pieces) - 1 if ended else max(0, bisect_right(track.pieces, inside, key=lambda piece: piece.begin) - 1)
    piece, starts = track.pieces[at], _starts(track)
    index, begin = len(set(starts[: at + 1])) - 1, starts[at]
    end = next((start for start in starts[at + 1 :] if start != begin), track.length)
    part = piece.part
    if part is not None and part.cycle is not None:
        return _within_cycle(part.cycle, part.cycles, inside, begin, _edit(plan, t), ended)
    phase, cycles = (part.phase, part.cycles) if part else (plan.schedule, ())
    return Reason(phase, index, begin, end, inside - begin, cycles, _edit(plan, t), ended)


def _starts(track: Track) -> list[float]:
    """When the phase of each piece began; but for rounding, pieces of one phase agree."""
    starts = (piece.begin - (piece.part.since if piece.part else 0) for piece in track.pieces)
    return [round(start, 9) if start != int(start) else int(start) for start in starts]


def _within_cycle(cycle: Track, outer: tuple[int, ...], t: float, begin: float, edit: Edit | None, ended: bool) -> Reason:
    """The phase of a cycle that stands for all of them."""
    count, local = divmod(t - begin, cycle.length)
    starts, first = _starts(cycle), begin + count * cycle.length
    at = max(0, bisect_right(cycle.pieces, local, key=lambda piece: piece.begin) - 1)
    part = cycle.pieces[at].part
    ends = next((start for start in starts[at + 1 :] if start != starts[at]), cycle.length)
    distinct = list(dict.fromkeys(starts))
    index = int(count) * len(distinct) + distinct.index(starts[at])
    inner = part.cycles if part else ()
    phase = part.phase if part else None
    return Reason(phase, index, first + starts[at], first + ends, local - starts[at], (*outer, int(count), *inner), edit, ended)


def _edit(plan: Plan, t: float) -> Edit | None:
    """The latest edit that says something about update `t`: a branch about what comes after it, the others about all."""
    return next((edit for edit in reversed(plan.journal) if not isinstance(edit, Branch) or t >= edit.at), None)
