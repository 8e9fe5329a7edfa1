"""The progress of a study: a live display in a terminal, a line now and then in a log, or a record per run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from annealing.cli.say import knows_unicode, plain
from annealing.cli.shown import shown
from annealing.report.terminal import sparkline
from annealing.report.words import count, duration, number

if TYPE_CHECKING:
    from annealing.study.moment import Moment
    from annealing.study.stored import StoredRun

_WIDE = 40  # characters of a sparkline


def live_study(console: Console) -> AbstractContextManager[Callable[[Moment], None]]:
    """Give, for a `with` block, what `tune(progress=…)` calls."""
    blocks = knows_unicode(console.file)  # pyright: ignore[reportArgumentType] - a text stream
    return shown(console, lambda moment: Group(bar(moment), *best(moment, blocks=blocks)), line, lambda moment: moment.seconds)


def line(moment: Moment) -> str:
    """Say in one line how far it is.

    >>> from annealing.study.moment import Moment
    >>> line(Moment("search", 12, 64, 0.25, 0.0, 20.0, (), ()))
    'search: 12 of 64 runs, 60 s left'
    """
    lowest = moment.best
    so_far = "" if lowest is None else f", best so far {number(lowest.loss)} ({words(lowest)})"
    runs = f"{moment.done_runs} of {count(moment.total_runs, 'run')}"
    left = moment.seconds_left
    return f"{moment.stage}: {runs}, {f'{left:.0f} s' if left is not None and left < 90 else duration(left)} left{so_far}"


def bar(moment: Moment) -> Table:
    """Draw the bar with the stage, the runs and the time left."""
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_row(
        Text(moment.stage, style="bold"),
        ProgressBar(total=1.0, completed=moment.share, width=28),
        f"{moment.done_runs}/{moment.total_runs} runs",
        f"{duration(moment.seconds_left)} left",
    )
    return row


def best(moment: Moment, *, blocks: bool) -> list[Text]:
    """Say which run is the best so far, and draw how the lowest loss fell."""
    lowest = moment.best
    if lowest is None:
        return []
    falls = [loss for loss in moment.lowest if loss < float("inf")]
    step = max(1, -(-len(falls) // _WIDE))
    drawn = Text(f"  {sparkline(falls[::step], blocks=blocks)}", style="dim")
    return [Text(f"best so far {number(lowest.loss)}: {words(lowest)}"), drawn]


def words(run: StoredRun) -> str:
    """Say what a run was: its optimizer, schedule and rate."""
    values: dict[str, Any] = run.candidate["values"]
    rate = values.get("lr")
    named = [str(values[name]) for name in ("optimizer", "schedule") if name in values]
    return " ".join([*named, *([f"at {rate:.3g}"] if isinstance(rate, int | float) else [])])


def records(moment: Moment) -> None:
    """Print a record for every run that ended, one object a line."""
    from annealing.study.conclude import as_record

    for run in moment.new:
        plain(json.dumps(as_record(run), ensure_ascii=False, allow_nan=False))
    if moment.new:
        sys.stdout.flush()
