"""`anneal show`: a schedule, a plan or a recipe as a curve, as numbers, or as code."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from annealing.cli.pictures import picture_file
from annealing.cli.read import about, marks, plan_of
from annealing.cli.say import json_of, knows_unicode, notes, plain, results
from annealing.core.check_rate import check_rate
from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.dialects import Dialect, spoken
from annealing.report.code import TARGETS, code
from annealing.report.plans import Facts, facts, named_plans, plan_figure, to_dict
from annealing.report.terminal import curve
from annealing.report.words import number

_KEYFRAMES = 16  # more than these are for --json


def show(
    expression: Annotated[
        str, typer.Argument(metavar="EXPR", help="A schedule, a plan or a recipe; or another library's call, torch.StepLR(…).")
    ],
    over: Annotated[
        str | None, typer.Option(metavar="N", help="Length of the run in updates; of a plan without an end, how much is shown.")
    ] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw it into FILE.png.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON, and nothing else.")] = False,
    target: Annotated[
        str | None, typer.Option("--as", metavar="TARGET", help=f"Print code to paste, for {', '.join(TARGETS)}.")
    ] = None,
) -> None:
    """Show a schedule: its curve, first, peak and last values, area and keyframes.

    For example:

    - `anneal show cosine --over 1000`

    - `anneal show '3e-4 * chain(warmup(2000), hold, cooldown(20%))' --over 100000 --png rate.png`

    - `anneal show '(0.1 * sgdr()).over(4000)' --as python > rate.py`

    - `anneal show 'torch.OneCycleLR(lr=0.1, total_steps=1000)'`
    """
    if as_json and target is not None:
        raise ArgumentError("--json and --as both want the output: write one of them.")
    plan, seen = plan_of(expression, over)
    theirs = spoken(expression)
    for _, name, one in named_plans(plan):
        _check(one, name, theirs)
    text = None if target is None else code(plan, target, seen)
    if png is not None:
        _draw(plan, png, seen)
    if text is not None:
        plain(text)
        for said in about([row for row in theirs if not row.checked]):
            notes().print(said, soft_wrap=True)
    elif as_json:
        plain(json_of({**to_dict(plan, over=seen), **marks(theirs)}))
    else:
        _print(plan, seen, theirs)
        if png is not None:
            notes().print(f"The picture is in {png}.")


def _check(plan: Plan, name: str, theirs: Sequence[Dialect]) -> None:
    """Refuse what is no learning rate; where it is another library's curve, say so, and show it as it is."""
    try:
        check_rate(plan, name)
    except ArgumentError as error:
        if not theirs:
            raise
        notes().print(f"Not a learning rate everywhere: {error}", soft_wrap=True)


def _draw(plan: Plan | RecipePlan, file: Path, seen: float | None) -> None:
    with picture_file(file) as save:
        from annealing.report.png import picture

        save(picture(plan, over=seen))


def _print(plan: Plan | RecipePlan, seen: float | None, theirs: Sequence[Dialect]) -> None:
    console = results()
    console.print(str(plan), style="bold", soft_wrap=True)
    for said in about(theirs):
        console.print(said, soft_wrap=True)
    for pattern, name, one in named_plans(plan):
        found = facts(one, seen)
        data = plan_figure(one, name, points=4 * console.width, over=seen)
        if isinstance(plan, RecipePlan):
            console.print(f"\n{name}" + ("" if pattern == "*" else f", groups {pattern}"), style="bold")
        console.print()
        console.print(
            curve(data.lines[0], data.x, data.y, width=min(console.width, 100), braille=knows_unicode(sys.stdout)), soft_wrap=True
        )
        console.print()
        console.print(_numbers(found))


def _numbers(found: Facts) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 3, 0, 0))
    one = found.unit.removesuffix("s")
    table.add_row("first", number(found.first, 6), f"{one} 0")
    table.add_row("peak", number(found.peak[1], 6), f"{one} {number(found.peak[0], 15)}")
    if found.last is not None:
        shown = "last" if found.over == found.total else "last shown"
        table.add_row(shown, number(found.last, 6), f"{one} {number(math.ceil(found.over) - 1, 15)}")
    if found.area is not None:
        summed = f"all {found.unit}" if found.over == found.total else f"the first {number(found.over, 15)} {found.unit}"
        table.add_row("area", number(found.area, 6), f"sum over {summed}")
    for place, (t, value) in enumerate(found.keyframes[:_KEYFRAMES]):
        table.add_row("keyframes" if place == 0 else "", number(value, 6), f"{one} {number(t, 15)}")
    if len(found.keyframes) > _KEYFRAMES:
        table.add_row("", "…", f"{len(found.keyframes) - _KEYFRAMES} more: --json has them all")
    if found.last is None:
        table.add_row("no end", "", f"drawn to {one} {number(found.over, 15)}; --over N draws further")
    return table
