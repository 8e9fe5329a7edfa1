"""Loss curves and the rate grid of a comparison, as figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from annealing.report.figures import Axis, Line, Lines
from annealing.report.ranges import axis, with_crosses_apart
from annealing.report.words import count, number
from annealing.study.result import Comparison, Row, Run

LEVEL = 0.9
"""Bands and intervals say where the mean over seeds lies, with this probability."""

_TRANSIENT = 0.2  # the first fifth of a run falls so steeply that showing it would hide every difference


def loss_curves(comparison: Comparison) -> Lines:
    """Draw validation loss against updates, the mean over the evaluation seeds with its 90 % band, the arm to use first."""
    drawn = [(row, _loss_line(row, evaluation_runs(comparison, row))) for row in _best_first(comparison)]
    lines = [line for _, line in drawn if line is not None]
    healthy = [line for row, line in drawn if line is not None and row.diverged == 0] or lines
    seeds = count(len(comparison.evaluation_seeds), "evaluation seed")
    losses = axis("validation loss", (value for line in healthy for value in _worth_seeing(line, comparison.updates)))
    return Lines(
        title="Loss curves",
        caption=f"Validation loss, mean over {seeds} with its 90 % band; each schedule at the rate chosen for it on other seeds.",
        x=Axis("updates", 0, comparison.updates),
        y=losses,
        lines=with_crosses_apart(lines, losses),
    )


_TICKS = 7  # as many rates can be named below the axis


def rate_grid(comparison: Comparison) -> Lines | None:
    """Draw the mean final loss on the tuning seeds against the rate; None where there was no choice of rates."""
    lines = [line for row in _best_first(comparison) if (line := _rate_line(comparison, row)) is not None]
    rates = sorted({run.lr for run in comparison.runs if run.role == "tuning" and run.lr > 0})
    if len(rates) < 2 or not lines:
        return None
    chosen = [line.marked[1] for line in lines if line.marked is not None]
    highest = max(chosen, default=math.inf)
    reach = highest + max(3 * float(np.ptp(chosen)), 0.5 * abs(highest)) if len(chosen) > 1 else math.inf
    seen = [y for line in lines for y in line.y]
    losses = axis("final validation loss", [y for y in seen if y <= reach] or seen)
    across = (rates[-1] / rates[0]) ** 0.05
    seeds = count(len(comparison.tuning_seeds), "tuning seed")
    return Lines(
        title="Choice of the rate",
        caption=f"Mean final loss over {seeds}; the ring is the rate chosen, a cross a rate at which a run diverged.",
        x=Axis(
            "learning rate (peak)", rates[0] / across, rates[-1] * across, "log", tuple(rates[:: math.ceil(len(rates) / _TICKS)])
        ),
        y=losses,
        lines=with_crosses_apart(lines, losses),
    )


def evaluation_runs(comparison: Comparison, row: Row) -> list[Run]:
    """Return an arm's evaluation runs, by seed."""
    runs = [run for run in comparison.runs if run.role == "evaluation" and run.arm == row.name]
    return sorted(runs, key=lambda run: run.seed)


def mean_band(samples: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean over the rows of `samples` and half the width of its 90 % interval (zero for one row).

    >>> mean, half = mean_band(np.array([[1.0], [3.0]]))
    >>> mean.tolist(), half.round(3).tolist()
    ([2.0], [6.314])
    """
    rows = len(samples)
    mean = samples.mean(axis=0)
    if rows < 2:
        return mean, np.zeros_like(mean)
    quantile = float(special.stdtrit(rows - 1, (1 + LEVEL) / 2))
    return mean, quantile * samples.std(axis=0, ddof=1) / math.sqrt(rows)


def _best_first(comparison: Comparison) -> list[Row]:
    return sorted(comparison.rows, key=lambda row: (row.name != comparison.best, row.rank))


def _loss_line(row: Row, runs: Sequence[Run]) -> Line | None:
    """The mean over the seeds that stayed finite, or what there was to see before the last one blew up."""
    whole = [run for run in runs if not run.diverged] or list(runs)
    points = min((_finite_points(run) for run in whole), default=0)
    if not points:
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # a run on its way to infinity may overflow a mean
        mean, half = mean_band(np.stack([run.curve.valid_loss[:points] for run in whole]))
    keep = np.isfinite(mean) & np.isfinite(half)
    mean, half, update = mean[keep], half[keep], whole[0].curve.update[:points][keep]
    low, high = (mean - half, mean + half) if len(whole) > 1 else ((), ())
    crosses = tuple(_last_seen(run) for run in runs if run.diverged)
    return Line(row.name, _floats(update), _floats(mean), _floats(low), _floats(high), crosses=crosses)


def _finite_points(run: Run) -> int:
    """How many points of the curve come before the first that is no number."""
    broken = np.flatnonzero(~np.isfinite(run.curve.valid_loss))
    return int(broken[0]) if broken.size else len(run.curve.valid_loss)


def _last_seen(run: Run) -> tuple[float, float]:
    last = max(0, _finite_points(run) - 1)
    return (float(run.curve.update[last]), float(run.curve.valid_loss[last])) if len(run.curve.update) else (0.0, math.inf)


def _worth_seeing(line: Line, updates: int) -> list[float]:
    late = [i for i, x in enumerate(line.x) if x >= _TRANSIENT * updates] or list(range(len(line.x)))
    return [line.y[i] for i in late] + ([line.low[-1], line.high[-1]] if line.low else [])


def _rate_line(comparison: Comparison, row: Row) -> Line | None:
    by_rate: dict[float, list[Run]] = {}
    for run in comparison.runs:
        if run.role == "tuning" and run.arm == row.name and run.lr > 0:
            by_rate.setdefault(run.lr, []).append(run)
    means = {
        lr: math.inf if any(run.diverged for run in runs) else float(np.mean([run.loss for run in runs]))
        for lr, runs in by_rate.items()
    }
    shown = sorted(lr for lr, mean in means.items() if math.isfinite(mean))
    lost = sorted(lr for lr, mean in means.items() if not math.isfinite(mean))
    if not means:
        return None
    marked = (row.lr, means[row.lr]) if row.lr in shown else None
    return Line(
        row.name, tuple(shown), tuple(means[lr] for lr in shown), marked=marked, crosses=tuple((lr, math.inf) for lr in lost)
    )


def _floats(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def at_edge(comparison: Comparison) -> str:
    """Say which arms chose a rate at an end of the grid, so that a wider grid could still help them."""
    names = [f"{row.name} ({number(row.lr)})" for row in comparison.rows if row.edge]
    return f"At an end of the grid, where a wider one could still help: {', '.join(names)}." if names else ""
