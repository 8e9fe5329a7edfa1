"""The multi-power law of Luo et al. 2025 (arXiv:2503.12811), equation 1, in relative rates.

    loss(t) = floor + A · (S_1(t) / S_ref)^-al + B · Σ_k (x_k − x_{k−1}) · [1 − (1 + C · x_k^-g · R_1(k, t))^-be]
    S_1(t) = Σ_{i ≤ t} x_i        R_1(k, t) = Σ_{k ≤ i ≤ t} x_i        x_i = rate_i / reference

B is in units of loss, C per update at the reference rate. The parameters of the noise are not identified by pilots (be → 0 with
B → ∞ fits as well), so only its predictions mean anything. It ranks schedules well and misses levels by a nearly constant amount.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from annealing.forecast.blocks import Sampled
from annealing.forecast.cells import Floats
from annealing.forecast.laws.law import Form, Law, Parameter, Scale, Terms, proportional
from annealing.forecast.laws.parts import FALL, RELAX, power_of_progress


class MultiPower(Law):
    """The multi-power law."""

    def terms(self, values: Floats, run: Sampled, scale: Scale) -> Terms:
        log_relax, lag, log_tail, fall = values.tolist()
        tail = np.exp(log_tail)
        counted, since, weight = run.plain
        progress, _, by_fall = power_of_progress(counted, scale.updates, 0.0, fall)
        u = np.exp(log_relax - lag * run.log_centre) * since
        log_one_more = np.log1p(u)
        kept = np.exp(-tail * log_one_more)
        by_log_u = weight * kept * (tail * u / (1 + u))
        nothing = np.zeros_like(progress)
        return Terms(
            progress,
            run.sums(weight * (1 - kept)),
            np.stack((nothing, nothing, nothing, by_fall)),
            np.stack(
                (run.sums(by_log_u), run.sums(-by_log_u * run.log_centre), run.sums(weight * kept * log_one_more) * tail, nothing)
            ),
        )

    def form(self, values: Floats) -> Form:
        log_relax, lag, log_tail, fall = values.tolist()
        return Form(1.0, 0.0, fall, proportional, 1.0, math.exp(log_relax), lag, math.exp(log_tail))

    def starts(self, scale: Scale) -> tuple[tuple[float, ...], ...]:
        return tuple(
            (relax, lag, float(np.log(tail)), fall)
            for relax, lag, tail, fall in product((-6.0, -4.0, -2.0), (0.2, 0.5, 0.8), (0.3, 0.6, 1.0), (0.35, 0.55))
        )


MULTI_POWER = MultiPower(
    "multi-power",
    (
        RELAX,
        Parameter("lag", "exponent by which noise left at a high rate settles more slowly", "1", -1.0, 3.0),
        Parameter("log_tail", "logarithm of the exponent with which noise settles", "1", -4.0, 2.0),
        FALL,
    ),
)
