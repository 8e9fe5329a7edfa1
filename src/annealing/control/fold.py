"""A run of observations, answered one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from annealing.control.protocol import Transition

State = TypeVar("State")
Answer = TypeVar("Answer")


def fold(
    controller: Transition[State, Answer], observations: Iterable[Any], state: State | None = None
) -> NDArray[np.float64] | NDArray[np.bool_]:
    """Return the answer to each observation: the gain that holds from there on, or whether to stop.

    `observations` are numbers in their order; `state` is where to start from, by default `controller.init()`.

    >>> import annealing as an
    >>> from annealing.control import Plateau
    >>> gains = fold(Plateau(factor=0.5, patience=1), [1.0, 1.0, 0.5])
    >>> gains
    array([1. , 0.5, 0.5])
    >>> an.linear().over(4).values()[1:] * gains
    array([0.75 , 0.25 , 0.125])
    """
    held = controller.init() if state is None else state
    answers: list[Answer] = []
    for observation in observations:
        held, answer = controller.step(held, observation)
        answers.append(answer)
    return np.asarray(answers) if answers else np.zeros(0)
