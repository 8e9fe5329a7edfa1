"""The progress of a search: a bar in a terminal, a line now and then in a log, and nothing left behind."""

import io

import pytest
from rich.console import Console

from annealing.cli.search import Step, line, live_search


def test_a_log_hears_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0
    monkeypatch.setattr("annealing.cli.search.time.perf_counter", lambda: clock)
    stream = io.StringIO()
    with live_search(Console(file=stream)) as progress:
        for clock in (1.0, 5.0, 12.0, 13.0, 23.0):
            progress("scan", int(100 * clock), 3_000)

    assert stream.getvalue().splitlines() == [
        "scan: 1 200 of 3 000 updates, 109 updates a second, 16 s left",
        "scan: 2 300 of 3 000 updates, 105 updates a second, 7 s left",
    ]


def test_a_terminal_is_as_before() -> None:
    stream = io.StringIO()
    with live_search(Console(file=stream, force_terminal=True, width=80)) as progress:
        progress("whole runs", 300, 3_000)
        assert "whole runs" in stream.getvalue()
        assert "10%" in stream.getvalue()
    assert "\x1b[?25h" in stream.getvalue()  # the cursor is back


def test_nothing_done_has_no_pace() -> None:
    assert line(Step("scan", 0, 100, 0.0, 0.0)) == "scan: 0 of 100 updates, 0 updates a second, – left"
