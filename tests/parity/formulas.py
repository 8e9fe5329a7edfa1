"""Paddle's examples by the formulas that its documentation states: its wheel is too large to be installed here (unverified)."""

from __future__ import annotations

import math
from collections.abc import Callable


def _cosine(done: float) -> float:
    return (1 + math.cos(math.pi * done)) / 2


def _restarted(t: int) -> float:
    begin, length = 0, 10
    while t >= begin + length:
        begin, length = begin + length, 2 * length
    return 0.1 * _cosine((t - begin) / length)


def _cyclic(t: int) -> float:
    place = t % 40
    return 0.01 + 0.09 * (place / 20 if place <= 20 else (40 - place) / 20)


def _one_cycle(t: int) -> float:
    up, down = 0.3 * 1000 - 1, 0.7 * 1000
    if t <= up:
        return 0.1 + (0.1 / 25 - 0.1) * _cosine(t / up)
    return 1e-4 + (0.1 - 1e-4) * _cosine((t - up) / down)


PADDLE: dict[str, Callable[[int], float]] = {
    "CosineAnnealingDecay": lambda t: 0.1 * _cosine(t / 100),
    "CosineAnnealingWarmRestarts": _restarted,
    "CyclicLR": _cyclic,
    "ExponentialDecay": lambda t: 0.1 * 0.95**t,
    "InverseTimeDecay": lambda t: 0.1 / (1 + 0.1 * t),
    "LambdaDecay": lambda t: 0.1 * 0.95**t,
    "LinearLR": lambda t: 0.1 * (1 / 3 + (1 - 1 / 3) * min(t, 10) / 10),
    "LinearWarmup": lambda t: 0.1 * min(t, 10) / 10,
    "MultiStepDecay": lambda t: 0.1 * 0.1 ** ((t >= 30) + (t >= 80)),
    "MultiplicativeDecay": lambda t: 0.1 * 0.95**t,
    "NaturalExpDecay": lambda t: 0.1 * math.exp(-0.01 * t),
    "NoamDecay": lambda t: 512**-0.5 * min(t**-0.5 if t else 1.0, t * 4000**-1.5),
    "OneCycleLR": _one_cycle,
    "PiecewiseDecay": lambda t: 0.1 if t < 30 else 0.01 if t < 80 else 0.001,
    "PolynomialDecay": lambda t: (0.1 - 1e-4) * (1 - min(t, 100) / 100) ** 2 + 1e-4,
    "StepDecay": lambda t: 0.1 * 0.1 ** (t // 30),
}
"""What each example gives to update t."""
