"""Worker processes: the numbers do not depend on them, and none outlives what it was started for."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")
cloudpickle = require("cloudpickle")
require("loky")

from annealing.core.errors import ArgumentError, TaskError
from annealing.study.engines.board import Board
from annealing.study.engines.processes import processes
from annealing.study.train import Setting, train

USER_FILE = """
    import os, sys, threading
    from pathlib import Path
    import torch
    from torch.utils.data import DataLoader, TensorDataset
    from annealing.tasks import Task
    from beside import SLOPE

    class Noisy(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = torch.nn.Linear(1, 1)

        def forward(self, x):
            return self.inner(x)

    def error(outputs, targets):
        return (outputs - targets).abs().mean()

    x = torch.linspace(-1, 1, 40).reshape(40, 1)
    pairs = TensorDataset(x, SLOPE * x)
    parts = dict(model=Noisy, loss=torch.nn.functional.mse_loss, valid=(x, SLOPE * x), metrics={"error": error})
    parts |= dict(batch_size=8, optimizer="sgd")
    loader = DataLoader(pairs, batch_size=8, shuffle=True)
    task = Task(train=lambda seed: [(x, SLOPE * x), pairs, loader][seed % 3], name="every kind of data", **parts)

    def raising():
        def loss(output, target):
            if output.mean() != 1e9:
                raise RuntimeError("the cat\\nis gone")
        return Task(train=(x, x), name="raising", **(parts | {"loss": loss}))

    def dying():
        return Task(train=(x, x), name="dying", **(parts | {"model": lambda: os._exit(9)}))
"""


def settings(count=3, updates=30):
    return [Setting("arm", (0.1 * an.cosine()).over(updates), 0.1, seed, "tuning") for seed in range(count)]


def facts(runs):
    return [(run.seed, run.loss, run.curve, run.metrics) for run in sorted(runs, key=lambda run: run.seed)]


@pytest.fixture
def user_file(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "beside.py").write_text("SLOPE = 3")
    file = tmp_path / "my_task.py"
    file.write_text(textwrap.dedent(USER_FILE))
    return file


def from_processes(task, workers, settings, watch=lambda board: None):
    with processes(task, workers) as engine:
        return list(engine.train(settings, watch))


def test_one_worker_two_workers_and_this_process_give_the_same_bits(line):
    """Even for a task that remembers: every run begins with a copy that nothing has happened to."""
    batches, model = [], torch.nn.Linear(1, 1)

    def remembering(x, generator):
        batches.append(len(x))
        return x + 0.001 * len(batches)

    task = line(model=lambda: model, augment=remembering, optimizer="adamw")
    packed = cloudpickle.dumps(task)
    here = facts(train(cloudpickle.loads(packed), setting, lambda updates, loss: None) for setting in settings())
    assert facts(from_processes(task, 1, settings())) == here
    assert facts(from_processes(task, 2, settings())) == here
    assert len({loss for _, loss, *_ in here}) == 3


def test_a_task_from_a_file_of_ones_own_trains_in_workers_on_tensors_a_dataset_and_a_loader(user_file):
    from annealing.study.compare import compare

    outcome = compare(f"{user_file}:task", ["constant", "linear"], updates=30, seeds=3, lr=0.1, workers=1)
    assert (outcome.task, outcome.interrupted) == ("every kind of data", False)
    assert {run.seed % 3 for run in outcome.runs} == {0, 1, 2}
    assert all(row.mean < 2.5 for row in outcome.rows)
    assert all(0 < row.metrics["error"] < 2 for row in outcome.rows)


def test_what_a_task_raises_becomes_one_line_with_its_name_and_place(user_file):
    from annealing.tasks import load_task

    line_number = 1 + user_file.read_text().splitlines().index('            raise RuntimeError("the cat\\nis gone")')
    with pytest.raises(TaskError) as refused:
        from_processes(load_task(f"{user_file}:raising"), 1, settings())
    assert str(refused.value) == f"task 'raising' raised RuntimeError: the cat is gone (my_task.py, line {line_number})"


def test_a_worker_that_dies_becomes_one_line_too(user_file):
    from annealing.tasks import load_task

    with pytest.raises(TaskError, match="task 'dying': a worker process died"):
        from_processes(load_task(f"{user_file}:dying"), 1, settings())


def test_a_task_that_cannot_be_sent_says_where_to_make_what_it_holds(line):
    import threading

    lock = threading.Lock()
    with pytest.raises(
        TaskError, match=r"cannot be sent to worker processes \(TypeError: .*lock.*make such objects inside model\(\)"
    ):
        from_processes(line(augment=lambda x, generator: lock.locked() or x), 1, settings())


@pytest.mark.parametrize("workers", [0, -1, 1.5, True])
def test_a_number_of_workers_that_is_none_is_refused(line, workers):
    with pytest.raises(ArgumentError, match="is not a number of processes"):
        from_processes(line(), workers, settings())


def test_progress_moves_inside_a_long_run(line):
    seen, slow = [], line(augment=lambda x, generator: time.sleep(0.01) or x)
    from_processes(
        slow, 1, settings(count=2, updates=60), lambda board: seen.append((board.done(0), board.loss(0), board.done_in_all()))
    )
    inside = [(done, loss) for done, loss, _ in seen if 0 < done < 60]
    assert len(inside) >= 2
    assert all(loss > 0 for _, loss in inside)
    assert [done for *_, done in seen] == sorted(done for *_, done in seen)
    assert seen[-1][2] == 120


def test_a_board_is_read_by_whoever_opens_it(tmp_path):
    writer = Board(tmp_path / "board", 3, new=True)
    reader = Board(tmp_path / "board", 3, new=False)
    writer.write(1, 40, 0.25)
    writer.write(2, 2, 0.5)
    assert (reader.done(1), reader.loss(1), reader.done(0), reader.done_in_all()) == (40, 0.25, 0, 42)


SCRIPT = """
    import json, os, sys, time
    import torch
    from pathlib import Path
    from annealing.study.compare import compare
    from annealing.tasks import Task

    here = Path(sys.argv[1])

    def model():  # defined in __main__, as in a notebook
        (here / f"worker-{os.getpid()}").touch()
        return torch.nn.Linear(1, 1)

    def slowly(x, generator):
        time.sleep(0.002)
        return x

    x = torch.linspace(-1, 1, 40).reshape(40, 1)
    task = Task(model, torch.nn.functional.mse_loss, (x, x), (x, x), optimizer="sgd", augment=slowly)

    def told(progress):
        if progress.done_runs >= 2 and progress.running:
            (here / "under way").touch()

    outcome = compare(task, ["constant", "cosine"], updates=100, seeds=200, lr=0.1, workers=2, progress=told)
    print(json.dumps({"interrupted": outcome.interrupted, "runs": len(outcome.runs), "rows": len(outcome.rows)}))
"""


@contextmanager
def under_way(folder):
    """Run the script in a process group of its own, as a shell would, until some of its runs are complete."""
    script = folder / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    group = subprocess.Popen(
        [sys.executable, script, folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"TMPDIR": str(folder)},  # a process that is killed leaves its temporary files behind
    )
    try:
        _until(lambda: (folder / "under way").exists() or group.poll() is not None)
        yield group
    finally:
        if group.poll() is None:
            os.killpg(group.pid, signal.SIGKILL)
        group.communicate()


def _until(happened, seconds=60):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def _workers(folder):
    return [int(file.name.removeprefix("worker-")) for file in folder.glob("worker-*")]


def _alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes where Linux lists them")
def test_ctrl_c_ends_the_workers_quietly_and_gives_what_is_complete(tmp_path):
    with under_way(tmp_path) as group:
        os.killpg(group.pid, signal.SIGINT)  # a terminal sends it to everyone in the group
        said, complained = group.communicate(timeout=30)
    outcome = json.loads(said)
    assert outcome["interrupted"]
    assert outcome["runs"] >= 2
    assert outcome["rows"] == 2
    assert complained == ""
    assert group.returncode == 0
    assert len(_workers(tmp_path)) == 2
    assert not any(_alive(worker) for worker in _workers(tmp_path))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes where Linux lists them")
def test_workers_leave_when_their_parent_is_killed(tmp_path):
    with under_way(tmp_path) as group:
        assert all(_alive(worker) for worker in _workers(tmp_path))
        group.kill()
        _until(lambda: not any(_alive(worker) for worker in _workers(tmp_path)), seconds=10)
    assert len(_workers(tmp_path)) == 2
