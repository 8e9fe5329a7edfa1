"""A plan is a schedule over a known run: a pure function of the update index."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, final

import numpy as np

from annealing.core.arithmetic import Arithmetic
from annealing.core.checks import whole
from annealing.core.errors import ArgumentError, KindError, LengthError
from annealing.core.evaluate import AFTER, Reader
from annealing.core.explain import Reason, explain
from annealing.core.horizon import Horizon
from annealing.core.journal import Branch, Change, Edit, Stretch
from annealing.core.keyframes import keyframes_of
from annealing.core.length import total_of
from annealing.core.resolve import extents_of, resolve
from annealing.core.schedule import Schedule
from annealing.core.split import Clock, Window, check_total, check_unit, divide, one_short
from annealing.core.track import Track


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
        return next((edit.total for edit in reversed(self.journal) if not isinstance(edit, Change)), self._window.size)

    @cached_property
    def _window(self) -> Window:
        size = self.horizon.total(self.unit) if isinstance(self.horizon, Horizon) else self.horizon
        return Window(size, Clock(self.unit, size, self.horizon if isinstance(self.horizon, Horizon) else None))

    @cached_property
    def track(self) -> Track:
        """What the plan came to: curves laid end to end, every edit applied."""
        window = self._window
        sizes: list[float] = divide(window.size, extents_of(self.schedule), window)
        if self.endpoint:
            sizes, early = one_short(sizes)
            window = window.of_size(window.size, early)
        try:
            track = resolve(self.schedule, sizes, window, None)
            for edit in self.journal:
                track = edit.apply(track, window)
                if not isinstance(edit, Change):
                    window = Window(edit.total, window.clock, early=window.early)
        except RecursionError:
            raise ArgumentError("the schedule is nested too deeply: put its parts together with fewer operations.") from None
        return track

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.track, self.total, self.after)

    @property
    def number(self) -> Callable[[float], float]:
        """The plan as a bare function of one Python number, which a loop may call at every update.

        >>> import annealing as an
        >>> an.linear().over(4).number(1)
        0.75
        """
        return self._reader.number

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
        """Return the value of each of the first `count` updates (by default all of them; counts of the plan's unit), float64.

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
        """Return (t, value) wherever a phase begins or ends, and both sides of every jump and of every step of `every`.

        >>> import annealing as an
        >>> an.chain(an.hold(4), an.jump(0.5), an.linear()).over(8).keyframes()
        ((0, 1.0), (4, 1.0), (4, 0.5), (8, 0.0))
        """
        return keyframes_of(self.track)

    @property
    def telling(self) -> float:
        """How much of the plan shows all of it: its run, or twice as far as the last keyframe of a run without an end.

        >>> import annealing as an
        >>> an.cosine().over(10).telling, an.chain(an.warmup(40), an.hold()).over(an.inf).telling
        (10, 80)
        """
        if math.isfinite(self.total):
            return self.total
        return max((t for t, _ in self.keyframes()), default=0) * 2 or 1000

    def why(self, t: float) -> Reason:
        """Return what is in force at update `t`: the phase, how far it is, and the edit that put it there.

        >>> import annealing as an
        >>> print(an.chain(an.warmup(20), an.hold(), an.cooldown("20%")).over(100).why(85))
        cooldown("20%"): 5 of 20
        """
        return explain(self, t)

    def area(self, count: float | None = None) -> float:
        """Return the sum of the values of all updates, the distance a rate lets the weights travel.

        Arguments: `count`, how many updates are summed; by default all of the run.

        >>> import annealing as an
        >>> (0.5 * an.hold()).over(8).area()
        4.0

        Raises `LengthError` for a run without an end when no count is given.
        """
        end = self.total if count is None else count
        if math.isinf(end):
            raise LengthError("a run without an end has no area: give it a total, or write area(1000) for its first 1000.")
        count, block = math.ceil(end), 1 << 22
        return float(sum(np.sum(self(np.arange(a, min(a + block, count)))) for a in range(0, count, block)))

    def branch(
        self, at: int, tail: Schedule | Plan, total: Horizon | int | None = None, *, absolute: bool = False, why: str = ""
    ) -> Plan:
        """From update `at` on, follow `tail`; what came before is never rewritten.

        Arguments: `at`, the first update that uses the tail; `tail`, a schedule that counts from the
        value reached there (or in the plan's own units with `absolute`), in which "%" is a share of what
        is left; or another plan, followed on its own clock from here, where the two must meet; `total`, the run's new
        length in updates (by default unchanged, or that of the other plan); `why`, kept in the journal.

        >>> import annealing as an
        >>> plan = (3e-4 * an.chain(an.warmup(2_000), an.hold())).over(float("inf"))
        >>> decided_late = plan.branch(at=41_000, tail=an.cooldown(), total=49_000)
        >>> planned = (3e-4 * an.chain(an.warmup(2_000), an.hold(), an.cooldown(8_000))).over(49_000)
        >>> bool(np.all(decided_late.values() == planned.values()))
        True

        Raises `LengthError` when the tail does not fit, `RampError` when it cannot continue from there.
        """
        at = whole("at", at, at_least=0)
        if not isinstance(tail, (Schedule, Plan)):
            raise KindError(f"branch(tail={tail!r}) is not a schedule: write a phase such as cooldown().")
        if isinstance(tail, Plan):
            self._check_alike(tail, total)
        ends = self._tail_end(at, tail) if total is None else check_total(total, self.unit, "branch")
        if self.after != "hold" and at >= self.total:
            raise LengthError(
                f"branch(at={at}) lies past the end, where after={self.after!r} goes on: branch before {self.total:g}."
            )
        if at >= ends:
            raise LengthError(f"branch(at={at}) leaves nothing of a run of {ends:g}: pass a larger total=.")
        return replace(self, journal=(*self.journal, Branch(at, tail, ends, absolute, why))).checked()

    def _check_alike(self, tail: Plan, total: Horizon | int | None) -> None:
        told = [(p.unit, p.endpoint, p.after) for p in (self, tail)]
        if told[0] != told[1]:
            raise KindError(f"branch(tail={tail}) runs on another clock than {self}: unit=, endpoint= and after= must agree.")
        if total is not None:
            raise LengthError(f"branch(tail={tail}, total=…): a plan brings its own length, so leave total= out.")

    def _tail_end(self, at: int, tail: Schedule | Plan) -> float:
        if isinstance(tail, Plan):
            return tail.total
        if math.isfinite(self.total):
            return self.total
        asked = dict(total_of(extents_of(tail)).amounts)
        return at + sum(asked.values()) if all(map(self._window.clock.own, asked)) else self.total

    def stretch(self, total: Horizon | int, at: int = 0) -> Plan:
        """Run the same curve in `total` updates; of a run that is under way, what is left of it from update `at` on.

        >>> import annealing as an
        >>> an.linear().over(10).stretch(20)(10)
        0.5
        >>> an.linear().over(10).stretch(14, at=6).values()[[5, 6, 10, 13]]
        array([0.5 , 0.4 , 0.2 , 0.05])

        Raises `LengthError` for a run without an end, or for one that is over at `at`.
        """
        size, at = check_total(total, self.unit, "stretch"), whole("at", at, at_least=0)
        if at and at >= min(self.total, size):
            raise LengthError(f"stretch({size:g}, at={at}): nothing is left of a run of {min(self.total, size):g} at {at}.")
        return replace(self, journal=(*self.journal, Stretch(size, at))).checked()

    def plot(self, ax: Any = None) -> Any:
        """Draw the plan with matplotlib and return the axes (needs the `report` extra)."""
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        end = self.total if math.isfinite(self.total) else 10_000
        places = np.linspace(0, end, 2_001)
        t = np.unique(
            np.concatenate([places if self.unit == "epochs" else places.round(), [k for k, _ in self.keyframes() if k <= end]])
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
        if not all(Clock(unit, 0, None).own(written) for written in asked):
            raise LengthError(f"{schedule} has no length of its own: write .over(total) with the run's number of {unit}.")
        total = sum(asked.values())
    horizon = total if isinstance(total, Horizon) else check_total(total, unit)
    if endpoint and ((not isinstance(horizon, Horizon) and math.isinf(horizon)) or unit == "epochs"):
        raise ArgumentError("endpoint=True puts the end on the last update, so the run needs a whole number of them.")
    return Plan(schedule, horizon, unit, bool(endpoint), after).checked()
