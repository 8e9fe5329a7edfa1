"""Plain data as JSON text, numbers to the last bit."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

from annealing.core.errors import KindError


def to_json(what: str, value: Any) -> str:
    """Write plain data as JSON; tuples become lists.

    >>> to_json("candidate", {"lr": 0.1, "betas": (0.9, 0.99)})
    '{"lr": 0.1, "betas": [0.9, 0.99]}'

    Raises `KindError` for anything that JSON cannot hold.
    """
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise KindError(f"{what} is not plain data ({error}): write finite numbers, text, lists and mappings of them.") from None


def from_json(text: str) -> Any:
    """Read what `to_json` wrote."""
    return json.loads(text)


def numbers_to_json(numbers: Mapping[str, float]) -> str:
    """Write numbers by name. What JSON has no number for is written as text: infinity, and NaN with its bits.

    >>> numbers_to_json({"accuracy": 0.5, "perplexity": math.inf, "ratio": math.nan})
    '{"accuracy": 0.5, "perplexity": "inf", "ratio": "7ff8000000000000"}'
    """
    return json.dumps({name: _spelt(float(number)) for name, number in numbers.items()}, ensure_ascii=False)


def numbers_from_json(text: str) -> dict[str, float]:
    """Read what `numbers_to_json` wrote."""
    return {name: _read(value) if isinstance(value, str) else float(value) for name, value in json.loads(text).items()}


def _spelt(number: float) -> float | str:
    if math.isnan(number):
        return struct.pack(">d", number).hex()
    return repr(number) if math.isinf(number) else number


def _read(text: str) -> float:
    return float(text) if text in {"inf", "-inf"} else struct.unpack(">d", bytes.fromhex(text))[0]
