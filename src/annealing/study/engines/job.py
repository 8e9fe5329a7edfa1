"""What an engine is given and what it tells: jobs in, points and ended runs out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, final

from annealing.lockstep.halving import Halving
from annealing.lockstep.member import Point
from annealing.study.stored import Ended
from annealing.study.train import Setting

Stops = tuple[tuple[int, float], ...]
"""Pairs of (finished updates, loss): a run that is above the loss at the first point from there on is given up."""


@final
@dataclass(frozen=True)
class Job:
    """What one worker trains in one go; the caller knows it by its `number`.

    With `halving` the settings compete, and the worse are given up on the way, where the engine trains them together. `stops`
    are for one that trains each by itself: losses of earlier rounds that a run must not be above.
    """

    number: int
    settings: tuple[Setting, ...]
    halving: Halving | None = None
    stops: Stops = ()

    @property
    def updates(self) -> int:
        """The updates of all settings together, if none is given up."""
        return sum(int(setting.plan.total) for setting in self.settings)


class Heard(NamedTuple):
    """A point of the curve of the run at a place of a job, as it was measured."""

    job: int
    place: int
    point: Point


class Finished(NamedTuple):
    """A job whose runs have ended, in their order; `notes` say in a line each what was not trained as a stack, and why."""

    job: int
    runs: tuple[Ended, ...]
    notes: tuple[str, ...]


Event = Heard | Finished


class Engine(Protocol):
    """What executes jobs. The runs of a job are the same on every engine, to rounding, and wherever it is trained."""

    @property
    def name(self) -> str:
        """How people call it."""
        ...

    @property
    def workers(self) -> int:
        """How many jobs it trains at once."""
        ...

    @property
    def stacks(self) -> bool:
        """Whether it trains the settings of a job together, so that they can compete."""
        ...

    def submit(self, job: Job) -> None:
        """Hand a job out; it waits where all workers are busy."""
        ...

    def events(self, seconds: float) -> list[Event]:
        """Return what happened since the last call, waiting up to `seconds` for the first.

        Raises `TaskError` with the one line that stands for what a task raised.
        """
        ...
