"""`Spike`: lower the gain at once when a loss jumps up, and let it come back slowly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias, final, get_args

from annealing.control.better import Mode
from annealing.control.checks import amount, choice, count, share
from annealing.control.protocol import Controller
from annealing.control.values import choose, finite, observed, where
from annealing.core.errors import ArgumentError

Unsound: TypeAlias = Literal["bad", "ignore"]
"""NaN and infinite observations are spikes, or no observations."""


class SpikeState(NamedTuple):
    """What a `Spike` remembers."""

    rate: float  # the gain
    mean: float  # of the observations lately, upside down in mode "max"
    deviation: float  # their mean distance from it
    seen: int  # observations up to `memory`
    rest: int  # observations of the cooldown that are left


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class Spike(Controller[SpikeState]):
    """Multiply the gain by `factor` when an observation jumps out of the recent ones, and let it recover by and by.

    Observe every batch's loss: `gain` falls with the very observation that spikes, before the next update is made.

    >>> from annealing.control import fold
    >>> fold(Spike(settle=3, cooldown=1, recovery=2), [2.1, 2.0, 1.9, 1.9, 9.0, 2.0, 1.9, 1.9])
    array([1.        , 1.        , 1.        , 1.        , 0.5       , 0.5       , 0.70710678, 1.        ])

    Arguments:
        factor: What a spike multiplies the gain by, between 0 and 1.
        threshold, rtol: A spike rises above the recent mean by more than `threshold` mean deviations (one is 0.8 standard
            deviations of normal noise) and by more than `rtol * |mean|`. A spike counts for no more than that in the
            mean and the deviation, so that a level which has risen for good is accepted after a while.
        memory: Over how many observations the mean and the deviation run.
        settle: So many observations at the start are only learnt from.
        cooldown: So many observations after a spike are only learnt from: one spike, one cut.
        recovery: One cut is made good over so many calm observations, geometrically; 0 is never.
        floor: The gain never falls below it.
        mode: "min" where a spike goes up, "max" where it goes down.
        nonfinite: NaN and infinite observations are spikes ("bad", also while it settles), or "ignore" them.

    Raises `ArgumentError` for numbers out of their range, `KindError` for what is no number.

    Source: backing off and growing again is how `torch.amp.GradScaler` finds its scale (arXiv:1710.03740); judging a loss
    by the recent ones is how OLMo 2 skips steps (arXiv:2501.00656).
    """

    factor: float = 0.5
    threshold: float = 6.0
    rtol: float = 0.01
    memory: int = 100
    settle: int = 20
    cooldown: int = 10
    recovery: int = 100
    floor: float = 0.01
    mode: Mode = "min"
    nonfinite: Unsound = "bad"

    def __post_init__(self) -> None:
        share(self, "factor")
        for name in ("threshold", "rtol", "floor"):
            amount(self, name)
        count(self, "memory", least=2, hint="a deviation needs two observations")
        for name in ("settle", "cooldown", "recovery"):
            count(self, name)
        choice(self, "mode", get_args(Mode))
        choice(self, "nonfinite", get_args(Unsound))
        if self.floor > 1:
            raise ArgumentError(f"floor={self.floor:g} lies above 1, where the gain starts: write a share such as floor=0.01.")

    def init(self) -> SpikeState:
        """Return the state before the first observation."""
        return SpikeState(1.0, 0.0, 0.0, 0, 0)

    def step(self, state: SpikeState, observation: Any) -> tuple[SpikeState, float]:
        """Return the state after one observation, and the gain from here on."""
        value = observed(observation)
        rise = (-value if self.mode == "max" else value) - state.mean
        sound = finite(rise)  # an overflow is as bad as an infinity
        room = self.threshold * state.deviation
        room = where(room > self.rtol * abs(state.mean), room, self.rtol * abs(state.mean))
        high = (state.seen >= self.settle) & (rise > room)
        after = choose(sound, self._learn(state, where(high & (room > 0), room, rise)), state)
        if self.nonfinite == "bad":
            high = where(sound, high, True)
        after = self._react(after, high)
        if self.nonfinite == "ignore":
            after = choose(sound, after, state)
        return after, after.rate

    def gain(self, state: SpikeState) -> float:
        """Return the gain that holds in a state."""
        return state.rate

    def reset(self, state: SpikeState) -> SpikeState:
        """Forget the mean and the deviation, and keep the gain: for a loss that has changed its meaning."""
        return self.init()._replace(rate=state.rate)

    def _learn(self, state: SpikeState, rise: float) -> SpikeState:
        """Run the mean and the mean deviation: plain means at first, then with a memory."""
        seen = where(state.seen < self.memory, state.seen + 1, self.memory)
        distances = where(state.seen > 1, state.seen, 1)  # one less than observations
        step = (abs(rise) - state.deviation) / where(distances < self.memory, distances, self.memory)
        return state._replace(
            mean=state.mean + rise / seen,
            deviation=state.deviation + step,  # the second observation replaces what the first one left
            seen=seen,
        )

    def _react(self, state: SpikeState, high: bool) -> SpikeState:
        """Cut, rest, or let the gain come back."""
        resting = state.rest > 0
        cut = high & (state.rest <= 0)
        lower = state.rate * self.factor
        lower = where(lower > self.floor, lower, self.floor)
        higher = state.rate / (self.factor ** (1 / self.recovery) if self.recovery else 1.0)
        higher = where(higher < 1.0, higher, 1.0)
        return state._replace(
            rate=where(cut, lower, where(resting, state.rate, higher)),
            rest=where(cut, self.cooldown, where(resting, state.rest - 1, 0)),
        )
