"""Numbers as people type them: `1250`, `1e5`, `100_000`, `0.01,0.03,0.1`."""

from __future__ import annotations

import math

from annealing.core.errors import ArgumentError, LengthError


def whole(option: str, text: str | None, at_least: int = 1) -> int | None:
    """Read a whole number above 0, or from `at_least` on; None stays None.

    >>> whole("--updates", "1e5"), whole("--updates", None)
    (100000, None)

    Raises `ArgumentError` for anything else.
    """
    if text is None:
        return None
    value = _number(text)
    if not (at_least <= value < math.inf and value == int(value)):
        example = _EXAMPLES.get(option, 1)
        raise ArgumentError(f"{option} {text} is not a whole number of {at_least} or more: write {option} {example}.")
    return int(value)


def length(option: str, text: str) -> float:
    """Read the length of a run: a number above 0, whole where it can be, or inf.

    >>> length("--over", "100_000"), length("--over", "inf")
    (100000, inf)

    Raises `LengthError` for anything else.
    """
    value = _number(text)
    if not value > 0:
        raise LengthError(
            f"{option} {text} is not the length of a run: write a number of updates above 0, such as {option} 1000."
        )
    return int(value) if math.isfinite(value) and value == int(value) else value


def rates_from(text: str) -> tuple[float, ...]:
    """Read learning rates with commas between them.

    >>> rates_from("0.01, 0.03")
    (0.01, 0.03)

    Raises `ArgumentError` for one that is not above 0.
    """
    rates = tuple(_number(word) for word in text.split(","))
    for word, rate in zip(text.split(","), rates, strict=True):
        if not 0 < rate < math.inf:
            given = word.strip() or "nothing"
            raise ArgumentError(
                f"--lr {text}: {given} is not a learning rate: write a number above 0, or several: --lr 0.01,0.03,0.1."
            )
    return rates


_EXAMPLES = {"--updates": 1000, "--seeds": 8, "--workers": 2}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
