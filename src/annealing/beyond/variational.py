"""Annealing for variational inference: noise on the updates that fades out, or posteriors that are flattened at first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from annealing.beyond.checks import Floats, Seed, generator, values_of
from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan


def stochastic_annealing(update: Callable[[Floats], Any], start: Any, *, noise: Plan, seed: Seed = 0) -> Floats:
    """Iterate a deterministic update, and add Gaussian noise to its parameters whose standard deviation is a plan.

    The noise carries the parameters out of poor local optima while it lasts; where the plan is 0, plain updates finish the job.

    >>> import annealing as an
    >>> downhill = lambda x: x - 0.05 * (4 * x**3 - 4 * x + 1)  # a double well: the lower one lies on the left
    >>> fading = an.chain(an.linear("80%"), an.hold()).over(400)
    >>> bool(np.mean(stochastic_annealing(downhill, np.ones(200), noise=0.5 * fading) < 0) > 0.9)
    True
    >>> bool(np.mean(stochastic_annealing(downhill, np.ones(200), noise=0.0 * fading) < 0) > 0.9)
    False

    Arguments:
        update: Given the parameters: those after one update of the inference (coordinate ascent, a natural gradient), same shape.
        start: The parameters, of any shape; many starts at once along a leading axis.
        noise: A plan of standard deviations, in the units of the parameters; its total is the number of updates.
        seed: A whole number, or a `numpy.random.Generator` to go on with.

    Raises `KindError` where the noise is no plan, `ArgumentError` where an update changes the shape.

    Source: Gultekin, Zhang & Paisley 2015, Stochastic annealing for variational inference, arXiv:1505.06723.
    """
    deviations, rng = values_of("noise", noise), generator(seed)
    parameters = np.array(start, dtype=np.float64)
    for deviation in deviations:
        parameters = _same(parameters, update(parameters)) + deviation * rng.standard_normal(parameters.shape)
    return parameters


def deterministic_annealing(update: Callable[[Floats, float], Any], start: Any, *, temperature: Plan) -> Floats:
    """Iterate an update of the posterior raised to 1 / temperature, while the temperature comes down to 1.

    >>> import annealing as an
    >>> data = np.array([-3.0, -2.8, 2.9, 3.1])
    >>> def means(centres, temperature):
    ...     weights = np.exp(-((data[:, None] - centres) ** 2) / (2 * temperature))
    ...     return (data @ (weights := weights / weights.sum(1, keepdims=True))) / weights.sum(0)
    >>> deterministic_annealing(means, [0.1, 0.2], temperature=an.linear(to=1, start=9).over(60)).round(2)
    array([-2.9,  3. ])

    Arguments: as for `stochastic_annealing`, but `update` is given the temperature too, which has to be above 0.

    Raises `KindError` where the temperature is no plan, `ArgumentError` where it reaches 0 or an update changes the shape.

    Source: Katahira, Watanabe & Okada 2008; the rival in Gultekin et al. 2015, arXiv:1505.06723.
    """
    temperatures = values_of("temperature", temperature)
    if (temperatures <= 0).any():
        raise ArgumentError(
            f"temperature is 0 at update {int(np.argmin(temperatures))}: let it come down to 1, linear(to=1, start=9)."
        )
    parameters = np.array(start, dtype=np.float64)
    for heat in temperatures.tolist():
        parameters = _same(parameters, update(parameters, heat))
    return parameters


def _same(before: Floats, after: Any) -> Floats:
    found = np.asarray(after, dtype=np.float64)
    if found.shape != before.shape:
        raise ArgumentError(f"update returned shape {found.shape} for parameters of shape {before.shape}: it returns them all.")
    return found
