"""What a scan of constant rates says, and what a few runs on the true schedule say after it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike

from annealing.core.errors import ArgumentError
from annealing.rangetest.sweep import Values
from annealing.rangetest.valley import middle

Confidence: TypeAlias = Literal["high", "low", "none"]

WITHIN = 0.1
"""Rates whose loss is within this share of the best one make the interval of an answer."""
PER_DECADE = 4
"""How close the rates of a scan lie, and those of the whole runs after it."""
_PLATEAU = 0.1  # of the first loss: a scan that gains less than this has not left the plateau
_BLUR = 1 / 8  # decades: how far the cliff on the right is felt on its left


@final
@dataclass(frozen=True, eq=False)
class Scan:
    """Constant rates, rising, and the validation loss that each reached from the same start on the same batches.

    `first` is the validation loss before training. A loss may be NaN or infinite: that rate diverged.
    """

    rate: Values
    loss: Values
    first: float

    def __init__(self, rate: ArrayLike, loss: ArrayLike, first: float) -> None:
        rates, losses = np.array(rate, dtype=float), np.array(loss, dtype=float)
        if rates.ndim != 1 or rates.shape != losses.shape or len(rates) < 3 or not (np.diff(rates) > 0).all() or rates[0] <= 0:
            raise ArgumentError(f"a scan has one loss for each of three rising rates or more, not {rates.tolist()}.")
        object.__setattr__(self, "rate", rates)
        object.__setattr__(self, "loss", np.where(np.isfinite(losses), losses, np.inf))
        object.__setattr__(self, "first", float(first))

    @property
    def blurred(self) -> Values:
        """The loss, each mixed with its neighbours', so that a rate beside the cliff pays for it.

        To the left of the best rate the loss is flat, and 1.5 to 3 times above it is the cliff: the rate that happens to be the
        last before it wins a short scan, and loses a long run. What is worse than no training counts as no training.
        """
        worst = self.first if math.isfinite(self.first) else float(np.max(self.loss[np.isfinite(self.loss)], initial=0.0))
        loss = np.minimum(self.loss, worst)
        if (loss > 0).all():
            loss = np.log(loss)
        apart = np.subtract.outer(np.log10(self.rate), np.log10(self.rate))
        weight = np.exp(-0.5 * (apart / _BLUR) ** 2)
        return weight @ loss / weight.sum(1)

    @property
    def best(self) -> int:
        """The place of the rate to look around: the first of those whose blurred loss is least; the lowest where none learned."""
        return int(np.argmin(self.blurred)) if self.learned else 0

    @property
    def learned(self) -> bool:
        """Whether any rate lowered the loss."""
        return bool((self.loss < self.first).any())

    @property
    def edge_of_divergence(self) -> float | None:
        """The lowest rate above the best one at which the loss ends above where it began, or None where the scan has none."""
        over = np.flatnonzero(~(self.loss[self.best :] <= self.first))
        return float(self.rate[self.best + int(over[0])]) if len(over) else None

    @property
    def doubt(self) -> str:
        """Why this scan is a poor guide, or nothing where it is a good one."""
        if not self.learned:
            return "no rate of the scan lowered the loss"
        if self.loss.min() > self.first - _PLATEAU * abs(self.first):
            return "still on the plateau"
        if self.best in (0, len(self.rate) - 1):
            return "best at the edge of the grid"
        return ""


@final
@dataclass(frozen=True)
class Answer:
    """The rate to use, how far it may be changed at a cost of 10 %, where training falls apart, and how sure that is.

    `rate` is None where there is no answer, and `reason` says why; where confidence is low, `reason` says what is doubtful.
    """

    rate: float | None
    interval: tuple[float, float] | None
    edge_of_divergence: float | None
    confidence: Confidence
    reason: str

    def __str__(self) -> str:
        if self.rate is None or self.interval is None:
            return f"no answer: {self.reason}"
        low, high = self.interval
        sure = "" if self.confidence == "high" else f"; low confidence: {self.reason}"
        return f"{self.rate:.2g} ({low:.2g} to {high:.2g} within {WITHIN:.0%}){sure}"


def around(center: float, steps: int = 2, per_decade: int = PER_DECADE) -> tuple[float, ...]:
    """Return the rates to confirm around one: `steps` to either side, `per_decade` of them to a decade.

    >>> [round(rate, 4) for rate in around(0.1)]
    [0.0316, 0.0562, 0.1, 0.1778, 0.3162]
    """
    return tuple(center * 10 ** (step / per_decade) for step in range(-steps, steps + 1))


def decide(scan: Scan, rates: ArrayLike, losses: ArrayLike) -> Answer:
    """Decide from a scan, and from the final validation losses of a few rates on the true schedule and horizon.

    >>> scan = Scan([1e-3, 1e-2, 1e-1, 1.0], [1.9, 1.5, 1.2, math.inf], first=2.3)
    >>> decide(scan, around(0.1), [0.50, 0.42, 0.40, 0.43, 0.60])
    Answer(rate=0.088..., interval=(0.0486..., 0.183...), edge_of_divergence=1.0, confidence='high', reason='')

    Arguments: `rates`, rising, and the loss of each, which may be NaN or infinite. The rate of the answer is the middle of
    the valley (see `annealing.rangetest.valley`), and lies between them. The ends of the interval lie where the loss, drawn
    straight between neighbours over log rate, is 10 % above the best; at an end of the rates they are that end.

    Raises `ArgumentError` for rates and losses that do not belong together.
    """
    confirmed, loss = np.array(rates, dtype=float), np.array(losses, dtype=float)
    if confirmed.shape != loss.shape or confirmed.ndim != 1 or not len(confirmed) or not (np.diff(confirmed) > 0).all():
        raise ArgumentError(f"one loss for each of some rising rates is needed, not {loss.tolist()} for {confirmed.tolist()}.")
    loss = np.where(np.isfinite(loss), loss, np.inf)
    edge = scan.edge_of_divergence
    if not np.isfinite(loss).any():
        return Answer(None, None, edge, "none", "every rate diverged: scan lower ones")
    best = int(np.argmin(loss))
    if not loss[best] < scan.first:
        return Answer(None, None, edge, "none", "no rate ends below the loss it began with: train longer, or scan other rates")
    doubts = [scan.doubt] if scan.doubt else []
    if len(loss) > 1 and best in (0, len(loss) - 1) and "best at the edge of the grid" not in doubts:
        doubts.append("best at the edge of the grid")
    low, high = within(confirmed, loss)
    rate = middle(confirmed, loss, scan.first)
    low, high = min(low, rate), max(high, rate)  # one loss draws the interval, all of them the middle
    return Answer(rate, (low, high), edge, "low" if doubts else "high", "; ".join(doubts))


def within(rates: Values, losses: Values) -> tuple[float, float]:
    """Return the ends of the interval around the best of some rising rates in which the loss is within 10 % of it.

    The loss is drawn straight between neighbours over log rate; beside a rate that diverged, nothing is promised.

    >>> within(np.array([0.1, 1.0, 10.0]), np.array([1.0, 1.0, np.inf]))
    (0.1, 1.0)
    """
    loss, places = np.where(np.isfinite(losses), losses, np.inf), np.log(rates)
    best = int(np.argmin(loss))
    limit = loss[best] + WITHIN * abs(loss[best])

    def end(step: int) -> float:
        here = best
        while 0 <= here + step < len(loss):
            if loss[here + step] > limit:
                rise = loss[here + step] - loss[here]
                share = (limit - loss[here]) / rise if math.isfinite(rise) else 0.0
                return float(np.exp(places[here] + share * (places[here + step] - places[here])))
            here += step
        return float(rates[here])

    return end(-1), end(1)
