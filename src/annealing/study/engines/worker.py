"""What happens inside a worker process: it trains one setting per call, or one stack of them."""

from __future__ import annotations

import os
import pickle
import signal
import struct
import threading
import time
from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import torch

from annealing.core.errors import TaskError
from annealing.lockstep import Outlook, outlook
from annealing.lockstep import train as train_in_lockstep
from annealing.lockstep.compiled import Compile
from annealing.study.engines.board import Board
from annealing.study.result import Run
from annealing.study.train import Setting, run_of, train
from annealing.tasks.failure import training_raised
from annealing.tasks.task import Task

TASK_FILE = "task.pickle"


def start(parent: int) -> None:
    """Set a new worker up: one thread, deaf to Ctrl-C (its caller ends it), an eye on the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()


def get_ready(folder: Path) -> None:
    """Load the task and what torch loads at a stack's first update, while no work is there yet: it takes seconds."""
    from annealing.study.engines.training import warm_up

    warm_up()
    _shared(folder)


def train_in_worker(
    task: str, folder: Path, board: str, runs: int, run: int, setting: Setting, device: str
) -> list[Run] | TaskError:
    """Train `setting` of the task called `task`, which lies in `folder`, writing its progress on line `run` of the board.

    Every run reads its own copy of the task, so nothing that one run leaves behind in a model, a dataset or
    a metric reaches the next. What the task raises is returned as the one line that stands for it:
    exceptions, and the objects they hold, do not always survive the way back.
    """
    try:
        lines = _board(folder / board, runs)
        fresh = pickle.loads((folder / TASK_FILE).read_bytes())  # noqa: S301 - the caller wrote it
        return [train(fresh, setting, partial(lines.write, run), device=device)]
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's own code raises
        return training_raised(task, error)


def look_in_worker(task: str, folder: Path, settings: Sequence[Setting], device: str) -> Outlook | TaskError:
    """Say how many settings to train in one stack, or why none."""
    try:
        return outlook(_shared(folder), [setting.member for setting in settings], device=device)
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return training_raised(task, error)


def train_stack_in_worker(
    task: str,
    folder: Path,
    board: str,
    runs: int,
    places: Sequence[int],
    settings: Sequence[Setting],
    chunk: int,
    compile_: Compile,
    remaining: int,
    device: str,
) -> list[Run] | TaskError:
    """Train `settings` as one stack, writing the progress of each on its own line, given by `places`."""
    try:
        lines = _board(folder / board, runs)
        trained = train_in_lockstep(
            _shared(folder),
            [setting.member for setting in settings],
            chunk=chunk,
            compile=compile_,
            remaining=remaining,
            device=device,
            tick=lambda place, updates, loss: lines.write(places[place], updates, loss),
        )
        return [run_of(setting, outcome) for setting, outcome in zip(settings, trained.outcomes, strict=True)]
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return training_raised(task, error)


def train_job_in_worker(
    task: str, folder: Path, points: str, job: Any, stacked: bool, device: str
) -> tuple[tuple[Any, ...], tuple[str, ...]] | TaskError:
    """Train a job of a study, appending every point of a curve to the file called `points` as soon as it is measured."""
    from annealing.study.engines.training import train_job  # studies need libraries that a comparison does without

    try:
        work = _shared(folder) if stacked else pickle.loads((folder / TASK_FILE).read_bytes())  # noqa: S301 - the caller wrote it
        with (folder / points).open("ab") as file:

            def hear(place: int, point: tuple[float, ...]) -> None:
                file.write(struct.pack("5d", place, *point))
                file.flush()

            return train_job(work, job, hear, stacked=stacked, device=device)
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return training_raised(task, error)


@lru_cache(maxsize=1)
def _shared(folder: Path) -> Task:
    """The one copy of the task that stacks share: what they know of it is found out once."""
    return pickle.loads((folder / TASK_FILE).read_bytes())  # noqa: S301 - the caller wrote it


@lru_cache(maxsize=1)
def _board(path: Path, runs: int) -> Board:
    return Board(path, runs, new=False)


def _leave_with(parent: int) -> None:
    """End this process soon after its parent was killed, instead of training on for nobody."""
    while os.getppid() == parent:
        time.sleep(2)
    os._exit(1)
