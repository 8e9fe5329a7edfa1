"""What `tune` found, as values: the table, the recommendation, everything that was tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.core.text import parse
from annealing.study.result import Comparison, Row, plain

Value = float | int | str


@final
@dataclass(frozen=True)
class Tried:
    """A run of the search: what was tried, from which seed, and what came of it.

    `schedule` is its text, the rate included; `loss` its last validation loss, at update `updates`, which is before the end
    where it `diverged` or was `cut`. A `repeat` was trained once more, from another seed, because it was among the best.
    """

    number: int
    values: Mapping[str, Value]
    schedule: str
    seed: int
    loss: float
    updates: int
    diverged: bool
    cut: bool
    repeat: bool = False


@final
@dataclass(frozen=True)
class Influence:
    """How much one hyper-parameter mattered: its share from 0 to 1, with a 90 % interval; None where a `note` says why."""

    name: str
    share: float | None
    interval: tuple[float, float] | None
    note: str


@final
@dataclass(frozen=True)
class Tuned:
    """The outcome of `tune()`: which setting to use, how sure that is, and everything behind it.

    `confirmed` compares the best few with the baselines on seeds that no choice was made on; its arms are named in `chosen`,
    with their values. `best` names the one to use. `tried` are the runs of the search, `ranges` the range tests as plain data,
    `importance` what mattered, and by which method; `seconds` is the time that all runs took together.
    """

    task: str
    study: str
    store: str
    strategy: str
    engine: str
    updates: int
    budget: int
    seed: int
    confirmed: Comparison
    chosen: Mapping[str, Mapping[str, Value]]
    tried: tuple[Tried, ...]
    ranges: tuple[Mapping[str, Any], ...]
    importance: tuple[Influence, ...]
    importance_method: str
    seconds: float
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The table, best first."""
        return self.confirmed.rows

    @property
    def settings(self) -> int:
        """How many settings were tried."""
        return len({one.number for one in self.tried})

    @property
    def verdict(self) -> str:
        """What the table shows, in words."""
        return self.confirmed.verdict

    @property
    def best(self) -> str:
        """The name of the setting to use."""
        return self.confirmed.best

    @property
    def values(self) -> Mapping[str, Value]:
        """The values of the setting to use, by name."""
        return self.chosen[self.best]

    @property
    def schedule(self) -> Schedule:
        """The schedule to use, its rate included."""
        row = next(row for row in self.rows if row.name == self.best)
        shape = parse(row.schedule)
        assert isinstance(shape, Schedule)
        return shape if row.lr == 1 else row.lr * shape

    @property
    def plan(self) -> Plan:
        """The schedule to use over the length of the runs."""
        return self.schedule.over(self.updates)

    @property
    def options(self) -> dict[str, Value]:
        """What else the optimizer is made with: weight decay, momentum and the like, by the names a recipe uses."""
        shaping = {"optimizer", "lr", "schedule", "warmup", "cooldown", "floor", "power", "batch_size"}
        return {name: value for name, value in self.values.items() if name not in shaping}

    def to_dict(self) -> dict[str, Any]:
        """Return what result.json holds: everything but the curves, with NaN and infinity as None."""
        return plain(
            {
                "task": self.task,
                "study": self.study,
                "store": self.store,
                "strategy": self.strategy,
                "engine": self.engine,
                "updates": self.updates,
                "budget": self.budget,
                "seed": self.seed,
                "best": {"name": self.best, "values": dict(self.values), "schedule": str(self.schedule), "options": self.options},
                "verdict": self.verdict,
                "chosen": {name: dict(values) for name, values in self.chosen.items()},
                "importance": [vars(one) for one in self.importance],
                "importance_method": self.importance_method,
                "ranges": [dict(one) for one in self.ranges],
                "tried": [{**vars(one), "values": dict(one.values)} for one in self.tried],
                "seconds": self.seconds,
                "notes": self.notes,
                **{name: value for name, value in self.confirmed.to_dict().items() if name in _OF_COMPARISON},
            }
        )


_OF_COMPARISON = ("rows", "reference", "evaluation_seeds", "runs")
