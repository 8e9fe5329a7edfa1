"""Edits of a run that is under way. A journal is a tuple of them, oldest first; none changes the past of a branch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from annealing.core.errors import LengthError, RampError
from annealing.core.length import compact
from annealing.core.resolve import changed, extents_of, resolve
from annealing.core.schedule import Schedule
from annealing.core.split import Window, divide, one_short
from annealing.core.track import Track, cut, one_after_another, rest, stretched

if TYPE_CHECKING:  # a plan holds a journal
    from annealing.core.plan import Plan


@final
@dataclass(frozen=True, repr=False)
class Branch:
    """From update `at` on, follow `tail` instead; everything before stays as it was.

    `tail` counts from the value reached there (1 is that value), or in the plan's own units when
    `absolute`; or it is another plan, which is followed on its own clock from where the two meet. `total` is the run's
    new length. `why` is kept for the reader of the journal.

    >>> import annealing as an
    >>> an.hold().over(10).branch(5, an.linear(), why="enough").journal
    (branch(at=5, tail=linear(), total=10, why='enough'),)
    """

    at: int
    tail: Schedule | Plan
    total: float
    absolute: bool = False
    why: str = ""

    def apply(self, track: Track, window: Window) -> Track:
        """Return the track with everything from `at` on replaced."""
        past = cut(track, self.at)
        reached = track.at(self.at)
        if not isinstance(self.tail, Schedule):
            future = rest(self.tail.track, self.at)
            self._check_meeting(future.opening, reached)
            return one_after_another([past, future]) if self.at else future
        own = Window(self.total - self.at, window.clock, self.at)
        sizes: list[float] = divide(own.size, extents_of(self.tail), own)
        if window.early is not None:
            sizes, early = one_short(sizes)
            own = Window(own.size, window.clock, self.at, early)
        if self.absolute:
            future = resolve(self.tail, sizes, own, reached)
            opening, start = future.opening, reached
        else:
            if reached == 0:
                raise RampError(
                    f"the value reached at {self.at} is 0, and a tail that counts from it would stay 0: "
                    "pass absolute=True and write the tail in the plan's own units."
                )
            future = resolve(reached * self.tail, sizes, own, reached)
            opening, start = future.opening, reached
        if not future.written and abs(opening - start) > 1e-9 * max(abs(opening), abs(start)):
            raise RampError(
                f"the tail {self.tail} opens at {compact(opening)} but the value reached at {self.at} is {compact(start)}: "
                "begin it with jump(…) if the step is meant."
            )
        return one_after_another([past, future]) if self.at else future

    def _check_meeting(self, opening: float, reached: float) -> None:
        if abs(opening - reached) > 1e-9 * max(abs(opening), abs(reached)):
            raise RampError(
                f"at {self.at} the plan {self.tail} is at {compact(opening)} and the value reached is {compact(reached)}: "
                "a plan can only be followed from where the two meet; write a schedule as the tail, which counts from there."
            )

    def __str__(self) -> str:
        from annealing.core.text import write_edit

        return write_edit(self)

    __repr__ = __str__


@final
@dataclass(frozen=True, repr=False)
class Stretch:
    """Run the same curve, or what is left of it from update `at` on, in another length.

    >>> import annealing as an
    >>> an.linear().over(10).stretch(20).journal
    (stretch(20),)
    """

    total: float
    at: int = 0

    def apply(self, track: Track, window: Window) -> Track:
        """Return the track on a longer or shorter clock."""
        if math.isinf(track.length):
            raise LengthError("a plan without an end cannot be stretched: give it a total first.")
        # With the end on the last update, it is that update which is kept at the end.
        length = track.length + self.total - window.size
        if not self.at:
            return stretched(track, length)
        return one_after_another([cut(track, self.at), stretched(rest(track, self.at), length - self.at)])

    def __str__(self) -> str:
        from annealing.core.text import write_edit

        return write_edit(self)

    __repr__ = __str__


@final
@dataclass(frozen=True, repr=False)
class Change:
    """Arithmetic on a plan that was edited before: every value of past and future is changed alike.

    `shape` is the change as a schedule, in which `Hold()` stands for the plan: `2 * hold()` doubles it.
    """

    shape: Schedule

    def apply(self, track: Track, window: Window) -> Track:
        """Return the track with every curve changed."""
        del window
        return changed(self.shape, track)

    def __str__(self) -> str:
        from annealing.core.text import write_edit

        return write_edit(self)

    __repr__ = __str__


Edit = Branch | Stretch | Change
