"""The progress of a comparison: a live table in a terminal, a line now and then in a log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from rich.console import Console, Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from annealing.cli.shown import shown
from annealing.report.words import count, duration, number
from annealing.study.progress import Progress

_LEADERS = 12


def live_progress(console: Console) -> AbstractContextManager[Callable[[Progress], None]]:
    """Give, for a `with` block, what `compare(progress=…)` calls."""
    return shown(
        console,
        lambda progress: Group(bar(progress), Text(), leaders(progress)),
        line,
        lambda progress: progress.seconds if progress.done_updates else 0.0,
    )


def line(progress: Progress) -> str:
    """Say in one line how far it is.

    >>> line(Progress(3, 120, 2_600, 120_000, 1.3, "tuning", ()))
    'tuning: 3 of 120 runs, 2 000 updates a second, 59 s left'
    """
    rate = progress.done_updates / progress.seconds if progress.seconds > 0 else 0.0
    best = f", best so far {progress.leaders[0].name} ({number(progress.leaders[0].loss)})" if progress.leaders else ""
    runs = f"{progress.done_runs} of {count(progress.total_runs, 'run')}"
    return f"{progress.stage}: {runs}, {count(round(rate), 'update')} a second, {duration(progress.seconds_left)} left{best}"


def bar(progress: Progress) -> Table:
    """Draw the bar with the stage, the runs, the pace and the time left."""
    rate = progress.done_updates / progress.seconds if progress.seconds > 0 else 0.0
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_row(
        Text("choosing rates" if progress.stage == "tuning" else "evaluating", style="bold"),
        ProgressBar(total=progress.total_updates, completed=progress.done_updates, width=28),
        f"{progress.done_runs}/{progress.total_runs} runs",
        f"{count(round(rate), 'update')}/s",
        f"{duration(progress.seconds_left)} left",
    )
    return row


def leaders(progress: Progress) -> Table:
    """List the best arms so far, each at its best rate."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 3, 0, 0))
    for column in ("best so far", "rate", "loss", "runs"):
        table.add_column(column, justify="left" if column == "best so far" else "right", no_wrap=True, overflow="ellipsis")
    for place, leader in enumerate(progress.leaders[:_LEADERS]):
        row = (leader.name, number(leader.lr), number(leader.loss), str(leader.runs))
        table.add_row(*(Text(cell) for cell in row), style="bold" if place == 0 else None)
    return table
