"""Runs to forecast: an exact one without any data, and the real curves beside the repository where they are present."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import annealing as an
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.curves import Curve

BESIDE = Path(__file__).parents[3] / "shared"
DATA = BESIDE / "data" / "llm-curves"


def quadratic(rates: np.ndarray, at: np.ndarray, *, dimension: int = 400, noise: float = 1.0, batch: int = 8) -> np.ndarray:
    """The exact expected loss of SGD on a quadratic whose curvatures fall as a power, after the updates `at`.

    `m ← m (1 − 2 η λ + 2 η² λ²) + η² λ (Σ λ m + σ²) / B` with `λ_i = i^−1.5`: Luo et al. 2025, section 4.
    """
    curvature = np.arange(1, dimension + 1) ** -1.5
    spread = np.ones(dimension)
    asked, found = set(at.tolist()), []
    for t, rate in enumerate(rates.tolist()):
        risk = curvature @ spread
        spread = spread * (1 - 2 * rate * curvature + 2 * (rate * curvature) ** 2) + rate**2 * curvature * (risk + noise) / batch
        if t in asked:
            found.append(0.5 * (curvature @ spread + noise))
    return np.array(found)
