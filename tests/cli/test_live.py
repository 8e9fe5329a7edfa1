"""Progress: a live table in a terminal, a line now and then in a log, nothing left on the screen."""

import io

import pytest
from rich.console import Console

from annealing.cli.live import line, live_progress
from annealing.study.progress import Leader, Progress

LEADERS = (Leader("cosine", 0.08, 0.4712, 4), Leader("a [bold]name[/bold]", 0.02, float("inf"), 3))


def moment(seconds: float, done: int = 30) -> Progress:
    return Progress(done, 120, done * 1000, 120_000, seconds, "tuning", LEADERS)


def test_a_terminal_shows_runs_pace_time_left_and_the_best_so_far() -> None:
    screen = io.StringIO()
    with live_progress(Console(file=screen, force_terminal=True, width=100, color_system=None)) as progress:
        progress(moment(15.0))
    shown = screen.getvalue()

    for words in ("30/120 runs", "2 000 updates/s", "45 s left", "cosine", "0.08", "0.4712", "[bold]name", "∞"):
        assert words in shown


def test_a_log_gets_a_line_every_ten_seconds() -> None:
    log = io.StringIO()
    with live_progress(Console(file=log, force_terminal=False, width=20)) as progress:
        for tenths in range(350):
            progress(moment(tenths / 10, done=tenths // 10 + 1))

    lines = log.getvalue().splitlines()
    assert len(lines) == 4  # the last one says how it ended
    assert lines[0] == "tuning: 11 of 120 runs, 1 100 updates a second, 1 min 39 s left, best so far cosine (0.4712)"


def test_a_log_does_not_stop_one_step_short() -> None:
    log = io.StringIO()
    with live_progress(Console(file=log, force_terminal=False, width=20)) as progress:
        progress(moment(10.0, done=60))
        progress(moment(19.0, done=120))
        progress(moment(19.5, done=120))

    assert [text.partition(",")[0] for text in log.getvalue().splitlines()] == [
        "tuning: 60 of 120 runs",
        "tuning: 120 of 120 runs",
    ]


def test_a_log_of_a_run_that_was_broken_off_says_how_far_it_came() -> None:
    log = io.StringIO()
    with pytest.raises(KeyboardInterrupt), live_progress(Console(file=log, force_terminal=False)) as progress:  # noqa: PT012
        progress(moment(10.0, done=60))
        progress(moment(12.0, done=70))
        raise KeyboardInterrupt

    assert "70 of 120 runs" in log.getvalue().splitlines()[-1]


def test_a_short_run_leaves_nothing_in_a_log_and_the_last_line_is_not_said_twice() -> None:
    log = io.StringIO()
    with live_progress(Console(file=log, force_terminal=False)) as progress:
        progress(moment(3.0, done=120))
    assert log.getvalue() == ""

    with live_progress(Console(file=log, force_terminal=False)) as progress:
        progress(moment(10.0, done=120))
    assert len(log.getvalue().splitlines()) == 1


def test_before_the_first_update_the_time_left_is_not_known() -> None:
    assert line(Progress(0, 120, 0, 120_000, 0.0, "tuning", ())) == "tuning: 0 of 120 runs, 0 updates a second, – left"


def test_a_failure_gives_the_terminal_back() -> None:
    screen = io.StringIO()
    with pytest.raises(KeyboardInterrupt), live_progress(Console(file=screen, force_terminal=True, width=100)) as progress:  # noqa: PT012
        progress(moment(15.0))
        assert screen.getvalue().count("\x1b[?25l") == 1  # the cursor is hidden
        raise KeyboardInterrupt

    assert screen.getvalue().count("\x1b[?25h") == 1  # and back
