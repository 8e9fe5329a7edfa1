"""Train one job, here: what a worker does, whichever engine it belongs to."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch

from annealing.core.families import constant
from annealing.lockstep import Member, Outcome
from annealing.lockstep import train as train_in_lockstep
from annealing.lockstep.alone import train_alone
from annealing.lockstep.chunk import pays, steady_size
from annealing.lockstep.feed import CannotStackError
from annealing.lockstep.leg import Hear
from annealing.lockstep.member import Point
from annealing.lockstep.outlook import stackable
from annealing.rangetest.find import scan_task
from annealing.study.engines.job import Job, Stops
from annealing.study.engines.own import Own
from annealing.study.ranges import ended_of_scan
from annealing.study.result import Curve
from annealing.study.stored import Ended
from annealing.study.train import Setting
from annealing.tasks.task import Task

_WARM = 80  # updates: more than pass before gradients are written down
_TOLD = 50  # times that a range test says how far it is


def train_job(work: Task | Own, job: Job, hear: Hear, *, stacked: bool, device: str) -> tuple[tuple[Ended, ...], tuple[str, ...]]:
    """Train every setting of a job and return what became of them, with notes; `hear(place, point)` gets every point.

    With `stacked` the settings are trained as one program where they can be, to the same bits whichever others there are.
    """
    if isinstance(work, Own):
        return tuple(work.train(setting, partial(hear, place), job.stops) for place, setting in enumerate(job.settings)), ()
    if job.settings[0].role == "range":
        return tuple(_scanned(work, setting, partial(hear, place), device) for place, setting in enumerate(job.settings)), ()
    if not stacked:
        return tuple(
            _alone(work, setting, partial(hear, place), job.stops, device) for place, setting in enumerate(job.settings)
        ), ()
    members = [setting.member for setting in job.settings]
    trained = train_in_lockstep(
        work,
        members,
        device=device,
        chunk=_stack(work, job.settings[0], device),
        compile="never",  # compiled bits depend on what was decided, and a study must come out the same wherever it goes on
        halving=job.halving,
        hear=hear,
    )
    return tuple(map(ended, trained.outcomes)), trained.notes


def warm_up() -> None:
    """Train the smallest stack there is, for what torch loads on the way."""
    x = torch.linspace(-1, 1, 8).reshape(8, 1)
    line = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, x), (x, x), optimizer="sgd", name="warm-up")
    members = [Member((0.1 * constant()).over(_WARM), seed=0) for _ in range(2)]
    train_in_lockstep(line, members, compile="never", chunk=2, points=1)


def ended(outcome: Outcome) -> Ended:
    """Say of a trained member what a store keeps."""
    curve = Curve(outcome.update, outcome.train_loss, outcome.valid_loss, outcome.rate)
    return Ended(curve, outcome.loss, outcome.metrics, outcome.diverged, outcome.cut, outcome.seconds)


def beyond(stops: Stops, begin: int, point: Point) -> bool:
    """Whether a run is to be given up at this point, the one before it having been at `begin`.

    >>> beyond(((250, 0.5),), 200, (260, 0.1, 0.6, 0.1)), beyond(((250, 0.5),), 260, (300, 0.1, 0.6, 0.1))
    (True, False)
    """
    update, _, loss, _ = point
    return any(begin < at <= update and loss > limit for at, limit in stops)


def _alone(task: Task, setting: Setting, hear: Callable[[Point], object], stops: Stops, device: str) -> Ended:
    last = 0

    def stop(point: Point) -> bool:
        nonlocal last
        hear(point)
        given_up, last = beyond(stops, last, point), point[0]
        return given_up

    return ended(train_alone(task, setting.member, lambda updates, loss: None, device=device, points=setting.points, hear=stop))


def _scanned(task: Task, setting: Setting, hear: Callable[[Point], object], device: str) -> Ended:
    """Scan rates; what is heard meanwhile is how far it is, as updates of one whole run, and no losses."""
    begun, updates = time.perf_counter(), int(setting.plan.total)
    own = task if setting.optimizer is None else replace(task, optimizer=setting.optimizer)

    def tick(stage: str, done: int, total: int) -> None:
        if done * _TOLD // total > (done - 1) * _TOLD // total:
            hear((updates * done // total, math.nan, math.nan, math.nan))

    scan, cost = scan_task(own, updates=updates, seed=setting.seed, device=device, tick=tick)
    return ended_of_scan(scan, cost, time.perf_counter() - begun)


def _stack(task: Task, setting: Setting, device: str) -> int | None:
    """How many settings to stack, without measuring it anew for every job; None leaves it to lockstep, which says why not.

    On a device a stack holds what its memory holds, which lockstep finds out.
    """
    if device != "cpu":
        return None
    try:
        plan = stackable(task, setting.member, device)
        return steady_size(plan) if pays(plan) else None
    except CannotStackError:
        return None
