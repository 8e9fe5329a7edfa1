"""Studies side by side, each in one of a few processes, so that all of them take a fraction of the time."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

import loky
from loky.backend.context import LokyContext

from annealing.core.errors import TaskError
from annealing.reproduce.finding import Result
from annealing.reproduce.study import Study
from annealing.study.engines.processes import without_interrupts
from annealing.study.engines.worker import start

_POLL = 0.2  # seconds after which a Ctrl-C is heard at the latest


def side_by_side(studies: Sequence[Study], one: Callable[[Study], Result], workers: int) -> Generator[Result]:
    """Run `one` of every study in `workers` processes, and yield each result as it ends, in no particular order.

    What a study finds depends on its seed only, so it finds the same in any process. The processes are killed when the
    generator is closed, or when a study raises.

    Raises what a study raises, and `TaskError` when a process dies.
    """
    executor: Any = loky.ProcessPoolExecutor(
        workers,
        context=LokyContext(),
        initializer=start,
        initargs=(os.getpid(),),
        env={"OMP_NUM_THREADS": "1"},  # one core each
    )
    ended: SimpleQueue[Any] = SimpleQueue()
    try:
        with _silent_about_renewal():
            with without_interrupts():
                futures = [executor.submit(one, study) for study in studies]
            for future in futures:
                future.add_done_callback(ended.put)
            for _ in futures:
                yield _next(ended).result()
    except loky.process_executor.BrokenProcessPool:
        raise TaskError("a process with a study died, perhaps for lack of memory: write --workers 1.") from None
    finally:
        executor.shutdown(wait=True, kill_workers=True)


@contextmanager
def _silent_about_renewal() -> Generator[None]:
    """Keep one warning of loky's from the user: that a process was replaced because it had grown by 300 MB.

    It is harmless. What grows is no leak: a process keeps the runs that studies share, and PyTorch what it loads. It is replaced
    between two studies, after the result of the first was sent; and what a study finds depends on its seed only. The warning
    comes from a thread of loky's, at any time until all studies have ended, so it is filtered until then.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A worker was restarted while some jobs", UserWarning, r"loky\.")
        yield


def cores() -> int:
    """Return how many processes have a core each."""
    return int(loky.cpu_count())


def _next(ended: SimpleQueue[Any]) -> Any:
    while True:
        try:
            return ended.get(timeout=_POLL)
        except Empty:
            continue
