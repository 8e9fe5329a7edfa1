"""What there is to say about two plans that were laid side by side, as values and in plain words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

from annealing.core.length import compact
from annealing.core.plan import Plan

_SHOWN = 3  # spans that a description names; `spans` has them all


@final
@dataclass(frozen=True)
class Difference:
    """How two plans differ, update by update; `str()` says it in one line, `describe()` in a few.

    >>> import annealing as an
    >>> both = an.diff(an.cosine(), an.chain(an.hold(50), an.cosine()), over=100)
    >>> print(both)
    they differ from update 1 on, most at update 58: 0.375655 and 0.938153 (56 % of the peak)
    >>> both.first, both.spans, round(both.share, 4)
    (1, ((1, 100),), 0.5625)

    Attributes: `a` and `b`, the plans; `over`, how far they were compared, in their `unit`; `exact`, whether every
    update was looked at (a run of more than four million is looked at in as many places); `tolerance`, the share of
    `peak` (the largest value of either) up to which values count as the same; `first`, the first update at which they
    differ, or None; `largest`, (update, value of a, value of b) where they differ most; `spans`, (begin, end) of the
    updates at which they differ, half-open; `firsts`, `lasts` and `areas`, what both begin with, end with and sum up to.
    """

    a: Plan
    b: Plan
    over: float
    exact: bool
    tolerance: float
    peak: float
    first: float | None
    largest: tuple[float, float, float]
    spans: tuple[tuple[float, float], ...]
    firsts: tuple[float, float]
    lasts: tuple[float, float]
    areas: tuple[float, float]

    @property
    def same(self) -> bool:
        """Whether both are the same, to within `tolerance` of the peak, wherever they were compared."""
        return self.first is None

    @property
    def unit(self) -> str:
        """What both plans count in."""
        return self.a.unit

    @property
    def apart(self) -> float:
        """The largest difference, as a number."""
        return _apart(*self.largest[1:])

    @property
    def share(self) -> float:
        """The largest difference, as a share of the peak."""
        return self.apart / self.peak if self.apart else 0.0

    @property
    def differing(self) -> float:
        """How many updates differ."""
        return sum(end - begin for begin, end in self.spans)

    def __str__(self) -> str:
        if self.same:
            return self._same()
        t, a, b = self.largest
        most = f"most at {self._at(t)}: {_pair(a, b)} ({_percent(self.share)} of the peak)"
        begin, end = self.spans[0][0], self.spans[-1][1]
        return f"they differ {self._span(begin, end)}, {most}"

    def describe(self) -> str:
        """Say in a few lines of plain text where both differ, and by how much.

        >>> import annealing as an
        >>> print(an.diff(0.1 * an.hold(), 0.1 * an.stairs({60: 0.5}), over=100).describe())
        the first           (0.1 * hold()).over(100)
        the second          (0.1 * stairs({60: 0.5})).over(100)
        first difference    update 60: 0.1 and 0.05
        largest difference  update 60: 0.1 and 0.05, 0.05 apart, 50 % of the peak
        they differ         in 60 to 99: 40 of 100 updates
        first values        0.1 and 0.1
        last values         0.1 and 0.05
        areas               10 and 8
        """
        rows = [("the first", str(self.a)), ("the second", str(self.b)), *self.facts()]
        return "\n".join(f"{name:<18}  {said}" for name, said in rows)

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return the lines of `describe` below the plans, as pairs of a name and what there is to say."""
        rows = [("verdict", self._same())] if self.same else self._where()
        rows += [("first values", _pair(*self.firsts)), ("last values", _pair(*self.lasts)), ("areas", _pair(*self.areas))]
        if not self.exact:
            rows.append(("looked at", f"evenly spread {self.unit} and wherever a phase begins, not at every one"))
        return tuple(rows)

    def _same(self) -> str:
        over = f"{_number(self.over)} {self.unit}"
        if self.apart == 0 and self.exact:
            return f"the same at every one of {over}"
        return (
            f"the same to within {compact(self.tolerance)} of the peak over {over} (largest difference {_digits(self.apart, 2)})"
        )

    def _where(self) -> list[tuple[str, str]]:
        t, a, b = self.largest
        apart = f"{_digits(self.apart, 6)} apart, {_percent(self.share)} of the peak"
        first, many = self.spans[0][0], len(self.spans)
        spans = ", ".join(_span(begin, end) for begin, end in self.spans[:_SHOWN])
        more = f" and {many - _SHOWN} more spans" if many > _SHOWN else ""
        total = f"{_number(self.differing)} of {_number(self.over)} {self.unit}"
        return [
            ("first difference", f"{self._at(first)}: {_pair(float(self.a(first)), float(self.b(first)))}"),
            ("largest difference", f"{self._at(t)}: {_pair(a, b)}, {apart}"),
            ("they differ", f"in {spans}{more}: {total}"),
        ]

    def _at(self, t: float) -> str:
        return f"{self.unit.removesuffix('s')} {_number(t)}"

    def _span(self, begin: float, end: float) -> str:
        return f"from {self._at(begin)} on" if end >= self.over else f"in {self.unit} {_span(begin, end)}"


@final
@dataclass(frozen=True)
class RecipeDifference:
    """How two recipes differ: hyper-parameter by hyper-parameter, pattern of groups by pattern.

    >>> import annealing as an
    >>> a, b = an.Recipe(lr=an.cosine(), momentum=0.9), an.Recipe(lr=an.linear())
    >>> print(an.diff(a, b, over=100))
    lr: they differ from update 1 on, most at update 78: 0.114743 and 0.22 (11 % of the peak); only the first sets momentum

    Attributes: `parts`, (pattern, hyper-parameter, difference) for everything that both set; `only_a` and `only_b`,
    (pattern, hyper-parameter) of what one of them leaves alone.
    """

    parts: tuple[tuple[str, str, Difference], ...]
    only_a: tuple[tuple[str, str], ...] = ()
    only_b: tuple[tuple[str, str], ...] = ()

    @property
    def same(self) -> bool:
        """Whether both set the same hyper-parameters to the same values."""
        return not self.only_a and not self.only_b and all(one.same for _, _, one in self.parts)

    def __str__(self) -> str:
        return "; ".join([*(f"{name_of(pattern, name)}: {one}" for pattern, name, one in self.parts), *self.alone()])

    def describe(self) -> str:
        """Say in plain text, a paragraph for each hyper-parameter, where both differ and by how much."""
        return "\n\n".join([*(f"{name_of(pattern, name)}\n{one.describe()}" for pattern, name, one in self.parts), *self.alone()])

    def alone(self) -> tuple[str, ...]:
        """Say what only one of the two sets."""
        return tuple(
            f"only the {which} sets {name_of(pattern, name)}"
            for which, names in (("first", self.only_a), ("second", self.only_b))
            for pattern, name in names
        )


def name_of(pattern: str, name: str) -> str:
    """Name a hyper-parameter and, where a pattern chose them, its groups.

    >>> name_of("*", "lr"), name_of("head.*", "lr")
    ('lr', 'lr of groups head.*')
    """
    return name if pattern == "*" else f"{name} of groups {pattern}"


def _apart(a: float, b: float) -> float:
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    return math.inf if math.isnan(a) or math.isnan(b) else abs(a - b)


def _pair(a: float, b: float) -> str:
    """Two numbers, with as many digits as it takes to tell them apart where they are no rounding of each other."""
    for digits in (6, 9, 13):
        first, second = _digits(a, digits), _digits(b, digits)
        if first != second or abs(a - b) <= 1e-12 * abs(a):
            break
    return f"{first} and {second}"


def _digits(value: float, digits: int = 2) -> str:
    return compact(float(f"{value:.{digits}g}")) if math.isfinite(value) else str(value)


def _percent(share: float) -> str:
    return "infinitely much" if math.isinf(share) else f"{_digits(100 * share, 2 if share < 1 else 3)} %"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else _digits(value, 6)


def _span(begin: float, end: float) -> str:
    """A half-open stretch in words, its last update named."""
    last = end - 1 if begin == int(begin) and end == int(end) else end
    return _number(begin) if last == begin else f"{_number(begin)} to {_number(last)}"
