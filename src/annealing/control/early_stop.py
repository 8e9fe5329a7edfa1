"""`EarlyStop`: stop when a metric has stopped getting better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias, final

from annealing.control.better import Margin, Mode, best_of, blank, check_rule, improves
from annealing.control.checks import count
from annealing.control.protocol import Transition
from annealing.control.values import choose, finite, observed, where

Unsound: TypeAlias = Literal["bad", "ignore", "stop"]
"""NaN and infinite observations are bad ones, no observations, or the end of the run."""


class EarlyStopState(NamedTuple):
    """What an `EarlyStop` remembers."""

    best: float
    bad: int  # observations in a row that were no better
    stopped: bool  # once it is true it stays so


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class EarlyStop(Transition[EarlyStopState, bool]):
    """Say stop at the `patience`-th observation in a row that is no better than the best so far.

    >>> from annealing.control import fold
    >>> fold(EarlyStop(patience=2), [3.0, 2.0, 2.0, 2.0, 1.0])
    array([False, False, False,  True,  True])

    In a loop: `state = early_stop.init()`, then after each evaluation `state, stop = early_stop.step(state, loss)`.

    Arguments:
        patience: So many bad observations in a row end the run.
        mode: "min" for a loss, "max" for an accuracy.
        rtol, atol: An observation is better when it beats the best by more than `rtol * |best| + atol`.
        nonfinite: NaN and infinite observations are "bad", "ignore" them, or "stop" at once; they never become the best.
        margin: "signed" is torch's rule, which takes worse for better where the metric is negative; see `Plateau`.

    Raises `ArgumentError` for numbers out of their range, `KindError` for what is no number.
    """

    patience: int = 10
    mode: Mode = "min"
    rtol: float = 0.0
    atol: float = 0.0
    nonfinite: Unsound = "bad"
    margin: Margin = "magnitude"

    def __post_init__(self) -> None:
        check_rule(self, Unsound)
        count(self, "patience", least=1, hint="1 stops at the first observation that is no better")

    def init(self) -> EarlyStopState:
        """Return the state before the first observation."""
        return EarlyStopState(blank(self), 0, False)

    def step(self, state: EarlyStopState, observation: Any) -> tuple[EarlyStopState, bool]:
        """Return the state after one observation, and whether to stop here."""
        value = observed(observation)
        better = improves(self, value, state.best)
        bad = where(better, 0, state.bad + 1)
        stopped = state.stopped | (bad >= self.patience)
        if self.nonfinite == "stop":
            stopped = where(finite(value), stopped, True)
        after = EarlyStopState(best_of(self, better, value, state.best), bad, stopped)
        if self.nonfinite == "ignore":
            after = choose(finite(value), after, state)
        return after, after.stopped

    def reset(self, state: EarlyStopState) -> EarlyStopState:
        """Forget everything: it is as good as new, and has not stopped."""
        return self.init()
