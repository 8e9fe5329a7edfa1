"""What the two extended laws share: three exponents of the rate, one each for progress, noise and forgetting.

    loss(t) = floor + A · (S_p(t) / S_ref + s0)^-al + B · Σ_k [phi(x_k) − phi(x_{k−1})] · [1 − 1 / (1 + C · R_m(k, t))]
    S_p(t) = Σ_{i ≤ t} x_i^p        R_m(k, t) = Σ_{k ≤ i ≤ t} x_i^m        x_i = rate_i / reference

In words: a low rate makes more progress than in proportion (p ≈ 0.65); the noise it leaves is a concave function phi of the rate;
and that noise settles hyperbolically, faster than in proportion at high rates (m > 1). With p = m = 1 and phi(x) = x this is the
functional-scaling law. The two laws differ in phi.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import final

import numpy as np

from annealing.forecast.blocks import Sampled
from annealing.forecast.cells import Floats, powers
from annealing.forecast.laws.law import Form, Law, Scale, Terms
from annealing.forecast.laws.parts import power_of_progress, taken_away


class Extended(Law):
    """An extended law: its own `phi`, everything else in common."""

    @abstractmethod
    def phi(self, rate: Floats, log_rate: Floats, shape: float) -> tuple[Floats, Floats]:
        """The noise that a rate leaves, and its derivative with respect to `shape`."""

    @abstractmethod
    def phi_slope(self, rate: Floats, shape: float) -> Floats:
        """The derivative of `phi` with respect to the rate."""

    @final
    def form(self, values: Floats) -> Form:
        clock, shape, memory, log_relax, fall, offset = values.tolist()

        def phi(rate: Floats) -> tuple[Floats, Floats]:
            return self.phi(rate, np.log(rate), shape)[0], self.phi_slope(rate, shape)

        return Form(clock, offset, fall, phi, memory, math.exp(log_relax))

    @final
    def terms(self, values: Floats, run: Sampled, scale: Scale) -> Terms:
        clock, shape, memory, log_relax, fall, offset = values.tolist()
        counted, counted_slope = run.progress(powers(run.cells, clock))
        progress, by_z, by_fall = power_of_progress(counted, scale.updates, offset, fall)
        sums = powers(run.cells, memory)
        since = run.since(sums)
        gone, by_relax = taken_away(since, log_relax)
        after, after_slope = self.phi(run.rates[1], run.log_after, shape)
        before, before_slope = self.phi(run.rates[0], run.log_before, shape)
        weight = after - before
        nothing = np.zeros_like(progress)
        return Terms(
            progress,
            run.sums(weight * gone),
            np.stack((by_z * counted_slope / scale.updates, nothing, nothing, nothing, by_fall, by_z)),
            np.stack(
                (
                    nothing,
                    run.sums((after_slope - before_slope) * gone),
                    run.sums(weight * by_relax * run.slope_since(sums) / np.maximum(since, 1e-300)),
                    run.sums(weight * by_relax),
                    nothing,
                    nothing,
                )
            ),
        )

    @final
    def starts(self, scale: Scale) -> tuple[tuple[float, ...], ...]:
        centres = {name: prior.centre for name, prior in self.priors(scale).items()}
        first = tuple(centres[parameter.name] for parameter in self.parameters)
        relax = [parameter.name for parameter in self.parameters].index("log_relax")
        return tuple((*first[:relax], at, *first[relax + 1 :]) for at in (-3.0, -4.5))
