"""What a range test says about an optimizer's rate, as a study keeps it, and how that narrows the space."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from annealing.rangetest.decide import Scan, within
from annealing.study.result import Curve
from annealing.study.space import Choice, Space, default_space
from annealing.study.space.dimension import conditions
from annealing.study.stored import Ended, StoredRun

BELOW, ABOVE = 8.0, 4.0
"""How far around the interval of the scan's good rates a study looks: a constant rate is best several times lower after a
whole run than after a short one, and warm-up and decay bear several times more; beyond the interval lies the edge."""

_SCAN, _WHOLE = "scan ", "whole "


@final
@dataclass(frozen=True)
class Range:
    """A range test of one optimizer (None: the task's own): the rate, the interval within 10 %, and the edge of divergence.

    `rate` is None where the test gave no answer; `cost` is in whole runs. `scan` holds pairs of (rate, loss), and so does `whole`
    in studies from when a test went on to whole runs.
    """

    optimizer: str | None
    rate: float | None
    interval: tuple[float, float] | None
    edge: float | None
    cost: float
    scan: tuple[tuple[float, float], ...]
    whole: tuple[tuple[float, float], ...]

    @property
    def looked_at(self) -> tuple[float, float] | None:
        """The rates worth looking at, from which to which."""
        if self.interval is None:
            return None
        high = self.interval[1] * ABOVE
        return self.interval[0] / BELOW, high if self.edge is None else max(min(high, self.edge), self.interval[1])

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON holds them."""
        pairs = {name: [[rate, _plain(loss)] for rate, loss in getattr(self, name)] for name in ("scan", "whole")}
        return {"optimizer": self.optimizer, "rate": self.rate, "interval": self.interval, "edge_of_divergence": self.edge,
                "looked_at": self.looked_at, "cost": self.cost, **pairs}  # fmt: skip


def ended_of_scan(scan: Scan, cost: float, seconds: float) -> Ended:
    """Return a range test as what a store keeps of a run: its numbers are metrics.

    Short constant rates say where good ones lie, and no more. What whole runs come to, the search finds out anyway.
    """
    rate, loss = float(scan.rate[scan.best]), float(np.min(scan.loss))
    metrics = {"cost": cost}
    if scan.learned:
        low, high = within(scan.rate, scan.loss)
        metrics |= {"rate": rate, "low": min(low, rate), "high": max(high, rate)}
    if scan.edge_of_divergence is not None:
        metrics["edge"] = scan.edge_of_divergence
    metrics |= {f"{_SCAN}{rate!r}": loss for rate, loss in zip(scan.rate.tolist(), scan.loss.tolist(), strict=True)}
    nothing = np.zeros(0)
    curve = Curve(nothing.astype(np.int64), nothing, nothing, nothing)
    return Ended(curve, loss, metrics, diverged=not math.isfinite(loss), seconds=seconds)


def range_of(run: StoredRun) -> Range:
    """Read a range test back from a store."""
    numbers, optimizer = run.metrics, run.candidate["values"].get("optimizer")
    return Range(
        optimizer,
        numbers.get("rate"),
        (numbers["low"], numbers["high"]) if "low" in numbers else None,
        numbers.get("edge"),
        numbers.get("cost", 0.0),
        _pairs(run, _SCAN),
        _pairs(run, _WHOLE),
    )


def to_test(space: Space, own: str | None) -> tuple[str | None, ...]:
    """Return the optimizers to test the rate of: those of the space, or the task's own, where the space looks for a rate.

    >>> from annealing.study.space import Log
    >>> to_test(Space({"optimizer": Choice(["sgd", "adamw"]), "lr": Log(1e-4, 1)}), "sgd")
    ('sgd', 'adamw')
    """
    ranged = [conditions(one) for one in space["lr"] if not isinstance(one, Choice)] if "lr" in space else []
    if "optimizer" not in space:
        return (own,) if ranged else ()
    return tuple(name for name in _optimizers(space) if any(name in only.get("optimizer", (name,)) for only in ranged))


def narrowed(space: Space, ranges: tuple[Range, ...]) -> Space:
    """Return the space with each optimizer's rates narrowed to those worth looking at; one without an answer stays as it is.

    The rates that somebody wrote are bounds, which a test may narrow and never widen; those of the default space are a guess.
    """
    if not ranges:
        return space
    several = "optimizer" in space and len(_optimizers(space)) > 1
    guessed = "optimizer" in space and space["lr"] == default_space(_optimizers(space))["lr"]
    for found in ranges:
        around = found.looked_at
        if around is not None:
            where = {"optimizer": found.optimizer} if several and found.optimizer is not None else {}
            space = space.narrowed("lr", *around, beyond=guessed, **where)
    return space


def _optimizers(space: Space) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(value) for one in space["optimizer"] for value in one.grid(1)))


def _pairs(run: StoredRun, prefix: str) -> tuple[tuple[float, float], ...]:
    return tuple(
        sorted((float(name.removeprefix(prefix)), loss) for name, loss in run.metrics.items() if name.startswith(prefix))
    )


def _plain(loss: float) -> float | None:
    return loss if math.isfinite(loss) else None
