"""A study is gone on with only as it was begun: the command says in one line what changed, and trains nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import require

require("torch")
require("sqlalchemy")

TASK = """
import torch
from annealing.tasks import Task

x = torch.linspace(-1, 1, 32).reshape(32, 1)
task = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, 3 * x), (x, 3 * x), batch_size=8, optimizer="sgd")
"""
Said = tuple[int, str, str]

pytestmark = pytest.mark.slow  # the study that is refused is a real one


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a task, and a store with a study of it that is done."""
    from annealing.study.tune import tune

    folder = tmp_path_factory.mktemp("study")
    (folder / "mine.py").write_text(TASK)
    options = {"strategy": "random", "engine": "process", "updates": 20, "budget": 2, "seeds": 2, "find": False, "workers": 1}
    tune(f"{folder}/mine.py:task", store=folder / "studies.db", study="mine", **options)
    return folder


@pytest.fixture
def anneal(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """The command that began the study, with the task's file as given, and with further options."""
    from annealing.cli.main import run

    monkeypatch.chdir(folder)

    def called(task: str, *more: str) -> Said:
        (folder / "mine.py").write_text(task)
        begun = [
            "tune",
            "mine.py",
            "--strategy",
            "random",
            "--engine",
            "process",
            "--updates",
            "20",
            "--budget",
            "2",
            "--seeds",
            "2",
        ]
        status = run([*begun, "--no-find", "--workers", "1", "--store", "studies.db", "--study", "mine", "--quiet", *more])
        said = capsys.readouterr()
        return status, said.out, said.err

    return called


def test_the_same_command_has_nothing_left_to_train(anneal) -> None:
    status, out, err = anneal(TASK)

    assert (status, err) == (0, "")
    assert "Use " in out


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("(x, 3 * x), (x, 3 * x)", "(x, 4 * x), (x, 3 * x)", "the training data"),
        ("(x, 3 * x), (x, 3 * x)", "(x, 3 * x), (x, 4 * x)", "the validation data"),
        ("Linear(1, 1)", "Linear(1, 1, bias=False)", "the model"),
        ("mse_loss", "l1_loss", "the loss"),
        ("batch_size=8", "batch_size=16", "the batch size"),
    ],
)
def test_a_task_that_changed_is_refused_with_what_changed(anneal, before: str, after: str, what: str) -> None:
    status, out, err = anneal(TASK.replace(before, after))

    assert (status, out) == (2, "")
    assert f"the task changed since the study began ({what})" in " ".join(err.split())
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("option", "what"),
    [(("--updates", "30"), "updates=20, and not with 30"), (("--seed", "1"), "seed=0, and not with 1")],
)
def test_a_name_that_another_study_has_is_refused(anneal, option: tuple[str, str], what: str) -> None:
    status, out, err = anneal(TASK, *option)

    assert (status, out) == (2, "")
    assert what in " ".join(err.split())
    assert "take another name" in " ".join(err.split())


def test_a_comment_in_the_task_changes_nothing(anneal) -> None:
    status, _, err = anneal(TASK.replace("task = Task(", "# the one\ntask = Task( "))

    assert (status, err) == (0, "")
