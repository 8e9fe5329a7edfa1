"""Schedules are values: frozen, hashable, comparable, printable, and without any clock of their own.

A schedule may say "10% of the run" or "whatever is left". `.over(total)` settles that and returns a
`Plan`, which is a function of the update index. The nodes here hold data only: `annealing.core.resolve`
gives them their lengths, `annealing.core.text` writes and reads them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from annealing.core.arithmetic import Arithmetic
from annealing.core.errors import KindError, OpenScheduleError
from annealing.core.length import REST, Length

if TYPE_CHECKING:
    from annealing.core.horizon import Horizon
    from annealing.core.plan import Plan


class Schedule(Arithmetic):
    """How a value changes over a run, before the run has a length.

    >>> import annealing as an
    >>> schedule = 3e-4 * an.chain(an.warmup(2_000), an.hold(), an.cooldown("20%"))
    >>> schedule
    3e-4 * chain(warmup(2000), hold(), cooldown("20%"))
    >>> schedule.over(100_000)(2_000)
    0.0003
    """

    def over(
        self, total: float | Horizon | None = None, *, unit: str = "updates", endpoint: bool = False, after: str = "hold"
    ) -> Plan:
        """Settle every length for a run of `total` and return the plan, a function of the update index.

        Arguments: `total`, the run's length in `unit` (updates), a `Horizon`, infinity for a run without
        an end, or nothing when every phase has a written count; `unit`, what the plan is a function of
        ("updates", "samples", "tokens", "epochs"); `endpoint`, whether the end value is reached on the
        last update instead of one after it; `after`, what happens past the end: "hold" the last value,
        "repeat" the run, "mirror" it (back up the way it came), or "continue" the last phase's own curve.

        >>> import annealing as an
        >>> an.linear().over(4).values()
        array([1.  , 0.75, 0.5 , 0.25])
        >>> an.linear().over(5, endpoint=True).values()
        array([1.  , 0.75, 0.5 , 0.25, 0.  ])

        Raises `LengthError` when phases do not fit the run or leave updates uncovered, `RampError` for
        a jump that is not written.
        """
        from annealing.core.plan import plan_of  # a plan is built on schedules, so this is the one arrow up

        return plan_of(self, total, unit=unit, endpoint=endpoint, after=after)

    def every(self, period: Length | int | str) -> Schedule:
        """Sample and hold: the value changes only every `period` updates, or at the start of each epoch ("1ep").

        This is what "per epoch" means in step, exponential and inverse-time decay.

        >>> import annealing as an
        >>> an.linear().every(2).over(4).values()
        array([1. , 1. , 0.5, 0.5])

        Raises `LengthError` for a period of zero or of a share of the rest.
        """
        return Every(self, Length.of(period))

    def __call__(self, t: Any) -> Any:
        del t
        raise OpenScheduleError(
            "a schedule has no value until the run has a length: call .over(total) first, and evaluate the plan it returns."
        )

    def __str__(self) -> str:
        from annealing.core.text import write  # the writer knows every node, so it stands above them

        return write(self)

    __repr__ = __str__


@final
@dataclass(frozen=True, repr=False)
class Constant(Schedule):
    """A number inside arithmetic. On its own a constant is written `0.1 * hold()`."""

    value: float


@final
@dataclass(frozen=True, repr=False)
class Hold(Schedule):
    """Stay at the value that was reached."""

    length: Length = REST


@final
@dataclass(frozen=True, repr=False)
class Jump(Schedule):
    """Go to `to` at once, taking no time."""

    to: float


@final
@dataclass(frozen=True, repr=False)
class Warmup(Schedule):
    """Rise to `to`. Where nothing comes before and no start is written, no update is wasted at zero."""

    length: Length
    to: float = 1.0
    start: float | None = None
    ease: str = "linear"


@final
@dataclass(frozen=True, repr=False)
class Ramp(Schedule):
    """Go from `start` (by default wherever the last phase ended) to `to` along an ease."""

    to: float = 0.0
    length: Length = REST
    start: float | None = None
    ease: str = "linear"


@final
@dataclass(frozen=True, repr=False)
class Exponential(Schedule):
    """Go to `to` by equal ratios in equal times."""

    to: float
    length: Length = REST
    start: float | None = None


@final
@dataclass(frozen=True, repr=False)
class Geometric(Schedule):
    """`start · factor^(t / per)`, which needs no end."""

    factor: float
    per: Length
    length: Length = REST
    start: float | None = None


@final
@dataclass(frozen=True, repr=False)
class Power(Schedule):
    """`start · (1 + rate · t / per)^exponent`, which needs no end."""

    exponent: float
    per: Length
    rate: float = 1.0
    length: Length = REST
    start: float | None = None


@final
@dataclass(frozen=True, repr=False)
class Table(Schedule):
    """Values at marks, held from mark to mark or joined by an ease."""

    marks: tuple[Length, ...]
    values: tuple[float, ...]
    between: str = "linear"  # "hold" or the name of an ease
    length: Length = REST


@final
@dataclass(frozen=True, repr=False)
class Knots(Schedule):
    """Values at times counted in updates, which may fall between two of them, joined by an ease."""

    times: tuple[float, ...]
    values: tuple[float, ...]
    ease: str = "linear"
    length: Length = REST


@final
@dataclass(frozen=True, repr=False)
class Formula(Schedule):
    """A function of local time that was registered under a name."""

    name: str
    arguments: tuple[tuple[str, float], ...] = ()
    length: Length = REST


@final
@dataclass(frozen=True, repr=False)
class Chain(Schedule):
    """One phase after another, each starting where the last one ended."""

    phases: tuple[Schedule, ...]


@final
@dataclass(frozen=True, repr=False)
class Lasting(Schedule):
    """A schedule in a window of its own: inside it, "%" means a share of this length."""

    body: Schedule
    length: Length


@final
@dataclass(frozen=True, repr=False)
class Repeat(Schedule):
    """`body` again and again; each cycle `growth` times as long and `scale` times as high as the one before."""

    body: Schedule
    times: int | None = None
    first: Length | None = None
    growth: float = 1.0
    scale: float = 1.0
    length: Length = REST


@final
@dataclass(frozen=True, repr=False)
class Pointwise(Schedule):
    """Arithmetic between two schedules over the same updates."""

    op: str
    left: Schedule
    right: Schedule


@final
@dataclass(frozen=True, repr=False)
class Clip(Schedule):
    """`body` kept between `low` and `high`."""

    body: Schedule
    low: float = -math.inf
    high: float = math.inf


@final
@dataclass(frozen=True, repr=False)
class Rounded(Schedule):
    """`body` rounded to whole multiples (half to even), and never below `minimum`."""

    body: Schedule
    multiple: float = 1.0
    minimum: float = -math.inf


@final
@dataclass(frozen=True, repr=False)
class Every(Schedule):
    """`body` sampled at the start of each period and held."""

    body: Schedule
    period: Length

    def __post_init__(self) -> None:
        if self.period.unit == "fr" or self.period.amount <= 0:
            raise_period(self.period)


def raise_period(period: Length) -> None:
    """Refuse a period that has no length."""
    from annealing.core.errors import LengthError

    raise LengthError(f'every({period}) is not a period: write a count such as every(100), or every("1ep").')


def lift(value: Any, role: str = "schedule") -> Schedule:
    """Accept a schedule, or a finite number as a constant; refuse anything else by name."""
    if isinstance(value, Schedule):
        return value
    from annealing.core.checks import number

    if isinstance(value, str) or value is None:
        raise KindError(f"{role}={value!r} is not a schedule: write a number or a phase such as cosine(), or parse({value!r}).")
    return Constant(number(role, value))
