"""How far forecasts were off on runs held out: what intervals are made of."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np

from annealing.core.errors import ArgumentError
from annealing.forecast.cells import Floats

MODEL_ERROR = 0.0035
"""Standard deviation of what the laws themselves are off by, in nats, that no pilot shows (forecasts of 124M runs)."""

STATISTICAL = 0.5
"""How much the deviation that the pilots' scatter explains counts beside it."""


class Case(NamedTuple):
    """One forecast of a final loss, and how it came out."""

    error: float  # predicted less observed
    disagreement: float  # of the laws about the shape of the schedule
    statistical: float  # the deviation that the pilots' scatter explains


@final
@dataclass(frozen=True)
class Calibration:
    """Errors of forecasts on runs held out, each over its deviation, sorted; and how far the truth lies towards the other law."""

    shift: float
    scores: tuple[float, ...]
    source: str = ""

    def deviation(self, statistical: Floats) -> Floats:
        """Return the deviation that scores are counted in."""
        return np.hypot(MODEL_ERROR, STATISTICAL * statistical)

    def factor(self, level: float) -> float:
        """Return the multiple of the deviation that a share `level` of held-out errors stayed below.

        Raises `ArgumentError` for a level that the scores cannot answer.
        """
        place = math.ceil((len(self.scores) + 1) * level) if 0 < level < 1 else 0
        if not (0.5 <= level <= 0.98) or place > len(self.scores):
            raise ArgumentError(
                f"level={level!r} cannot be answered from {len(self.scores)} errors: write 0.5 to 0.98, such as 0.9."
            )
        return self.scores[place - 1]


def calibrate(cases: Iterable[Case], source: str = "") -> Calibration:
    """Learn from forecasts that were checked how wide intervals have to be (split conformal prediction, Vovk et al. 2005).

    The shift is a least-squares fit of the errors to the disagreements, the scores are what is left over the deviation. Raises
    `ArgumentError` for fewer than 20 cases.
    """
    rows = np.array(list(cases), dtype=np.float64).reshape(-1, 3)
    if len(rows) < 20:
        raise ArgumentError(f"{len(rows)} forecasts that were checked are too few to calibrate intervals: 20 are the least.")
    error, apart, statistical = rows.T
    deviation = np.hypot(MODEL_ERROR, STATISTICAL * statistical)
    weight = 1 / deviation**2
    shift = float(np.sum(weight * apart * error) / max(float(np.sum(weight * apart**2)), 1e-300))
    scores = np.sort(np.abs(error - shift * apart) / deviation)
    return Calibration(shift, tuple(scores.tolist()), source)
