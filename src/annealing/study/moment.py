"""How far a study has come, as one value that a progress bar can draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, final

from annealing.study.stored import StoredRun

Stage = Literal["range tests", "search", "evaluation"]


@final
@dataclass(frozen=True)
class Moment:
    """A moment of a study: its stage, its runs, which `share` of its updates is done, and which was `before` this process began.

    `seconds` is the time since then, `complete` the runs of the search that were trained to their end, `new` the runs that
    ended since the moment before, also those that other processes trained.

    >>> Moment("search", 3, 120, 0.3, 0.1, 10.0, (), ()).seconds_left
    35.0
    """

    stage: Stage
    done_runs: int
    total_runs: int
    share: float
    before: float
    seconds: float
    complete: tuple[StoredRun, ...]
    new: tuple[StoredRun, ...]

    @property
    def seconds_left(self) -> float | None:
        """The time left at the pace so far; None before there is one."""
        done = self.share - self.before
        return round(self.seconds * (1 - self.share) / done, 3) if done > 0 else None

    @property
    def best(self) -> StoredRun | None:
        """The run of the search with the lowest loss so far."""
        return min(self.complete, key=lambda run: float("inf") if run.loss is None else run.loss, default=None)

    @property
    def lowest(self) -> tuple[float, ...]:
        """The lowest loss so far after every complete run of the search."""
        found: list[float] = []
        for run in self.complete:
            loss = float("inf") if run.loss is None else run.loss
            found.append(min(loss, found[-1]) if found else loss)
        return tuple(found)


Report = Callable[[Moment], None]
"""What `tune(progress=…)` takes: called a few times a second, in the calling process."""


def stage_of(role: str) -> Stage:
    """Return the stage to which runs of a role belong."""
    return {"range": "range tests", "tuning": "search"}.get(role, "evaluation")  # pyright: ignore[reportReturnType]
