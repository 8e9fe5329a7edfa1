"""A task is found by what people type, and what cannot be found or run is one line that helps."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import sys
import textwrap

import pytest

from tests.conftest import require

require("torch")

from annealing.core.errors import TaskError
from annealing.tasks import load_task

GOOD = """
    from __future__ import annotations
    from dataclasses import dataclass
    import torch
    from annealing.tasks import Task

    @dataclass
    class Width:
        size: int = 1

    x = torch.linspace(-1, 1, 8).reshape(8, 1)
    task = Task(lambda: torch.nn.Linear(Width().size, 1), torch.nn.functional.mse_loss, (x, x), (x, x), name="mine")

    def small():
        return task

    number = 3
"""


@pytest.fixture(autouse=True)
def restored_path(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])


def written(folder, text, name="my_task.py"):
    file = folder / name
    file.write_text(textwrap.dedent(text))
    return file


def test_a_name_in_a_file_is_found_and_task_is_the_name_when_none_is_given(tmp_path):
    file = written(tmp_path, GOOD)
    assert load_task(f"{file}:task").name == "mine"
    assert load_task(f"{file}").name == "mine"


def test_a_function_without_arguments_that_makes_a_task_will_do(tmp_path):
    assert load_task(f"{written(tmp_path, GOOD)}:small").name == "mine"


def test_modules_beside_the_file_can_be_imported(tmp_path):
    written(tmp_path, "WIDTH = 1", "beside_my_task.py")
    file = written(
        tmp_path, "from beside_my_task import WIDTH" + textwrap.dedent(GOOD).replace("from __future__ import annotations", "")
    )
    assert load_task(f"{file}:task").name == "mine"


def test_the_built_in_task_is_found_by_name():
    require("sklearn")
    assert load_task("digits").name == "digits"


@pytest.mark.parametrize("typed", ["mnist", "my_task:task", "digits.csv"])
def test_an_unknown_name_is_answered_with_what_there_is(typed):
    with pytest.raises(TaskError, match=f"task='{typed}' is unknown: write a built-in task \\(digits, text\\), or a file"):
        load_task(typed)


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(TaskError, match=r"there is no file nowhere/my_task\.py"):
        load_task("nowhere/my_task.py:task")


@pytest.mark.parametrize(
    ("text", "name", "taught"),
    [
        (GOOD, "taks", r"my_task\.py defines no taks: write .*my_task\.py:task\.$"),
        ("x = 1", "task", r"defines no task: write task = Task\("),
        (GOOD, "number", r"number is an int: write number = Task\("),
        ("import torch\nx = 1 / 0", "task", r"my_task\.py raised ZeroDivisionError: division by zero \(my_task\.py, line 2\)$"),
        ("x = (1,", "task", r"my_task\.py is not Python: line 1: "),
        ("import sys\nsys.exit(3)", "task", r"my_task\.py raised SystemExit: 3 \(my_task\.py, line 2\)$"),
        ("def make():\n    raise OSError('no\\n data')", "make", r"make\(\) raised OSError: no data \(my_task\.py, line 2\)$"),
        ("from annealing.tasks import Task\nTask(1, 2, 3, 4)", "task", r"my_task\.py: model is an int: write a function"),
    ],
)
def test_a_file_that_does_not_give_a_task_is_one_line_that_says_why(tmp_path, text, name, taught):
    with pytest.raises(TaskError, match=taught) as refused:
        load_task(f"{written(tmp_path, text)}:{name}")
    assert "\n" not in str(refused.value)
