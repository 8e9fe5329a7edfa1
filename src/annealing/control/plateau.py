"""`Plateau`: lower the gain when a metric stops getting better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias, final, get_args

from annealing.control.better import Margin, Mode, Nonfinite, best_of, blank, check_rule, improves
from annealing.control.checks import amount, choice, count, share
from annealing.control.protocol import Controller
from annealing.control.values import choose, finite, observed, where
from annealing.core.errors import ArgumentError

Resting: TypeAlias = Literal["watch", "ignore"]
"""What becomes of an observation during the cooldown: it may still be the best, or it is not looked at."""


class PlateauState(NamedTuple):
    """What a `Plateau` remembers."""

    rate: float  # peak x gain
    best: float
    bad: int  # observations in a row that were no better
    rest: int  # observations of the cooldown that are left
    mean: float  # of the block of observations under way
    taken: int  # observations in that block; below 0 while the first ones are skipped


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class Plateau(Controller[PlateauState]):
    """Multiply the gain by `factor` at the `patience`-th observation in a row that is no better than the best so far.

    >>> from annealing.control import fold
    >>> fold(Plateau(factor=0.5, patience=2), [3.0, 2.0, 2.0, 2.0, 1.0, 1.0, float("nan")])
    array([1.  , 1.  , 1.  , 0.5 , 0.5 , 0.5 , 0.25])

    In a loop: `state = plateau.init()`, then after each evaluation `state, gain = plateau.step(state, loss)`; the value
    in use is `plan(t) * gain`. In JAX: `lax.scan(plateau.step, plateau.init(), losses)`.

    The rule:
        factor: What a cut multiplies the gain by, between 0 and 1.
        patience: The cut comes with this many bad observations in a row (torch's patience n is our n + 1).
        cooldown: So many observations after a cut are not counted as bad (keras' cooldown n is our n - 1).
        floor: The gain never falls below it, in units of `peak`.
        mode: "min" for a loss, "max" for an accuracy.
        rtol, atol: An observation is better when it beats the best by more than `rtol * |best| + atol`.
        nonfinite: NaN and infinite observations are "bad", or "ignore" them; they never become the best.
        average: So many observations make one: their mean is judged (for losses of single batches).
        skip: The first so many observations are not looked at (those of a warm-up).

    What only dialects need (`annealing.control.dialects`): `margin="signed"` and `nonfinite="compare"` or "first", which
    let a worse negative metric or a first NaN pass for the best; `resting="ignore"`, which is blind during the cooldown;
    `smallest_cut`, in units of `peak`, below which a cut is left out (torch's eps, which freezes small rates); and `peak`,
    the rate that a gain of 1 stands for, so that `floor` and `smallest_cut` can be written as rates.

    Raises `ArgumentError` for numbers out of their range, `KindError` for what is no number.
    """

    factor: float = 0.1
    patience: int = 10
    cooldown: int = 0
    floor: float = 0.0
    mode: Mode = "min"
    rtol: float = 1e-4
    atol: float = 0.0
    nonfinite: Nonfinite = "bad"
    average: int = 1
    skip: int = 0
    margin: Margin = "magnitude"
    resting: Resting = "watch"
    smallest_cut: float = 0.0
    peak: float = 1.0

    def __post_init__(self) -> None:
        check_rule(self)
        share(self, "factor")
        count(self, "patience", least=1, hint="1 cuts at the first observation that is no better")
        count(self, "cooldown")
        count(self, "average", least=1)
        count(self, "skip")
        choice(self, "resting", get_args(Resting))
        amount(self, "peak", above=True)
        amount(self, "floor")
        amount(self, "smallest_cut")
        if self.floor > self.peak:
            raise ArgumentError(
                f"floor={self.floor:g} lies above peak={self.peak:g}, so there is nothing to cut: the floor is a share of the "
                "plan's value such as floor=0.01, unless peak= says which rate a gain of 1 stands for."
            )

    def init(self) -> PlateauState:
        """Return the state before the first observation."""
        return PlateauState(self.peak, blank(self), 0, 0, 0.0, -self.skip)

    def step(self, state: PlateauState, observation: Any) -> tuple[PlateauState, float]:
        """Return the state after one observation, and the gain from here on."""
        value = observed(observation)
        before = where(state.taken > 0, state.taken, 0)
        mean = (before * state.mean + value) / (before + 1)
        waiting = state._replace(mean=where(state.taken < 0, 0.0, mean), taken=state.taken + 1)
        after = choose(state.taken + 1 == self.average, self._judge(state, mean), waiting)
        if self.nonfinite == "ignore":
            after = choose(finite(value) | (state.taken < 0), after, state)
        return after, self.gain(after)

    def gain(self, state: PlateauState) -> float:
        """Return the gain that holds in a state."""
        return state.rate / self.peak

    def reset(self, state: PlateauState) -> PlateauState:
        """Forget the best and the counters, and keep the gain: for a metric that has changed its meaning."""
        return self.init()._replace(rate=state.rate, taken=0)

    def _judge(self, state: PlateauState, value: float) -> PlateauState:
        resting = state.rest > 0
        better = improves(self, value, state.best)
        seen = better & (state.rest <= 0) if self.resting == "ignore" else better
        bad = where(better | resting, 0, state.bad + 1)
        cut = bad >= self.patience
        lower = state.rate * self.factor
        lower = where(lower > self.floor, lower, self.floor)
        return PlateauState(
            rate=where(cut & (state.rate - lower > self.smallest_cut), lower, state.rate),
            best=best_of(self, seen, value, state.best),
            bad=where(cut, 0, bad),
            rest=where(cut, self.cooldown, where(resting, state.rest - 1, 0)),
            mean=0.0,
            taken=0,
        )
