"""Compare schedules on a task: tune each one's rate on some seeds, judge them on others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from annealing.core.errors import ArgumentError, KindError
from annealing.lockstep.compiled import Compile
from annealing.lockstep.device import known_device
from annealing.study.arms import Entry, Rates, Schedules, read_entries
from annealing.study.defaults import EVALUATION_SEEDS, FIRST_EVALUATION_SEED, TUNING_SEEDS, UPDATES
from annealing.study.engines.processes import Engine, EngineName, processes
from annealing.study.progress import Report
from annealing.study.result import Comparison, Role, Run
from annealing.study.stage import Teller
from annealing.study.table import recommended, table
from annealing.study.train import Setting
from annealing.study.tuning import best_of, choose, next_rate
from annealing.study.words import verdict_in_words
from annealing.tasks.load import load_task
from annealing.tasks.optimizers import Maker
from annealing.tasks.task import Task


def compare(
    task: Task | str,
    schedules: Schedules = None,
    *,
    updates: int = UPDATES,
    seeds: int = EVALUATION_SEEDS,
    lr: Rates = None,
    optimizer: str | Maker | None = None,
    workers: int | None = None,
    progress: Report | None = None,
    engine: EngineName | None = None,
    compile: Compile = "never",  # noqa: A002 - what torch calls it
    device: str = "cpu",
) -> Comparison:
    """Train a task under several schedules and say which is better, by how much, and what cannot be told.

    Each schedule is trained at every rate of its grid from the tuning seeds, and its best rate is then
    judged on evaluation seeds that had no part in the choice. Differences are paired by seed, taken to the
    arm that was best on the tuning seeds, and adjusted for the number of arms (Holm, 10 %).

    >>> import torch
    >>> x = torch.linspace(-1, 1, 64).reshape(64, 1)
    >>> line = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, 3 * x), (x, 3 * x), optimizer="sgd")
    >>> outcome = compare(line, ["constant", "cosine"], updates=20, seeds=2, lr=0.1)
    >>> outcome.best, [row.name for row in outcome.rows]
    ('constant', ['constant', 'cosine'])

    Arguments: `task`, a `Task`, a built-in name or `"file.py:name"`; `schedules`, texts or schedules, or
    {name: text or schedule} (by default ten that people choose between); `updates`, the length of every run;
    `seeds`, the number of evaluation seeds; `lr`, what a schedule is multiplied by: update t uses
    `lr * schedule`. Without `lr`, a schedule whose peak is 1 is tried at half, once and twice the optimizer's
    usual rate, and further by factors of 2 as long as the best rate lies at an end; one whose peak is
    anything else, such as `3e-4 * cosine()`, is absolute and trained as it is written (lr = 1). `optimizer`,
    in place of the task's own; `workers`, processes (by default one per CPU; the numbers do not depend on
    it); `progress`, called a few times a second; `engine`, "lockstep" (many settings as one stacked program) or
    "process" (one after the other in each worker), by default lockstep where the task can be stacked and that pays: their
    numbers agree to rounding; `compile`, "never", "auto" (when it saves more time than it takes; then the last
    digits depend on what was decided) or "always", in lockstep only; `device`, "cpu" or "cuda".

    Returns what is complete when it is interrupted. Raises an `AnnealingError` before any training for
    what cannot be trained, and `TaskError` when the task raises.
    """
    begun = time.perf_counter()
    task = load_task(task) if isinstance(task, str) else task
    if not isinstance(task, Task):  # pyright: ignore[reportUnnecessaryIsInstance] - people pass models
        raise KindError(
            f'task={task!r} is not a task: write "digits", "file.py:name", or Task(model=…, loss=…, train=…, valid=…).'
        )
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
        raise ArgumentError(
            f"seeds={seeds!r} is not a number of runs: write a whole number of 1 or more (10 tell small differences apart)."
        )
    task = task if optimizer is None else replace(task, optimizer=optimizer)
    entries = read_entries(task, schedules, updates, lr)
    tuning_seeds = tuple(range(min(seeds, TUNING_SEEDS))) if _is_choice(entries) else ()
    evaluation_seeds = tuple(range(FIRST_EVALUATION_SEED, FIRST_EVALUATION_SEED + seeds))
    runs, notes, interrupted = list[Run](), tuple[str, ...](), False
    try:
        with processes(task, workers, engine=engine, compile=compile, device=known_device(device)) as running:
            try:
                _train(running, entries, tuning_seeds, evaluation_seeds, Teller(progress, updates, begun), runs)
            finally:
                notes = running.notes
    except KeyboardInterrupt:
        interrupted = True
    choices = [choose(entry, runs) for entry in entries]
    rows = table(choices, runs, evaluation_seeds)
    return Comparison(
        task=task.name,
        optimizer=task.optimizer_name,
        updates=updates,
        rows=rows,
        best=recommended(rows) or best_of(choices).name,
        verdict=verdict_in_words(rows),
        runs=_in_order(entries, runs),
        tuning_seeds=tuning_seeds,
        evaluation_seeds=evaluation_seeds,
        seconds=time.perf_counter() - begun,
        interrupted=interrupted,
        notes=notes,
    )


def _is_choice(entries: Sequence[Entry]) -> bool:
    """Whether there is anything to decide on tuning seeds: a rate, or which arm the others are compared with."""
    return len(entries) > 1 or len(entries[0].rates) > 1


def _train(
    engine: Engine, entries: Sequence[Entry], tuning: Sequence[int], evaluation: Sequence[int], teller: Teller, runs: list[Run]
) -> None:
    """Tune, widening open grids until every best rate lies inside, then evaluate; runs are added to `runs` as they end."""
    settings = [_setting(entry, lr, seed, "tuning") for seed in tuning for entry in entries for lr in entry.rates]
    while settings:
        teller.train(engine, settings, runs, later=len(entries) * len(evaluation))
        beyond = [(entry, next_rate(entry, runs)) for entry in entries]
        settings = [_setting(entry, lr, seed, "tuning") for seed in tuning for entry, lr in beyond if lr is not None]
    chosen = [(entry, choose(entry, runs).lr) for entry in entries]
    teller.train(engine, [_setting(entry, lr, seed, "evaluation") for seed in evaluation for entry, lr in chosen], runs)


def _setting(entry: Entry, lr: float, seed: int, role: Role) -> Setting:
    return Setting(entry.arm.name, entry.plan(lr), lr, seed, role)


def _in_order(entries: Sequence[Entry], runs: Sequence[Run]) -> tuple[Run, ...]:
    """Sort runs by what they are, so that the result does not show in which order workers ended."""
    place = {entry.arm.name: index for index, entry in enumerate(entries)}
    return tuple(sorted(runs, key=lambda run: (run.role == "evaluation", place[run.arm], run.lr, run.seed)))
