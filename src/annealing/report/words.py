"""How numbers are written for people: as many digits as the interval supports, one rounding everywhere."""

from __future__ import annotations

import math


def number(value: float | None, digits: int = 4, *, fixed: bool = False) -> str:
    """Write a number in `digits` significant digits, without an exponent where that stays short; `fixed` keeps zeros at the end.

    >>> number(0.36863), number(1234567.0), number(3e-7), number(None)
    ('0.3686', '1.235e6', '3e-7', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        plain = f"{value:.{_decimals(value, digits)}f}"
        return (plain.rstrip("0").rstrip(".") if "." in plain and not fixed else plain).replace("-", "−")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}".replace("−", "-")


def around(mean: float | None, interval: tuple[float, float] | None, *, signed: bool = False) -> str:
    """Write a mean with half the width of its interval, both to the last digit that the width supports.

    >>> around(0.36863, (0.3635, 0.3737)), around(0.0412, (0.035, 0.047), signed=True), around(0.5, None)
    ('0.3686 ± 0.0051', '+0.0412 ± 0.0060', '0.5')
    """
    if mean is None or not math.isfinite(mean):
        return "–"
    sign = "+" if signed and mean >= 0 else ""
    half = None if interval is None else (interval[1] - interval[0]) / 2
    if half is None or not math.isfinite(half) or half <= 0:
        return sign + number(mean)
    decimals = min(_decimals(half, 2), 12)
    return f"{sign}{mean:.{decimals}f} ± {half:.{decimals}f}".replace("-", "−")


def count(value: int, noun: str) -> str:
    """Write a count with its noun.

    >>> count(1, "seed"), count(12_000, "update")
    ('1 seed', '12 000 updates')
    """
    return f"{value:,}".replace(",", " ") + f" {noun}" + ("" if value == 1 else "s")


def duration(seconds: float | None) -> str:
    """Write a time the way a clock on the wall would be read.

    >>> duration(4.2), duration(75), duration(7260), duration(None)
    ('4 s', '1 min 15 s', '2 h 1 min', '–')
    """
    if seconds is None or not math.isfinite(seconds):
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _decimals(value: float, digits: int) -> int:
    """Decimals that show `digits` significant digits of a number."""
    return max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0
