"""Where progress is shown: drawn anew in a terminal, said in a line now and then in a log."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console, RenderableType
from rich.live import Live

Moment = TypeVar("Moment")

_PAUSE = 10.0  # seconds between two lines in a log


@contextmanager
def shown(
    console: Console, draw: Callable[[Moment], RenderableType], line: Callable[[Moment], str], seconds: Callable[[Moment], float]
) -> Generator[Callable[[Moment], None]]:
    """Give, for the `with` block, what shows a moment: by `draw` in a terminal, which is as before afterwards, else by `line`.

    A line is said when, by the moment's own `seconds`, ten have passed; the last one says how far it came, whatever ended it.
    """
    if console.is_terminal:
        with Live(console=console, transient=True, auto_refresh=False) as live:
            yield lambda moment: live.update(draw(moment), refresh=True)
        return
    said, latest = 0.0, list[Moment]()

    def say(moment: Moment) -> None:
        nonlocal said
        latest[:] = [moment]
        if seconds(moment) - said >= _PAUSE:
            said = seconds(moment)
            console.print(line(moment), soft_wrap=True)

    try:
        yield say
    finally:
        if said and seconds(latest[0]) > said:
            console.print(line(latest[0]), soft_wrap=True)
