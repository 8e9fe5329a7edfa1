"""What happens on a worker of a Ray cluster. Nothing here loads PyTorch before the environment is that of local workers."""

from __future__ import annotations

import os
import pickle
import time
from functools import lru_cache
from typing import Any, final

_PAUSE = 0.5  # seconds between two letters

Points = list[tuple[int, int, tuple[float, ...]]]


@final
class Mailbox:
    """An actor that holds the points which workers measured until somebody takes them."""

    def __init__(self) -> None:
        self._points: Points = []

    def put(self, points: Points) -> None:
        """Add points: number of the job, place of the run, point."""
        self._points += points

    def take(self) -> Points:
        """Return all points, and forget them."""
        taken, self._points = self._points, []
        return taken


def train_job_on_ray(work: bytes, name: str, job: bytes, mailbox: Any, stacked: bool, device: str, same_bits: str) -> Any:
    """Train a job, telling the mailbox every point; return what became of it, or the one line that stands for what was raised."""
    os.environ.update(OMP_NUM_THREADS="1", MKL_CBWR=same_bits)
    import torch

    from annealing.study.engines.training import train_job
    from annealing.tasks.failure import training_raised

    torch.set_num_threads(1)
    try:
        asked = pickle.loads(job)  # noqa: S301 - the caller wrote it
        shared = _read(work) if stacked else pickle.loads(work)  # noqa: S301 - the caller wrote it
        post = Post(mailbox, asked.number)
        outcome = train_job(shared, asked, post.hear, stacked=stacked, device=device)
        post.send()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's own code raises
        return training_raised(name, error)
    return outcome


@final
class Post:
    """Sends points to the mailbox, several at a time, about once a second."""

    def __init__(self, mailbox: Any, job: int) -> None:
        self._mailbox, self._job = mailbox, job
        self._points: Points = []
        self._sent = 0.0

    def hear(self, place: int, point: tuple[float, ...]) -> None:
        """Take a point, and send what there is if the last letter was a while ago."""
        self._points.append((self._job, place, point))
        if time.monotonic() - self._sent > _PAUSE:
            self._sent = time.monotonic()
            self.send()

    def send(self) -> None:
        """Send what there is, and wait for nothing."""
        if self._points:
            self._mailbox.put.remote(self._points)
            self._points = []


@lru_cache(maxsize=1)
def _read(work: bytes) -> Any:
    """The one copy of the task that stacks share: what they know of it is found out once."""
    return pickle.loads(work)  # noqa: S301 - the caller wrote it
