"""`anneal forecast`: the loss under a schedule that nobody has run, from the logs of a few pilots."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.table import Table

from annealing.cli.pictures import picture_file
from annealing.cli.pilots import Before, Level, Loss, Pilots, Rate, facts_of, pilots_of, told
from annealing.cli.read import plan_of
from annealing.cli.say import json_of, knows_unicode, notes, plain, results
from annealing.core.errors import ArgumentError, LengthError
from annealing.core.length import compact
from annealing.core.recipe import RecipePlan
from annealing.report.forecasts import Expected, loss_figure, said
from annealing.report.terminal import curve
from annealing.report.words import count, number

if TYPE_CHECKING:
    from annealing.forecast import Fit, Forecast


def forecast(
    pilots: Pilots,
    schedule: Annotated[str, typer.Option(metavar="EXPR", help="The schedule to forecast, with its peak: '3e-4 * wsd'.")],
    over: Annotated[str | None, typer.Option(metavar="N", help="Updates of the run to forecast.")] = None,
    rate: Rate = None,
    before: Before = None,
    loss: Loss = "loss",
    level: Level = 0.9,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw it into FILE.png.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON, and nothing else.")] = False,
) -> None:
    """Forecast the loss under a schedule that nobody has run, with its interval, from the logs of two or three pilots.

    Pilots have one peak rate; one of them should stay there, another decay. For example:

    - `anneal forecast stable.csv decayed.csv --schedule '3e-4 * wsd' --over 40000`

    - `anneal forecast a.jsonl b.jsonl --rate '3e-4 * wsd' --rate '3e-4 * cosine' --schedule '3e-4 * wsd' --over 1e5 --png f.png`
    """
    from annealing.forecast import fit
    from annealing.forecast import forecast as forecast_of

    curves = pilots_of(pilots, rate, before, loss)
    plan, seen = plan_of(schedule, over)
    if isinstance(plan, RecipePlan):
        raise ArgumentError("a recipe has several hyper-parameters: give the schedule of the learning rate alone.")
    if seen is None and math.isinf(plan.total):
        raise LengthError(f"{schedule} has no end: write --over 1000, or your number of updates.")
    run = plan if seen is None else plan.values(int(seen))
    fitted = fit(curves)
    _at_their_peak(schedule, float(np.max(plan.values(None if seen is None else int(seen)))), fitted.scale.rate)
    found = forecast_of(fitted, run, level=level)
    expected = Expected(str(plan), run, found.total, found.update, found.loss, found.low, found.high, level)
    if png is not None:
        with picture_file(png) as save:
            from annealing.report.forecasts_png import picture

            save(picture(curves, expected, found.doubts))
    if as_json:
        plain(json_of(to_dict(str(plan), found, fitted)))
        return
    console = results()
    console.print(str(plan), style="bold", soft_wrap=True)
    console.print()
    drawn = loss_figure((), expected)
    line = drawn.lines[0]
    unicode = knows_unicode(sys.stdout)
    console.print(curve(line, drawn.x, drawn.y, width=min(console.width, 100), braille=unicode), soft_wrap=True)
    console.print()
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_row("final loss", f"{said(expected)}, after {count(found.total, 'update')}", style="bold")
    told(table, fitted.pilots, found.doubts)
    console.print(table)
    if png is not None:
        notes().print(f"The picture is in {png}.")


def to_dict(text: str, found: Forecast, fitted: Fit) -> dict[str, Any]:
    """Return what `--json` prints: the last loss with its interval, the curve with its band, doubts, pilots and laws."""
    low, high = found.interval or (None, None)
    bands = zip(found.low.tolist(), found.high.tolist(), strict=True) if found.low.size else [(None, None)] * found.update.size
    rows = zip(found.update.tolist(), found.loss.tolist(), bands, strict=True)
    return {
        "schedule": text,
        "total": found.total,
        "final": {"loss": found.final, "low": low, "high": high, "level": found.level},
        "doubts": list(found.doubts),
        "pilots": facts_of(fitted.pilots),
        "laws": {law.name: {"levels": law.level, "ranking": law.ranking, **law.parameters()} for law in fitted.laws},
        "curve": [[update, loss, *band] for update, loss, band in rows],
    }


def _at_their_peak(schedule: str, peak: float, pilots: float) -> None:
    """Refuse a schedule that was written without units: its peak is 1, and the pilots' is not."""
    if peak == 1.0 and not 0.5 < pilots < 2:
        theirs = compact(float(number(pilots)))
        raise ArgumentError(
            f"--schedule {schedule} peaks at 1 and the pilots at {theirs}: write --schedule '{theirs} * {schedule}'."
        )
