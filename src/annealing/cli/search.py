"""The progress of a search for a rate: a live line in a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import NamedTuple

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from annealing.cli.shown import shown
from annealing.report.words import count, duration


class Step(NamedTuple):
    """How far a stage of the search is, after so many seconds of it, and of the search."""

    stage: str
    done: int
    total: int
    seconds: float
    elapsed: float


@contextmanager
def live_search(console: Console) -> Generator[Callable[[str, int, int], None]]:
    """Give, for the `with` block, what `find(tick=…)` calls."""
    begun = {"": time.perf_counter()}
    with shown(console, bar, line, lambda step: step.elapsed if step.seconds >= 1 else 0.0) as show:

        def tick(stage: str, done: int, total: int) -> None:
            now = time.perf_counter()
            show(Step(stage, done, total, now - begun.setdefault(stage, now), now - begun[""]))

        yield tick


def line(step: Step) -> str:
    """Say in one line how far it is.

    >>> line(Step("scan", 500, 2_000, 0.5, 0.5))
    'scan: 500 of 2 000 updates, 1 000 updates a second, 2 s left'
    """
    pace, left = _pace(step)
    so_far = f"{step.done:,}".replace(",", " ")
    return f"{step.stage}: {so_far} of {count(step.total, 'update')}, {pace} a second, {left} left"


def bar(step: Step) -> Table:
    """Draw the bar with the stage, the pace and the time left."""
    pace, left = _pace(step)
    drawn = ProgressBar(total=step.total, completed=step.done, width=28)
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_row(Text(step.stage, style="bold"), drawn, f"{step.done / step.total:.0%}", f"{pace}/s", f"{left} left")
    return row


def _pace(step: Step) -> tuple[str, str]:
    rate = step.done / step.seconds if step.seconds > 0 else 0.0
    return count(round(rate), "update"), duration((step.total - step.done) / rate if rate else None)
