"""`anneal tune` killed at any moment, or run twice at once, ends with the table that it would have ended with anyway."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import require

require("torch")
require("sqlalchemy")

MORTAL = Path(__file__).parent / "mortal.py"
TASK = """
import torch
from annealing.tasks import Task

x = torch.linspace(-1, 1, 64).reshape(64, 1)
noise = 0.3 * torch.randn(64, 1, generator=torch.Generator().manual_seed(1))
task = Task(
    lambda: torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)),
    torch.nn.functional.mse_loss,
    (x, 3 * x + noise),
    (x, 3 * x),
    batch_size=8,
    optimizer="sgd",
    name="line",
)
"""
SMALL = ["line.py", "--updates", "60", "--seeds", "2", "--workers", "1", "--quiet", "--no-find"]
ARGUMENTS = {
    "lockstep": [*SMALL, "--budget", "32"],
    "process": [*SMALL, "--budget", "32", "--engine", "process", "--strategy", "tpe"],
}

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="kill -9 and fork")]


def mortal(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run processes in a folder with the task in it; give what is to be known of them."""
    (folder / "line.py").write_text(TASK)
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, str(MORTAL), *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    said = "".join(file.read_text() for file in folder.glob("*.out"))
    assert done.returncode == 0, done.stderr + said
    return json.loads(done.stdout)


def found(folder: Path, study: str, report: str | None = None, store: str | None = None) -> tuple[Any, ...]:
    """Everything that a study found, to the last bit, and the result that was written of it; but not how long it took."""
    from annealing.study.store import open_store

    with open_store(store or folder / "studies.db", create=False) as opened:
        record = opened.study(study)
        runs, curves = record.runs(), record.curves()
    table = [(run.round, run.place, str(run.candidate), run.seed, run.role, run.cut, run.diverged) for run in runs]
    numbers = [(np.float64(run.loss).tobytes(), run.updates, hash(curves[run.id])) for run in runs]
    assert all(run.done for run in runs)
    assert [run.role for run in runs].count("tuning") > 32  # the best are repeated as well
    result = json.loads((folder / (report or f"report-{study}") / "result.json").read_text())
    for told in (result, *result["runs"]):
        for changing in ("seconds", "study", "store", "command"):
            told.pop(changing, None)
    return table, numbers, result


@pytest.fixture(scope="module", params=["lockstep", "process"])
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def undisturbed(engine: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, float]:
    """What the command finds when nobody disturbs it, and how long that takes."""
    folder = tmp_path_factory.mktemp(engine)
    seconds = mortal(folder, "kill", "0", "0", "0", *ARGUMENTS[engine])["seconds"]
    return found(folder, "s0"), seconds


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_moments_it_ends_with_the_same_table(seed: int, engine: str, undisturbed, tmp_path: Path) -> None:
    expected, seconds = undisturbed

    what = mortal(tmp_path, "kill", str(seed), "3", str(seconds), *ARGUMENTS[engine])

    assert len(what["killed"]) == 3
    for study in what["studies"]:
        assert found(tmp_path, study) == expected


def test_two_at_once_share_the_work_and_end_with_the_same_table(engine: str, undisturbed, tmp_path: Path) -> None:
    from annealing.study.store import open_store

    expected, _ = undisturbed

    reports = mortal(tmp_path, "together", "2", *ARGUMENTS[engine])["reports"]

    for report in reports:
        assert found(tmp_path, "s0", report) == expected
    with open_store(tmp_path / "studies.db") as store:
        assert len({run.worker for run in store.study("s0").runs()}) == 2


@pytest.mark.parametrize("engine", ["process"], indirect=True)  # which hands out one run at a time, so that there is work for all
def test_four_at_once_on_a_server_come_to_the_table_of_one_on_a_file(
    engine: str, undisturbed, postgresql: str, tmp_path: Path
) -> None:
    from annealing.study.store import open_store

    expected, _ = undisturbed

    reports = mortal(tmp_path, "together", "4", *ARGUMENTS[engine], "--store", postgresql)["reports"]

    for report in reports:
        assert found(tmp_path, "s0", report, postgresql) == expected
    with open_store(postgresql) as store:
        assert len({run.worker for run in store.study("s0").runs()}) > 2
