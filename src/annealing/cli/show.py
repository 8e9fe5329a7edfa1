"""`anneal show`: a schedule, a plan or a recipe as a curve, as numbers, or as code."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from annealing.cli.numbers import length
from annealing.cli.say import knows_unicode, notes, plain, results
from annealing.core.check_rate import check_rate
from annealing.core.errors import ArgumentError, LengthError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.core.text import parse
from annealing.report.code import TARGETS, code
from annealing.report.plans import Facts, facts, named_plans, plan_figure, to_dict
from annealing.report.terminal import curve
from annealing.report.words import number

_KEYFRAMES = 16  # more than these are for --json


def show(
    expression: Annotated[
        str, typer.Argument(metavar="EXPR", help="A schedule, a plan or a recipe: a name such as cosine, or text.")
    ],
    over: Annotated[
        str | None, typer.Option(metavar="N", help="Length of the run in updates, for a schedule or a recipe.")
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
    """
    if as_json and target is not None:
        raise ArgumentError("--json and --as both want the output: write one of them.")
    plan = _plan(expression, over)
    for _, name, one in named_plans(plan):
        check_rate(one, name)
    text = None if target is None else code(plan, target)
    if png is not None:
        _draw(plan, png)
    if text is not None:
        plain(text)
    elif as_json:
        plain(_json(to_dict(plan)))
    else:
        _print(plan)
        if png is not None:
            notes().print(f"The picture is in {png}.")


def _plan(expression: str, over: str | None) -> Plan | RecipePlan:
    read = parse(expression)
    if isinstance(read, Plan | RecipePlan):
        if over is not None:
            raise ArgumentError(f"{expression} has a length already: leave --over {over} out.")
        return read
    if over is not None:
        return read.over(length("--over", over))
    try:
        return read.over()
    except LengthError as error:
        raise LengthError(
            f"{expression} says nothing about how long the run is: write --over 1000, or your number of updates."
        ) from error


def _json(numbers: dict[str, Any]) -> str:
    """One key per line: short enough to read, and no line per number."""
    pairs = (f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}" for key, value in numbers.items())
    return "{\n" + ",\n".join(pairs) + "\n}"


def _draw(plan: Plan | RecipePlan, file: Path) -> None:
    if file.suffix.lower() != ".png":
        raise ArgumentError(f"--png {file} does not end in .png: write --png {file.with_suffix('.png')}.")
    from annealing.report.files import claimed, write_files
    from annealing.report.png import picture

    with claimed(file.parent):
        write_files(file.parent, {file.name: picture(plan)})


def _print(plan: Plan | RecipePlan) -> None:
    console = results()
    console.print(str(plan), style="bold", soft_wrap=True)
    for pattern, name, one in named_plans(plan):
        found = facts(one)
        data = plan_figure(one, name, points=4 * console.width)
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
    if found.last is not None and found.total is not None:
        table.add_row("last", number(found.last, 6), f"{one} {number(math.ceil(found.total) - 1, 15)}")
    if found.area is not None:
        table.add_row("area", number(found.area, 6), f"sum over all {found.unit}")
    for place, (t, value) in enumerate(found.keyframes[:_KEYFRAMES]):
        table.add_row("keyframes" if place == 0 else "", number(value, 6), f"{one} {number(t, 15)}")
    if len(found.keyframes) > _KEYFRAMES:
        table.add_row("", "…", f"{len(found.keyframes) - _KEYFRAMES} more: --json has them all")
    return table
