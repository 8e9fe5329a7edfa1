"""Tune a task: which optimizer, rate and schedule to train it with, how sure that is, and the plan as a value."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast, final

from annealing.core.checks import whole
from annealing.core.errors import ArgumentError, KindError
from annealing.study.arms import horizon_of
from annealing.study.conclude import conclude
from annealing.study.conduct import conduct
from annealing.study.defaults import EVALUATION_SEEDS, FIRST_EVALUATION_SEED, UPDATES
from annealing.study.definition import definition_of, search_from
from annealing.study.engines.job import Engine
from annealing.study.engines.local import local
from annealing.study.engines.own import Own
from annealing.study.engines.usual import Usual, usual_engine
from annealing.study.moment import Report
from annealing.study.search import Search, history_of
from annealing.study.space import Space, baselines_of, check_space, default_space
from annealing.study.store import Record, open_store
from annealing.study.strategies import Strategy, strategy_named
from annealing.study.strategies.forecasting import Forecasting
from annealing.study.tuned import Tuned
from annealing.study.workers import engines_of
from annealing.tasks.load import load_object
from annealing.tasks.optimizers import optimizer_named
from annealing.tasks.task import Task

EngineName = Literal["lockstep", "process", "ray"]
ENGINES = ("lockstep", "process", "ray")

BUDGET = 64
"""Settings that a search tries when nothing else is said."""
FINALISTS = 4
"""The best few, which are judged on fresh seeds."""
REPEATS = 2
"""More tuning seeds from which the best are trained before it is chosen among them."""
_MOST_REPEATS = FIRST_EVALUATION_SEED // 2  # beyond, they would come round to the seeds of the search


def tune(
    task: Task | str | Callable[[Any], Any],
    *,
    space: Space | Mapping[str, Any] | None = None,
    strategy: str | Strategy = "halving",
    engine: EngineName | None = None,
    optimizer: str | Sequence[str] | None = None,
    updates: int = UPDATES,
    budget: int = BUDGET,
    seed: int = 0,
    store: str | Path | None = None,
    study: str | None = None,
    workers: int | None = None,
    progress: Report | None = None,
    address: str | None = None,
    find: bool = True,
    forecast: bool = False,
    repeats: int = REPEATS,
    finalists: int = FINALISTS,
    seeds: int = EVALUATION_SEEDS,
    baselines: Mapping[str, Mapping[str, Any]] | None = None,
    device: str = "cpu",
) -> Tuned:
    """Search for the setting to train a task with, judge the best few on seeds that chose none of them, and say how sure it is.

    First the range of good rates of every optimizer is found, then a strategy tries `budget` settings, then the best of them are
    trained from two more seeds, since one may have been lucky with the first. The best few and the baselines are judged on fresh
    seeds: their differences are paired by seed, taken to the setting that was best before, and adjusted for their number
    (Holm, 10 %).

    >>> import torch
    >>> x = torch.linspace(-1, 1, 64).reshape(64, 1)
    >>> line = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, 3 * x), (x, 3 * x), optimizer="sgd")
    >>> tuned = tune(line, strategy="random", updates=20, budget=4, seeds=2, find=False, workers=1)
    >>> len(tuned.tried), tuned.best in tuned.chosen, tuned.plan.total
    (4, True, 20)

    Arguments: `task`, a `Task`, a built-in name, `"file.py:name"`, or a function `def train(run)` of any framework, which trains
    with `run.plan(t)`, `run.values` and `run.seed` and calls `run.report(update, loss)`; `space`, what is looked
    through (by default rate, schedule and what shapes it, for each `optimizer`); `strategy`, a name such as "halving", "random",
    "grid", "tpe", or a strategy; `engine`, "lockstep" (settings stacked into one program), "process" (one at a time) or "ray", by
    default lockstep where the task can be stacked and that pays;
    `optimizer`, one name or several, in place of the task's own; `updates`, the length of every run; `budget`, how
    many settings are tried; `seed`, of the search; `store`, a file or a database URL that keeps every point: called again, the
    study goes on where it stopped (by default nothing is kept); `study`, its name there (by default the task's); `workers`, jobs
    at a time (by default one per CPU); `progress`, called a few times a second; `address`, of a Ray cluster to join (by default
    one is started here); `find`, whether rates are tested first; `forecast`, whether the rest of the budget goes where a
    law fitted to the first runs expects the lowest losses; `repeats`, from how many more seeds the best are trained before it is
    chosen among them, where the strategy trains each from one: one setting in 16 of the budget, from a budget of 32 on, 8 at
    most (0: the first seed decides); `finalists` and `seeds`, how many
    settings are judged, on how many seeds; `baselines`, {name: values} to judge them against (by default every optimizer at its
    usual rate, constant, and the first that is made for decay with a cosine as well).

    Raises an `AnnealingError` before any training for what cannot be trained, `StoreError` where the study is there with
    another definition, and `TrainingError` when the task raises while it is trained, or every run diverges.
    """
    work = _work(task)
    asked = Asked(work, engine, workers, address, device, first_of(optimizer))
    search = _search(
        work,
        space,
        strategy,
        optimizer,
        updates,
        budget,
        seed,
        find,
        repeats,
        finalists,
        seeds,
        baselines,
        forecast,
        asked.stacks,
    )
    with _place(store) as place, open_store(place) as opened:
        record = opened.begin(study or work.name, definition_of(work, search, stacked=asked.stacks, device=device))
        notes = asked.usual.notes if engine is None else ()
        if not _complete(record):
            with asked.engine() as running:
                notes += conduct(record, search, running, progress)
        return conclude(
            search,
            record.rounds(),
            record.curves(),
            task=work.name,
            study=record.name,
            store="" if store is None else opened.address,
            engine=engines_of(record.runs()),
            notes=notes,
        )


def concluded(record: Record, store: str, *, finished: bool = True) -> Tuned:
    """Say what a study in a store has found, without training anything.

    Raises `ArgumentError` where it is not `finished`, unless what there is will do.
    """
    search, task, engine = search_from(record.definition)
    if finished and not _complete(record):
        counts, history = record.counts(), history_of(record.runs(), record.curves())
        stuck = history and sum(counts) == counts.done and search.nothing_to_judge(history)
        if stuck:
            raise ArgumentError(f"study {record.name!r}: {stuck}")
        raise ArgumentError(
            f"study {record.name!r} is not finished, {counts.done} of {sum(counts)} runs so far: "
            "run the command that began it once more."
        )
    engine = engines_of(record.runs()) or engine
    return conclude(search, record.rounds(), record.curves(), task=task, study=record.name, store=store, engine=engine)


@final
@dataclass(frozen=True)
class Asked:
    """What is to execute the runs."""

    work: Task | Own
    given: str | None
    workers: int | None
    address: str | None
    device: str
    optimizer: str | None = None  # in place of the task's own

    def __post_init__(self) -> None:
        if self.given is not None and self.given not in ENGINES:
            raise ArgumentError(f"engine={self.given!r} is none{nearest(str(self.given), ENGINES)}: write {listed(ENGINES)}.")
        if self.given == "lockstep" and isinstance(self.work, Own):
            raise ArgumentError(
                'engine="lockstep" stacks tasks, and a function of your own is none: write engine="process", or engine="ray".'
            )
        if self.address is not None and self.given != "ray":
            raise ArgumentError(f'address={self.address!r} is that of a Ray cluster: write engine="ray" as well.')
        if self.workers is not None:
            whole("workers", self.workers)

    @cached_property
    def usual(self) -> Usual:
        """Whether stacks are worth it, where nobody said so."""
        return usual_engine(self.work, self.optimizer, self.device)

    @property
    def name(self) -> str:
        """How people call it."""
        return self.given or ("lockstep" if self.usual.stacks else "process")

    @property
    def stacks(self) -> bool:
        """Whether settings are trained together."""
        return self.name == "lockstep" or (self.name == "ray" and self.usual.stacks)

    @contextmanager
    def engine(self) -> Generator[Engine]:
        """Start it, for the `with` block."""
        if self.name == "ray":
            from annealing.study.engines.ray import cluster

            with cluster(self.work, self.workers, self.address, stacks=self.stacks, device=self.device) as running:
                yield running
        else:
            with local(self.work, self.workers, stacks=self.stacks, device=self.device) as running:
                yield running


def first_of(optimizer: str | Sequence[str] | None) -> str | None:
    """Return the first optimizer that is named, or None where it is the task's own."""
    names = [optimizer] if isinstance(optimizer, str) else list(optimizer or ())
    for name in names:
        optimizer_named(name)
    return names[0] if names else None


def _work(task: object) -> Task | Own:
    found = load_object(task) if isinstance(task, str) else task
    if isinstance(found, Task | Own):
        return found
    if callable(found) and not isinstance(found, type):
        return Own(cast("Callable[[Any], Any]", found))
    raise KindError(
        f'task={task!r} is not a task: write "digits", "file.py:name", Task(model=…, loss=…, …) or a function def train(run).'
    )


def _search(
    work: Task | Own,
    space: Space | Mapping[str, Any] | None,
    strategy: str | Strategy,
    optimizer: str | Sequence[str] | None,
    updates: int,
    budget: int,
    seed: int,
    find: bool,
    repeats: int,
    finalists: int,
    seeds: int,
    baselines: Mapping[str, Mapping[str, Any]] | None,
    forecast: bool,
    stacked: bool,
) -> Search:
    length = whole("updates", updates)
    names = [optimizer] if isinstance(optimizer, str) else list(optimizer or ())
    own = work.optimizer if isinstance(work, Task) and isinstance(work.optimizer, str) else None
    looked = _space(work, space, names or ([own] if own else []))
    first = names[0] if names else own
    if isinstance(work, Task):
        check_space(looked, first or work.optimizer, updates=length)
    chosen = strategy_named(strategy) if isinstance(strategy, str) else strategy
    if forecast:
        chosen = Forecasting(chosen, updates=length)
    return Search(
        space=looked,
        strategy=chosen,
        horizon=length if isinstance(work, Own) else horizon_of(work, length),
        updates=length,
        budget=whole("budget", budget),
        seed=whole("seed", seed, at_least=0),
        find=find and isinstance(work, Task),
        optimizer=first,
        baselines=baselines_of(names or ([own] if own else [])) if baselines is None else baselines,
        repeats=_repeats(repeats),
        finalists=whole("finalists", finalists),
        seeds=whole("seeds", seeds),
        own=isinstance(work, Own),
        forecast=forecast,
        stacked=stacked,
    )


def _repeats(given: int) -> int:
    if (repeats := whole("repeats", given, at_least=0)) > _MOST_REPEATS:
        raise ArgumentError(f"repeats={given!r} is more than there are seeds for: write {_MOST_REPEATS} at most.")
    return repeats


def _space(work: Task | Own, space: Space | Mapping[str, Any] | None, names: Sequence[str]) -> Space:
    if space is not None:
        return space if isinstance(space, Space) else Space(space)
    if isinstance(work, Own):
        raise ArgumentError(
            f'task {work.name!r} is a function, whose hyper-parameters are not known: write space={{"lr": Log(1e-4, 1), …}}.'
        )
    if not names:
        raise ArgumentError(
            f"task {work.name!r} makes its own optimizer, whose usual rate is not known: write optimizer=…, or space=…."
        )
    return default_space(names)


def _complete(record: Record) -> bool:
    """Whether nothing is left to do, so that no engine need be started."""
    rounds = record.rounds()
    return bool(rounds) and all(run.done for run in rounds[-1]) and rounds[-1][0].role == "evaluation"


@contextmanager
def _place(store: str | Path | None) -> Generator[str | Path]:
    """Give the place of the store, one that is gone afterwards where none was named."""
    if store is not None:
        yield store
        return
    with tempfile.TemporaryDirectory(prefix="annealing-") as folder:
        yield Path(folder) / "study.db"


def nearest(given: str, known: Sequence[str]) -> str:
    """Say which known word was meant, where one is near."""
    close = difflib.get_close_matches(given, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def listed(words: Sequence[str]) -> str:
    """List words in quotes, the last with "or"."""
    quoted = [f'"{word}"' for word in words]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"
