"""What happens inside a worker process: it trains one setting per call."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from functools import lru_cache, partial
from pathlib import Path

import torch

from annealing.core.errors import TaskError
from annealing.study.board import Board
from annealing.study.result import Run
from annealing.study.train import Setting, train
from annealing.tasks.failure import task_raised

TASK_FILE = "task.pickle"


def start(parent: int) -> None:
    """Set a new worker up: one thread, deaf to Ctrl-C (its caller ends it), an eye on the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()


def train_in_worker(task: str, folder: Path, board: str, runs: int, run: int, setting: Setting) -> Run | TaskError:
    """Train `setting` of the task called `task`, which lies in `folder`, writing its progress on line `run` of the board.

    Every run reads its own copy of the task, so nothing that one run leaves behind in a model, a dataset or
    a metric reaches the next. What the task raises is returned as the one line that stands for it:
    exceptions, and the objects they hold, do not always survive the way back.
    """
    try:
        lines = _board(folder / board, runs)
        fresh = pickle.loads((folder / TASK_FILE).read_bytes())  # noqa: S301 - the caller wrote it
        return train(fresh, setting, partial(lines.write, run))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's own code raises
        return task_raised(task, error)


@lru_cache(maxsize=1)
def _board(path: Path, runs: int) -> Board:
    return Board(path, runs, new=False)


def _leave_with(parent: int) -> None:
    """End this process soon after its parent was killed, instead of training on for nobody."""
    while os.getppid() == parent:
        time.sleep(2)
    os._exit(1)
