"""Which members are given up on the way: those of each group that promise less, once a loss says something."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import final

import numpy as np

from annealing.core.errors import ArgumentError
from annealing.lockstep.member import Member

_EARLIEST = 0.25  # of a run: cuts before it were up to 17 times worse than none at all
_PLATEAU = 0.9  # of the loss at the start: above it nothing has been learned, and ranks are noise


@final
@dataclass(frozen=True)
class Halving:
    """When to give members up: at each share of the run, keep one in so many of every group.

    Members are ranked by what they promise: the validation loss, or, where that is less, the validation loss of the mean of the
    weights since halfway to the cut (see `annealing.lockstep.trail`): high rates look bad early and win late. The first cut
    may not lie before a quarter of the run. A cut inside the warm-up of any member waits for its end, and one on a plateau
    (the median loss of those who would stay is above 0.9 of the loss at the start) is left to the next. Members that diverged
    are given up anyway.

    >>> Halving().cuts
    ((0.25, 4), (0.5, 2), (0.75, 2))

    Arguments: `cuts`, pairs of (share of the run, keep one in so many). By default a quarter stays after a quarter of the run,
    half of those after half of it, and half of those for the last quarter: 2.7 times fewer updates of 20 rates on the six
    development tasks of benchmarks/rangetest.py, 18 seeds each, where the winner's loss was 0.1 % above that of the full grid
    (geometric mean; 0.5 % by the validation loss alone, 0.8 % with cuts at a quarter and a half that keep 5 and 2 of 20).

    Raises `ArgumentError` for other shares or factors.
    """

    cuts: tuple[tuple[float, int], ...] = ((0.25, 4), (0.5, 2), (0.75, 2))

    def __post_init__(self) -> None:
        shares = [share for share, _ in self.cuts]
        if not self.cuts or shares != sorted(set(shares)) or not all(_EARLIEST <= share < 1 for share in shares):
            raise ArgumentError(
                f"cuts={self.cuts!r}: their shares must rise and lie from a quarter of the run to its end: "
                "write ((0.25, 4), (0.5, 2), (0.75, 2))."
            )
        if any(isinstance(keep, bool) or not isinstance(keep, int) or keep < 2 for _, keep in self.cuts):
            raise ArgumentError(f"cuts={self.cuts!r}: each keeps one in 2 or more: write ((0.25, 4), (0.5, 2)).")

    def updates(self, members: Sequence[Member], marks: Sequence[int]) -> dict[int, int]:
        """Return after how many updates to cut, and by which factor: at a mark, after every warm-up, together where two meet."""
        total, warm = members[0].updates, max(map(warmup_end, members))
        cuts: dict[int, int] = {}
        for share, keep in self.cuts:
            at = next((mark for mark in sorted(marks) if mark >= max(share * total, warm)), total)
            if at < total:
                cuts[at] = cuts.get(at, 1) * keep
        return cuts


def warmup_end(member: Member) -> int:
    """Return how many updates a member's largest rate is away, from its start.

    >>> import annealing as an
    >>> warmup_end(Member(an.chain(an.warmup(10), an.cosine()).over(100))), warmup_end(Member(an.cosine().over(100)))
    (10, 0)
    """
    rates = [plan.values() for name, plan in member.plans if name == "lr"]
    return max((int(np.argmax(values >= values.max() * (1 - 1e-9))) for values in rates), default=0)


def given_up(losses: Mapping[int, float], groups: Mapping[int, Hashable], most: Mapping[Hashable, int], start: float) -> set[int]:
    """Return which members to give up: all of a group but its best, unless the group is still on a plateau.

    Arguments: `losses`, what every member that goes on promises; `groups`, what each competes
    within; `most`, how many each group may keep; `start`, the loss before the first update. Ties go to the member
    that comes first.

    >>> given_up({0: 0.3, 1: 0.1, 2: 0.2}, dict.fromkeys(range(3)), {None: 1}, start=2.0)
    {0, 2}
    """
    out: set[int] = set()
    for group in dict.fromkeys(groups[place] for place in losses):
        ranked = sorted((place for place in losses if groups[place] == group), key=lambda place: (losses[place], place))
        stay = ranked[: max(1, most[group])]
        if median(losses[place] for place in stay) <= _PLATEAU * start:
            out |= set(ranked) - set(stay)
    return out
