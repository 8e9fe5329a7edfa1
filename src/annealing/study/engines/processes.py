"""The engines: settings trained in worker processes of one thread each, one at a time (process) or in stacks (lockstep)."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Literal, final
from uuid import uuid4

import cloudpickle
import loky
from loky.backend.context import LokyContext

from annealing.core.errors import ArgumentError, TaskError, TrainingError
from annealing.lockstep import Outlook
from annealing.lockstep.compiled import Compile
from annealing.lockstep.outlook import BUSY, in_a_line
from annealing.study.engines.board import Board
from annealing.study.engines.worker import TASK_FILE, look_in_worker, start, train_in_worker, train_stack_in_worker
from annealing.study.result import Run
from annealing.study.train import Setting

EngineName = Literal["process", "lockstep"]

_POLL = 0.2  # seconds between two looks at the board
_SHORT = 20_000  # updates in all: one by one they take about as long as loading what stacks are made with
SAME_BITS = "AUTO,STRICT"  # MKL: a product's bits do not depend on where its matrices lie in memory, so not on a place in a stack

Watch = Callable[[Board], None]


@final
@dataclass(frozen=True)
class Engine:
    """Worker processes that hold one task. Made by `processes`, and gone after its `with` block."""

    task: Any  # a Task, or what else a worker can train
    folder: Path
    executor: Any  # loky's, which has no types
    workers: int
    name: EngineName | None = "process"
    compile: Compile = "never"
    device: str = "cpu"
    found: dict[str, Outlook] = field(default_factory=dict[str, Outlook])  # what a look at the task said, once there was one

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know about how it was trained: in a line, why nothing was stacked."""
        return tuple(in_a_line(self.task, look.reason) for look in self.found.values() if look.reason)

    def train(self, settings: Sequence[Setting], watch: Watch) -> Iterator[Run]:
        """Train every setting; yield each run as it ends, in no particular order.

        What a run finds depends on its setting only, never on the number of workers. `watch(board)` is
        called several times a second meanwhile; line i of the board is about setting i. Raises `TaskError`,
        one line with what was raised and where, as soon as one run fails.
        """
        board = Board(self.folder / f"board-{uuid4().hex}", len(settings), new=True)
        chunk = self._chunk(settings, watch, board)
        with without_interrupts():
            places_of = self._submitted(settings, board, chunk)
        # Not concurrent.futures.wait: it locks every pending future, and a Ctrl-C inside it would leave one locked for ever.
        ended: SimpleQueue[Any] = SimpleQueue()
        for future in places_of:
            future.add_done_callback(ended.put)
        for _ in range(len(places_of)):
            while (future := _next(ended)) is None:
                watch(board)
            outcome: list[Run] | TaskError = future.result()
            if isinstance(outcome, TaskError):
                raise outcome
            for place, run in zip(places_of[future], outcome, strict=True):
                board.write(place, int(settings[place].plan.total), run.loss)  # diverged is done, too
                yield run
        watch(board)

    def _chunk(self, settings: Sequence[Setting], watch: Watch, board: Board) -> int:
        """Return how many settings a worker trains at a time: found out by a look at the task, the first time."""
        short = sum(int(setting.plan.total) for setting in settings) < _SHORT
        if self.name == "process" or len(settings) == 1 or (self.name is None and short):
            return 1
        if "look" not in self.found:
            with without_interrupts():
                look = self.executor.submit(look_in_worker, self.task.name, self.folder, settings, self.device)
            ended: SimpleQueue[Any] = SimpleQueue()
            look.add_done_callback(ended.put)
            while _next(ended) is None:
                watch(board)
            outlook: Outlook | TaskError = look.result()
            if isinstance(outlook, TaskError):
                raise outlook
            self.found["look"] = outlook
        look = self.found["look"]
        size = 16 if look.reason == BUSY and self.name == "lockstep" else look.chunk
        return min(size, -(-len(settings) // self.workers))

    def _submitted(self, settings: Sequence[Setting], board: Board, chunk: int) -> dict[Any, list[int]]:
        """Hand all settings out, in stacks of those that share a seed where they can, and so share its batches."""
        common = self.task.name, self.folder, board.name, len(settings)
        if chunk == 1:
            submit = self.executor.submit
            return {submit(train_in_worker, *common, i, setting, self.device): [i] for i, setting in enumerate(settings)}
        order = sorted(range(len(settings)), key=lambda place: (settings[place].seed, place))
        remaining = sum(int(setting.plan.total) for setting in settings) // self.workers
        submitted: dict[Any, list[int]] = {}
        for begin in range(0, len(order), chunk):
            places = order[begin : begin + chunk]
            own = [settings[place] for place in places]
            stack = *common, places, own, chunk, self.compile, remaining, self.device
            submitted[self.executor.submit(train_stack_in_worker, *stack)] = places
        return submitted


def _next(ended: SimpleQueue[Any]) -> Any:
    try:
        return ended.get(timeout=_POLL)
    except Empty:
        return None


@contextmanager
def processes(
    task: Any,
    workers: int | None = None,
    *,
    engine: EngineName | None = "process",
    compile: Compile = "never",  # noqa: A002 - what torch calls it
    device: str = "cpu",
) -> Generator[Engine]:
    """Start `workers` processes (by default one per CPU) that can train `task`, one setting at a time or in stacks.

    Without a name of an `engine`, settings are stacked where the task can be stacked and that pays. The processes are
    killed at the end of the `with` block, whatever ended it: an interrupt, an error, or the work.

    Raises `ArgumentError` for a number of workers below 1 or an engine that there is not, `TaskError` for a task that
    cannot be sent.
    """
    if engine not in (None, "process", "lockstep"):
        raise ArgumentError(f'engine={engine!r} is none: write "lockstep" or "process", or leave it out.')
    if compile not in ("never", "auto", "always"):
        raise ArgumentError(f'compile={compile!r} is none of "never", "auto" and "always".')
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise ArgumentError(f"workers={workers!r} is not a number of processes: write a whole number of 1 or more.")
    with tempfile.TemporaryDirectory(prefix="annealing-") as name:
        folder = Path(name)
        (folder / TASK_FILE).write_bytes(packed(task))
        count = workers or loky.cpu_count()
        executor = loky.ProcessPoolExecutor(
            count,
            context=LokyContext(),  # by name it may be joblib's copy of loky, whichever was imported last
            initializer=start,
            initargs=(os.getpid(),),
            env={"OMP_NUM_THREADS": "1", "MKL_CBWR": os.environ.get("MKL_CBWR", SAME_BITS)},
        )
        try:
            yield Engine(task, folder, executor, count, engine, compile, device)
        except loky.process_executor.BrokenProcessPool:
            raise TrainingError(
                f"task {task.name!r}: a worker process died, perhaps for lack of memory: train with fewer workers."
            ) from None
        finally:
            executor.shutdown(wait=True, kill_workers=True)


def packed(task: Any) -> bytes:
    """Return a task as bytes that a worker can read, wherever it is.

    What a module made at run time defines, which no other process can import, is sent by value.

    Raises `TaskError` for one that cannot be sent.
    """
    made = sys.modules.get(getattr(getattr(task, "function", None), "__module__", None) or "")
    if made is not None and made.__spec__ is None and made.__name__ != "__main__":
        cloudpickle.register_pickle_by_value(made)
    try:
        return cloudpickle.dumps(task)
    except Exception as error:
        what = " ".join(str(error).split())
        raise TaskError(
            f"task {task.name!r} cannot be sent to worker processes ({type(error).__name__}: {what}): "
            "make such objects inside model(), train(seed) or valid(seed)."
        ) from error


@contextmanager
def without_interrupts() -> Generator[None]:
    """Let processes that start here inherit a blocked Ctrl-C: only the caller hears it, and no worker prints a traceback."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
