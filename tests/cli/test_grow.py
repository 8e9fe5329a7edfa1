"""`anneal compare --grow-batch`: what it prints and writes, and what it refuses."""

import json
from pathlib import Path

import pytest

from annealing.cli.main import run
from tests.conftest import require

require("torch")

TASK = """
import torch
from annealing.tasks import Task

x = torch.linspace(-1, 1, 100).reshape(100, 1)
y = 3 * x + torch.sin(40 * x)
task = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, y), (x, y), optimizer="sgd", name="line")
"""


@pytest.fixture
def task(tmp_path: Path) -> str:
    file = tmp_path / "my_task.py"
    file.write_text(TASK)
    return f"{file}:task"


def said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = run(["compare", *arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_it_trains_every_arm_and_writes_both_clocks(task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "report"
    options = ["--grow-batch", "--batch", "4", "--epochs", "2", "--seeds", "2", "--workers", "1", "--out", str(folder)]
    code, out, _ = said([task, *options], capsys)
    result = json.loads((folder / "result.json").read_text())
    curves = (folder / "curves.csv").read_text().splitlines()
    page = (folder / "report.html").read_text()

    assert code == 0
    assert [row["name"] for row in result["rows"]] == ["constant", "decay", "hybrid", "growth", "raised rate", "control"]
    assert result["verdict"] in " ".join(out.split())
    assert {line.rsplit(",", 1)[1] for line in curves[1:]} == {"100", "200"}  # samples: the same for every arm
    assert "Against samples" in page
    assert "Against updates" in page
    assert (folder / "summary.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--grow-batch", "--updates", "9"], "--epochs"),
        (["--batch", "8"], "--grow-batch"),
        (["--grow-batch", "cosine", "linear"], "trades one decay"),
        (["--grow-batch", "--lr", "0.1,0.2"], "one rate"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    task: str, options: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = said([task, *options, "--out", str(tmp_path / "report")], capsys)

    assert code == 2
    assert why in err
    assert not (tmp_path / "report").exists()
