"""`anneal design`: the schedule with the lowest predicted final loss, from the logs of a few pilots."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from annealing.cli.numbers import whole
from annealing.cli.pictures import picture_file
from annealing.cli.pilots import Before, Level, Loss, Pilots, Rate, facts_of, pilots_of, told
from annealing.cli.say import json_of, knows_unicode, notes, plain, results
from annealing.core.errors import ArgumentError
from annealing.report.forecasts import Expected
from annealing.report.plans import plan_figure
from annealing.report.terminal import curve
from annealing.report.words import count, number


def design(
    pilots: Pilots,
    over: Annotated[str, typer.Option(metavar="N", help="Updates of the run to design a schedule for.")],
    floor: Annotated[float, typer.Option(metavar="F", help="The lowest rate after the warm-up, in the optimizer's units.")] = 0.0,
    peak: Annotated[float | None, typer.Option(metavar="P", help="The highest rate; by default the pilots'.")] = None,
    warmup: Annotated[str | None, typer.Option(metavar="N", help="Updates of the warm-up; by default as the pilots'.")] = None,
    rate: Rate = None,
    before: Before = None,
    loss: Loss = "loss",
    level: Level = 0.9,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw it into FILE.png.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON, and nothing else.")] = False,
) -> None:
    """Design the schedule with the lowest predicted final loss: a warm-up, a hold and a decay, and the exact optimum beside it.

    For example:

    - `anneal design stable.csv decayed.csv --over 40000`

    - `anneal design stable.csv decayed.csv --over 40000 --floor 3e-5 --png design.png`
    """
    from annealing.forecast import design as design_of
    from annealing.forecast import fit
    from annealing.forecast import forecast as forecast_of

    curves = pilots_of(pilots, rate, before, loss)
    total = whole("--over", over)
    assert total is not None, "typer asks for it"
    fitted = fit(curves)
    warm = None if warmup is None else 0 if warmup.strip() == "0" else whole("--warmup", warmup)
    try:
        found = design_of(fitted, total=total, floor=floor, peak=peak, warmup=warm, level=level)
    except ArgumentError as error:
        raise ArgumentError(
            str(error).replace("warmup=.", "--warmup.").replace("floor=", "--floor ").replace("peak=", "--peak ")
        ) from None
    doubts = [doubt.replace("write floor=", "write --floor ") for doubt in found.doubts]
    plan = found.nearest.plan
    if png is not None:
        ahead = forecast_of(fitted, plan, level=level)
        with picture_file(png) as save:
            from annealing.report.forecasts_png import picture

            expected = Expected(str(plan), plan, ahead.total, ahead.update, ahead.loss, ahead.low, ahead.high, level)
            save(picture(curves, expected, doubts))
    if as_json:
        one: dict[str, Any] = {
            name: {"schedule": str(each.plan), "loss": each.loss, "interval": each.interval, "score": each.score}
            for name, each in (("nearest", found.nearest), ("optimum", found.optimum))
        }
        one["optimum"]["table"] = [list(pair) for pair in found.table.items()]
        facts = {"total": total, "level": level, "distance": found.distance, "doubts": doubts, "pilots": facts_of(fitted.pilots)}
        plain(json_of({**one, **facts}))
        return
    console = results()
    console.print(str(plan), style="bold", soft_wrap=True)
    console.print()
    drawn = plan_figure(plan, "learning rate", points=4 * console.width)
    unicode = knows_unicode(sys.stdout)
    console.print(curve(drawn.lines[0], drawn.x, drawn.y, width=min(console.width, 100), braille=unicode), soft_wrap=True)
    console.print()
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 3, 0, 0))
    low, high = found.nearest.interval or (float("nan"), float("nan"))
    words = f"{found.nearest.loss:.4f}, {number(100 * level)} % interval {low:.4f} to {high:.4f}, after {count(total, 'update')}"
    table.add_row("final loss", words, style="bold")
    table.add_row(
        "the optimum", f"{number(max(found.distance, 0.0), 2)} lower, a curve through {len(found.table)} points: --json has them"
    )
    told(table, fitted.pilots, doubts)
    console.print(table)
    if png is not None:
        notes().print(f"The picture is in {png}.")
