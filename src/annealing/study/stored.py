"""What a study keeps: what goes into a store and comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, final

from annealing.study.result import Curve

State = Literal["waiting", "claimed", "done"]


class Point(NamedTuple):
    """One point of a curve: after so many finished updates, the losses, and the rate of the last update."""

    updates: int
    train_loss: float
    valid_loss: float
    rate: float


@final
@dataclass(frozen=True)
class NewRun:
    """A run that a round asks for: a candidate as plain data, a seed, and what it is trained for.

    Runs of one round with the same `bracket` are claimed together, by one worker; one without a bracket stands alone.
    """

    candidate: Mapping[str, Any]
    seed: int
    role: str
    bracket: int | None = None


@final
@dataclass(frozen=True)
class Claimed:
    """A run that this worker is to train, and the claim that says so.

    It is `done` when another worker trained it and was gone before the rest of its bracket: then it is there for the others'
    sake, and its outcome stays what it was.
    """

    id: int
    claim: str
    round: int
    place: int
    bracket: int | None
    candidate: Mapping[str, Any] = field(hash=False)
    seed: int
    role: str
    done: bool = False


@final
@dataclass(frozen=True)
class Ended:
    """What became of a run: its whole curve, its final loss, and whether it diverged or was given up on the way (cut)."""

    curve: Curve
    loss: float
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])
    diverged: bool = False
    cut: bool = False
    seconds: float = 0.0

    @property
    def updates(self) -> int:
        """After how many updates it ended."""
        return int(self.curve.update[-1]) if len(self.curve.update) else 0


@final
@dataclass(frozen=True)
class StoredRun:
    """A run as it stands in the store. Until it is done, what became of it is None."""

    id: int
    round: int
    place: int
    bracket: int | None
    candidate: Mapping[str, Any]
    seed: int
    role: str
    state: State
    worker: str | None
    loss: float | None
    metrics: Mapping[str, float]
    diverged: bool | None
    cut: bool | None
    seconds: float | None
    updates: int | None

    @property
    def done(self) -> bool:
        """Whether it was trained."""
        return self.state == "done"


class Counts(NamedTuple):
    """How many runs of a study wait, are being trained, and are done."""

    waiting: int
    claimed: int
    done: int


@final
@dataclass(frozen=True)
class StudyLine:
    """A study as a list of them shows it: `created` in seconds since 1970, `best` the lowest loss of its search.

    That is of a run of role "tuning", trained to its end; range tests, runs that were given up, and fresh seeds do not count.
    """

    name: str
    created: float
    version: str
    definition: Mapping[str, Any]
    counts: Counts
    best: float | None
