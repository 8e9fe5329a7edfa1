"""The outcome of a comparison: final losses, paired differences and the ranked table, as figures."""

from __future__ import annotations

import math

from annealing.report.arms import rate
from annealing.report.curves import evaluation_runs
from annealing.report.figures import Dot, Dots, Table
from annealing.report.ranges import axis
from annealing.report.words import around, count, number
from annealing.study.result import Comparison, Row

_SHORT = 24


def final_losses(comparison: Comparison) -> Dots:
    """Show each arm's final validation loss: the mean with its 90 % interval, and every seed behind it."""
    dots = tuple(_loss_dot(comparison, row) for row in comparison.rows)
    seeds = count(len(comparison.evaluation_seeds), "evaluation seed")
    return Dots(
        title="Final validation loss",
        caption=f"Mean over {seeds} with its 90 % interval; small dots are single seeds.",
        x=axis("final validation loss", _extent(dots)),
        dots=dots,
        reference=next((row.mean for row in comparison.rows if row.name == comparison.reference), None),
    )


def differences(comparison: Comparison) -> Dots:
    """Show each arm's paired difference to the reference arm, the numbers that the verdict rests on."""
    dots = tuple(_difference_dot(row) for row in comparison.rows)
    return Dots(
        title=f"Difference to {reference_name(comparison)}",
        caption="Final loss minus the reference arm's on the same seed, with intervals adjusted for the number of arms (Holm). "
        "Right of zero is worse.",
        x=axis(f"final loss minus that of {reference_name(comparison)}", [0.0, *_extent(dots)]),
        dots=dots,
        reference=0.0,
    )


def table(comparison: Comparison) -> Table:
    """Write the ranked table: best first, one line per arm."""
    metrics = sorted({name for row in comparison.rows for name in row.metrics})
    return Table(
        columns=("", "schedule", "rate", "final loss", f"against {reference_name(comparison)}", "verdict", *metrics),
        rows=tuple(
            (
                str(row.rank),
                row.name,
                rate(comparison, row),
                around(row.mean, row.interval),
                around(row.difference, row.difference_interval, signed=True),
                "reference" if row.verdict == "reference" else verdict(row),
                *(number(row.metrics.get(name), fixed=True) for name in metrics),
            )
            for row in comparison.rows
        ),
    )


def reference_name(comparison: Comparison) -> str:
    """Call the reference arm by its name, where that is short enough for a heading."""
    return comparison.reference if len(comparison.reference) <= _SHORT else "the reference"


def verdict(row: Row) -> str:
    """Say in words what became of an arm.

    >>> from annealing.study.result import Row
    >>> verdict(Row("cosine", "cosine()", 3.0, None, None, None, None, 8, 2, 3, "diverged", {}, True))
    'diverged on 2 of 8 seeds'
    """
    if row.diverged:
        return f"diverged on {row.diverged} of {count(row.seeds, 'seed')}"
    return {"reference": "best on the tuning seeds"}.get(row.verdict, row.verdict)


def _loss_dot(comparison: Comparison, row: Row) -> Dot:
    singles = tuple(run.loss for run in evaluation_runs(comparison, row) if not run.diverged and math.isfinite(run.loss))
    note = verdict(row) if row.diverged or row.mean is None else around(row.mean, row.interval)
    return Dot(row.name, row.mean, row.interval, singles, note)


def _difference_dot(row: Row) -> Dot:
    if row.difference is None:
        return Dot(row.name, 0.0 if row.verdict == "reference" else None, None, (), verdict(row))
    return Dot(
        row.name, row.difference, row.difference_interval, (), around(row.difference, row.difference_interval, signed=True)
    )


def _extent(dots: tuple[Dot, ...]) -> list[float]:
    means = [dot.value for dot in dots if dot.value is not None]
    return means + [edge for dot in dots for edge in (*(dot.interval or ()), *dot.singles)]
