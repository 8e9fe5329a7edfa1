"""Modified-Lam cooling: the temperature follows a planned rate of acceptance instead of a planned temperature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, final

from annealing.control.checks import count, share
from annealing.control.protocol import Controller
from annealing.control.values import finite, observed, where


class ModifiedLamState(NamedTuple):
    """What a `ModifiedLam` remembers."""

    rate: float  # the gain: the temperature in units of the plan's
    accepting: float  # the share of proposals that were taken lately
    seen: int  # observations


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class ModifiedLam(Controller[ModifiedLamState]):
    """Raise the temperature when fewer proposals are taken than planned by now, lower it when more are.

    The plan of acceptance falls from 1 to 0.44 over the first 15% of the run, stays there until 65%, and then falls to
    nearly 0, so nobody has to know a good temperature: only how long the run is.

    >>> import annealing as an, numpy as np
    >>> from annealing.beyond import anneal
    >>> hills = lambda x: 0.02 * (x - 60) ** 2 + 3 * np.sin(x / 2)
    >>> nearby = lambda x, rng: x + rng.integers(-6, 7, len(x))
    >>> flat = (0.5 * an.hold()).over(3_000)
    >>> anneal(hills, nearby, np.zeros(4, int), temperature=flat, control=ModifiedLam(updates=3_000)).best_states
    array([60, 60, 60, 60])

    Observe 1 for a proposal that was taken and 0 for one that was not; an array observes several chains at once.

    Arguments:
        updates: The length of the run, in proposals.
        memory: How much of the recent rate of acceptance each observation leaves, between 0 and 1.
        factor: What a single observation multiplies the temperature by, or divides it by; between 0 and 1.

    Raises `ArgumentError` for numbers out of their range, `KindError` for what is no number.

    Source: Lam & Delosme 1988; Swartz 1993; in the form of Boyan 1998 and Cicirello 2007 (arXiv:1709.02877).
    """

    updates: int
    memory: float = 0.998
    factor: float = 0.999

    def __post_init__(self) -> None:
        count(self, "updates", least=1)
        share(self, "memory")
        share(self, "factor")

    def init(self) -> ModifiedLamState:
        """Return the state before the first observation."""
        return ModifiedLamState(1.0, 0.5, 0)

    def step(self, state: ModifiedLamState, observation: Any) -> tuple[ModifiedLamState, float]:
        """Return the state after one observation, and the gain from here on."""
        value = observed(observation)
        value = where(finite(value), where(value > 0, 1.0, 0.0), 0.0)
        accepting = self.memory * state.accepting + (1 - self.memory) * value
        over = accepting > self.planned(state.seen)
        # A gain stays a number whatever comes: neither 0 nor infinity can be multiplied back.
        lower, higher = state.rate * self.factor, state.rate / self.factor
        rate = where(over, where(lower > _LEAST, lower, _LEAST), where(higher < 1 / _LEAST, higher, 1 / _LEAST))
        after = ModifiedLamState(rate, accepting, state.seen + 1)
        return after, rate

    def gain(self, state: ModifiedLamState) -> float:
        """Return the gain that holds in a state."""
        return state.rate

    def reset(self, state: ModifiedLamState) -> ModifiedLamState:
        """Forget how much was accepted and how far the run is, and keep the gain."""
        return self.init()._replace(rate=state.rate)

    def planned(self, seen: Any) -> Any:
        """Return the share of proposals that should be taken after so many of them."""
        u = seen / self.updates
        u = where(u < 1.0, u, 1.0)
        late = where(u > 0.65, u, 0.65)
        settling = 0.44 + 0.56 * 560.0 ** -(u / 0.15)
        freezing = 0.44 * 440.0 ** -((late - 0.65) / 0.35)
        return where(u <= 0.15, settling, where(u <= 0.65, 0.44, freezing))


_LEAST = 1e-150
