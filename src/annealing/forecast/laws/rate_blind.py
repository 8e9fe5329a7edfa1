"""The power law that knows nothing of the rate: the baseline that every other law has to beat.

    loss(t) = floor + A · (t / T_ref)^-al

`t` in updates counted from 1, `T_ref` the reference progress in updates. It sees the same loss for every schedule of one
length, as in the scaling laws of Kaplan et al. 2020 (arXiv:2001.08361), equation 1.5, at a fixed size.
"""

from __future__ import annotations

import numpy as np

from annealing.forecast.blocks import Sampled
from annealing.forecast.cells import Floats
from annealing.forecast.laws.law import Form, Law, Scale, Terms, proportional
from annealing.forecast.laws.parts import FALL, power_of_progress


class RateBlind(Law):
    """The rate-blind power law."""

    def terms(self, values: Floats, run: Sampled, scale: Scale) -> Terms:
        progress, _, by_fall = power_of_progress(run.updates, scale.updates, 0.0, float(values[0]))
        nothing = np.zeros_like(progress)
        return Terms(progress, nothing, by_fall[None, :], nothing[None, :])

    def form(self, values: Floats) -> Form:
        return Form(0.0, 0.0, float(values[0]), proportional, 0.0, 0.0)

    def starts(self, scale: Scale) -> tuple[tuple[float, ...], ...]:
        return ((0.3,), (0.6,))


RATE_BLIND = RateBlind("rate-blind", (FALL,), sees_rates=False)
