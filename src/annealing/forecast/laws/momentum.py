"""The momentum law of Tissue et al. 2024 (arXiv:2408.11029): what annealing takes away is remembered for some updates.

    loss(t) = floor + A · (S_1(t) / S_ref)^-al − B · S_2(t)
    S_2(t) = (1 − lam) Σ_{k ≤ t} Σ_{j ≤ k} (x_{j−1} − x_j) · lam^(k−j)  =  Σ_j (x_{j−1} − x_j) · (1 − lam^(t−j+1))

The rise of the warm-up is counted as a fall that was undone, which shifts the floor only. Time is counted in updates, whatever
the rate: the decay `lam` is per update, and `log_forget = ln(−ln lam)`. B in units of loss.
"""

from __future__ import annotations

import math

import numpy as np

from annealing.forecast.blocks import Sampled
from annealing.forecast.cells import Floats
from annealing.forecast.laws.law import Form, Law, Parameter, Scale, Terms, proportional
from annealing.forecast.laws.parts import FALL, power_of_progress


class Momentum(Law):
    """The momentum law."""

    def terms(self, values: Floats, run: Sampled, scale: Scale) -> Terms:
        log_forget, fall = values.tolist()
        counted, _, weight = run.plain
        progress, _, by_fall = power_of_progress(counted, scale.updates, 0.0, fall)
        forgotten = np.exp(log_forget) * run.age
        kept = np.exp(-forgotten)
        nothing = np.zeros_like(progress)
        return Terms(
            progress,
            run.sums(weight * (1 - kept)),
            np.stack((nothing, by_fall)),
            np.stack((run.sums(weight * kept * forgotten), nothing)),
        )

    def form(self, values: Floats) -> Form:
        log_forget, fall = values.tolist()
        return Form(1.0, 0.0, fall, proportional, 0.0, math.exp(log_forget), tail=math.inf)

    def starts(self, scale: Scale) -> tuple[tuple[float, ...], ...]:
        return tuple((float(np.log(-np.log(keep))), 0.5) for keep in (0.99, 0.995, 0.998, 0.999, 0.9995))


MOMENTUM = Momentum(
    "momentum",
    (Parameter("log_forget", "logarithm of the share of the fall that is forgotten per update", "1", -12.0, 0.0), FALL),
)
