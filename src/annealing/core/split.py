"""How the updates of a run are divided among its phases.

Counts are exact. Only shares ("%", "fr", and units that are not a whole number of updates) are rounded,
by their running sum, so that the parts always add up to the whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from typing import Any, SupportsIndex, final

from annealing.core.errors import LengthError
from annealing.core.horizon import PLAN_UNITS, Horizon
from annealing.core.length import Extent, Length

LONGEST = 2**53 - 1  # whole numbers above this are no longer exact in float64

_UNIT_OF = {"up": "updates", "ep": "epochs", "sam": "samples", "tok": "tokens"}


@final
@dataclass(frozen=True, slots=True)
class Clock:
    """What a plan counts in, and how much of it one update, epoch, sample or token is."""

    unit: str
    total: float
    horizon: Horizon | None

    @property
    def whole(self) -> bool:
        """Whether phases begin on whole counts; epochs may be split anywhere."""
        return self.unit != "epochs"

    def own(self, unit: str) -> bool:
        """Whether lengths in this unit are counts of this very clock."""
        return unit == "" or _UNIT_OF.get(unit) == self.unit

    def count(self, length: Length) -> float:
        """Return a length written in epochs, samples, tokens or updates as a count of this clock."""
        if self.own(length.unit):
            return length.amount
        unit = _UNIT_OF[length.unit]
        if self.horizon is None:
            raise LengthError(
                f"{length} needs a Horizon to become {self.unit}: "
                "write .over(Horizon.of(loader, epochs=…)), or give a count or a share."
            )
        try:
            return length.amount * self.total / self.horizon.total(unit)
        except LengthError as error:
            raise LengthError(f"{length} cannot become {self.unit}: {error}") from None


@final
@dataclass(frozen=True, slots=True)
class Window:
    """What "%" is a share of: the run, a `lasting`, a cycle, or what a branch has left."""

    size: float
    clock: Clock
    begin: float = 0  # where this stretch of the run starts, for grids that belong to the run ("1ep")
    early: int | None = None  # which of the sizes at hand is one update short, so that its end is used by the last update

    def later(self, by: float, early: int | None = None) -> Window:
        """The same window, seen by a phase that starts `by` later."""
        return Window(self.size, self.clock, self.begin + by, early)

    def of_size(self, size: float, early: int | None = None) -> Window:
        """A window of its own inside this one."""
        return Window(size, self.clock, self.begin, early)


def split(total: float | Horizon, lengths: Sequence[Length | SupportsIndex | str]) -> list[float]:
    """Divide `total` updates among lengths; the parts add up to the total.

    >>> split(100, [10, "rest", "20%"])
    [10, 70, 20]
    >>> split(5, ["10%", 1, "rest"])
    [0, 1, 4]

    Raises `LengthError` when they do not fit, or leave updates that no part covers.
    """
    count = check_total(total, "updates", "split")
    clock = Clock("updates", count, total if isinstance(total, Horizon) else None)
    return divide(count, [Extent.of(Length.of(length)) for length in lengths], Window(count, clock))


def divide(total: float, extents: Sequence[Extent], window: Window, slack: float = 0.5) -> list[float]:
    """Divide `total` among what several parts ask for; `slack` is how much rounding may move the last edge."""
    exact, shares, parts = _amounts(extents, window)
    asked, rest = sum(exact) + sum(shares), sum(parts)
    left = total - asked
    if math.isinf(asked):
        raise LengthError("a share of a run without an end is endless: give that phase a count, or the run a total.")
    if left < 0 and (-left >= slack or total < sum(exact)):
        raise LengthError(
            f"the phases need {asked:g} {window.clock.unit} but there are {total:g}: {_sum(extents, exact, shares)}; "
            'shorten one, write it as a share such as "20%", or make the run longer.'
        )
    if not rest and left >= slack:
        raise LengthError(
            f"the phases cover {asked:g} of {total:g} {window.clock.unit}: {_sum(extents, exact, shares)}; "
            'add hold() to stay at the last value, or make a phase "rest".'
        )
    if math.isinf(total):
        return _endless(exact, parts)
    flexible = [s + (max(left, 0.0) * p / rest if rest else 0.0) for s, p in zip(shares, parts, strict=True)]
    rounded = _whole(flexible, total - sum(exact)) if window.clock.whole else flexible
    return [_tidy(e + f) for e, f in zip(exact, rounded, strict=True)]


def divide_anew(size: float, extents: Sequence[Extent], window: Window, slack: float = 0.5) -> tuple[list[float], int | None]:
    """Divide a part that has phases of its own; where it is one update short, so is its last phase.

    Returns the sizes and which of them is short.
    """
    if window.early is None:
        return divide(size, extents, window, slack), None
    return one_short(divide(size + 1, extents, window.of_size(window.size), slack))


def one_short(sizes: Sequence[float]) -> tuple[list[float], int]:
    """Take one update from the last phase that has any; return the sizes and which one that is."""
    last = max(i for i, size in enumerate(sizes) if size)
    return [size - 1 if i == last else size for i, size in enumerate(sizes)], last


def _amounts(extents: Sequence[Extent], window: Window) -> tuple[list[float], list[float], list[float]]:
    """For each part: what is exact, what is a share still to be rounded, and its portions of the rest."""
    exact, shares, parts = [0.0] * len(extents), [0.0] * len(extents), [0.0] * len(extents)
    for i, extent in enumerate(extents):
        for unit, amount in extent.amounts:
            if unit == "":
                exact[i] += amount
            elif unit == "fr":
                parts[i] += amount
            else:
                share = _share(amount, unit, window)
                is_count = unit != "%" and window.clock.whole and share == int(share)
                (exact if is_count else shares)[i] += share
    return exact, shares, parts


def _share(amount: float, unit: str, window: Window) -> float:
    if unit != "%":
        return window.clock.count(Length(amount, unit))
    return amount * window.size / 100 if amount else 0.0  # 0% of a run without an end is nothing


def _endless(exact: list[float], parts: list[float]) -> list[float]:
    open_ended = [i for i, p in enumerate(parts) if p]
    if open_ended != [len(parts) - 1] and any(exact[i] or parts[i] for i in range(open_ended[0] + 1, len(parts))):
        raise LengthError("a phase after an endless one never begins: give the run a total, or that phase's predecessor a count.")
    return [math.inf if p else _tidy(e) for e, p in zip(exact, parts, strict=True)]


def _whole(amounts: Sequence[float], total: float) -> list[float]:
    """Round the running sum, so that the parts never drift from the whole."""
    edges, reached = [0.0], 0.0
    for amount in amounts:
        reached += amount
        edges.append(min(float(round(reached)), total))
    last = max((i for i, amount in enumerate(amounts) if amount), default=None)
    if last is not None:
        edges[last + 1 :] = [total] * (len(edges) - last - 1)
    return [b - a for a, b in pairwise(edges)]


def _tidy(amount: float) -> float:
    return int(amount) if math.isfinite(amount) and amount == int(amount) else amount


def _sum(extents: Sequence[Extent], exact: Sequence[float], shares: Sequence[float]) -> str:
    """The parts as written, each with what it came to where that differs."""
    words: list[str] = []
    for extent, e, s in zip(extents, exact, shares, strict=True):
        words.append(str(extent) if not s else f"{extent} ({e + s:g})")
    return " + ".join(words)


def check_unit(unit: str) -> str:
    """Refuse a unit that a plan cannot count in."""
    if unit not in PLAN_UNITS:
        raise LengthError(f"unit={unit!r} is unknown: write one of {', '.join(PLAN_UNITS)}.")
    return unit


def check_total(total: Any, unit: str, word: str = "over") -> float:
    """Return a run's length as a whole number (epochs may be broken), or infinity."""
    if isinstance(total, Horizon):
        return total.total(unit)
    if isinstance(total, str):
        raise LengthError(f"{word}({total!r}) is not a run's length: write the number of {unit}, or a Horizon.")
    if isinstance(total, bool) or not isinstance(total, Real) or not float(total) > 0:
        raise LengthError(f"{word}({total!r}) is not a run's length: write a number of {unit} above 0, or a Horizon.")
    count = float(total)
    if math.isinf(count):
        return math.inf
    if count > LONGEST:
        raise LengthError(f"{word}({total!r}) is longer than {LONGEST} {unit}, the longest run that is counted exactly.")
    if count == int(count):
        return int(count)
    if unit != "epochs":
        raise LengthError(f"{word}({total!r}) is not a whole number of {unit}: write {word}({round(count)}).")
    return count
