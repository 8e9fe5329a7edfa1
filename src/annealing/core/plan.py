"""A plan is a schedule over a known run: a pure function of the update index."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from typing import Any, final

import numpy as np

from annealing.core.arithmetic import Arithmetic
from annealing.core.arrays import SCALAR
from annealing.core.errors import ArgumentError, KindError, LengthError
from annealing.core.evaluate import AFTER, Reader
from annealing.core.horizon import Horizon
from annealing.core.journal import Branch, Edit, Stretch
from annealing.core.length import total_of
from annealing.core.resolve import extents_of, resolve
from annealing.core.schedule import Schedule
from annealing.core.split import Clock, Window, check_unit, divide
from annealing.core.track import Track

LONGEST = 2**53 - 1  # whole numbers above this are no longer exact in float64


@final
@dataclass(frozen=True, repr=False)
class Plan(Arithmetic):
    """A schedule over a run of known length: `plan(t)` is the value that update `t` (from 0) uses.

    `t` is a Python number, a NumPy array, a torch tensor, a JAX array or a tracer; the answer is of the
    same kind, float64 on the host. Before the start a plan holds its first value, after the end it does
    what `after` says. Made by `Schedule.over`.

    >>> import annealing as an
    >>> plan = (1e-3 * an.chain(an.warmup(3), an.cosine(to=0.1))).over(100_000)
    >>> plan(0), plan(3), plan(100_000)
    (0.00025, 0.001, 0.0001)
    """

    schedule: Schedule
    horizon: Horizon | float
    unit: str = "updates"
    endpoint: bool = False
    after: str = "hold"
    journal: tuple[Edit, ...] = ()

    def __call__(self, t: Any) -> Any:
        if t.__class__ is int or t.__class__ is float:
            return self._reader.number(t)
        return self._reader.array(t)

    @cached_property
    def total(self) -> float:
        """The run's length in the plan's unit, after every edit of the journal."""
        return self.journal[-1].total if self.journal else self._window.size

    @cached_property
    def _window(self) -> Window:
        size = self.horizon.total(self.unit) if isinstance(self.horizon, Horizon) else self.horizon
        return Window(size, Clock(self.unit, size, self.horizon if isinstance(self.horizon, Horizon) else None))

    @cached_property
    def _track(self) -> Track:
        window = self._window
        sizes = divide(window.size, extents_of(self.schedule), window)
        track = resolve(self.schedule, _ending_early(sizes) if self.endpoint else sizes, window, None)
        for edit in self.journal:
            track = edit.apply(track, window)
            window = Window(edit.total, window.clock)
        return track

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self._track, self.total, self.after)

    def checked(self) -> Plan:
        """Settle every length now, so that what does not fit is refused where it was written; return the plan."""
        _ = self._reader
        return self

    @property
    def base(self) -> Plan:
        """This plan before any edit.

        >>> import annealing as an
        >>> an.hold().over(10).branch(5, an.linear()).base
        hold().over(10)
        """
        return replace(self, journal=())

    def values(self, count: int | None = None) -> np.ndarray:
        """Return the value of each of the first `count` updates (by default all of them), float64.

        >>> import annealing as an
        >>> an.cosine().over(4).values()
        array([1.        , 0.85355339, 0.5       , 0.14644661])

        Raises `LengthError` for a run without an end when no count is given.
        """
        if count is None:
            if math.isinf(self.total):
                raise LengthError("a run without an end has no last value: write values(1000) for its first 1000.")
            count = math.ceil(self.total)
        return self(np.arange(count))

    def keyframes(self) -> tuple[tuple[float, float], ...]:
        """Return (t, value) wherever a phase begins or ends, and both sides of every jump.

        >>> import annealing as an
        >>> an.chain(an.hold(4), an.jump(0.5), an.linear()).over(8).keyframes()
        ((0, 1.0), (4, 1.0), (4, 0.5), (8, 0.0))
        """
        track = self._track
        frames: list[tuple[float, float]] = []
        for i, piece in enumerate(track.pieces):
            before = _left_of(track, i)
            now = track.at(piece.begin)
            if before is not None and abs(before - now) > 1e-9 * max(abs(before), abs(now)):
                frames.append((piece.begin, before))
            frames.append((piece.begin, now))
        if math.isfinite(track.length):
            last = _left_of(track, len(track.pieces))
            if last is not None and abs(last - track.end) > 1e-9 * max(abs(last), abs(track.end)):
                frames.append((track.length, last))
            frames.append((track.length, track.end))
        return tuple(frames)

    def area(self) -> float:
        """Return the sum of the values of all updates, the distance a rate lets the weights travel.

        >>> import annealing as an
        >>> (0.5 * an.hold()).over(8).area()
        4.0

        Raises `LengthError` for a run without an end.
        """
        if math.isinf(self.total):
            raise LengthError("a run without an end has no area: give it a total.")
        count, block = math.ceil(self.total), 1 << 22
        return float(sum(np.sum(self(np.arange(a, min(a + block, count)))) for a in range(0, count, block)))

    def branch(self, at: int, tail: Schedule, total: int | None = None, *, absolute: bool = False, why: str = "") -> Plan:
        """From update `at` on, follow `tail`; what came before is never rewritten.

        Arguments: `at`, the first update that uses the tail; `tail`, a schedule that counts from the
        value reached there (or in the plan's own units with `absolute`), in which "%" is a share of what
        is left; `total`, the run's new length in updates (by default unchanged); `why`, kept in the journal.

        >>> import annealing as an
        >>> plan = (3e-4 * an.chain(an.warmup(2_000), an.hold())).over(float("inf"))
        >>> decided_late = plan.branch(at=41_000, tail=an.cooldown(), total=49_000)
        >>> planned = (3e-4 * an.chain(an.warmup(2_000), an.hold(), an.cooldown(8_000))).over(49_000)
        >>> bool(np.all(decided_late.values() == planned.values()))
        True

        Raises `LengthError` when the tail does not fit, `RampError` when it cannot continue from there.
        """
        if isinstance(at, bool) or not isinstance(at, int) or at < 0:
            raise ArgumentError(f"branch(at={at!r}) is not an update: write a whole number from 0.")
        if not isinstance(tail, Schedule):
            raise KindError(f"branch(tail={tail!r}) is not a schedule: write a phase such as cooldown().")
        ends = self._tail_end(at, tail) if total is None else check_total(total, self.unit)
        if at >= ends:
            raise LengthError(f"branch(at={at}) leaves nothing of a run of {ends:g}: pass a larger total=.")
        return replace(self, journal=(*self.journal, Branch(at, tail, ends, absolute, why))).checked()

    def _tail_end(self, at: int, tail: Schedule) -> float:
        if math.isfinite(self.total):
            return self.total
        asked = dict(total_of(extents_of(tail)).amounts)
        return at + asked[""] if set(asked) == {""} else self.total

    def stretch(self, total: int) -> Plan:
        """Run the same curve in `total` updates: the same value at the same fraction of the way.

        >>> import annealing as an
        >>> an.linear().over(10).stretch(20)(10)
        0.5

        Raises `LengthError` for a run without an end.
        """
        return replace(self, journal=(*self.journal, Stretch(check_total(total, self.unit)))).checked()

    def plot(self, ax: Any = None) -> Any:
        """Draw the plan with matplotlib and return the axes (needs the `report` extra)."""
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        count = math.ceil(self.total) if math.isfinite(self.total) else 10_000
        t = np.unique(
            np.concatenate([np.linspace(0, count - 1, min(count, 2_000)).round(), [k for k, _ in self.keyframes() if k < count]])
        )
        ax.plot(t, self(t))
        ax.set(xlabel=self.unit.removesuffix("s"), ylabel="value", title=str(self.schedule))
        return ax

    def __str__(self) -> str:
        from annealing.core.text import write

        return write(self)

    __repr__ = __str__

    def __getstate__(self) -> dict[str, Any]:
        """Keep the six fields only: what is cached is computed again where the copy arrives."""
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}


def plan_of(schedule: Schedule, total: Horizon | float | None, *, unit: str, endpoint: bool, after: str) -> Plan:
    """Build a plan and settle it at once, so that what does not fit is refused where it was written."""
    check_unit(unit)
    if after not in AFTER:
        raise ArgumentError(f"after={after!r} is unknown: write one of {', '.join(map(repr, AFTER))}.")
    if total is None:
        asked = dict(total_of(extents_of(schedule)).amounts)
        if set(asked) - {"", "up"}:
            raise LengthError(f"{schedule} has no length of its own: write .over(total) with the run's number of {unit}.")
        total = sum(asked.values())
    horizon = total if isinstance(total, Horizon) else check_total(total, unit)
    if endpoint and ((not isinstance(horizon, Horizon) and math.isinf(horizon)) or unit == "epochs"):
        raise ArgumentError("endpoint=True puts the end on the last update, so the run needs a whole number of them.")
    return Plan(schedule, horizon, unit, bool(endpoint), after).checked()


def check_total(total: Any, unit: str) -> float:
    """Return a run's length as a whole number (epochs may be broken), or infinity."""
    if isinstance(total, str):
        raise LengthError(f"over({total!r}) is not a run's length: write the number of {unit}, or a Horizon.")
    if isinstance(total, bool) or not isinstance(total, Real) or not float(total) > 0:
        raise LengthError(f"over({total!r}) is not a run's length: write a number of {unit} above 0.")
    count = float(total)
    if math.isinf(count):
        return math.inf
    if count > LONGEST:
        raise LengthError(f"over({total!r}) is longer than {LONGEST} {unit}, the longest run that is counted exactly.")
    if count == int(count):
        return int(count)
    if unit != "epochs":
        raise LengthError(f"over({total!r}) is not a whole number of {unit}: write over({round(count)}).")
    return count


def _ending_early(sizes: list[float]) -> list[float]:
    """Take one update from the last phase that has any, so that its end value is used by the last update."""
    last = max(i for i, size in enumerate(sizes) if size)
    return [size - 1 if i == last else size for i, size in enumerate(sizes)]


def _left_of(track: Track, index: int) -> float | None:
    """The value a piece would reach at its right edge, before whatever comes there."""
    if index == 0:
        return None
    edge = track.pieces[index].begin if index < len(track.pieces) else track.length
    piece = track.pieces[index - 1]
    return float(piece.curve.at(SCALAR, edge - piece.begin))
