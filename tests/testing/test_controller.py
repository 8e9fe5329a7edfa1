"""check_controller: all of ours pass, and each way of being no controller is caught with a sentence of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest

from annealing.control import Controller, EarlyStop, Plateau, dialects
from annealing.core.errors import KindError
from annealing.testing import ConformanceError, check_controller
from tests.conftest import require
from tests.control.controllers import SAMPLES

DIALECTS = [
    dialects.torch.ReduceLROnPlateau(0.1, patience=1, cooldown=1),
    dialects.keras.ReduceLROnPlateau(patience=2, cooldown=2, min_delta=0.25, lr=0.1),
    dialects.transformers.GreedyLR(0.1, patience=1, reset_start=2, min_lr=0.05, smooth=True, window_size=5),
    dialects.paddle.ReduceOnPlateau(0.1, patience=1, cooldown=1),
]


@pytest.mark.parametrize("controller", [*SAMPLES, *DIALECTS], ids=str)
def test_our_controllers_pass(controller: Any) -> None:
    assert len(check_controller(controller)) == (7 if isinstance(controller, EarlyStop) else 9)


def test_they_pass_inside_a_scan() -> None:
    require("jax")

    assert check_controller(Plateau(factor=0.5, patience=2), scan=True)[-1] == "inside lax.scan it decides as in a loop"


class HalvingState(NamedTuple):
    gain: float
    best: float


def seen(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating)):
        raise KindError(f"{value!r} is no number.")
    return float(value)


@dataclass(frozen=True, repr=False)
class Halving(Controller[HalvingState]):
    """A third party's controller: halve whenever the metric is no better. Every one below lacks one safeguard."""

    factor: float = 0.5

    def init(self) -> HalvingState:
        return HalvingState(1.0, math.inf)

    def step(self, state: HalvingState, observation: Any) -> tuple[HalvingState, float]:
        value = seen(observation)
        better = value < state.best
        gain = state.gain if better else max(state.gain * self.factor, 1e-3)
        after = HalvingState(gain, value if better and math.isfinite(value) else state.best)
        return after, self.gain(after)

    def gain(self, state: HalvingState) -> float:
        return state.gain

    def reset(self, state: HalvingState) -> HalvingState:
        return self.init()._replace(gain=state.gain)


def test_one_of_a_third_party_passes() -> None:
    assert len(check_controller(Halving())) == 8


class ByIdentity(Halving):
    __eq__ = object.__eq__
    __hash__ = object.__hash__


@dataclass(frozen=True, repr=False)
class Counts(Halving):
    calls: list[int] = field(default_factory=list, compare=False)

    def step(self, state, observation):
        self.calls.append(1)
        return super().step(state._replace(gain=state.gain / len(self.calls)), observation)


class MutableState(list):
    pass


@dataclass(frozen=True, repr=False)
class ChangesState(Halving):
    def init(self):
        return MutableState([1.0, math.inf])

    def gain(self, state):
        return state[0]

    def step(self, state, observation):
        state[0] = state[0] * 0.5
        return state, state[0]


class Grows(Halving):
    def step(self, state, observation):
        after, gain = super().step(state, observation)
        return after._replace(best=None if after.best == 2.5 else after.best), gain


class StartsLow(Halving):
    def init(self):
        return HalvingState(0.5, math.inf)


class NanGain(Halving):
    def step(self, state, observation):
        after = state._replace(gain=state.gain * seen(observation) / 4)
        return after, after.gain


class OtherAnswer(Halving):
    def step(self, state, observation):
        after, gain = super().step(state, observation)
        return after, gain * 0.5


class ForgetsOnDisk(Halving):
    """It keeps what it needs outside of its state."""

    def step(self, state, observation):
        return super().step(state._replace(best=str(state.best) if state.best == 2.5 else state.best), observation)


class ResetsGain(Halving):
    def reset(self, state):
        return self.init()


class Remembers(Halving):
    def reset(self, state):
        return state


class TakesAnything(Halving):
    def step(self, state, observation):
        return super().step(state, float(observation) if isinstance(observation, (str, bool)) else observation or 0.0)


class PythonOnly(Halving):
    def step(self, state, observation):
        if isinstance(observation, np.float32):
            return state, self.gain(state)
        return super().step(state, observation)


BROKEN = [
    (ByIdentity, "its options are a value: equal, hashable, copied and pickled as they are: a copy of it differs"),
    (Counts, "a step changes nothing, and answers the same to the same: observation"),
    (ChangesState, "a step changes nothing, and answers the same to the same: observation 0 (4) changes the state it was given"),
    (Grows, "its state has another shape"),
    (StartsLow, "before the first observation the gain is 1: it is 0.5"),
    (NanGain, "finite and not negative: observation 9 (nan) gives a gain of nan"),
    (OtherAnswer, "is the gain of its state"),
    (ForgetsOnDisk, "breaks the law that"),
    (ResetsGain, "a reset forgets what was observed and keeps what was decided: after 4 observations a reset changes the gain"),
    (Remembers, "a reset still remembers some"),
    (TakesAnything, "what is no number is refused: None is taken for an observation"),
    (PythonOnly, "every kind of number is the number that it is: numbers of float32 are answered otherwise"),
]


@pytest.mark.parametrize(("kind", "sentence"), BROKEN, ids=[kind.__name__ for kind, _ in BROKEN])
def test_a_controller_that_breaks_one_law_is_caught_by_that_law(kind: type[Any], sentence: str) -> None:
    with pytest.raises(ConformanceError) as caught:
        check_controller(kind())

    assert sentence in str(caught.value)


class Branches(Halving):
    """It lets an array through that it cannot look into."""

    def step(self, state, observation):
        return (state, state.gain) if hasattr(observation, "aval") else super().step(state, observation)


def test_python_branches_on_an_observation_are_caught_in_a_scan() -> None:
    require("jax")

    check_controller(Halving())
    with pytest.raises(ConformanceError, match=r"inside lax\.scan it decides as in a loop"):
        check_controller(Branches(), scan=True)


def test_what_is_no_controller_is_refused() -> None:
    with pytest.raises(TypeError, match="is no controller"):
        check_controller(3)
