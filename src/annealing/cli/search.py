"""The progress of a search for a rate: a live line in a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self, final

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from annealing.report.words import count, duration

_PAUSE = 10.0  # seconds between two lines in a log


@final
class LiveSearch:
    """What `find(tick=…)` calls; use it in a `with` block, and the terminal is as before after it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None
        self._stage, self._begun, self._said = "", time.perf_counter(), time.perf_counter()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Draw one moment."""
        now = time.perf_counter()
        if stage != self._stage:
            self._stage, self._begun = stage, now
        seconds = now - self._begun
        if self._live is not None:
            self._live.update(bar(stage, done, total, seconds), refresh=True)
        elif seconds >= 1 and now - self._said >= _PAUSE:
            self._said = now
            self._console.print(line(stage, done, total, seconds), soft_wrap=True)


def line(stage: str, done: int, total: int, seconds: float) -> str:
    """Say in one line how far it is.

    >>> line("scan", 500, 2_000, 0.5)
    'scan: 500 of 2 000 updates, 1 000 updates a second, 2 s left'
    """
    pace, left = _pace(done, total, seconds)
    so_far = f"{done:,}".replace(",", " ")
    return f"{stage}: {so_far} of {count(total, 'update')}, {pace} a second, {left} left"


def bar(stage: str, done: int, total: int, seconds: float) -> Table:
    """Draw the bar with the stage, the pace and the time left."""
    pace, left = _pace(done, total, seconds)
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_row(
        Text(stage, style="bold"), ProgressBar(total=total, completed=done, width=28), f"{done / total:.0%}", f"{pace}/s",
        f"{left} left",
    )  # fmt: skip
    return row


def _pace(done: int, total: int, seconds: float) -> tuple[str, str]:
    rate = done / seconds if seconds > 0 else 0.0
    return count(round(rate), "update"), duration((total - done) / rate if rate else None)
