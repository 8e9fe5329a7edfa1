"""One dimension of a space: what values a hyper-parameter may take, and when it is there at all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from annealing.core.checks import number, whole
from annealing.core.errors import ArgumentError, KindError

Value = float | int | str
"""What a hyper-parameter may be: everything that JSON, a database and another process give back as it was."""
Only = tuple[tuple[str, tuple[Value, ...]], ...]
"""A condition: every name listed must have one of its values."""
Condition = Mapping[str, Value | Sequence[Value]] | Only


@final
@dataclass(frozen=True)
class Log:
    """Any number between two ends, by equal ratios: 0.001 to 0.01 is as likely as 0.01 to 0.1.

    >>> Log(0.001, 0.1).at(0.5)
    0.01
    >>> Log(0.001, 0.1, only={"optimizer": "sgd"}).only
    (('optimizer', ('sgd',)),)

    Arguments: `low` and `high`, both within it, above 0; `only`, a condition: the names it needs with the value, or values,
    that they must have. Raises `ArgumentError` or `KindError` for an empty range, or one that reaches 0.
    """

    low: float
    high: float
    only: Condition = ()

    def __post_init__(self) -> None:
        _set_ends(self, *_ends(self.low, self.high))
        if self.low <= 0:
            raise ArgumentError(
                f"Log({self.low!r}, {self.high!r}) reaches 0, where ratios end: write a low end above 0, or Uniform."
            )

    def at(self, share: float) -> float:
        """Return the value at a share of the range, from 0 to 1."""
        return self.high if share == 1 else _within(self.low * (self.high / self.low) ** share, self.low, self.high)

    def share(self, value: Value) -> float:
        """Return how far through the range a value lies: `at` the other way round."""
        return _share(math.log(_real(value)), math.log(self.low), math.log(self.high))

    def grid(self, levels: int) -> tuple[float, ...]:
        """Return `levels` values, both ends included, or the middle where it is one."""
        return tuple(dict.fromkeys(self.at(share) for share in _shares(levels)))

    def contains(self, value: Any) -> bool:
        """Whether the value lies in the range."""
        return _is_real(value) and self.low <= value <= self.high


@final
@dataclass(frozen=True)
class Uniform:
    """Any number between two ends, by equal differences.

    >>> Uniform(0.8, 1).at(0.25), Uniform(0, 1).grid(3)
    (0.85, (0.0, 0.5, 1.0))

    Arguments and errors: as of `Log`; the range may hold 0 and numbers below.
    """

    low: float
    high: float
    only: Condition = ()

    def __post_init__(self) -> None:
        _set_ends(self, *_ends(self.low, self.high))

    def at(self, share: float) -> float:
        """Return the value at a share of the range, from 0 to 1."""
        return self.high if share == 1 else _within(self.low + (self.high - self.low) * share, self.low, self.high)

    def share(self, value: Value) -> float:
        """Return how far through the range a value lies: `at` the other way round."""
        return _share(_real(value), self.low, self.high)

    def grid(self, levels: int) -> tuple[float, ...]:
        """Return `levels` values, both ends included, or the middle where it is one."""
        return tuple(dict.fromkeys(self.at(share) for share in _shares(levels)))

    def contains(self, value: Any) -> bool:
        """Whether the value lies in the range."""
        return _is_real(value) and self.low <= value <= self.high


@final
@dataclass(frozen=True)
class Whole:
    """Any whole number between two ends, by equal differences, or with `log` by equal ratios.

    >>> Whole(16, 256, log=True).grid(5), Whole(1, 3).at(0.99)
    ((16, 32, 64, 128, 256), 3)

    Arguments and errors: as of `Log`, with whole numbers.
    """

    low: int
    high: int
    log: bool = False
    only: Condition = ()

    def __post_init__(self) -> None:
        low, high = (
            whole(name, end, at_least=1 if self.log else -(2**53)) for name, end in (("low", self.low), ("high", self.high))
        )
        _ends(low, high)
        _set_ends(self, low, high)

    def at(self, share: float) -> int:
        """Return the value at a share of the range, from 0 to 1: every whole number has an equal part."""
        low, high = self.low - 0.5, self.high + 0.5
        spread = low * (high / low) ** share if self.log else low + (high - low) * share
        return min(max(math.floor(spread + 0.5), self.low), self.high)

    def share(self, value: Value) -> float:
        """Return how far through the range a value lies: the middle of its part."""
        low, high, here = self.low - 0.5, self.high + 0.5, _real(value)
        return _share(math.log(here), math.log(low), math.log(high)) if self.log else _share(here, low, high)

    def grid(self, levels: int) -> tuple[int, ...]:
        """Return at most `levels` values, both ends included, or the middle where it is one."""
        ends = Log(self.low, self.high) if self.log and self.low < self.high else None
        spread = [ends.at(share) if ends else self.low + (self.high - self.low) * share for share in _shares(levels)]
        return tuple(dict.fromkeys(round(value) for value in spread))

    def contains(self, value: Any) -> bool:
        """Whether the value is a whole number in the range."""
        return _is_real(value) and value == int(value) and self.low <= value <= self.high


@final
@dataclass(frozen=True)
class Choice:
    """One of several values, numbers or words, each as likely; a single one is a fixed value.

    >>> Choice(["sgd", "adamw"]).at(0.6), Choice([32, 64]).grid(1)
    ('adamw', (32, 64))

    Raises `ArgumentError` where there are no values or one is listed twice, `KindError` for anything but numbers and words.
    """

    values: tuple[Value, ...]
    only: Condition = ()

    def __post_init__(self) -> None:
        if isinstance(self.values, str) or not isinstance(self.values, Sequence):
            raise KindError(f"Choice({self.values!r}) lists no values: write Choice([{self.values!r}]).")
        values = tuple(_value(value) for value in self.values)
        if not values:
            raise ArgumentError("Choice([]) has nothing to choose from: write the values, such as Choice([16, 32]).")
        if len(set(values)) < len(values):
            twice = next(value for value in values if values.count(value) > 1)
            raise ArgumentError(f"Choice({list(values)!r}) lists {twice!r} twice: leave one out.")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "only", only_when(self.only))

    def at(self, share: float) -> Value:
        """Return the value at a share of the list, from 0 to 1."""
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]

    def share(self, value: Value) -> float:
        """Return how far through the list a value stands: the middle of its part."""
        return (self.values.index(value) + 0.5) / len(self.values)

    def grid(self, levels: int) -> tuple[Value, ...]:
        """Return all values: a choice has as many levels as it has values."""
        return self.values

    def contains(self, value: Any) -> bool:
        """Whether the value is one of them."""
        return value in self.values and not isinstance(value, bool)


Dimension = Log | Uniform | Whole | Choice


def only_when(condition: Any) -> Only:
    """Return a condition in its one form: names in order, each with the values it may have.

    >>> only_when({"schedule": "wsd", "optimizer": ["sgd", "adam"]})
    (('optimizer', ('sgd', 'adam')), ('schedule', ('wsd',)))
    """
    if not isinstance(condition, Mapping | tuple):
        raise KindError(f'only={condition!r} is no condition: write only={{"optimizer": "sgd"}}.')
    pairs: dict[str, Any] = dict(condition)
    found: list[tuple[str, tuple[Value, ...]]] = []
    for name, values in sorted(pairs.items()):
        listed = tuple(values) if isinstance(values, list | tuple) else (values,)
        if not listed:
            raise ArgumentError(f"only={{{name!r}: []}} is never so: write the values that {name} must have.")
        found.append((name, tuple(_value(value) for value in listed)))
    return tuple(found)


def conditions(dimension: Dimension) -> dict[str, tuple[Value, ...]]:
    """Return what must hold for a dimension to be there: names with the values they may have."""
    return dict(only_when(dimension.only))


def _value(value: Any) -> Value:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise KindError(f"{value!r} is neither a number nor a word, which is all that a hyper-parameter can be here.")
    return value if isinstance(value, int | str) else number("value", value)


def _ends(low: Any, high: Any) -> tuple[float, float]:
    low, high = number("low", low), number("high", high)
    if low >= high:
        instead = f"Choice([{low:g}]) for one value" if low == high else "the smaller end first"
        raise ArgumentError(f"the range from {low:g} to {high:g} is empty: write {instead}.")
    return low, high


def _set_ends(dimension: Log | Uniform | Whole, low: float, high: float) -> None:
    for name, value in (("low", low), ("high", high), ("only", only_when(dimension.only))):
        object.__setattr__(dimension, name, value)


def _within(value: float, low: float, high: float) -> float:
    """Return a value with the six digits that anybody reads, and an end, or what this carries beyond one, as that end."""
    return low if value <= low else min(max(float(f"{value:.6g}"), low), high)


def _shares(levels: int) -> list[float]:
    count = whole("levels", levels)
    return [0.5] if count == 1 else [place / (count - 1) for place in range(count)]


def _share(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _is_real(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _real(value: Value) -> float:
    return number("value", value)
