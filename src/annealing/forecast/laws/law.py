"""What a law of loss curves is: parameters, priors, and two curves that are added up.

Every law here reads `loss = floor + A · progress + B · noise`. `progress` falls as the run goes on; `noise` is what the current
rate adds and the last updates at a lower one take away again. Both depend on the law's own parameters. Rates are relative: `x =
rate / reference`, with the highest rate of the pilots as reference, so that sums of powers of `x` count updates at the
reference rate.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from annealing.forecast.blocks import Sampled
from annealing.forecast.cells import Floats


class Prior(NamedTuple):
    """A Gaussian belief about one parameter, and where it comes from."""

    centre: float
    width: float
    source: str


class Parameter(NamedTuple):
    """One parameter of a law, with its range."""

    name: str
    meaning: str
    unit: str
    low: float
    high: float


class Scale(NamedTuple):
    """What makes a law dimensionless."""

    rate: float  # the reference rate: relative rates are divided by it
    updates: float  # the reference progress, in updates at the reference rate


class Terms(NamedTuple):
    """The two curves of a law at every sample, with their derivatives: one row per parameter."""

    progress: Floats
    noise: Floats
    progress_slopes: Floats
    noise_slopes: Floats


class Form(NamedTuple):
    """What a law is in numbers, once its parameters are known: all that the design of a schedule needs.

    progress is `(Σ x^clock / S_ref + offset)^-fall`; noise is `Σ_k [phi(x_k) − phi(x_{k−1})] · [1 − kept(u_k)]` with
    `u_k = relax · x_k^-lag · Σ_{i ≥ k} x_i^memory` and `kept(u) = (1 + u)^-tail`, or `e^-u` where tail is infinite.
    """

    clock: float
    offset: float
    fall: float
    phi: Callable[[Floats], tuple[Floats, Floats]]  # the noise that a relative rate leaves, and its derivative
    memory: float
    relax: float
    lag: float = 0.0
    tail: float = 1.0


def proportional(rate: Floats) -> tuple[Floats, Floats]:
    """Noise that is proportional to the rate, and its derivative."""
    return rate, np.ones_like(rate)


@dataclass(frozen=True)
class Law(ABC):
    """One law, without the values of its parameters."""

    name: str
    parameters: tuple[Parameter, ...]
    sees_rates: bool = True  # whether the shape of a schedule matters to it

    @abstractmethod
    def terms(self, values: Floats, run: Sampled, scale: Scale) -> Terms:
        """The two curves at each sample of a run, for these values of the parameters."""

    @abstractmethod
    def form(self, values: Floats) -> Form:
        """The law in numbers, for these values of its own parameters."""

    def priors(self, scale: Scale) -> dict[str, Prior]:
        """What is believed about the parameters before any pilot was seen, by name."""
        return {}

    @abstractmethod
    def starts(self, scale: Scale) -> tuple[tuple[float, ...], ...]:
        """Where to begin a fit: values of the parameters, several times."""
