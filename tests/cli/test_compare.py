"""`anneal compare`: what it prints and writes, what it refuses, and what a Ctrl-C leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from annealing.study import defaults
from annealing.study.result import Comparison
from tests.conftest import require
from tests.report.conftest import make_comparison

require("torch")

Said = tuple[int, str, str]
FILES = {"report.html", "summary.png", "result.json", "curves.csv"}
COMMAND = [sys.executable, "-c", "from annealing.cli.main import main; main()", "compare"]

TASK = """
import torch
from annealing.tasks import Task

def ends(output, target):
    with open("ended", "a") as file:
        file.write("one more\\n")
    return 0.0

x = torch.linspace(-1, 1, 64).reshape(64, 1)
y = 3 * x + torch.sin(40 * x)
task = Task(
    lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, y), (x, y),
    optimizer="sgd", batch_size=8, name="line", metrics={"none": ends},
)
raises = Task(lambda: torch.nn.Linear(2, 1), torch.nn.functional.mse_loss, (x, y), (x, y), optimizer="sgd", name="raises")
"""


@pytest.fixture
def task(tmp_path: Path) -> Path:
    file = tmp_path / "my_task.py"
    file.write_text(TASK)
    return file


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Callable[[Comparison | BaseException], list[dict[str, Any]]]:
    """Lets `compare` come back with this, without training; gives what it was asked for."""

    def comes_back_with(outcome: Comparison | BaseException) -> list[dict[str, Any]]:
        asked: list[dict[str, Any]] = []

        def compare(task: str, schedules: list[str] | None, **options: Any) -> Comparison:
            asked.append({"task": task, "schedules": schedules, **options})
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        monkeypatch.setattr("annealing.study.compare.compare", compare)
        return asked

    return comes_back_with


def alive_in_group(group: int) -> list[int]:
    """Processes of a group that still run; one that is dead and only waits to be noticed does not count."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (words := (entry / "stat").read_text().rpartition(")")[2].split())[2] == str(group):
                found += [int(entry.name)] * (words[0] != "Z")
    return found


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_comparison_is_trained_printed_and_written(task: Path) -> None:
    arguments = ["my_task.py:task", "constant", "cosine", "0.3 * linear()", "--lr", "0.05,0.2", "--updates", "30", "--seeds", "2"]
    done = subprocess.run(
        [*COMMAND, *arguments, "--out", "out", "--json", "--workers", "1"],
        cwd=task.parent, env={**os.environ, "PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)

    assert files_in(task.parent / "out") == FILES
    assert read == json.loads((task.parent / "out" / "result.json").read_text(encoding="utf-8"))
    assert {row["name"] for row in read["rows"]} == {"constant", "cosine", "0.3 * linear()"}
    assert (read["task"], read["optimizer"], read["updates"]) == ("line", "sgd", 30)
    assert "anneal compare my_task.py:task constant cosine" in (task.parent / "out" / "report.html").read_text(encoding="utf-8")


def test_what_is_typed_reaches_the_library(anneal: Callable[..., Said], trained: Callable[..., list[dict[str, Any]]]) -> None:
    asked = trained(make_comparison(("constant", "cosine")))
    typed = ["--lr", "0.01,0.03", "--updates", "1e3", "--seeds", "3", "--optimizer", "adamw", "--workers", "2", "--quiet"]
    typed += ["--engine", "lockstep", "--compile", "auto"]
    status, _, _ = anneal("compare", "digits", "constant", "wsd", *typed)

    assert status == 0
    assert asked == [
        {
            "task": "digits", "schedules": ["constant", "wsd"], "lr": (0.01, 0.03), "updates": 1000, "seeds": 3,
            "optimizer": "adamw", "workers": 2, "progress": None, "engine": "lockstep", "compile": "auto", "device": "cpu",
        }
    ]  # fmt: skip
    assert files_in(Path("anneal-report/digits-adamw")) == FILES


def test_what_is_not_typed_is_left_to_the_library(
    anneal: Callable[..., Said], trained: Callable[..., list[dict[str, Any]]]
) -> None:
    asked = trained(make_comparison(("constant", "cosine")))
    anneal("compare", "digits")

    assert asked[0]["schedules"] is None
    assert asked[0]["lr"] is None
    assert (asked[0]["updates"], asked[0]["seeds"]) == (defaults.UPDATES, defaults.EVALUATION_SEEDS)
    assert callable(asked[0]["progress"])
    assert files_in(Path("anneal-report/digits")) == FILES


def test_the_table_the_verdict_and_the_place_of_the_report_are_printed(
    anneal: Callable[..., Said], trained: Callable[..., list[dict[str, Any]]]
) -> None:
    comparison = make_comparison(lost=("triangular",))
    trained(comparison)
    status, out, _ = anneal("compare", "digits", "--out", "here")

    assert status == 0
    for row in comparison.rows:
        [line] = [line for line in out.splitlines() if line.split()[:2] == [str(row.rank), row.name.split()[0]]]
        assert ("diverged" in line) == (row.name == "triangular")
        if row.mean is not None:
            assert f"{row.mean:.4f}"[:6] in line
    assert comparison.verdict in out
    assert "The report is in here/report.html" in out


def test_quiet_prints_the_verdict_and_the_place_only(
    anneal: Callable[..., Said], trained: Callable[..., list[dict[str, Any]]]
) -> None:
    comparison = make_comparison(("constant", "cosine"))
    trained(comparison)

    assert anneal("compare", "digits", "--quiet", "--out", "here") == (
        0,
        f"{comparison.verdict}\nThe report is in here/report.html\n",
        "",
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Missing argument 'TASK'"),
        (["nosuch"], "digits"),
        (["missing.py:task"], "there is no file"),
        (["my_task.py:other"], "my_task.py:task"),
        (["broken.py"], "ValueError: no data (broken.py, line 1)"),
        (["digits", "cosine("], "cannot be read"),
        (["digits", "cosin"], "cosin"),
        (["digits", "warmup(5000)", "--updates", "100"], "the phases need 5000"),
        (["digits", "cosine().over(10)"], "without .over"),
        (["digits", "0 - cosine()"], "at least 0"),
        (["digits", "linear(to=-1)"], "at least 0"),
        (["digits", "cosine", "cosine"], "twice"),
        (["digits", "--lr", "-0.1"], "write a number above 0"),
        (["digits", "--lr", "nan"], "write a number above 0"),
        (["digits", "--lr", "0.1,,0.2"], "nothing is not a learning rate"),
        (["digits", "--lr", "fast"], "write a number above 0"),
        (["digits", "--seeds", "0"], "write --seeds 8"),
        (["digits", "--seeds", "2.5"], "write --seeds 8"),
        (["digits", "--updates", "0"], "write --updates 1000"),
        (["digits", "--updates", "-1"], "write --updates 1000"),
        (["digits", "--updates", "many"], "write --updates 1000"),
        (["digits", "--workers", "0"], "write --workers 2"),
        (["digits", "--engine", "ray"], 'write "lockstep" or "process"'),
        (["digits", "--compile", "maybe"], 'none of "never", "auto" and "always"'),
        (["digits", "--optimizer", "sgdd"], "write one of sgd"),
        (["digits", "--out", "/proc/nowhere/report"], "name another place"),
        (["digits", "--out", "my_task.py"], "name another place"),
        (["digits", "--lr"], "requires an argument"),
        (["digits", "--nope"], "No such option: --nope"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing_behind(
    anneal: Callable[..., Said], task: Path, arguments: list[str], says: str
) -> None:
    (task.parent / "broken.py").write_text("raise ValueError('no data')\n")
    before = files_in(task.parent)
    status, out, err = anneal("compare", *arguments)

    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("anneal: ")
    assert says in err
    assert files_in(task.parent) - {"__pycache__"} == before


def test_a_task_that_raises_while_it_trains_is_one_line_and_leaves_nothing_behind(
    anneal: Callable[..., Said], task: Path
) -> None:
    before = files_in(task.parent)
    status, out, err = anneal(
        "compare", "my_task.py:raises", "cosine", "--updates", "5", "--seeds", "1", "--workers", "1", "--quiet"
    )

    assert (status, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "RuntimeError" in err
    assert files_in(task.parent) - {"__pycache__"} == before


def test_an_interrupt_before_the_first_run_leaves_nothing_behind(
    anneal: Callable[..., Said], trained: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    trained(KeyboardInterrupt())
    status, out, _ = anneal("compare", "digits")

    assert (status, out) == (130, "")
    assert files_in(tmp_path) == set()


def test_an_interrupted_comparison_says_so(anneal: Callable[..., Said], trained: Callable[..., list[dict[str, Any]]]) -> None:
    trained(replace(make_comparison(("constant", "cosine")), interrupted=True))
    status, out, _ = anneal("compare", "digits", "--out", "here")

    assert status == 130
    assert "Interrupted" in out
    assert "interrupted" in Path("here/report.html").read_text(encoding="utf-8")


def test_ctrl_c_leaves_complete_files_and_no_process(task: Path) -> None:
    arguments = ["my_task.py:task", "constant", "cosine", "--lr", "0.1", "--updates", "40", "--seeds", "300", "--workers", "1"]
    started = subprocess.Popen(
        [*COMMAND, *arguments, "--out", "out"],
        cwd=task.parent, env={**os.environ, "PYTHONPATH": ":".join(sys.path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    ended, patience = task.parent / "ended", time.monotonic() + 60
    while not ended.exists() or len(ended.read_text().splitlines()) < 20:
        if started.poll() is not None or time.monotonic() > patience:
            started.kill()
            pytest.fail(f"no run came to its end: {started.communicate()}")
        time.sleep(0.05)
    os.killpg(started.pid, signal.SIGINT)  # as a terminal does: every process of the group hears it
    out, err = started.communicate(timeout=60)

    assert started.returncode == 130, err
    assert "Traceback" not in err
    assert files_in(task.parent / "out") == FILES
    result = json.loads((task.parent / "out" / "result.json").read_text(encoding="utf-8"))
    assert result["interrupted"] is True
    assert len(result["runs"]) >= 5
    assert (task.parent / "out" / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert "The report is in out/report.html" in out
    assert alive_in_group(started.pid) == []
