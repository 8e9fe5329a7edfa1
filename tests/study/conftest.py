"""A small real task that trains in milliseconds, and an engine that needs no processes."""

import pytest

from tests.conftest import require

torch = require("torch")


@pytest.fixture
def line():
    """Make a task: fit 3x + 1 with noise on the targets, a split per seed; keyword arguments replace its parts."""
    from annealing.tasks import Task

    def data(seed: int, count: int):
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(count, 1, generator=generator)
        return x, 3 * x + 1 + 0.5 * torch.randn(count, 1, generator=generator)

    def make(**changes):
        parts = {
            "model": lambda: torch.nn.Linear(1, 1),
            "loss": torch.nn.functional.mse_loss,
            "train": lambda seed: data(seed, 64),
            "valid": lambda seed: data(seed + 1000, 32),
            "batch_size": 8,
            "optimizer": "sgd",
            "name": "line",
        }
        return Task(**(parts | changes))

    return make


@pytest.fixture
def serial(monkeypatch):
    """Let `compare` train in this process, one run after the other: what it concludes does not depend on the engine."""
    from contextlib import contextmanager

    from annealing.study.train import train

    class Serial:
        notes = ()

        def __init__(self, task):
            self.task = task

        def train(self, settings, watch):
            for setting in settings:
                yield train(self.task, setting, lambda updates, loss: None)

    @contextmanager
    def processes(task, workers, **engine):
        yield Serial(task)

    monkeypatch.setattr("annealing.study.compare.processes", processes)


@pytest.fixture
def run():
    """Make a run of which only the final loss matters."""
    import math

    import numpy as np

    from annealing.study.result import Curve, Run

    def make(arm, lr, seed, role, loss, metrics=None):
        point = np.array([loss])
        return Run(arm, lr, seed, role, Curve(np.array([10]), point, point, point), loss, metrics or {}, math.isinf(loss), 0.1)

    return make


@pytest.fixture
def here():
    """Make an engine that trains jobs in this process, one when it is asked what happened; it may be told when to break down."""
    from annealing.study.engines.job import Finished, Heard
    from annealing.study.engines.training import train_job

    class Here:
        name, workers = "here", 2

        def __init__(self, work, *, stacks=True, breaks_after=None):
            self.work, self.stacks, self.left, self.jobs = work, stacks, breaks_after, []
            self.trained = []

        def submit(self, job):
            self.jobs.append(job)

        def events(self, seconds):
            if self.left == 0:
                raise KeyboardInterrupt
            self.left = None if self.left is None else self.left - 1
            if not self.jobs:
                return []
            job, heard = self.jobs.pop(0), []
            self.trained.append(job)
            runs, notes = train_job(
                self.work,
                job,
                lambda place, point: heard.append(Heard(job.number, place, point)),
                stacked=self.stacks,
                device="cpu",
            )
            return [*heard, Finished(job.number, runs, notes)]

    return Here
