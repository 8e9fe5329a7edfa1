"""`anneal diff`: where two schedules differ, and by how much."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from annealing.cli.numbers import length
from annealing.cli.pictures import picture_file
from annealing.cli.read import about, marks, read
from annealing.cli.say import json_of, knows_unicode, notes, plain, results
from annealing.core.diff import diff as difference_of
from annealing.core.difference import Difference, RecipeDifference
from annealing.core.errors import LengthError
from annealing.dialects import spoken
from annealing.report.differences import overlaid, parts, to_dict


def diff(
    first: Annotated[str, typer.Argument(metavar="EXPR", help="A schedule, a plan, a recipe, or another library's call.")],
    second: Annotated[str, typer.Argument(metavar="EXPR", help="Another one.")],
    over: Annotated[
        str | None, typer.Option(metavar="N", help="How many updates are compared; by default the longer of two runs.")
    ] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw both into FILE.png.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON, and nothing else.")] = False,
) -> None:
    """Lay two schedules side by side: both curves, where they differ, by how much, and their areas.

    Values count as the same when they are within 1e-12 of the peak.

    For example:

    - `anneal diff cosine linear --over 1000`

    - `anneal diff 'torch.LinearLR(lr=0.1)' '0.1 * chain(linear(5, start=1/3, to=1), hold)' --over 20`

    - `anneal diff '3e-4 * wsd' '3e-4 * trapezoid' --over 10000 --png difference.png`
    """
    asked = None if over is None else length("--over", over)
    try:
        found = difference_of(read(first), read(second), over=asked)
    except LengthError as error:
        raise LengthError(str(error).replace("over=", "--over ")) from error
    if png is not None:
        with picture_file(png) as save:
            from annealing.report.differences_png import picture

            save(picture(found))
    theirs = tuple(dict.fromkeys([*spoken(first), *spoken(second)]))
    if as_json:
        plain(json_of({**to_dict(found), **marks(theirs)}))
        return
    _print(found, about(theirs))
    if png is not None:
        notes().print(f"The picture is in {png}.")


def _print(found: Difference | RecipeDifference, theirs: Sequence[str]) -> None:
    console = results()
    whole = isinstance(found, Difference)
    for place, (name, one) in enumerate(parts(found)):
        if not whole:
            console.print(("\n" if place else "") + name, style="bold")
        console.print(overlaid(one, width=min(console.width, 100), braille=knows_unicode(sys.stdout)), soft_wrap=True)
        console.print()
        console.print(_numbers(one))
    if isinstance(found, RecipeDifference):
        for said in found.alone():
            console.print(said[0].upper() + said[1:] + ".")
    for said in theirs:
        console.print(said, soft_wrap=True)


def _numbers(found: Difference) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_row("the first", str(found.a))
    table.add_row("the second", str(found.b))
    for name, said in found.facts():
        table.add_row(name, said, style="bold" if name in ("verdict", "largest difference") else None)
    return table
