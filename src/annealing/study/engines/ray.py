"""Jobs on a Ray cluster: one that is joined by its address, or one that is started on this machine."""

from __future__ import annotations

import importlib.util
import logging
import os
import pickle
import socket
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, final

from annealing.core.errors import ArgumentError, TaskError, TrainingError
from annealing.study.engines.job import Event, Finished, Heard, Job
from annealing.study.engines.own import Own
from annealing.study.engines.processes import SAME_BITS, packed
from annealing.study.engines.ray_worker import Mailbox, train_job_on_ray
from annealing.tasks.task import Task

_RETRIES = 5  # of a job whose worker died
_REACH = 5  # seconds until somebody must answer at an address


@final
class Cluster:
    """Workers of a Ray cluster that train jobs. Made by `cluster`, and let go after its `with` block."""

    name = "ray"

    def __init__(self, ray: Any, work: Task | Own, workers: int, *, stacks: bool, device: str) -> None:
        self.workers, self.stacks = workers, stacks
        self._ray, self._task = ray, work.name
        self._work = ray.put(packed(work))  # sent to each machine once
        self._mailbox = ray.remote(Mailbox).options(num_cpus=0, max_restarts=-1, max_task_retries=-1).remote()
        self._train = ray.remote(train_job_on_ray).options(num_cpus=1, max_retries=_RETRIES)
        self._common = stacks, device, os.environ.get("MKL_CBWR", SAME_BITS)
        self._waiting: dict[Any, Job] = {}  # what Ray will return, by the promise of it

    def submit(self, job: Job) -> None:
        """Hand a job out; it waits where all workers are busy, and is trained again where its worker dies."""
        promise = self._train.remote(self._work, self._task, pickle.dumps(job), self._mailbox, *self._common)
        self._waiting[promise] = job

    def events(self, seconds: float) -> list[Event]:
        """Return what happened since the last call, waiting up to `seconds` for a job to end."""
        ended, _ = self._ray.wait(list(self._waiting), timeout=seconds) if self._waiting else ([], [])
        found: list[Event] = [
            Heard(number, place, point)
            for number, place, point in self._got(self._mailbox.take.remote())
            if number in {job.number for job in self._waiting.values()}
        ]
        for promise in ended:
            job = self._waiting.pop(promise)
            outcome = self._got(promise)
            if isinstance(outcome, TaskError):
                raise outcome
            found.append(Finished(job.number, *outcome))
        return found

    def _got(self, promise: Any) -> Any:
        """Return what Ray promised; whatever it lost instead (a worker, a node, memory, an actor) is one line."""
        try:
            return self._ray.get(promise)
        except self._ray.exceptions.RayError as error:
            line = " ".join(str(error).split())[:200]
            raise TrainingError(
                f"task {self._task!r}: the cluster lost its work ({type(error).__name__}: {line}): "
                "run it again, with fewer workers where memory ran out."
            ) from None

    def cancel(self) -> None:
        """Stop what is still being trained, as nobody waits for it any more."""
        for promise in self._waiting:
            self._ray.cancel(promise, force=True)
        self._ray.kill(self._mailbox)


@contextmanager
def cluster(
    work: Task | Own, workers: int | None, address: str | None, *, stacks: bool, device: str = "cpu"
) -> Generator[Cluster]:
    """Join the cluster at `address`, or start one here with `workers` processes (by default one per CPU), for the `with` block.

    A program that has called `ray.init` itself goes on with its own cluster.

    Raises `ArgumentError` where Ray is not installed or no cluster answers at the address.
    """
    if importlib.util.find_spec("ray") is None:
        raise ArgumentError('engine="ray" needs Ray, which is not installed: pip install "annealing[ray]".')
    with _quiet():
        import ray

        own = not ray.is_initialized()
        if own:
            _begin(ray, workers, address)
        try:
            cores = int(ray.cluster_resources().get("CPU", 1))
            running = Cluster(ray, work, workers or max(1, cores), stacks=stacks, device=device)
            try:
                yield running
            finally:
                running.cancel()
        finally:
            if own:
                ray.shutdown()


def _begin(ray: Any, workers: int | None, address: str | None) -> None:
    """Start or join; without a dashboard, and with no word but errors."""
    common = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}
    if address is None:
        import loky

        ray.init(address="local", num_cpus=workers or loky.cpu_count(), include_dashboard=False, **common)
        return
    _knock(address)
    try:
        ray.init(address=address, **common)
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        raise _no_cluster(address, error) from None


def _knock(address: str) -> None:
    """See that somebody listens at an address: Ray itself goes on asking for minutes."""
    host, _, port = address.rpartition(":")
    if not host or "://" in address or not port.isdigit():
        return  # "auto", or another spelling that Ray reads
    try:
        socket.create_connection((host, int(port)), timeout=_REACH).close()
    except OSError as error:
        raise _no_cluster(address, error) from None


def _no_cluster(address: str, error: Exception) -> ArgumentError:
    line = " ".join(str(error).split())[:160]
    return ArgumentError(
        f"address={address!r}: no Ray cluster answers there ({line}): "
        "write the one that ray start --head prints, or leave it out."
    )


@contextmanager
def _quiet() -> Generator[None]:
    """Let Ray's own warnings about its future defaults and its use of fork pass, and no others."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO.*", category=FutureWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"ray\..*")
        warnings.filterwarnings("ignore", message=".*multi-threaded, use of f?o?r?k.*", category=DeprecationWarning)
        yield
