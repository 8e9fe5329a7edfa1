"""Files are whole or not there: a failure or a Ctrl-C in between leaves nothing half-written."""

import csv
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from annealing.core.errors import ArgumentError
from annealing.report import files
from annealing.report.files import COLUMNS, as_json, claimed, curves_csv, interrupts_held, write_comparison, write_files
from annealing.study.result import Comparison

Make = Callable[..., Comparison]
NAMES = {"report.html", "summary.png", "result.json", "curves.csv"}


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_comparison_becomes_four_files(make: Make, tmp_path: Path) -> None:
    comparison = make(("constant", "cosine"))
    written = write_comparison(comparison, tmp_path / "deep" / "report", command="anneal compare digits")

    assert {path.name for path in written} == left_in(tmp_path / "deep" / "report") == NAMES
    assert json.loads((tmp_path / "deep" / "report" / "result.json").read_text(encoding="utf-8")) == comparison.to_dict()
    assert (tmp_path / "deep" / "report" / "summary.png").read_bytes().startswith(b"\x89PNG")


def test_result_json_has_the_numbers_of_the_rows_under_the_promised_names(comparison: Comparison) -> None:
    read = json.loads(as_json(comparison))

    assert {"task", "optimizer", "updates", "rows", "best", "verdict"} <= read.keys()
    for row, written in zip(comparison.rows, read["rows"], strict=True):
        assert written["schedule"] == row.schedule
        for name in ("lr", "mean", "difference", "seeds", "diverged", "rank"):
            assert written[name] == getattr(row, name)
        assert written["interval"] == list(row.interval or ())
        assert written["difference_interval"] == (None if row.difference_interval is None else list(row.difference_interval))


def test_result_json_is_strict_json_even_when_every_loss_is_nan(make: Make) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    lost = make(("constant", "cosine"), lost=("constant", "cosine"))

    assert json.loads(as_json(lost), parse_constant=refuse)["rows"][0]["mean"] is None


def test_curves_csv_holds_every_point_to_the_last_bit(make: Make) -> None:
    comparison = make(("constant", "cosine"), lost=("constant",))
    head, *rows = csv.reader(curves_csv(comparison).splitlines())

    assert tuple(head) == COLUMNS
    points = [
        (run.arm, run.lr, run.seed, run.role, *point)
        for run in comparison.runs
        for point in zip(run.curve.update, run.curve.train_loss, run.curve.valid_loss, run.curve.rate, strict=True)
    ]
    read = [(arm, float(lr), int(seed), role, int(update), *map(float, losses)) for arm, lr, seed, role, update, *losses in rows]
    assert str(read) == str([(*point[:4], int(point[4]), *map(float, point[5:])) for point in points])  # as text: nan is nan


def test_a_picture_that_cannot_be_drawn_leaves_the_old_files_alone(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.html").write_text("of yesterday")

    def fail(comparison: Comparison) -> str:
        raise RuntimeError("no space")

    monkeypatch.setattr(files, "curves_csv", fail)
    with pytest.raises(RuntimeError):
        write_comparison(make(("cosine",)), tmp_path)

    assert left_in(tmp_path) == {"report.html"}
    assert (tmp_path / "report.html").read_text() == "of yesterday"


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def full(self: Path, mode: int) -> None:
        calls.append(mode)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "chmod", full)
    with pytest.raises(ArgumentError, match="No space left on device"):
        write_files(tmp_path, {"a": b"1", "b": b"2", "c": b"3"})

    assert left_in(tmp_path) == set()


def test_files_are_as_readable_as_any_other_file_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_files(tmp_path, {"ours": b""})

    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_folder_is_claimed_and_given_back_when_the_work_fails(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with pytest.raises(KeyError), claimed(folder):  # noqa: PT012 - that the folder is there before is half of the promise
        assert folder.is_dir()
        raise KeyError

    assert left_in(tmp_path) == set()


def test_a_folder_that_was_there_stays_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), claimed(tmp_path):
        raise KeyError

    assert tmp_path.is_dir()


def test_a_folder_that_cannot_be_made_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(ArgumentError, match=r"cannot be written to .*: name another place"),
        claimed(tmp_path / "file" / "report"),
    ):
        raise AssertionError("the work must not begin")


def test_an_interrupt_while_files_are_written_is_heard_after_them() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), interrupts_held():  # noqa: PT012 - what comes after the signal is what matters
        os.kill(os.getpid(), signal.SIGINT)
        done.append("written")

    assert done == ["written"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
