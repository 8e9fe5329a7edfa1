"""How far a comparison has come, as one value that a progress bar can draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from annealing.study.result import Role, Run


@final
@dataclass(frozen=True)
class Leader:
    """An arm at one rate, with the mean final loss of the runs of it that are complete (inf if one diverged)."""

    name: str
    lr: float
    loss: float
    runs: int


@final
@dataclass(frozen=True)
class Running:
    """A run under way: its finished updates and its latest training loss."""

    name: str
    lr: float
    seed: int
    updates: int
    loss: float


@final
@dataclass(frozen=True)
class Progress:
    """A moment of a comparison.

    `done_updates` moves inside a long run (a run that diverged counts in full), `seconds` is the time since
    the start, `leaders` are the arms in this stage so far, best first, each at its best rate.

    >>> Progress(3, 120, 2_600, 120_000, 1.3, "tuning", ()).seconds_left
    58.7
    """

    done_runs: int
    total_runs: int
    done_updates: int
    total_updates: int
    seconds: float
    stage: Role
    leaders: tuple[Leader, ...]
    running: tuple[Running, ...] = ()

    @property
    def seconds_left(self) -> float | None:
        """The time left at the pace so far; None before the first update."""
        if self.done_updates == 0:
            return None
        return self.seconds * (self.total_updates - self.done_updates) / self.done_updates


Report = Callable[[Progress], None]
"""What `compare(progress=…)` takes: called a few times a second, in the calling process."""


def leaders(runs: Sequence[Run], stage: Role) -> tuple[Leader, ...]:
    """Rank the arms by the runs of one stage that are complete, each arm at its best rate so far."""
    settings: dict[tuple[str, float], list[float]] = {}
    for run in runs:
        if run.role == stage:
            settings.setdefault((run.arm, run.lr), []).append(run.loss)
    best: dict[str, Leader] = {}
    for (name, lr), losses in settings.items():
        leader = Leader(name, lr, sum(losses) / len(losses), len(losses))
        if name not in best or leader.loss < best[name].loss:
            best[name] = leader
    return tuple(sorted(best.values(), key=lambda leader: leader.loss))
