"""A task's fingerprint: the same in every process, another one when anything changes, and it says which part did."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

from __future__ import annotations

import functools
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import require

torch = require("torch")

from annealing.core.errors import TaskError
from annealing.study.fingerprint import fingerprint
from annealing.study.fingerprint.digest import digest
from annealing.tasks import load_task

FILE = '''
import functools
import torch
from torch.utils.data import DataLoader, TensorDataset
from annealing.tasks import Task
from helper_{stem} import scaled

WIDTH = 4
x = torch.linspace(-1, 1, 64).reshape(64, 1)

class Net(torch.nn.Module):
    """A small network."""

    def __init__(self, width):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(1, width), torch.nn.Tanh(), torch.nn.Linear(width, 1))

    def forward(self, x):
        return self.layers(x)

def model():
    return Net(WIDTH)

def noisy(x, generator):
    return x + 0.1 * torch.randn(x.shape, generator=generator)

def valid(seed):
    return x[::2], scaled(x[::2])

def make():
    return Task(model, torch.nn.HuberLoss(delta=1.0), (x, 3 * x), valid, batch_size=8,
                metrics={{"largest": lambda o, t: (o - t).abs().max()}}, augment=noisy)

task = make()
loader = DataLoader(TensorDataset(x, 3 * x), batch_size=8)
several = [lambda: torch.nn.Linear(1, 1), lambda: torch.nn.Linear(1, 2), functools.partial(Net, width=3)]
'''
HELPER = "def scaled(x):\n    return 3 * x\n"


@pytest.fixture
def line():
    """Make a task that fits a line; keyword arguments replace its parts."""
    from annealing.tasks import Task

    x = torch.linspace(-1, 1, 16).reshape(16, 1)
    parts = {"model": lambda: torch.nn.Linear(1, 1), "loss": torch.nn.functional.mse_loss, "train": (x, x), "valid": (x, x)}
    return lambda **changes: Task(**(parts | {"name": "line"} | changes))


@pytest.fixture
def written(tmp_path: Path):
    """Write the task's file, with changes, under a name of its own; give its fingerprint, or what `of` makes of its module."""
    count = 0

    def write(*changes: tuple[str, str], helper: str = HELPER, name: str = "task") -> dict[str, str]:
        nonlocal count
        count += 1
        text = FILE
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        stem = f"{tmp_path.name}_{count}".replace("-", "_")
        (tmp_path / f"helper_{stem}.py").write_text(helper)
        file = tmp_path / f"my_{stem}.py"
        file.write_text(text.format(stem=stem))
        return fingerprint(load_task(f"{file}:{name}"))

    return write


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return [part for part in before if before[part] != after[part]]


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (("WIDTH = 4", "WIDTH = 5"), ["the model"]),
        (("torch.nn.Tanh()", "torch.nn.ReLU()"), ["the model"]),
        (("return Net(WIDTH)", "return Net(2 * WIDTH)"), ["the model"]),
        (("delta=1.0", "delta=2.0"), ["the loss"]),
        (("HuberLoss(delta=1.0)", "MSELoss()"), ["the loss"]),
        (("(x, 3 * x), valid", "(x, 3.5 * x), valid"), ["the training data"]),
        (("linspace(-1, 1, 64)", "linspace(-1, 2, 64)"), ["the training data", "the validation data"]),
        (("x[::2], scaled", "x[::2] + 1, scaled"), ["the validation data"]),
        (("batch_size=8,\n", "batch_size=16,\n"), ["the batch size"]),
        (("augment=noisy", 'augment=noisy, optimizer="sgd"'), ["the optimizer"]),
        ((".abs().max()", ".abs().mean()"), ["the metrics"]),
        (("0.1 * torch.randn", "0.2 * torch.randn"), ["the augmentation"]),
        ((", augment=noisy", ""), ["the augmentation"]),
    ],
)
def test_the_part_that_changed_is_named(written, change: tuple[str, str], parts: list[str]) -> None:
    assert changed(written(), written(change)) == parts


def test_a_function_of_a_module_beside_the_file_counts(written) -> None:
    assert changed(written(), written(helper="def scaled(x):\n    return 4 * x\n")) == ["the validation data"]


def test_comments_spacing_documentation_and_what_else_is_in_the_file_do_not_count(written) -> None:
    same = written(
        ('"""A small network."""', '"""The network that we trained all winter."""'),
        ("def model():\n    return Net(WIDTH)", "def model():  # the model\n\n    return Net( WIDTH )"),
        ("WIDTH = 4", "def unused():\n    return 7\n\n\nWIDTH = 4"),
        ("def noisy(x, generator):\n", 'def noisy(x, generator):\n    """Add noise."""\n'),
    )

    assert changed(written(), same) == []


@pytest.mark.slow
def test_it_is_the_same_in_every_process(tmp_path: Path) -> None:
    (tmp_path / "helper_a.py").write_text(HELPER)
    (tmp_path / "mine.py").write_text(FILE.format(stem="a"))
    mine = str(tmp_path / "mine.py")
    script = (
        "import json, sys, torch; from annealing.study.fingerprint import fingerprint; from annealing.tasks import load_task\n"
        "torch.manual_seed(7); sys.stdout.write(json.dumps([fingerprint(load_task(name)) for name in sys.argv[1:]]))"
    )

    elsewhere = subprocess.run([sys.executable, "-c", script, mine, "digits"], capture_output=True, text=True, check=True)

    assert json.loads(elsewhere.stdout) == [fingerprint(load_task(mine)), fingerprint(load_task("digits"))]


def test_the_built_in_tasks_have_fingerprints_of_their_own() -> None:
    digits, text = fingerprint(load_task("digits")), fingerprint(load_task("text"))

    assert len(changed(digits, text)) == 8
    assert fingerprint(load_task("digits")) == digits
    assert changed(digits, fingerprint(replace(load_task("digits"), batch_size=40))) == ["the batch size"]
    assert changed(digits, fingerprint(replace(load_task("digits"), name="numbers"))) == []


def test_the_data_of_a_task_that_draws_from_the_global_generators_is_what_its_runs_see(line) -> None:
    task = line(train=lambda seed: (torch.rand(8, 1), torch.tensor(np.random.rand(8, 1)).float()))  # noqa: NPY002
    state = torch.get_rng_state()

    assert fingerprint(task) == fingerprint(task)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_task_that_cannot_make_its_data_says_so(line) -> None:
    def train(seed: int):
        raise FileNotFoundError("no such file: pixels.npy")

    with pytest.raises(TaskError, match=r"task 'line' raised FileNotFoundError: no such file: pixels.npy"):
        fingerprint(line(train=train))


def test_a_training_function_has_a_fingerprint() -> None:
    rate = 0.1

    def train(run):
        return run.plan(0) * rate

    before = fingerprint(train)
    rate = 0.2

    assert list(before) == ["the training function"]
    assert fingerprint(train) != before


def test_functions_on_one_line_are_told_apart() -> None:
    one, other, same = (lambda x: x + 1), (lambda x: x + 2), (lambda x: x + 1)
    outer = lambda: lambda x: x + 1  # noqa: E731

    assert digest(one) == digest(same)
    assert len({digest(one), digest(other), digest(outer)}) == 3
    assert digest(outer()) == digest(one)


def test_a_function_without_source_counts_by_its_code() -> None:
    made = [digest(eval(text)) for text in ("lambda x: x + 1", "lambda x: x + 1", "lambda x: x + 2", "lambda x: x - 1")]

    assert made[0] == made[1]
    assert len(set(made)) == 3


class Held:
    def __init__(self, value: object) -> None:
        self.value = value

    @functools.cached_property
    def slow(self) -> int:
        return 3


def test_objects_count_by_class_and_content_but_not_by_what_they_worked_out() -> None:
    before = digest(Held([1]))
    worked = Held([1])
    assert worked.slow == 3

    assert digest(worked) == before
    assert digest(Held([2])) != before


def test_circles_come_to_an_end() -> None:
    round_, other = Held(None), Held(None)
    round_.value, other.value = round_, [other]

    assert digest(round_) != digest(other)
    assert digest(round_) == digest(round_)


def test_what_cannot_be_taken_apart_counts_by_its_class() -> None:
    import threading

    assert digest(threading.Lock()) == digest(threading.Lock())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (torch.zeros(2, 3), torch.zeros(3, 2)),
        (torch.zeros(2), torch.zeros(2, dtype=torch.float64)),
        (torch.zeros(2), torch.tensor([0.0, -0.0])),
        (torch.zeros(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.bfloat16)),
        (np.zeros(2), np.zeros(2, dtype=np.float32)),
        (np.array(["a", None], dtype=object), np.array(["a", "b"], dtype=object)),
        (torch.nn.CrossEntropyLoss(), torch.nn.CrossEntropyLoss(label_smoothing=0.1)),
        (torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)),
        (functools.partial(len, 1), functools.partial(len, 2)),
        (torch.nn.functional.mse_loss, torch.nn.functional.l1_loss),
        ([1, 2], [2, 1]),
        (["ab", "c"], ["a", "bc"]),
        ({"a": 1}, {"a": 2}),
        (1, 1.0),
        (1, True),
        ("1", b"1"),
        (0.0, -0.0),
    ],
)
def test_different_values_have_different_digests(one: object, other: object) -> None:
    assert digest(one) != digest(other)
    assert digest(one) == digest(one)


def test_sets_count_whatever_their_order() -> None:
    assert digest({"a", "b", "c"}) == digest({"c", "b", "a"})
    assert digest({"a", "b"}) != digest({"a", "c"})


def test_a_copy_counts_as_the_same() -> None:
    data = torch.arange(6.0).reshape(2, 3)

    assert digest((data, data)) == digest((data.clone(), data.clone()))
    assert digest(data.T.contiguous().T) == digest(data)
