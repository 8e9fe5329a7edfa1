"""`anneal list`: everything there is, with a sentence and a small curve each."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from annealing.cli.say import json_of, knows_unicode, plain, results
from annealing.glossary import OWN, Entry, glossary
from annealing.report.terminal import sparkline
from annealing.report.words import count

_SPARK = 14  # characters of a small curve
_WIDEST = 130  # longer lines are hard to read
_DETAILED = 12  # up to so many are shown with an example, and with what is odd about them


def list_(
    word: Annotated[
        str, typer.Argument(metavar="WORD", help="Only what has this in its name, its library or its sentence.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON, and nothing else.")] = False,
) -> None:
    """List everything there is: our words, other libraries' schedules, and controllers, with a small curve each.

    For example:

    - `anneal list`

    - `anneal list restarts`

    - `anneal list torch --json`
    """
    found = glossary(word)
    if as_json:
        plain(json_of({f"{one.group}.{one.name}": asdict(one) for one in found}))
        return
    console = results()
    detailed = len(found) <= _DETAILED
    for group, entries in groupby(found, key=lambda one: one.group):
        console.print(Text(group, style="bold"))
        console.print(_table(list(entries), console, detailed=detailed))
        console.print()
    console.print(_foot(found), soft_wrap=True)


def _table(entries: Sequence[Entry], console: Console, *, detailed: bool) -> Table:
    blocks = knows_unicode(sys.stdout)
    table = Table.grid(padding=(0, 2, 0, 0), expand=False)
    table.add_column(width=_SPARK, no_wrap=True)
    table.add_column(overflow="fold", max_width=min(console.width, _WIDEST) - _SPARK - 2)
    for one in entries:
        table.add_row(sparkline(_fewer(one.values), blocks=blocks), Text("\n").join(_said(one, detailed=detailed)))
    return table


def _said(one: Entry, *, detailed: bool) -> Iterator[Text]:
    """The name with its sentence; in detail also what is odd and a use to try."""
    mark = "" if one.checked else " (unverified)"
    yield Text.assemble((one.name, "bold"), (mark, "italic"), ": ", one.says)
    if detailed:
        if one.odd:
            yield Text(f"odd: {one.odd}")
        yield Text(f"{one.example}", style="dim")


def _fewer(values: Sequence[float]) -> list[float]:
    return [values[round(i * (len(values) - 1) / (_SPARK - 1))] for i in range(_SPARK)]


def _foot(found: Sequence[Entry]) -> str:
    """What the marks mean, and what to do with a name."""
    said = [f"{count(len(found), 'entry').replace('entrys', 'entries')}."]
    if any(not one.checked for one in found):
        said.append("Unverified: compared with its formula, not with the library itself.")
    schedules = [one for one in found if not one.follows_a_metric]
    if schedules:
        run = " --over 100" if schedules[0].group in OWN and "over(" not in schedules[0].example else ""
        said.append(f"Try: anneal show {shlex.quote(schedules[0].example)}{run}")
    return " ".join(said)
