"""The extended power law: noise is a power of the rate.

    phi(x) = x^q

With the formula of `extended.py`: nine parameters, of which six are softly pinned by priors. Derivation: the multi-power law
(Luo et al. 2025, arXiv:2503.12811) at γ = 0 and β = 1 is the functional-scaling law (Li et al. 2025, arXiv:2509.19189) after
summation by parts; here the three rates in it get exponents of their own, as runs on either data set ask for. The priors'
centres are fits to all 124M runs of Schaipp et al. (arXiv:2501.18965) at a rate of 1e-3, another code base and model than the
one the laws are tested on; their widths were chosen on that model's other rates.
"""

from __future__ import annotations

import numpy as np

from annealing.forecast.cells import Floats
from annealing.forecast.laws.extended import Extended
from annealing.forecast.laws.law import Parameter, Prior, Scale
from annealing.forecast.laws.parts import CLOCK, FALL, MEMORY, OFFSET, RELAX

SOURCE = "124M SlimPajama runs at rate 1e-3, Schaipp et al. 2025 (arXiv:2501.18965)"


class Power(Extended):
    """The extended law whose noise is a power of the rate."""

    def phi(self, rate: Floats, log_rate: Floats, shape: float) -> tuple[Floats, Floats]:
        value = np.exp(shape * log_rate)
        return value, value * log_rate

    def phi_slope(self, rate: Floats, shape: float) -> Floats:
        return shape * rate ** (shape - 1)

    def priors(self, scale: Scale) -> dict[str, Prior]:
        return {
            "clock": Prior(0.645, 0.03, SOURCE),
            "noise": Prior(0.541, 0.03, SOURCE),
            "memory": Prior(1.516, 0.10, SOURCE),
            "log_relax": Prior(-2.8, 0.7, SOURCE),
            "fall": Prior(0.50, 0.06, SOURCE),
            "offset": Prior(0.0, 0.01, "progress counts from the first update"),
        }


POWER = Power(
    "power",
    (CLOCK, Parameter("noise", "exponent of the rate in the noise it leaves", "1", 0.05, 3.0), MEMORY, RELAX, FALL, OFFSET),
)
