"""`anneal find`: what it prints and writes, when it has no answer, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from annealing.rangetest import RULES, Found, find
from tests.conftest import require

torch = require("torch")

Said = tuple[int, str, str]

TASK = """
import torch
from annealing.tasks import Task

x = torch.linspace(-1, 1, 64).reshape(64, 1)
task = Task(
    lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, 3 * x), (x, 3 * x), optimizer="sgd", name="line"
)
flat = Task(
    lambda: torch.nn.Linear(1, 1, bias=False), torch.nn.functional.mse_loss, (0 * x, x), (0 * x, x), optimizer="sgd", name="flat"
)
"""


@pytest.fixture
def task(tmp_path: Path) -> str:
    (tmp_path / "my_task.py").write_text(TASK)
    return "my_task.py:task"


def test_the_answer_is_told_in_words_with_what_to_type_next(anneal: Callable[..., Said], task: str) -> None:
    status, out, err = anneal("find", task, "--updates", "60")
    rows = {line[:20].strip(): line[20:].strip() for line in out.splitlines()}

    assert status == 0
    assert all(line.endswith(" left") for line in err.splitlines())  # on a machine that is slow today
    assert 0.05 < float(rows["rate"]) < 5
    low, high = map(float, rows["within 10 %"].split(" to "))
    assert low <= float(rows["rate"]) <= high
    assert float(rows["edge of divergence"]) > float(rows["rate"])
    assert "whole runs of 60 updates" in rows["cost"]
    assert f"Next: anneal compare my_task.py:task --lr {rows['rate']} --updates 60" in out


def test_the_numbers_the_picture_and_the_weights_are_written(anneal: Callable[..., Said], task: str) -> None:
    status, out, err = anneal("find", task, "--updates", "60", "--json", "--quiet", "--out", "found", "--png", "rates.png")
    read = json.loads(out)

    assert (status, err) == (0, "")
    assert {path.name for path in Path("found").iterdir()} == {"result.json", "rates.png", "weights.pt"}
    assert json.loads(Path("found/result.json").read_text(encoding="utf-8")) == read
    assert Path("rates.png").read_bytes()[:4] == b"\x89PNG"
    assert read["rate"] in read["runs"]["rates"]
    assert read["cost"] <= 8.5
    assert set(read["rules"]) == set(RULES)
    assert any(rate is not None for rate in read["rules"].values())
    weights = torch.load("found/weights.pt")
    assert float(weights["weight"]) == pytest.approx(3, abs=0.05)


def test_no_answer_is_a_failure_that_says_why(anneal: Callable[..., Said], task: str) -> None:
    status, out, _ = anneal("find", "my_task.py:flat", "--updates", "24", "--quiet")

    assert status == 1
    assert out.startswith("no answer: ")
    assert len(out.splitlines()) == 1

    status, out, _ = anneal("find", "my_task.py:flat", "--updates", "24")
    assert status == 1
    assert "no answer: " in out
    assert "Next" not in out


def test_what_is_typed_reaches_the_library(
    anneal: Callable[..., Said], task: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[dict[str, object]] = []

    def noted(task: str, **options: object) -> Found:
        asked.append({"task": task, **options})
        return find(str(tmp_path / "my_task.py:task"), updates=24)

    monkeypatch.setattr("annealing.rangetest.find", noted)
    typed = ["--optimizer", "adam", "--updates", "1e2", "--schedule", "wsd()", "--seed", "0", "--quiet"]
    status, _, _ = anneal("find", "digits", *typed)

    assert status == 0
    assert asked == [
        {
            "task": "digits", "optimizer": "adam", "updates": 100, "schedule": "wsd()", "seed": 0, "device": "cpu", "tick": None,
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["find", "digit"], "task='digit' is unknown"),
        (["find", "my_task.py:task", "--updates", "3"], "whole number from 12"),
        (["find", "my_task.py:task", "--updates", "many"], "--updates many is not a whole number of 1 or more"),
        (["find", "my_task.py:task", "--seed", "-1"], "--seed -1 is not a whole number of 0 or more"),
        (["find", "my_task.py:task", "--optimizer", "sgdm"], "optimizer='sgdm' is unknown"),
        (["find", "my_task.py:task", "--schedule", "0.1 * cosine()"], "peak of 0.1"),
        (["find", "my_task.py:task", "--device", "toaster"], "device='toaster' is not known"),
        (["find"], "See anneal find --help"),
    ],
)
def test_bad_input_is_one_line(anneal: Callable[..., Said], task: str, words: list[str], said: str) -> None:
    status, out, err = anneal(*words)

    assert (status, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_place_that_cannot_be_written_to_is_refused_before_training(anneal: Callable[..., Said], task: str) -> None:
    Path("taken").write_text("a file")
    status, _, err = anneal("find", task, "--updates", "1000000", "--out", "taken/deeper")

    assert status == 2
    assert "cannot be written to" in err
