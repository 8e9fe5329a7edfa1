"""Curves written as Python expressions in `t`, the way a person would write them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import final

from annealing.core.curve import Clipped, Curve, Flat, Glide, Growth, Joined, Moved, Named, PowerLaw, Sampled, Stepped
from annealing.core.cycle import Cycling
from annealing.core.errors import ArgumentError
from annealing.core.length import compact


@final
@dataclass(frozen=True)
class Clock:
    """Local time of a piece as an expression: `speed * name + offset`; `of_whole`, whether `name` is a whole number.

    With `tensors` it is an array, and a choice is written as `where(…)`.

    >>> str(Clock(offset=-2000)), str(Clock()), (Clock(offset=-2000)).left(98000)
    ('t - 2000', 't', '100000 - t')
    """

    name: str = "t"
    speed: float = 1
    offset: float = 0
    of_whole: bool = True
    tensors: bool = False

    def __str__(self) -> str:
        scaled = self.name if self.speed == 1 else f"{literal(self.speed)} * {self.name}"
        if self.offset == 0:
            return scaled
        return f"{scaled} {'+' if self.offset > 0 else '-'} {literal(abs(self.offset))}"

    @property
    def whole(self) -> bool:
        """Whether it shows whole numbers at every update."""
        return self.of_whole and self.speed == int(self.speed) and self.offset == int(self.offset)

    def left(self, span: float) -> str:
        """Write what is left of a span: span − local time."""
        scaled = self.name if self.speed == 1 else f"{literal(self.speed)} * {self.name}"
        rest = span - self.offset
        return f"{literal(rest)} - {scaled}"

    def later(self, offset: float, speed: float = 1) -> Clock:
        """Enter a curve `offset` into its time, `speed` times as fast."""
        return replace(self, speed=self.speed * speed, offset=self.offset * speed + offset)


def literal(value: float) -> str:
    """Write a number that reads back to the same bits.

    >>> literal(0.0003), literal(2000.0), literal(float("inf"))
    ('3e-4', '2000', 'inf')
    """
    return str(int(value)) if abs(value) < 2**53 and value == int(value) and abs(value) >= 1e4 else compact(value)


def formula(curve: Curve, clock: Clock) -> str:
    """Write a curve at the clock's local time; the result is a sum or a product, safe behind `return`.

    Raises `ArgumentError` for a curve that has no formula.
    """
    match curve:
        case Flat():
            return literal(curve.value)
        case Glide():
            return _glide(curve, clock)
        case Growth():
            return _times(curve.start, f"{literal(curve.factor)} ** ({_ratio(str(clock), curve.per)})")
        case PowerLaw():
            return _power_law(curve, clock)
        case Joined():
            return _joined(curve, clock)
        case Clipped():
            inner = formula(curve.body, clock)
            inner = f"max({inner}, {literal(curve.low)})" if curve.low > -math.inf else inner
            return f"min({inner}, {literal(curve.high)})" if curve.high < math.inf else inner
        case Stepped():
            inner = formula(curve.body, clock)
            whole = (
                f"round({inner})"
                if curve.multiple == 1
                else f"round(({inner}) / {literal(curve.multiple)}) * {literal(curve.multiple)}"
            )
            return f"max({whole}, {literal(curve.minimum)})" if curve.minimum > -math.inf else whole
        case Sampled():
            return formula(curve.body, _sampled(curve, clock))
        case Moved():
            return formula(curve.body, clock.later(curve.offset, curve.speed))
        case Cycling():
            return _cycling(curve, clock)
        case Named():
            raise ArgumentError(
                f"{curve.name!r} is a function known by its name only, which plain Python is not told: "
                "use another target, such as torch."
            )
        case _:
            raise ArgumentError(
                f"a {type(curve).__name__} curve has no formula in plain Python: use another target, such as torch."
            )


def _glide(curve: Glide, clock: Clock) -> str:
    done, left = _ratio(str(clock), curve.span), _ratio(clock.left(curve.span), curve.span)
    if abs(curve.start) < abs(curve.to):
        return _from(curve.start, curve.to, rise(curve.ease, done, left))
    return _from(curve.to, curve.start, fall(curve.ease, done, left))


def _from(base: float, towards: float, share: str) -> str:
    if base == 0:
        return _times(towards, share)
    return f"{literal(base)} + ({literal(towards)} - {literal(base) if base > 0 else f'({literal(base)})'}) * {share}"


def _times(factor: float, share: str) -> str:
    return share if factor == 1 else f"{literal(factor)} * {share}"


def rise(ease: str, done: str, left: str) -> str:
    """Write what is done of an ease, so that it can be multiplied, from what is done and what is left of the time.

    >>> rise("cosine", "t / 10", "(10 - t) / 10")
    '0.5 * (1 - cos(pi * t / 10))'
    """
    match ease:
        case "linear":
            return done
        case "cosine":
            return f"0.5 * (1 - cos(pi * {done}))"
        case "sqrt":
            return f"sqrt({done})"
        case "square":
            return f"({done}) ** 2"
        case _:
            return f"({done}) ** {ease[2:]}" if ease.startswith("u^") else f"(1 - ({left}) ** {ease.partition(')^')[2]})"


def fall(ease: str, done: str, left: str) -> str:
    """Write what is left of an ease, so that it can be multiplied.

    >>> fall("sqrt", "t / 10", "(10 - t) / 10")
    '(1 - sqrt(t / 10))'
    """
    match ease:
        case "linear":
            return left
        case "cosine":
            return f"0.5 * (1 + cos(pi * {done}))"
        case "sqrt":
            return f"(1 - sqrt({done}))"
        case "square":
            return f"(1 - ({done}) ** 2)"
        case _:
            return f"(1 - ({done}) ** {ease[2:]})" if ease.startswith("u^") else f"({left}) ** {ease.partition(')^')[2]}"


def _ratio(time: str, span: float) -> str:
    return _bracketed(time) if span == 1 else f"{_bracketed(time)} / {literal(span)}"


def _bracketed(text: str) -> str:
    """Put brackets around what has several parts, unless it is in brackets as a whole."""
    depths = list(accumulate((letter == "(") - (letter == ")") for letter in text))
    return text if " " not in text or min(depths[:-1]) > 0 else f"({text})"


def _power_law(curve: PowerLaw, clock: Clock) -> str:
    time = _bracketed(str(clock))
    base = f"1 + {_times(curve.rate, time)}"
    if curve.exponent == -0.5:
        return f"{literal(curve.start)} / sqrt({base})"
    if curve.exponent == -1:
        return f"{literal(curve.start)} / ({base})"
    return _times(curve.start, f"({base}) ** {literal(curve.exponent)}")


def _joined(curve: Joined, clock: Clock) -> str:
    left, right = formula(curve.left, clock), formula(curve.right, clock)
    return f"{curve.op}({left}, {right})" if curve.op in ("min", "max") else f"({left}) {curve.op} ({right})"


def _sampled(curve: Sampled, clock: Clock) -> Clock:
    """The clock that stands still between the starts of two periods."""
    time = _bracketed(str(clock))
    period = literal(curve.period)
    if clock.whole and curve.period == int(curve.period):
        return Clock(f"({time} // {period} * {period})", tensors=clock.tensors)
    # 1e-9 of a period keeps a rounded time from missing the boundary that it stands on
    return Clock(f"(floor({time} / {period} + 1e-9) * {period})", of_whole=False, tensors=clock.tensors)


def _cycling(curve: Cycling, clock: Clock) -> str:
    """The pieces of one cycle, chosen by the time since it began."""
    period, time = curve.track.length, _bracketed(str(clock))
    whole = clock.whole and period == int(period)
    since = Clock(f"({time} % {literal(period)})", of_whole=whole, tensors=clock.tensors)
    pieces = [(piece.begin, formula(piece.curve, since.later(-piece.begin))) for piece in curve.track.pieces]
    text = pieces[-1][1]
    for (_, before), (begin, _) in zip(pieces[-2::-1], pieces[:0:-1], strict=True):
        early = f"{since} < {literal(begin)}"
        text = f"where({early}, {before}, {text})" if clock.tensors else f"{before} if {early} else {text}"
    return f"({text})" if len(pieces) > 1 and not clock.tensors else text
