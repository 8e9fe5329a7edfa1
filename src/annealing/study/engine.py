"""The process engine: trains settings in worker processes, one thread each."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, final
from uuid import uuid4

import cloudpickle
import loky
from loky.backend.context import LokyContext

from annealing.core.errors import ArgumentError, TaskError
from annealing.study.board import Board
from annealing.study.result import Run
from annealing.study.train import Setting
from annealing.study.worker import TASK_FILE, start, train_in_worker
from annealing.tasks.task import Task

_POLL = 0.2  # seconds between two looks at the board

Watch = Callable[[Board], None]


@final
@dataclass(frozen=True)
class Engine:
    """Worker processes that hold one task. Made by `processes`, and gone after its `with` block."""

    task: str
    folder: Path
    executor: Any  # loky's, which has no types

    def train(self, settings: Sequence[Setting], watch: Watch) -> Iterator[Run]:
        """Train every setting; yield each run as it ends, in no particular order.

        What a run finds depends on its setting only, never on the number of workers. `watch(board)` is
        called several times a second meanwhile; line i of the board is about setting i. Raises `TaskError`,
        one line with what was raised and where, as soon as one run fails.
        """
        board = Board(self.folder / f"board-{uuid4().hex}", len(settings), new=True)
        with _without_interrupts():
            index_of = {
                self.executor.submit(train_in_worker, self.task, self.folder, board.name, len(settings), index, setting): index
                for index, setting in enumerate(settings)
            }
        # Not concurrent.futures.wait: it locks every pending future, and a Ctrl-C inside it would leave one locked for ever.
        ended: SimpleQueue[Any] = SimpleQueue()
        for future in index_of:
            future.add_done_callback(ended.put)
        for _ in range(len(settings)):
            while (future := _next(ended)) is None:
                watch(board)
            outcome: Run | TaskError = future.result()
            if isinstance(outcome, TaskError):
                raise outcome
            board.write(index_of[future], int(settings[index_of[future]].plan.total), outcome.loss)  # diverged is done, too
            yield outcome
        watch(board)


def _next(ended: SimpleQueue[Any]) -> Any:
    try:
        return ended.get(timeout=_POLL)
    except Empty:
        return None


@contextmanager
def processes(task: Task, workers: int | None = None) -> Generator[Engine]:
    """Start `workers` processes (by default one per CPU) that can train `task`.

    They are killed at the end of the `with` block, whatever ended it: an interrupt, an error, or the work.
    Raises `ArgumentError` for a number of workers below 1, `TaskError` for a task that cannot be sent.
    """
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise ArgumentError(f"workers={workers!r} is not a number of processes: write a whole number of 1 or more.")
    with tempfile.TemporaryDirectory(prefix="annealing-") as name:
        folder = Path(name)
        (folder / TASK_FILE).write_bytes(_packed(task))
        executor = loky.ProcessPoolExecutor(
            workers or loky.cpu_count(),
            context=LokyContext(),  # by name it may be joblib's copy of loky, whichever was imported last
            initializer=start,
            initargs=(os.getpid(),),
            env={"OMP_NUM_THREADS": "1"},
        )
        try:
            yield Engine(task.name, folder, executor)
        except loky.process_executor.BrokenProcessPool:
            raise TaskError(
                f"task {task.name!r}: a worker process died, perhaps for lack of memory: train with fewer workers."
            ) from None
        finally:
            executor.shutdown(wait=True, kill_workers=True)


def _packed(task: Task) -> bytes:
    try:
        return cloudpickle.dumps(task)
    except Exception as error:
        what = " ".join(str(error).split())
        raise TaskError(
            f"task {task.name!r} cannot be sent to worker processes ({type(error).__name__}: {what}): "
            "make such objects inside model(), train(seed) or valid(seed)."
        ) from error


@contextmanager
def _without_interrupts() -> Generator[None]:
    """Let processes that start here inherit a blocked Ctrl-C: only the caller hears it, and no worker prints a traceback."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
