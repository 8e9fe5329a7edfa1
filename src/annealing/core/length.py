"""How long something lasts: an exact count, a share of the run, epochs, tokens, or whatever is left."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import SupportsIndex, final

from annealing.core.errors import LengthError

UNITS = ("", "%", "fr", "up", "ep", "sam", "tok")
"""Plain count in the plan's own unit · percent of the window · share of the rest · updates · epochs · samples · tokens."""

_PATTERN = re.compile(r"([0-9][0-9_]*(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?)\s*(%|fr|up|ep|sam|tok)?", re.IGNORECASE)
_LARGEST = 10**15  # beyond it a float no longer holds every whole number of a phase's local time


@final
@dataclass(frozen=True, slots=True)
class Length:
    """An amount with its unit: `2000`, `"10%"`, `"rest"`, `"2fr"`, `"3ep"`, `"2e9tok"`.

    >>> Length.of("10%")
    Length(amount=10.0, unit='%')
    >>> str(Length.of("1fr")), str(Length.of(2000))
    ('"rest"', '2000')
    """

    amount: float
    unit: str = ""

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise LengthError(f"unit={self.unit!r} is unknown: write one of {', '.join(map(repr, UNITS))}.")
        if not 0 <= self.amount <= _LARGEST:
            raise LengthError(f"length={self.amount!r} is out of range: a phase lasts from 0 to {_LARGEST} updates.")
        if self.unit in ("", "up") and self.amount != int(self.amount):
            raise LengthError(_ambiguous(self.amount))

    @classmethod
    def of(cls, value: Length | SupportsIndex | str) -> Length:
        """Read a length as people write it; raise `LengthError` for a bare float or anything ambiguous."""
        if isinstance(value, Length):
            return value
        if isinstance(value, str):
            return _from_text(value)
        if isinstance(value, bool) or not isinstance(value, SupportsIndex):
            raise LengthError(_ambiguous(value))
        count = operator.index(value)
        if count < 0:
            raise LengthError(f"length={count} is negative: a phase lasts 0 updates or more.")
        if count > _LARGEST:
            raise LengthError(f"length={count} is too long: the longest phase is {_LARGEST} updates.")
        return cls(count)

    def __str__(self) -> str:
        if self == REST:
            return '"rest"'
        number = str(int(self.amount)) if self.unit in ("", "up") else compact(self.amount)
        return number if self.unit == "" else f'"{number}{self.unit}"'


def compact(number: float) -> str:
    """Write a float in the fewest characters that read back to the same bits.

    >>> compact(0.0003), compact(0.1), compact(2e9), compact(1 / 3), compact(-1.0)
    ('3e-4', '0.1', '2e9', '0.3333333333333333', '-1')
    """
    if math.isinf(number):
        return "inf" if number > 0 else "-inf"
    plain = repr(float(number)).removesuffix(".0")
    mantissa, _, exponent = f"{number:.16e}".partition("e")
    for digits in range(17):  # the shortest scientific form that is still the same float
        if float(shortest := f"{number:.{digits}e}") == number:
            mantissa, _, exponent = shortest.partition("e")
            break
    scientific = f"{mantissa}e{int(exponent)}"
    if "e" in plain:
        return scientific
    return plain if len(plain.lstrip("-")) <= 5 or len(plain) <= len(scientific) else scientific


def _from_text(text: str) -> Length:
    word = text.strip()
    if word == "rest":
        return REST
    match = _PATTERN.fullmatch(word)
    if match is None:
        raise LengthError(f'length={text!r} is not a length: write 2000, "10%", "2fr", "3ep", "2e9tok" or "rest".')
    amount, unit = float(match[1].replace("_", "")), (match[2] or "").lower()
    if not math.isfinite(amount) or amount > _LARGEST:
        raise LengthError(f"length={text!r} is too long: the longest phase is {_LARGEST} updates.")
    if unit in ("", "up"):
        if amount != int(amount):
            raise LengthError(
                f'length={text!r} is not a whole number of updates: write {round(amount)}, or a share such as "10%".'
            )
        amount = int(amount)
    if unit == "fr" and amount == 0:
        raise LengthError(f'length={text!r} is a share of nothing: write "1fr", or 0 for an empty phase.')
    return Length(amount, unit)


def _ambiguous(value: object) -> str:
    if isinstance(value, float) and not 0 <= value < math.inf:
        return f'length={value!r} is not a length: write a whole number of updates, or "10%", "3ep", "rest".'
    if isinstance(value, float):
        percent, whole = compact(value * 100), compact(value)
        if value > 1:
            return f"length={whole} is a bare float, which could be a count or a share: write {round(value)} for updates."
        why = f"length={whole} is a bare float, which could be a count or a share"
        return f'{why}: write "{percent}%" for a share of the run, or an int for updates.'
    return f'length={value!r} is not a length: write a whole number of updates, or "10%", "3ep", "rest".'


REST = Length(1.0, "fr")

LengthLike = Length | int | str
"""What people write for a length."""


def time_scale(name: str, value: LengthLike) -> Length:
    """Read a length that something is measured against, which cannot be nothing or a share of the rest."""
    length = Length.of(value)
    if length.unit == "fr" or length.amount <= 0:
        raise LengthError(f'{name}={value!r} is not a time scale: write a count such as 1000, or "10%", "1ep".')
    return length


@final
@dataclass(frozen=True, slots=True)
class Extent:
    """The length of something composed: a sum of amounts, one per unit.

    >>> Extent.of(Length.of(10)) + Extent.of(Length.of("20%"))
    Extent(amounts=(('', 10), ('%', 20.0)))
    """

    amounts: tuple[tuple[str, float], ...] = field(default=())

    @classmethod
    def of(cls, *lengths: Length) -> Extent:
        total: dict[str, float] = {}
        for length in lengths:
            total[length.unit] = total.get(length.unit, 0) + length.amount
        return cls._from(total)

    @classmethod
    def _from(cls, total: Mapping[str, float]) -> Extent:
        return cls(tuple(sorted(total.items())))

    def __add__(self, other: Extent) -> Extent:
        total = dict(self.amounts)
        for unit, amount in other.amounts:
            total[unit] = total.get(unit, 0) + amount
        return self._from(total)

    @property
    def fills(self) -> bool:
        """Whether it takes what others leave ("rest", "2fr") instead of a length of its own."""
        return any(unit == "fr" for unit, _ in self.amounts)

    def __str__(self) -> str:
        return " + ".join(str(Length(amount, unit)) for unit, amount in self.amounts) or "0"


def total_of(extents: Iterable[Extent]) -> Extent:
    """Add up what several parts ask for."""
    total = Extent()
    for extent in extents:
        total += extent
    return total
