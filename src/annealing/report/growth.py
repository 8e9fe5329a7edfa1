"""A comparison of growing batches as figures: loss against samples and against updates, shares of the gap, the table."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from annealing.report.curves import mean_band
from annealing.report.figures import Axis, Dot, Dots, Line, Lines, Table
from annealing.report.ranges import axis
from annealing.report.words import around, count, number
from annealing.study.growth_result import MARGIN, GrowthComparison, GrowthRow
from annealing.study.result import Run

_EARLY = 0.1  # of a run falls so steeply that showing it would hide every difference


def against_samples(comparison: GrowthComparison) -> Lines:
    """Draw validation loss against samples seen: the arms that stand in for the decay lie on its curve."""
    lines = _lines(comparison, by_samples=True)
    return Lines(
        title="Against samples",
        caption=f"Validation loss, mean over {count(len(comparison.seeds), 'seed')} with its 90 % band.",
        x=Axis("samples seen", 0, comparison.samples),
        y=_losses(lines, comparison.samples),
        lines=lines,
    )


def against_updates(comparison: GrowthComparison) -> Lines:
    """Draw the same losses against updates: a batch that grows gets there in fewer."""
    lines, most = _lines(comparison, by_samples=False), max(row.updates for row in comparison.rows)
    return Lines(
        title="Against updates",
        caption="The same losses; every arm has seen the same samples at its end.",
        x=Axis("updates", 0, most),
        y=against_samples(comparison).y,
        lines=lines,
    )


def shares(comparison: GrowthComparison) -> Dots:
    """Show how far from the decay each arm ends, as a share of what the decay gains over the constant rate."""
    dots = tuple(_dot(comparison, row) for row in comparison.rows if row.name not in ("constant", "decay"))
    seen = [value for dot in dots for value in (*(dot.interval or ()), *dot.singles)]
    return Dots(
        title="Distance from the decay",
        caption=f"Final loss minus the decay's on the same seed, in % of what the decay gains over the constant rate, with 90 % "
        f"intervals. The same: the interval lies within ±{MARGIN:.0%}.",
        x=axis("% of the gain (worse to the right)", [-100 * MARGIN, 100 * MARGIN, *seen]),
        dots=dots,
        reference=0.0,
    )


def table(comparison: GrowthComparison) -> Table:
    """Write one line per arm: where it ended, how far from the decay in % of the gain, and how far their training curves are."""
    return Table(
        columns=("arm", "batch", "updates", "final loss", "% of the gain", "curves", "verdict"),
        rows=tuple(
            (
                row.name,
                "–".join(map(str, dict.fromkeys(row.batches))),
                f"{row.updates:,}".replace(",", " "),
                around(row.mean, row.interval),
                _percent(row),
                "–" if row.name == "decay" else number(row.apart, 2),
                _verdict(row, len(comparison.seeds)),
            )
            for row in comparison.rows
        ),
    )


def _verdict(row: GrowthRow, seeds: int) -> str:
    if row.verdict == "diverged":
        return f"diverged on {row.diverged} of {count(seeds, 'seed')}"
    return "no decay at all" if row.verdict == "baseline" else row.verdict


def _percent(row: GrowthRow) -> str:
    if row.name == "constant" or row.share is None:
        return "–"
    around_it = None if row.share_interval is None else (100 * row.share_interval[0], 100 * row.share_interval[1])
    return around(100 * row.share, around_it, signed=True)


def _dot(comparison: GrowthComparison, row: GrowthRow) -> Dot:
    decayed = {run.seed: run.loss for run in comparison.runs if run.arm == "decay"}
    gap = comparison.gap
    if row.share is None or gap is None:
        return Dot(row.name, None, None, (), _verdict(row, len(comparison.seeds)))
    runs = [run for run in comparison.runs if run.arm == row.name and run.seed in decayed]
    singles = [100 * (run.loss - decayed[run.seed]) / gap for run in runs]
    interval = None if row.share_interval is None else (100 * row.share_interval[0], 100 * row.share_interval[1])
    return Dot(row.name, 100 * row.share, interval, tuple(x for x in singles if math.isfinite(x)), row.verdict)


def _lines(comparison: GrowthComparison, *, by_samples: bool) -> tuple[Line, ...]:
    found: list[Line] = []
    for row in comparison.rows:
        runs = [run for run in comparison.runs if run.arm == row.name and not run.diverged]
        if runs:
            seen = np.cumsum(comparison.sizes[row.name])
            found.append(_line(row.name, runs, seen if by_samples else None))
    return tuple(sorted(found, key=lambda line: line.name != "growth"))  # the first is the one to look at


def _line(name: str, runs: list[Run], seen: np.ndarray | None) -> Line:
    update = runs[0].curve.update
    mean, half = mean_band(np.stack([run.curve.valid_loss for run in runs]))
    x = update if seen is None else seen[update - 1]
    line = Line(name, tuple(x.astype(float).tolist()), tuple(mean.tolist()))
    return line if len(runs) < 2 else replace(line, low=tuple((mean - half).tolist()), high=tuple((mean + half).tolist()))


def _losses(lines: tuple[Line, ...], samples: int) -> Axis:
    return axis("validation loss", (y for line in lines for x, y in zip(line.x, line.y, strict=True) if x > _EARLY * samples))
