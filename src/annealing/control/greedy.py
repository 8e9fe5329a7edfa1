"""`Greedy`: raise the gain while a metric gets better, lower it when it does not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from annealing.control.better import Margin, Mode, Nonfinite, best_of, blank, check_rule, improves
from annealing.control.checks import amount, count, share, truth
from annealing.control.protocol import Controller
from annealing.control.values import choose, finite, observed, where
from annealing.core.errors import ArgumentError


class GreedyState(NamedTuple):
    """What a `Greedy` remembers."""

    rate: float  # peak x gain
    best: float
    good: int  # observations in a row that were better
    bad: int  # observations in a row that were no better
    rest: int  # observations that are still not looked at
    left: int  # vain cuts at the floor before it starts over
    window: tuple[float, ...]  # the last observations, oldest first, zeros before the first
    total: float  # their sum
    filled: int  # how many of them there are


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class Greedy(Controller[GreedyState]):
    """Divide the gain by `factor` after `patience` better observations in a row, multiply it after as many bad ones.

    >>> from annealing.control import fold
    >>> fold(Greedy(factor=0.5, patience=2), [5.0, 4.0, 3.0, 2.0, 9.0, 9.0, 9.0, 9.0])
    array([1., 2., 2., 4., 4., 2., 2., 1.])

    Loss that falls for other reasons (noise that averages out, a cooldown) raises the gain as well: bound it by `ceiling`.

    The rule:
        factor: What a cut multiplies the gain by and a rise divides it by, between 0 and 1.
        patience: A change comes with this many observations of one kind in a row (transformers' patience n is our n + 1).
        cooldown, warmup: So many observations after a cut, or after a rise, are not looked at.
        floor, ceiling: Where the gain stays, in units of `peak`: shares of the plan's value, not rates.
        mode: "min" for a loss, "max" for an accuracy.
        rtol, atol: An observation is better when it beats the best by more than `rtol * |best| + atol`.
        nonfinite: NaN and infinite observations are "bad", or "ignore" them; they never become the best.
        window: The mean of the last so many observations is judged; 0 judges each by itself.
        restart_after: After so many cuts in vain at the floor the gain is 1 again and the best forgotten; None is never.

    What only dialects need (`annealing.control.dialects`): `margin="signed"` and `nonfinite="compare"` as in `Plateau`;
    `smallest_change`, in units of `peak`, below which a change is left out; `peak`, the rate that a gain of 1 stands for;
    and `outside=True`, which lets the start lie outside of floor and ceiling.

    Raises `ArgumentError` for numbers out of their range, `KindError` for what is no number.

    Source: GreedyLR (arXiv:2512.14527).
    """

    factor: float = 0.95
    patience: int = 10
    cooldown: int = 0
    warmup: int = 0
    floor: float = 0.01
    ceiling: float = 10.0
    mode: Mode = "min"
    rtol: float = 1e-4
    atol: float = 0.0
    nonfinite: Nonfinite = "bad"
    window: int = 0
    restart_after: int | None = None
    margin: Margin = "magnitude"
    smallest_change: float = 0.0
    peak: float = 1.0
    outside: bool = False

    def __post_init__(self) -> None:
        check_rule(self)
        share(self, "factor")
        count(self, "patience", least=1, hint="1 changes the gain at every observation")
        for name in ("cooldown", "warmup", "window"):
            count(self, name)
        if self.restart_after is not None:
            count(self, "restart_after", least=1, hint="None never starts over")
        amount(self, "peak", above=True)
        amount(self, "floor")
        amount(self, "ceiling", infinite=True)
        amount(self, "smallest_change")
        truth(self, "outside")
        if not self.outside and not self.floor <= self.peak <= self.ceiling:
            raise ArgumentError(
                f"floor={self.floor:g} and ceiling={self.ceiling:g} do not enclose the start, {self.peak:g}, so the gain could "
                "only go one way: they are shares of the plan's value such as floor=0.01, ceiling=10, unless peak= says "
                "which rate a gain of 1 stands for."
            )

    def init(self) -> GreedyState:
        """Return the state before the first observation."""
        return GreedyState(self.peak, blank(self), 0, 0, 0, self.restart_after or 0, (0.0,) * self.window, 0.0, 0)

    def step(self, state: GreedyState, observation: Any) -> tuple[GreedyState, float]:
        """Return the state after one observation, and the gain from here on."""
        value = observed(observation)
        after = self._judge(*self._smooth(state, value))
        if self.nonfinite == "ignore":
            after = choose(finite(value), after, state)
        return after, self.gain(after)

    def gain(self, state: GreedyState) -> float:
        """Return the gain that holds in a state."""
        return state.rate / self.peak

    def reset(self, state: GreedyState) -> GreedyState:
        """Forget the best and the counters, and keep the gain: for a metric that has changed its meaning."""
        return self.init()._replace(rate=state.rate)

    def _smooth(self, state: GreedyState, value: float) -> tuple[GreedyState, float]:
        if not self.window:
            return state, value
        total = state.total + value - state.window[0]
        filled = where(state.filled < self.window, state.filled + 1, self.window)
        after = state._replace(window=(*state.window[1:], value), total=total, filled=filled)
        if self.nonfinite in ("compare", "first"):
            return after, total / filled
        return choose(finite(value), after, state), where(finite(value), total / filled, math.nan)  # NaN would stay in the sum

    def _judge(self, state: GreedyState, value: float) -> GreedyState:
        awake = state.rest <= 0
        better = improves(self, value, state.best)
        good = where(awake & better, state.good + 1, 0)
        bad = where(better, 0, where(awake, state.bad + 1, 0))
        up, down = good >= self.patience, bad >= self.patience
        higher, lower = state.rate / self.factor, state.rate * self.factor
        higher = where(higher < self.ceiling, higher, self.ceiling)
        lower = where(lower > self.floor, lower, self.floor)
        raised = where(up & (higher - state.rate > self.smallest_change), higher, state.rate)
        rate = where(down & (state.rate - lower > self.smallest_change), lower, raised)
        vain = down & (rate <= self.floor)
        after = state._replace(
            rate=rate,
            best=best_of(self, awake & better, value, state.best),
            good=where(up, 0, good),
            bad=where(down, 0, bad),
            rest=where(up, self.warmup, where(down, self.cooldown, where(awake, 0, state.rest - 1))),
        )
        if self.restart_after is None:
            return after
        left = where(up, self.restart_after, where(vain, state.left - 1, state.left))
        afresh = self.init()._replace(rest=self.cooldown)
        return choose(vain & (left <= 0), afresh, after._replace(left=left))
