"""Resolved curves: what a phase is once its length and both its ends are known.

Each is a function of local time, written once for every array library. Local time runs from 0 to the
phase's length; it is a whole number for as long as possible, so float32 loses nothing at either end.
(Curves are never compared, and comparison methods would lengthen the import: hence eq=False.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, final

from annealing.core.arrays import SCALAR, Namespace
from annealing.core.ease import ease
from annealing.core.registry import registered, takes_arrays


class Curve(Protocol):
    """A function of local time."""

    def at(self, xp: Namespace, t: Any) -> Any:
        """Return the value `t` updates into the phase."""
        ...


@final
@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """One value."""

    value: float

    def at(self, xp: Namespace, t: Any) -> Any:
        return self.value if xp is SCALAR else self.value + 0 * xp.real(t)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Glide:
    """From `start` to `to` in `span` updates along an ease."""

    start: float
    to: float
    span: float
    ease: str

    def number(self) -> Callable[[float], float]:
        """Return `at` for Python numbers, with everything looked up beforehand."""
        start, to, span, shape = self.start, self.to, self.span, ease(self.ease)
        if abs(start) < abs(to):
            rise = shape.rise
            return lambda t: start + (to - start) * rise(SCALAR, t / span, (span - t) / span)
        fall = shape.fall
        return lambda t: to + (start - to) * fall(SCALAR, t / span, (span - t) / span)

    def at(self, xp: Namespace, t: Any) -> Any:
        if xp is SCALAR:
            u, r = t / self.span, (self.span - t) / self.span
        else:
            u, r = progress(xp, t, self.span)
        shape = ease(self.ease)
        if abs(self.start) < abs(self.to):  # exact near its small end: rising curves count what is done
            return self.start + (self.to - self.start) * shape.rise(xp, u, r)
        return self.to + (self.start - self.to) * shape.fall(xp, u, r)


def progress(xp: Namespace, t: Any, span: float) -> tuple[Any, Any]:
    """Return t/span and (span − t)/span, both from whole numbers where `t` is one."""
    whole = float(span)  # a span beyond 2**31 cannot be one of JAX's whole numbers, its float can
    u = xp.real(t) / whole
    left = span if xp.is_whole(t) else whole
    return u, (xp.real(left - t) / whole if span <= xp.largest_whole else 1 - u)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """`start · factor^(t / per)`."""

    start: float
    factor: float
    per: float

    def at(self, xp: Namespace, t: Any) -> Any:
        return self.start * xp.exp(math.log(self.factor) * (xp.real(t) / float(self.per)))


@final
@dataclass(frozen=True, slots=True, eq=False)
class PowerLaw:
    """`start · (1 + rate · t)^exponent`."""

    start: float
    rate: float
    exponent: float

    def at(self, xp: Namespace, t: Any) -> Any:
        base = 1 + self.rate * xp.real(t)
        if self.exponent == -0.5:
            return self.start / xp.sqrt(base)
        return self.start / base if self.exponent == -1 else self.start * xp.power(base, self.exponent)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A registered function of local time."""

    name: str
    arguments: tuple[tuple[str, float], ...]

    def at(self, xp: Namespace, t: Any) -> Any:
        function, named = registered(self.name), dict(self.arguments)
        if takes_arrays(self.name):
            return function(xp, t, **named)
        if xp is SCALAR:
            return float(function(t, **named))
        return xp.each(lambda x: float(function(x, **named)), t)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Arithmetic between two curves over the same local time."""

    op: str
    left: Curve
    right: Curve

    def at(self, xp: Namespace, t: Any) -> Any:
        return operate(xp, self.op, self.left.at(xp, t), self.right.at(xp, t))


def operate(xp: Namespace, op: str, a: Any, b: Any) -> Any:
    """Apply one of `+ - * / ** min max`."""
    match op:
        case "*":
            return a * b
        case "+":
            return a + b
        case "-":
            return a - b
        case "/":
            return xp.divide(a, b)
        case "**":
            return xp.power(a, b)
        case "min":
            return xp.minimum(a, b)
        case _:
            return xp.maximum(a, b)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Clipped:
    """A curve kept between two values."""

    body: Curve
    low: float
    high: float

    def at(self, xp: Namespace, t: Any) -> Any:
        value = self.body.at(xp, t)
        if self.low > -math.inf:
            value = xp.maximum(value, self.low)
        return xp.minimum(value, self.high) if self.high < math.inf else value


@final
@dataclass(frozen=True, slots=True, eq=False)
class Stepped:
    """A curve rounded to whole multiples, never below a minimum."""

    body: Curve
    multiple: float
    minimum: float

    def at(self, xp: Namespace, t: Any) -> Any:
        value = xp.round(self.body.at(xp, t) / self.multiple) * self.multiple
        return xp.maximum(value, self.minimum) if self.minimum > -math.inf else value


@final
@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """A curve seen only at the start of each period, counted from local time 0."""

    body: Curve
    period: float

    def at(self, xp: Namespace, t: Any) -> Any:
        if xp.is_whole(t) and self.period == int(self.period):
            period = int(self.period)
            return self.body.at(xp, t - t % period if period <= xp.largest_whole else 0 * t)
        # A millionth of an update keeps a rounded time from missing the boundary it stands on.
        period = float(self.period)
        return self.body.at(xp, xp.floor((xp.real(t) + 1e-6 * min(1.0, period)) / period) * period)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """A curve entered `offset` into its local time, running `speed` times as fast."""

    body: Curve
    offset: float
    speed: float = 1.0

    def at(self, xp: Namespace, t: Any) -> Any:
        if self.speed != 1.0:
            t = t * self.speed if xp is SCALAR else xp.real(t) * self.speed
        return self.body.at(xp, t + self.offset)


def moved(curve: Curve, offset: float, speed: float = 1.0) -> Curve:
    """Shift a curve's local time, without piling shifts up."""
    if isinstance(curve, Flat) or (offset == 0 and speed == 1.0):
        return curve
    if isinstance(curve, Moved):
        return moved(curve.body, curve.offset + curve.speed * offset, curve.speed * speed)
    return Moved(curve, int(offset) if offset == int(offset) else offset, speed)


def joined(op: str, left: Curve, right: Curve) -> Curve:
    """Combine two curves, folding numbers into the curve where that is exact algebra."""
    if isinstance(left, Flat) and isinstance(right, Flat):
        return Flat(float(operate(SCALAR, op, left.value, right.value)))
    if isinstance(left, Flat) and (folded := _folded(op, left.value, right, number_first=True)) is not None:
        return folded
    if isinstance(right, Flat) and (folded := _folded(op, right.value, left, number_first=False)) is not None:
        return folded
    return Joined(op, left, right)


def _folded(op: str, k: float, curve: Curve, number_first: bool) -> Curve | None:
    if isinstance(curve, Moved):
        inner = _folded(op, k, curve.body, number_first)
        return None if inner is None else replace(curve, body=inner)
    match op:
        case "*":
            return _affine(curve, k, 0.0)
        case "/" if not number_first and k:
            return _affine(curve, 1.0, 0.0, divisor=k)
        case "+":
            return _affine(curve, 1.0, k)
        case "-":
            return _affine(curve, -1.0, k) if number_first else _affine(curve, 1.0, -k)
        case _:
            return None


def _affine(curve: Curve, factor: float, shift: float, divisor: float = 1.0) -> Curve | None:
    """`factor · curve / divisor + shift` as a curve of the same kind, or None where it would not be one."""
    if isinstance(curve, Glide):
        start, to = (factor * end / divisor + shift for end in (curve.start, curve.to))
        return replace(curve, start=start, to=to)
    if isinstance(curve, (Growth, PowerLaw)) and shift == 0 and factor > 0:
        return replace(curve, start=factor * curve.start / divisor)
    return None
