"""The extended logarithmic law: noise grows as the logarithm of the rate above a rate of its own.

    phi(x) = ln(1 + r x) / ln(1 + r)        r = reference / eta1

With the formula of `extended.py`. `eta1` is the rate (in the optimizer's units) at which noise stops being proportional to the
rate; fits put it at 2.9e-4 to 5.3e-4 for AdamW on language models of 25M to 400M parameters, at peak rates from 3e-4 to 3e-3,
so that one noise function serves several peaks. Priors as in `power.py`.
"""

from __future__ import annotations

import math

import numpy as np

from annealing.forecast.cells import Floats
from annealing.forecast.laws.extended import Extended
from annealing.forecast.laws.law import Parameter, Prior, Scale
from annealing.forecast.laws.parts import CLOCK, FALL, MEMORY, OFFSET, RELAX
from annealing.forecast.laws.power import SOURCE

ETA1 = 4.5e-4  # of AdamW


class Logarithmic(Extended):
    """The extended law whose noise is the logarithm of the rate."""

    def phi(self, rate: Floats, log_rate: Floats, shape: float) -> tuple[Floats, Floats]:
        rise = math.exp(shape)
        risen, whole = rise * rate, math.log1p(rise)
        top = np.log1p(risen)
        value = top / whole
        return value, (risen / (1 + risen) - value * (rise / (1 + rise))) / whole

    def phi_slope(self, rate: Floats, shape: float) -> Floats:
        rise = math.exp(shape)
        return rise / ((1 + rise * rate) * math.log1p(rise))

    def priors(self, scale: Scale) -> dict[str, Prior]:
        return {
            "clock": Prior(0.69, 0.03, SOURCE),
            "log_bend": Prior(math.log(scale.rate / ETA1), 0.15, SOURCE),
            "memory": Prior(1.2, 0.1, SOURCE),
            "log_relax": Prior(-3.2, 0.7, SOURCE),
            "fall": Prior(0.50, 0.06, SOURCE),
            "offset": Prior(0.0, 0.01, "progress counts from the first update"),
        }


LOGARITHMIC = Logarithmic(
    "log",
    (CLOCK, Parameter("log_bend", "logarithm of the reference rate over eta1", "1", -12.0, 12.0), MEMORY, RELAX, FALL, OFFSET),
)
