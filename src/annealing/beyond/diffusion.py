"""Minimise without gradients or comparisons: diffuse by more where the function is higher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, final

import numpy as np

from annealing.beyond.checks import Floats, Seed, generator, rows_of, values_of
from annealing.core.checks import number
from annealing.core.errors import ArgumentError, KindError
from annealing.core.plan import Plan


class Spread(Protocol):
    """How far each walker steps: a standard deviation made of its own function value and the update."""

    @property
    def updates(self) -> int:
        """How many updates there are."""
        ...

    def __call__(self, values: Floats, t: int) -> Floats:
        """Return the standard deviations at update t, one per walker."""
        ...


@final
@dataclass(frozen=True)
class PowerSpread:
    """Step by scale(t) · (f − minimum)^exponent, which stands still at the minimum alone.

    Walkers gather at the minimum where 4 · exponent is at least the number of dimensions: the density that the diffusion would
    settle in, 1 / σ², can then no longer be normalised.

    >>> import annealing as an
    >>> PowerSpread(an.hold().over(10), exponent=0.5, minimum=-1.0)(np.array([-1.0, 3.0]), 0)
    array([0., 2.])

    Arguments: `scale`, a plan; `exponent`, above 0 (0 ignores the values); `minimum`, the lowest value there is, or a bound
    below it.
    """

    scale: Plan
    exponent: float
    minimum: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "_scales", values_of("scale", self.scale))
        if number("exponent", self.exponent) < 0:
            raise ArgumentError(f"exponent={self.exponent!r} would step less where the function is higher: write 0 or more.")

    @property
    def updates(self) -> int:
        """How many updates there are: the plan's total."""
        return len(self._known)

    @property
    def _known(self) -> Floats:
        return self.__dict__["_scales"]

    def __call__(self, values: Floats, t: int) -> Floats:
        """Return the standard deviations at update t."""
        return self._known[t] * np.maximum(values - self.minimum, 0.0) ** self.exponent


@final
@dataclass(frozen=True)
class CutoffSpread:
    """Step far above a cutoff that comes down, and little below it: for a minimum whose value nobody knows.

    >>> import annealing as an
    >>> CutoffSpread((2 * an.linear()).over(10), far=1.0, near=0.1)(np.array([0.5, 3.0]), 0)
    array([0.1, 1. ])

    Arguments: `cutoff`, a plan of function values (it may be negative); `far` and `near`, standard deviations.
    Source: Engquist, Ren & Yang 2022, An algebraically converging stochastic gradient descent algorithm, arXiv:2204.05923.
    """

    cutoff: Plan
    far: float
    near: float

    def __post_init__(self) -> None:
        if not isinstance(self.cutoff, Plan) or not np.isfinite(self.cutoff.total):
            raise KindError(f"cutoff={self.cutoff!r} is not a plan with an end: write one such as (2 * linear()).over(1000).")
        if not 0 <= number("near", self.near) <= number("far", self.far):
            raise ArgumentError(f"near={self.near!r} is not within 0 and far={self.far!r}: walkers below the cutoff step less.")

    @property
    def updates(self) -> int:
        """How many updates there are: the plan's total."""
        return int(np.ceil(self.cutoff.total))

    def __call__(self, values: Floats, t: int) -> Floats:
        """Return the standard deviations at update t."""
        return np.where(values > self.cutoff(t), self.far, self.near)


@final
@dataclass(frozen=True)
class Diffused:
    """Where the walkers are and the function there, and the same at every update that was asked for, in order."""

    places: Floats
    values: Floats
    seen: Floats


def diffuse(
    function: Callable[[Floats], Any],
    start: Any,
    *,
    spread: Spread,
    low: float,
    high: float,
    watch: tuple[int, ...] = (),
    seed: Seed = 0,
) -> Diffused:
    """Let walkers take Gaussian steps whose size is decided by their own function value alone, in a box that reflects them.

    >>> import annealing as an
    >>> bowl = lambda x: (x**2).sum(axis=1)
    >>> start = np.random.default_rng(1).uniform(-1, 1, (200, 2))
    >>> found = diffuse(bowl, start, spread=PowerSpread(an.hold().over(2_000), exponent=1.0), low=-1, high=1)
    >>> bool(np.mean(found.values < 0.05) > 0.9)
    True

    Arguments:
        function: Values of an array of places (walkers, dimensions): shape (walkers,). From infinity or NaN a step goes far.
        start: The places to start from, within the box.
        spread: How far to step, and for how many updates: `PowerSpread`, `CutoffSpread`, or a callable like them.
        low: The lower side of the box, in every dimension.
        high: The upper side.
        watch: Numbers of updates after which the values are kept (walkers in rows): (100, 400).
        seed: A whole number, or a `numpy.random.Generator` to go on with.

    Raises `ArgumentError` for places outside of the box or a function that does not answer with one value per walker.

    Source: Engquist, Ren & Yang 2023, Adaptive state-dependent diffusion for derivative-free optimization, arXiv:2302.04370.
    """
    places, rng = np.array(start, dtype=np.float64), generator(seed)
    if places.ndim != 2 or not number("low", low) < number("high", high):
        raise ArgumentError(
            f"start has shape {places.shape} and the box runs from {low!r} to {high!r}: (walkers, dimensions), low to high."
        )
    if not ((places >= low) & (places <= high)).all():
        raise ArgumentError(
            f"start leaves the box from {low!r} to {high!r}: draw it with rng.uniform(low, high, (walkers, dimensions))."
        )
    seen: list[Floats] = []
    values = rows_of("function", function(places), len(places))
    for t in range(spread.updates):
        steps = np.minimum(np.nan_to_num(spread(values, t), nan=np.inf, posinf=np.inf), high - low)
        places = reflected(places + steps[:, None] * rng.standard_normal(places.shape), low, high)
        values = rows_of("function", function(places), len(places))
        if t + 1 in watch:
            seen.append(values)
    return Diffused(places, values, np.array(seen))


def reflected(places: Floats, low: float, high: float) -> Floats:
    """Fold places back into a box, as its sides would reflect them.

    >>> reflected(np.array([-0.25, 0.5, 1.25, 3.5]), 0.0, 1.0)
    array([0.25, 0.5 , 0.75, 0.5 ])
    """
    width = high - low
    along = np.mod(places - low, 2 * width)
    return low + np.minimum(along, 2 * width - along)
