"""What composer's trainer knows about a run, and its times: "2ep", "100ba", "0.5dur", "1e6sp", "2e9tok"."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from annealing.core.checks import positive
from annealing.core.errors import LengthError
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.dialects.checks import count, rate
from annealing.dialects.pieces import Given, Piece, joined, scaled

_TIME = re.compile(r"\s*([0-9.e+-]+)\s*(ep|ba|sp|tok|dur)\s*", re.IGNORECASE)
_CLOCKS = {"ba": "updates", "sp": "samples", "tok": "tokens"}


@final
@dataclass(frozen=True)
class Run:
    """How long a run is, how long an epoch is, how far everything is stretched, and the rate that is multiplied.

    >>> Run(0.1, "10ep", 100).time("step_size", "0.5dur")
    (500, 'updates')
    """

    lr: float
    max_duration: str
    dataloader_len: int | None = None
    ssr: float = 1.0

    def time(self, name: str, text: str, *, stretched: bool = True) -> tuple[int, str]:
        """A length as a whole count and the unit of that count; theirs cuts fractions off, it never rounds."""
        amount, unit = _read(name, text)
        if unit == "dur":
            epochs_or_less, epoch, counted = self._duration()
            return int(amount * epoch * epochs_or_less), counted  # in this order: it decides what is cut off
        ratio = positive("ssr", self.ssr) if stretched else 1.0
        if unit == "ep":
            return int(amount * self._epoch(name, text) * ratio), "updates"
        return int(amount * ratio), _CLOCKS[unit]

    def above_zero(self, name: str, text: str) -> tuple[int, str]:
        """A length that theirs divides by."""
        amount, unit = self.time(name, text)
        if amount == 0:
            raise LengthError(f"{name}={text!r} comes to nothing, and theirs divides by it: write a longer time.")
        return amount, unit

    def total(self, unit: str) -> float:
        """The whole run on one clock, endless where its length is not known there."""
        epochs_or_less, epoch, counted = self._duration()
        return epochs_or_less * epoch if counted == unit else math.inf

    def draw(self, pieces: Sequence[Piece | Given], unit: str) -> Plan:
        """The plan of stretches whose values are multipliers."""
        return self.plan(joined(pieces, self.total(unit)), unit)

    def plan(self, schedule: Schedule, unit: str) -> Plan:
        """The plan of a schedule whose values are multipliers."""
        return scaled(rate("lr", self.lr), schedule).over(self.total(unit), unit=unit)

    def _duration(self) -> tuple[int, int, str]:
        """The whole run as a number of epochs, the batches of each, and "updates"; as itself, 1 and its unit otherwise."""
        amount, unit = _read("max_duration", self.max_duration)
        if unit == "dur":
            raise LengthError(f"max_duration={self.max_duration!r} is a share of itself: write '10ep' or '1000ba'.")
        whole = int(amount * positive("ssr", self.ssr))
        if whole == 0:
            raise LengthError(f"max_duration={self.max_duration!r} with ssr={self.ssr:g} comes to nothing: write a longer run.")
        return (whole, self._epoch("max_duration", self.max_duration), "updates") if unit == "ep" else (whole, 1, _CLOCKS[unit])

    def _epoch(self, name: str, text: str) -> int:
        if self.dataloader_len is None:
            raise LengthError(f"{name}={text!r} needs to know how long an epoch is: write dataloader_len=, its batches.")
        return count("dataloader_len", self.dataloader_len, 1)


def _read(name: str, text: str) -> tuple[float, str]:
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    try:
        amount, unit = (float(match[1]), match[2].lower()) if match else (-1.0, "")
    except ValueError:
        amount, unit = -1.0, ""
    if not 0 <= amount < math.inf or (unit != "dur" and amount != int(amount)):
        raise LengthError(f"{name}={text!r} is no time of composer's: write '2ep', '100ba', '0.5dur', '1000sp' or '2e9tok'.")
    return amount, unit
