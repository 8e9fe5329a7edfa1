"""Curves on the unit interval: f(0) = 0, f(1) = 1.

Each ease is written twice, as what is done (`rise`, f) and as what is left (`fall`, 1 − f), from the
progress `u = t/n` and the remainder `r = (n − t)/n`. Both come from whole numbers, so neither end of a
phase loses digits in float32: a decay to zero is computed from what is left, never as 1 − something.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, final

from annealing.core.errors import ArgumentError, KindError
from annealing.core.length import compact

Shape = Callable[[Any, Any, Any], Any]  # (xp, u, r) -> value; `Any` because u is a number or any library's array

_HALF_PI = math.pi / 2


@final
@dataclass(frozen=True)
class Ease:
    """A named curve: `rise(xp, u, r)` is f and `fall(xp, u, r)` is 1 − f."""

    name: str
    rise: Shape
    fall: Shape


def _sin_squared(xp: Any, x: Any) -> Any:
    s = xp.sin(_HALF_PI * x)
    return s * s


_NAMED = {
    "linear": Ease("linear", lambda xp, u, r: u, lambda xp, u, r: r),
    "cosine": Ease("cosine", lambda xp, u, r: _sin_squared(xp, u), lambda xp, u, r: _sin_squared(xp, r)),
    "sqrt": Ease("sqrt", lambda xp, u, r: xp.sqrt(u), lambda xp, u, r: r / (1 + xp.sqrt(u))),
    "square": Ease("square", lambda xp, u, r: u * u, lambda xp, u, r: r * (1 + u)),
}
_SYNONYMS = {"u^1": "linear", "1-(1-u)^1": "linear", "u^0.5": "sqrt", "u^2": "square"}
_FORMULA = re.compile(r"(u|1-\(1-u\))\^([0-9.e+-]+)")

EASES = tuple(_NAMED)


def ease(name: str) -> Ease:
    """Look up an ease by name, or by one of two formulas with a power: `"u^0.7"`, `"1-(1-u)^2"`.

    >>> ease("u^0.5").name
    'sqrt'

    Raises `ArgumentError` for a name that is none of these.
    """
    if not isinstance(name, str):
        raise KindError(f'ease={name!r} is not a name: write one of {", ".join(EASES)}, or a power such as "u^0.7".')
    return _ease(name)


@lru_cache(maxsize=256)
def _ease(name: str) -> Ease:
    plain = name.replace(" ", "")
    if (match := _FORMULA.fullmatch(plain)) is not None:
        power = _power(name, match[2])
        plain = f"{match[1]}^{compact(power)}"
        plain = _SYNONYMS.get(plain, plain)
        if plain not in _NAMED:
            return _towards(plain, power) if match[1] == "u" else _away(plain, power)
    if plain not in _NAMED:
        raise ArgumentError(
            f'ease={name!r} is unknown: write one of {", ".join(EASES)}, or a power such as "u^0.7" or "1-(1-u)^2".'
        )
    return _NAMED[plain]


def _power(name: str, text: str) -> float:
    try:
        power = float(text)
    except ValueError:
        power = math.nan
    if not 0 < power < math.inf:
        raise ArgumentError(f'ease={name!r} needs a power above 0, such as "u^0.7".')
    return power


def _towards(name: str, p: float) -> Ease:
    return Ease(name, lambda xp, u, r: xp.power(u, p), lambda xp, u, r: 1 - xp.power(u, p))


def _away(name: str, p: float) -> Ease:
    return Ease(name, lambda xp, u, r: 1 - xp.power(r, p), lambda xp, u, r: xp.power(r, p))
