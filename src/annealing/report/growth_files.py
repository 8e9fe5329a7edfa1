"""The files of a comparison of growing batches: one page, one picture, every number and every curve."""

from __future__ import annotations

import csv
import io
import json
from itertools import accumulate
from pathlib import Path
from typing import Any

from annealing.report import charts
from annealing.report.files import COLUMNS, interrupts_held, write_files
from annealing.report.frame import draw, made_with, render
from annealing.report.growth import against_samples, against_updates, shares, table
from annealing.report.growth_png import conditions, growth_summary
from annealing.report.palette import pens
from annealing.study.growth_result import GrowthComparison


def write_growth(comparison: GrowthComparison, folder: Path, *, command: str = "") -> tuple[Path, ...]:
    """Write report.html, summary.png, result.json and curves.csv into `folder`, each complete or not at all.

    Raises `ArgumentError` when the folder cannot be written to.
    """
    with interrupts_held():
        contents = {
            "report.html": growth_page(comparison, command=command).encode(),
            "summary.png": growth_summary(comparison),
            "result.json": (growth_json(comparison) + "\n").encode(),
            "curves.csv": _curves(comparison).encode(),
        }
        return write_files(folder, contents)


def growth_json(comparison: GrowthComparison) -> str:
    """Return result.json: strict JSON, in which what is no number is null."""
    return json.dumps(comparison.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)


def growth_page(comparison: GrowthComparison, *, command: str = "") -> str:
    """Return report.html, which asks the network for nothing."""
    drawn_with = pens((row.name for row in comparison.rows), "growth")
    figures = against_samples(comparison), against_updates(comparison), shares(comparison)
    models: list[Any] = [charts.lines(data, drawn_with) for data in figures[:2]]
    drawn, scripts = draw(figures, [*models, charts.dots(figures[2], drawn_with)])
    interrupted = "This comparison was interrupted: only the seeds that every arm was trained on are counted."
    return render(
        "growth.html",
        title=f"{comparison.task}: growing the batch instead of decaying the rate",
        facts=conditions(comparison),
        verdict=comparison.verdict,
        notes=[interrupted] if comparison.interrupted else [],
        loss=drawn[:2],
        distance=drawn[2],
        scripts=scripts,
        table=table(comparison),
        colours={name: pen.colour for name, pen in drawn_with.items()},
        use=_use(comparison),
        command=command or f"anneal compare {comparison.task} --grow-batch",
        repeat=f"Seeds: {', '.join(map(str, comparison.seeds))}. {made_with()}",
    )


def _use(comparison: GrowthComparison) -> str:
    return (
        "import annealing as an\nfrom annealing.batch import trade\n\n"
        f"run = an.Horizon.of({comparison.epoch}, epochs={comparison.epochs}, batch_size={comparison.batch})\n"
        f"decay = {comparison.lr!r} * an.parse({comparison.schedule!r})\n"
        f"pair = trade(decay, batch={comparison.batch}, max_batch={comparison.epoch}).over(run)"
    )


def _curves(comparison: GrowthComparison) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow((*COLUMNS, "samples"))
    seen = {name: list(accumulate(sizes)) for name, sizes in comparison.sizes.items()}
    for run in comparison.runs:
        curve = run.curve
        for update, train, valid, rate in zip(
            curve.update.tolist(), curve.train_loss.tolist(), curve.valid_loss.tolist(), curve.rate.tolist(), strict=True
        ):
            rows.writerow((run.arm, repr(run.lr), run.seed, run.role, update, train, valid, rate, seen[run.arm][update - 1]))
    return text.getvalue()
