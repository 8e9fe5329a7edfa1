"""What a study found, as values: statistics beside their targets, the verdict that follows from them, a figure.

No study writes its own verdict: it follows from which of its targets were met.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, final

Scale = Literal["fast", "full"]
"""`full` is what a verdict is read from; `fast` is the same code on so little data that it only shows that it runs."""

Verdict = Literal["reproduced", "partly", "not reproduced at this scale", "shown"]
Interval = tuple[float, float]


@final
@dataclass(frozen=True)
class Statistic:
    """A number that was measured, and whether it met its target; `met` is None for one that is only noted.

    `interval` is of the value, at 90 % where `detail` says nothing else.
    """

    name: str
    value: float
    target: str = ""
    met: bool | None = None
    interval: Interval | None = None
    detail: str = ""


def below(name: str, value: float, limit: float, *, interval: Interval | None = None, detail: str = "") -> Statistic:
    """Ask for a value below a limit.

    >>> below("gap", 0.02, 0.05).met, below("gap", float("nan"), 0.05).met
    (True, False)
    """
    return Statistic(name, float(value), f"< {limit:g}", bool(value < limit), interval, detail)


def above(name: str, value: float, limit: float, *, interval: Interval | None = None, detail: str = "") -> Statistic:
    """Ask for a value above a limit."""
    return Statistic(name, float(value), f"> {limit:g}", bool(value > limit), interval, detail)


def between(name: str, value: float, low: float, high: float, *, interval: Interval | None = None, detail: str = "") -> Statistic:
    """Ask for a value from `low` to `high`, both included.

    >>> between("ratio", 2.0, 1.999, 2.001).target
    '1.999 to 2.001'
    """
    return Statistic(name, float(value), f"{low:g} to {high:g}", bool(low <= value <= high), interval, detail)


def holds(name: str, share: float, *, detail: str = "") -> Statistic:
    """Ask for something to hold in every case: the value is the share of cases in which it does."""
    return Statistic(name, float(share), "in every case", bool(share == 1.0), None, detail)


def noted(name: str, value: float, *, interval: Interval | None = None, detail: str = "") -> Statistic:
    """Report a value that decides nothing."""
    return Statistic(name, float(value), "", None, interval, detail)


def verdict_of(statistics: Iterable[Statistic]) -> Verdict:
    """Return what follows from the targets: all met, some, or none; without any target something was only shown.

    >>> verdict_of([below("a", 1.0, 2.0), below("b", 3.0, 2.0), noted("c", 5.0)])
    'partly'
    """
    met = [one.met for one in statistics if one.met is not None]
    if not met:
        return "shown"
    if all(met):
        return "reproduced"
    return "partly" if any(met) else "not reproduced at this scale"


@final
@dataclass(frozen=True)
class Line:
    """A curve with a name, and around it the band from `low` to `high` where there is one."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@final
@dataclass(frozen=True)
class Curves:
    """Curves over common axes, the one to look at first; `log` names the axes that are logarithmic."""

    title: str
    caption: str
    x: str
    y: str
    lines: tuple[Line, ...]
    log: Literal["", "x", "y", "xy"] = ""


@final
@dataclass(frozen=True)
class Mean:
    """A mean with its interval and the single values behind it."""

    name: str
    value: float
    interval: Interval | None = None
    singles: tuple[float, ...] = ()


@final
@dataclass(frozen=True)
class Means:
    """One mean per row along an axis called `x`, with a line at `reference` to compare with."""

    title: str
    caption: str
    x: str
    means: tuple[Mean, ...]
    reference: float | None = None


Figure = Curves | Means


@final
@dataclass(frozen=True)
class Finding:
    """What came out of a study: its numbers, the seeds they stand on, a figure, and what a reader should know besides."""

    statistics: tuple[Statistic, ...]
    seeds: str
    figure: Figure
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What follows from the statistics."""
        return verdict_of(self.statistics)


@final
@dataclass(frozen=True)
class Result:
    """A finding with the study that it belongs to, as reports and files show it."""

    name: str
    title: str
    source: str
    shows: tuple[str, ...]
    criterion: str
    scale: Scale
    seed: int
    finding: Finding
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """The verdict of the finding."""
        return self.finding.verdict

    def to_dict(self) -> dict[str, Any]:
        """Return what `result.json` holds, with NaN and infinity as None."""
        return _plain({**asdict(self), "verdict": self.verdict})


def _plain(value: Any) -> Any:
    """Turn tuples into lists and numbers that JSON cannot hold into None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
