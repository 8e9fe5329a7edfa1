"""Jobs on worker processes of this machine: in stacks (lockstep) or one setting at a time (process)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, final
from uuid import uuid4

import numpy as np

from annealing.core.errors import TaskError
from annealing.study.engines.job import Event, Finished, Heard, Job
from annealing.study.engines.own import Own
from annealing.study.engines.processes import Engine as Pool
from annealing.study.engines.processes import processes, without_interrupts
from annealing.study.engines.worker import get_ready, train_job_in_worker
from annealing.tasks.task import Task

_POLL = 0.1  # seconds between two looks at the points


@final
class Local:
    """Worker processes that train jobs. Made by `local`, and gone after its `with` block."""

    def __init__(self, pool: Pool, *, stacks: bool) -> None:
        self.stacks = stacks
        self.workers = pool.workers
        self.name = "lockstep" if stacks else "process"
        self._pool = pool
        self._points: dict[int, tuple[Path, int]] = {}  # the file of every job under way, and how much of it was read
        self._ended: SimpleQueue[tuple[int, Any]] = SimpleQueue()

    def submit(self, job: Job) -> None:
        """Hand a job out; it waits where all workers are busy."""
        path = self._pool.folder / f"points-{uuid4().hex}"
        path.touch()
        self._points[job.number] = path, 0
        with without_interrupts():
            pool = self._pool
            future = pool.executor.submit(
                train_job_in_worker, pool.task.name, pool.folder, path.name, job, self.stacks, pool.device
            )
        future.add_done_callback(lambda done, number=job.number: self._ended.put((number, done)))

    def events(self, seconds: float) -> list[Event]:
        """Return what happened since the last call, waiting up to `seconds` for the first."""
        waited = 0.0
        while True:
            found: list[Event] = [heard for number in list(self._points) for heard in self._heard(number)]
            found += self._finished(0.0 if found or waited >= seconds else min(_POLL, seconds - waited))
            waited += _POLL
            if found or waited >= seconds:
                return found

    def _finished(self, wait: float) -> list[Event]:
        found: list[Event] = []
        while True:
            try:
                number, future = self._ended.get(timeout=wait) if wait > 0 else self._ended.get_nowait()
            except Empty:
                return found
            wait = 0.0
            outcome = future.result()
            if isinstance(outcome, TaskError):
                raise outcome
            found += self._heard(number)
            found.append(Finished(number, *outcome))
            self._points.pop(number)[0].unlink(missing_ok=True)

    def _heard(self, number: int) -> list[Heard]:
        path, begin = self._points[number]
        with path.open("rb") as file:
            file.seek(begin)
            content = file.read()
        whole = len(content) - len(content) % (5 * 8)  # a worker may be in the middle of a line
        self._points[number] = path, begin + whole
        rows = np.frombuffer(content[:whole]).reshape(-1, 5).tolist()
        return [Heard(number, int(place), (int(update), train, valid, rate)) for place, update, train, valid, rate in rows]


@contextmanager
def local(work: Task | Own, workers: int | None, *, stacks: bool, device: str = "cpu") -> Generator[Local]:
    """Start worker processes (by default one per CPU) that train jobs, and end them with the `with` block."""
    with processes(work, workers, engine="lockstep" if stacks else "process", device=device) as pool:
        if stacks:
            with without_interrupts():
                for _ in range(pool.workers):  # the range test keeps one busy at first, and the others need not wait for it
                    pool.executor.submit(get_ready, pool.folder)
        yield Local(pool, stacks=stacks)
