"""The functional-scaling law with a kernel that does not lag (γ = 0), after Li et al. 2025 (arXiv:2509.19189).

    loss(t) = floor + A · (S_1(t) / S_ref)^-al + B · Σ_k (x_k − x_{k−1}) · [1 − 1 / (1 + C · R_1(k, t))]

S_1 and R_1 as in `multi_power.py`, of which this is the case g = 0, be = 1. It is the paper's integral of `K(S(t) − S(r))
rate(r)²` over the run, with `K` the derivative of `1 − 1 / (1 + C R)`, after integration by parts. B in units of loss, C per
update at the reference rate.
"""

from __future__ import annotations

import math

import numpy as np

from annealing.forecast.blocks import Sampled
from annealing.forecast.cells import Floats
from annealing.forecast.laws.law import Form, Law, Scale, Terms, proportional
from annealing.forecast.laws.parts import FALL, RELAX, power_of_progress, taken_away


class FunctionalScaling(Law):
    """The functional-scaling law."""

    def terms(self, values: Floats, run: Sampled, scale: Scale) -> Terms:
        log_relax, fall = values.tolist()
        counted, since, weight = run.plain
        progress, _, by_fall = power_of_progress(counted, scale.updates, 0.0, fall)
        gone, by_relax = taken_away(since, log_relax)
        nothing = np.zeros_like(progress)
        return Terms(
            progress, run.sums(weight * gone), np.stack((nothing, by_fall)), np.stack((run.sums(weight * by_relax), nothing))
        )

    def form(self, values: Floats) -> Form:
        log_relax, fall = values.tolist()
        return Form(1.0, 0.0, fall, proportional, 1.0, math.exp(log_relax))

    def starts(self, scale: Scale) -> tuple[tuple[float, ...], ...]:
        return ((-3.0, 0.5), (-5.0, 0.5), (-7.0, 0.5))


FUNCTIONAL_SCALING = FunctionalScaling("functional-scaling", (RELAX, FALL))
