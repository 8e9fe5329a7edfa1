"""`anneal tune` and what reads its studies: what they print and write, what they refuse, and that nothing is trained twice."""

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import annealing as an
from annealing.cli.main import run
from tests.conftest import require

require("torch")
require("sqlalchemy")

Said = tuple[int, str, str]
FILES = {"report.html", "summary.png", "result.json", "curves.csv", "best.plan"}
COMMAND = [sys.executable, "-c", "from annealing.cli.main import main; main()", "tune"]
FAST = ("--strategy", "random", "--updates", "20", "--budget", "6", "--seeds", "2", "--workers", "1", "--no-find")

TASK = """
import torch
from annealing.tasks import Task

x = torch.linspace(-1, 1, 64).reshape(64, 1)
y = 3 * x + torch.sin(40 * x)
task = Task(
    lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, y), (x, y), optimizer="sgd", batch_size=8, name="line",
)

def train(run):
    for update in range(run.updates):
        if run.report(update + 1, 1 / run.plan(update) + update):
            return

def raises(run):
    raise RuntimeError("the cat is gone")

def diverges(run):
    run.report(1, float("nan"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tune")


@pytest.fixture(scope="module")
def streamed(folder: Path) -> list[dict[str, Any]]:
    """What one study of the module streams."""
    (folder / "my_task.py").write_text(TASK)
    done = subprocess.run([*COMMAND, "my_task.py:task", *FAST, "--json"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def said(streamed: list[dict[str, Any]], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[..., Said]:
    """Runs a command in the folder of that study."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")

    def called(*words: str) -> Said:
        status = run(words)
        told = capsys.readouterr()
        return status, told.out, told.err

    return called


def test_records_are_streamed_one_a_line_and_the_last_is_the_result(streamed: list[dict[str, Any]], folder: Path) -> None:
    *runs, result = streamed

    assert {one["record"] for one in runs} == {"run"}
    assert len(runs) == 6 + 2 * (4 + 2)
    assert len({(one["round"], one["place"]) for one in runs}) == len(runs)
    assert result["record"] == "result"
    assert {"best", "rows", "verdict"} <= result.keys()
    assert [row["rank"] for row in result["rows"]] == [1, 2, 3, 4, 5, 6]
    assert {path.name for path in (folder / "anneal-report" / "my_task-task").iterdir()} == FILES


@pytest.mark.parametrize(("repeats", "more"), [((), 4), (("--repeats", "1"), 2), (("--repeats", "0"), 0)])
def test_the_best_of_a_larger_search_are_repeated_as_often_as_asked(
    said: Callable[..., Said], repeats: tuple[str, ...], more: int
) -> None:
    words = (*FAST[:4], "--budget", "32", *FAST[6:], "--study", f"repeated-{more}", "--store", "repeated.db", "--json")
    status, out, _ = said("tune", "my_task.py:task", *words, *repeats)
    *runs, result = map(json.loads, out.splitlines())

    assert status == 0
    assert [run["role"] for run in runs].count("tuning") == 32 + more
    assert sum(one["repeat"] for one in result["tried"]) == more


@pytest.mark.slow
def test_what_is_recommended_for_digits_beats_the_default_by_more_than_the_interval(tmp_path: Path) -> None:
    require("sklearn")
    done = subprocess.run([*COMMAND, "digits"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "anneal-report" / "digits" / "result.json").read_text())
    rows = {row["name"]: row for row in result["rows"]}

    assert rows["default"]["verdict"] == "worse"
    assert rows["default"]["difference_interval"][0] > 0
    assert rows[result["best"]["name"]]["mean"] < rows["default"]["mean"]
    assert {path.name for path in (tmp_path / "anneal-report" / "digits").iterdir()} == FILES
    assert "beats" in done.stdout
    assert "Use " in done.stdout


def test_the_plan_file_is_the_winner_and_reads_back(streamed: list[dict[str, Any]], folder: Path) -> None:
    text = (folder / "anneal-report" / "my_task-task" / "best.plan").read_text()
    plan = an.parse(text)

    assert isinstance(plan, an.Plan)
    assert plan.total == 20
    assert text.strip() == f"({streamed[-1]['best']['schedule']}).over(20)"


def test_the_same_command_again_trains_nothing_and_says_the_same(
    said: Callable[..., Said], streamed: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def local(*_: Any, **__: Any) -> None:
        raise AssertionError("an engine was started")

    monkeypatch.setattr("annealing.study.tune.local", local)
    status, out, _ = said("tune", "my_task.py:task", *FAST, "--json")

    assert status == 0
    assert json.loads(out) == streamed[-1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--budget", "7"), "it began with budget=6, and not with 7"),
        (("--optimizer", "adamw"), "optimizer='sgd', and not with 'adamw'"),
        (("--device", "cuda"), "it began with device='cpu', and not with 'cuda'"),
    ],
)
def test_a_study_of_that_name_with_another_definition_is_refused(said: Callable[..., Said], words: Any, says: str) -> None:
    status, out, err = said("tune", "my_task.py:task", *FAST, "--study", "my_task-task", *words)

    assert (status, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1


def test_a_task_that_changed_is_refused_with_what_changed(said: Callable[..., Said], folder: Path) -> None:
    (folder / "changed.py").write_text(TASK.replace("3 * x", "4 * x"))
    status, _, err = said("tune", "changed.py:task", *FAST, "--study", "my_task-task")

    assert status == 2
    assert "the task changed since the study began" in err
    assert "the training data" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("tune", "nothing"), "task='nothing' is unknown"),
        (("tune", "digits", "--budget", "0"), "--budget 0 is not a whole number"),
        (("tune", "digits", "--strategy", "halvin"), "did you mean halving?"),
        (("tune", "digits", "--engine", "lockstop"), "did you mean lockstep?"),
        (("tune", "digits", "--optimizer", "adanw"), "did you mean adamw?"),
        (("tune", "digits", "--store", "mysql://me@host/db"), "is neither SQLite nor PostgreSQL"),
        (("tune", "digits", "--out", "my_task.py"), "cannot be written to"),
        (("tune", "my_task.py:train"), "whose hyper-parameters are not known: write space="),
        (("tune", "digits", "--space", "none.yaml"), "none.yaml cannot be read"),
        (("report", "nothing"), "study 'nothing' is not in store"),
        (("report", "digits", "--store", "nowhere.db"), "there is no such file"),
        (("export", "my_task-task"), "write --code torch, --csv or --optuna URL"),
        (("export", "my_task-task", "--code", "tensorflow"), "write one of torch"),
    ],
)
def test_bad_words_are_answered_in_one_line_before_anything_is_trained(said: Callable[..., Said], words: Any, says: str) -> None:
    status, out, err = said(*words)

    assert (status, out) == (2, "")
    assert says in err
    assert len(err.splitlines()) == 1


def test_studies_report_and_export_read_what_was_found(said: Callable[..., Said], streamed: list[dict[str, Any]]) -> None:
    assert "my_task-task" in said("studies")[1]
    [listed] = json.loads(said("studies", "--json")[1])["studies"]
    assert (listed["runs"], listed["done"]) == (18, 18)
    reported = json.loads(said("report", "my_task-task", "--json", "--out", "again")[1])
    assert reported == streamed[-1]
    rows = list(csv.DictReader(io.StringIO(said("export", "my_task-task", "--csv")[1])))
    assert len(rows) == 6
    assert "torch.optim.SGD(" in said("export", "my_task-task", "--code", "torch")[1]


def test_a_function_of_ones_own_is_searched_over_the_space_of_a_file(said: Callable[..., Said], folder: Path) -> None:
    (folder / "space.yaml").write_text("lr: {log: [0.1, 1]}\nschedule: [constant]\n")
    status, out, err = said("tune", "my_task.py:train", *FAST, "--space", "space.yaml", "--quiet", "--study", "own")

    assert status == 0, err
    assert "Use constant at" in out
    assert "0.1" not in out.partition("Use")[0].partition("beats")[0]  # the largest rate is the best here


def test_a_function_that_raises_is_a_failed_run_and_no_bad_input(said: Callable[..., Said], folder: Path) -> None:
    (folder / "rate.yaml").write_text("lr: {log: [0.1, 1]}")
    status, out, err = said("tune", "my_task.py:raises", *FAST, "--space", "rate.yaml", "--quiet", "--study", "raises")

    assert (status, out) == (1, "")
    assert "RuntimeError: the cat is gone" in err
    assert len(err.splitlines()) == 1


def test_where_every_run_diverges_the_command_and_the_report_say_so(said: Callable[..., Said], folder: Path) -> None:
    (folder / "rate.yaml").write_text("lr: {log: [0.1, 1]}")
    status, _, err = said("tune", "my_task.py:diverges", *FAST, "--space", "rate.yaml", "--quiet", "--study", "diverges")
    again, _, why = said("report", "diverges")

    assert (status, again) == (1, 2)
    for line in (err, why):
        assert "none of the 6 settings that were tried was trained to its end, 6 of the 6 runs diverged" in line
    assert "not finished" not in why


@pytest.mark.slow
def test_an_interrupt_says_how_to_go_on_and_leaves_130(tmp_path: Path) -> None:
    (tmp_path / "my_task.py").write_text(TASK)
    words = [*COMMAND, "my_task.py:task", *FAST[:2], "--updates", "20000", "--budget", "60", "--no-find", "--workers", "1"]
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        begun = time.monotonic()
        while _points(tmp_path) == 0:
            assert running.poll() is None
            assert time.monotonic() - begun < 120
            time.sleep(0.2)
        os.kill(running.pid, signal.SIGINT)
        _, err = running.communicate(timeout=60)

    assert running.returncode == 130
    assert "To go on where it stopped: anneal tune my_task.py:task" in err
    assert "Traceback" not in err


def _points(folder: Path) -> int:
    if not (folder / "anneal-studies.db").exists():
        return 0
    try:
        with sqlite3.connect(folder / "anneal-studies.db") as store:
            return int(store.execute("SELECT count(*) FROM annealing_point").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
