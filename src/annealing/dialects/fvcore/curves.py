"""fvcore's schedulers that glide."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

from typing import Any, overload

from annealing.core.checks import number, positive
from annealing.core.length import LengthLike, compact
from annealing.core.marks import knots
from annealing.core.phases import exponential
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.fvcore.where import ParamScheduler, Stretch, along, settled
from annealing.dialects.pieces import Given, Piece, flat


@overload
def ConstantParamScheduler(value: float) -> ParamScheduler: ...
@overload
def ConstantParamScheduler(value: float, *, total: int) -> Plan: ...
@dialect("fvcore.ConstantParamScheduler", odd="raises at the end of the run", example="value=0.1, total=100")
def ConstantParamScheduler(value: float, *, total: int | None = None) -> Any:
    """Stay at `value`.

    >>> from annealing.dialects import fvcore
    >>> fvcore.ConstantParamScheduler(value=0.1, total=3).values()
    array([0.1, 0.1, 0.1])

    Odd: asked for the end of the run, theirs raises. Ours: `0.1 * hold()`.
    """
    level = number("value", value)
    return settled(lambda s: [flat(s.first, s.last, level)], total)


@overload
def CosineParamScheduler(start_value: float, end_value: float) -> ParamScheduler: ...
@overload
def CosineParamScheduler(start_value: float, end_value: float, *, total: int) -> Plan: ...
@dialect("fvcore.CosineParamScheduler", example="start_value=0.1, end_value=1e-4, total=100")
def CosineParamScheduler(start_value: float, end_value: float, *, total: int | None = None) -> Any:
    """Go from `start_value` to `end_value` along half a cosine.

    >>> from annealing.dialects import fvcore
    >>> fvcore.CosineParamScheduler(start_value=0.1, end_value=0.0, total=100)
    cosine(start=0.1).over(100)

    Ours: `0.1 * cosine()`.
    """
    start, end = number("start_value", start_value), number("end_value", end_value)

    def drawn(s: Stretch) -> list[Piece | Given]:
        if s.begin <= s.first:
            return [Piece(s.first, s.last, (s.begin, start), (s.begin + s.span, end), "cosine")]
        # by EPSILON, it is asked for what was just before its own beginning
        wave = {s.begin + s.span * i - s.first: end if i else start for i in (-1, 0, 1)}

        def make(length: LengthLike) -> Schedule:
            return knots(wave, length, ease="cosine")

        return [Given(s.first, s.last, start, make)]

    return settled(drawn, total)


@overload
def LinearParamScheduler(start_value: float, end_value: float) -> ParamScheduler: ...
@overload
def LinearParamScheduler(start_value: float, end_value: float, *, total: int) -> Plan: ...
@dialect("fvcore.LinearParamScheduler", example="start_value=0.0, end_value=0.1, total=100")
def LinearParamScheduler(start_value: float, end_value: float, *, total: int | None = None) -> Any:
    """Go from `start_value` to `end_value` in a straight line.

    >>> from annealing.dialects import fvcore
    >>> fvcore.LinearParamScheduler(start_value=0.1, end_value=0.0, total=100)
    linear(start=0.1).over(100)

    Ours: `0.1 * linear()`.
    """
    start, end = number("start_value", start_value), number("end_value", end_value)
    return settled(lambda s: [along(s, lambda w: end * w + start * (1 - w), end, "linear")], total)


@overload
def PolynomialDecayParamScheduler(base_value: float, power: float) -> ParamScheduler: ...
@overload
def PolynomialDecayParamScheduler(base_value: float, power: float, *, total: int) -> Plan: ...
@dialect("fvcore.PolynomialDecayParamScheduler", example="base_value=0.1, power=0.9, total=100")
def PolynomialDecayParamScheduler(base_value: float, power: float, *, total: int | None = None) -> Any:
    """Fall to 0 along (1 − where)^power.

    >>> from annealing.dialects import fvcore
    >>> fvcore.PolynomialDecayParamScheduler(base_value=0.1, power=0.9, total=100)
    polynomial(power=0.9, start=0.1).over(100)

    Raises `ArgumentError` for a power that is not above 0. Ours: `0.1 * polynomial(power=0.9)`.
    """
    base, exponent = number("base_value", base_value), positive("power", power)
    ease = f"1-(1-u)^{compact(exponent)}"
    return settled(lambda s: [along(s, lambda w: base * (1 - w) ** exponent, 0.0, ease)], total)


@overload
def ExponentialParamScheduler(start_value: float, decay: float) -> ParamScheduler: ...
@overload
def ExponentialParamScheduler(start_value: float, decay: float, *, total: int) -> Plan: ...
@dialect("fvcore.ExponentialParamScheduler", example="start_value=2.0, decay=0.02, total=100")
def ExponentialParamScheduler(start_value: float, decay: float, *, total: int | None = None) -> Any:
    """Go from `start_value` to `decay * start_value` by equal ratios.

    >>> from annealing.dialects import fvcore
    >>> fvcore.ExponentialParamScheduler(start_value=2.0, decay=0.02, total=100)
    chain(jump(2), exponential(to=0.04)).over(100)

    Raises `ArgumentError` for a decay that is not above 0. Ours: `2 * exponential(to=0.02)`.
    """
    start, ratio = number("start_value", start_value), positive("decay", decay)

    def drawn(s: Stretch) -> list[Piece | Given]:
        opens, closes = (start * ratio ** s.where(t) for t in (s.first, s.last))
        if opens == closes:
            return [flat(s.first, s.last, opens)]

        def make(length: LengthLike) -> Schedule:
            return exponential(length, closes)

        return [Given(s.first, s.last, opens, make)]

    return settled(drawn, total)
