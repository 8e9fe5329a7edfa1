"""The rules by which libraries read a rate off a sweep, each under its name, from one and the same recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias, final

import numpy as np

from annealing.core.errors import ArgumentError
from annealing.rangetest import fastai, lightning, smith, torch_lr_finder
from annealing.rangetest.sweep import Sweep, Values

Smoothing: TypeAlias = Literal["ours", "theirs"]
"""What a rule looks at: our smoothed loss, which lags behind nothing, or the loss as its own library smooths it."""


@final
@dataclass(frozen=True)
class Rule:
    """How a library decides: the smoothing that is its own, the updates it looks at, and the place it takes."""

    smoothing: Callable[[Values], Values]
    stop: float  # times the best loss at which its sweep ends
    part: Callable[[int], slice]  # of so many updates
    place: Callable[[Values, Values], int | None]  # of (rates, losses)
    divisor: float = 1.0


RULES = MappingProxyType(
    {
        "valley": Rule(fastai.smoothed, fastai.STOP, fastai.part, fastai.valley),
        "slide": Rule(fastai.smoothed, fastai.STOP, fastai.part, fastai.slide),
        "steep": Rule(fastai.smoothed, fastai.STOP, fastai.part, fastai.steep),
        "minimum": Rule(fastai.smoothed, fastai.STOP, fastai.part, fastai.minimum, divisor=10.0),
        "torch-lr-finder": Rule(torch_lr_finder.smoothed, torch_lr_finder.STOP, torch_lr_finder.part, torch_lr_finder.steepest),
        "lightning": Rule(lightning.smoothed, lightning.STOP, lightning.part, lightning.steepest),
        "smith": Rule(smith.smoothed, smith.STOP, smith.part, smith.upper),
    }
)
"""Every rule by name: fastai's four (minimum is a tenth of where the loss is least), two finders', and Smith's 2015."""


@final
@dataclass(frozen=True)
class Suggestion:
    """What a rule says of a sweep: a rate, or none and why not."""

    rule: str
    rate: float | None
    reason: str = ""


def suggest(sweep: Sweep, rule: str = "valley", *, smoothing: Smoothing = "ours") -> Suggestion:
    """Read a rate off a sweep by a rule that is known by name.

    >>> from annealing.rangetest import Sweep, ramp, suggest
    >>> rates = ramp(1e-5, 10.0, 100).values()
    >>> loss = 1 + 1 / (1 + rates / 1e-3) + np.maximum(rates - 0.3, 0) ** 2
    >>> bool(1e-3 < suggest(Sweep(rates, loss), "minimum").rate < 0.1)
    True

    Arguments: `rule`, one of `RULES`; `smoothing`, "ours" for the loss that lags behind nothing, or "theirs" for the
    numbers the library itself would give. A rule that finds nothing to go by answers with no rate, and says why.
    What these rules are worth is measured in benchmarks/rangetest.py; none is safe on a task it was not made for.

    Raises `ArgumentError` for a rule that is not known.
    """
    if rule not in RULES:
        raise ArgumentError(f"rule={rule!r} is unknown: write one of {', '.join(map(repr, RULES))}.")
    if smoothing not in ("ours", "theirs"):
        raise ArgumentError(f"smoothing={smoothing!r} is unknown: write 'ours' or 'theirs'.")
    made = RULES[rule]
    seen = sweep.until_divergence() if smoothing == "ours" else _stopped(sweep, made)
    losses = seen.smoothed if smoothing == "ours" else made.smoothing(seen.loss)
    part = made.part(len(losses))
    rates, losses = seen.rate[part], losses[part]
    finite = np.isfinite(losses)
    rates, losses = rates[finite], losses[finite]
    if len(losses) < 2:
        return Suggestion(rule, None, f"only {len(losses)} losses are left to look at: sweep over more updates.")
    if smoothing == "ours" and np.ptp(losses) <= 1e-9 * max(1.0, float(np.abs(losses).max())):
        return Suggestion(rule, None, "the loss is the same at every rate: sweep to a higher one.")
    place = made.place(rates, losses)
    if place is None:
        return Suggestion(rule, None, "the loss never falls: sweep from a lower rate, or over more updates.")
    return Suggestion(rule, float(rates[place]) / made.divisor)


def _stopped(sweep: Sweep, rule: Rule) -> Sweep:
    """Cut a sweep where the library would have stopped training."""
    losses = rule.smoothing(sweep.loss)
    best = np.fmin.accumulate(np.where(np.isfinite(losses), losses, np.inf))
    over = ~(losses <= rule.stop * best)
    over[0] = False
    end = int(over.argmax()) + 1 if over.any() else len(losses)
    return Sweep(sweep.rate[:end], sweep.loss[:end]) if end >= 2 else sweep
