"""Compare a decaying rate with batches that grow instead: the same losses, in fewer updates, or not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from annealing.core.checks import positive, whole
from annealing.core.errors import KindError, TaskError
from annealing.core.schedule import Schedule
from annealing.core.text import parse
from annealing.study.defaults import EVALUATION_SEEDS, FIRST_EVALUATION_SEED
from annealing.study.engines.processes import processes
from annealing.study.growth_arms import DECAY, GrowthArm, growth_arms
from annealing.study.growth_result import MARGIN, GrowthComparison, GrowthRow, GrowthVerdict
from annealing.study.progress import Report
from annealing.study.result import Run
from annealing.study.stage import Teller
from annealing.study.statistics import Interval, mean_interval
from annealing.study.train import Setting
from annealing.study.words import listed
from annealing.tasks.batches import updates_per_epoch
from annealing.tasks.load import load_task
from annealing.tasks.optimizers import Maker
from annealing.tasks.task import Task

EPOCHS = 40
_ROOM = 125  # by which the batch of the decay that is tried by default grows


def compare_growth(
    task: Task | str,
    schedule: str | Schedule = DECAY,
    *,
    lr: float | None = None,
    batch: int | None = None,
    epochs: int = EPOCHS,
    seeds: int = EVALUATION_SEEDS,
    first_seed: int = FIRST_EVALUATION_SEED,
    optimizer: str | Maker | None = None,
    workers: int | None = None,
    progress: Report | None = None,
) -> GrowthComparison:
    """Train a task with a decaying rate and with batches that grow instead, and say which end in the same place.

    Every arm sees the same samples in the same order from the same seeds. Each is judged by its difference to the decay as
    a share of what the decay gains over the constant rate: it is the same where the 90 % interval of that share lies within
    ±10 %. A control, which decays the rate and grows the batch, must not be the same.

    >>> import torch
    >>> x = torch.linspace(-1, 1, 64).reshape(64, 1)
    >>> line = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, 3 * x), (x, 3 * x), optimizer="sgd")
    >>> outcome = compare_growth(line, 'stairs({"50%": 0.2})', lr=0.05, batch=2, epochs=2, seeds=2)
    >>> [(row.name, row.updates) for row in outcome.rows[1:4]]
    [('decay', 64), ('hybrid', 43), ('growth', 39)]

    Arguments: `task`, a `Task` whose training data are tensors or a `Dataset`, a built-in name or `"file.py:name"`;
    `schedule`, the decay, as a share of the rate (by default a fifth of it after 30, 60 and 80 % of the run); `lr`, the rate
    that every arm starts from (by default the optimizer's usual one; "raised rate" doubles it); `batch`, samples per update
    at the start (by default the task's, or 1/125 of the data where that is less: the batch must have room); `epochs`, passes
    over the data; `seeds`, how many, from `first_seed` on; `optimizer`, in place of the task's own; `workers` and `progress`
    as for `compare`.

    Returns what is complete when it is interrupted. Raises an `AnnealingError` before any training for what cannot be
    trained, and `TaskError` when the task raises.

    Source: Smith, Kindermans, Ying & Le 2018, arXiv:1711.00489.
    """
    begun = time.perf_counter()
    task = load_task(task) if isinstance(task, str) else task
    if not isinstance(task, Task):  # pyright: ignore[reportUnnecessaryIsInstance] - people pass models
        raise KindError(f'task={task!r} is not a task: write "digits", "file.py:name", or Task(model=…, …).')
    task = task if optimizer is None else replace(task, optimizer=optimizer)
    decay = parse(schedule) if isinstance(schedule, str) else schedule
    if not isinstance(decay, Schedule):
        raise KindError(f"{decay} is no schedule: its length is set here: write the decay without .over(…).")
    epoch, count = _epoch(task), whole("seeds", seeds)
    rate = _usual(task) if lr is None else positive("lr", lr)
    batch = max(1, min(task.batch_size, epoch // _ROOM)) if batch is None else whole("batch", batch)
    arms = growth_arms(decay, rate, batch, epoch, whole("epochs", epochs))
    first = whole("first_seed", first_seed, at_least=0)
    chosen = tuple(range(first, first + count))
    settings = [_setting(arm, rate, seed, epochs) for seed in chosen for arm in arms]
    runs, interrupted = list[Run](), False
    try:
        with processes(task, workers) as engine:
            Teller(progress, 0, begun).train(engine, settings, runs)
    except KeyboardInterrupt:
        interrupted = True
    rows, gap = rows_of(arms, runs, chosen)
    place = {arm.name: index for index, arm in enumerate(arms)}
    return GrowthComparison(
        task=task.name,
        optimizer=task.optimizer_name,
        schedule=str(decay),
        lr=rate,
        batch=batch,
        epoch=epoch,
        epochs=epochs,
        rows=rows,
        gap=gap,
        verdict=growth_in_words(rows, gap),
        runs=tuple(sorted(runs, key=lambda run: (place[run.arm], run.seed))),
        sizes={arm.name: arm.sizes for arm in arms},
        seeds=chosen,
        seconds=time.perf_counter() - begun,
        interrupted=interrupted,
    )


def growth_in_words(rows: Sequence[GrowthRow], gap: float | None) -> str:
    """Say which arms stand in for the decay, and what they save."""
    by_name = {row.name: row for row in rows}
    if gap is None:
        return "Nothing can be said: the constant rate and the decay were not both trained to their end."
    if gap <= 0:
        return "On this task the decay gains nothing over the constant rate, so there is nothing to trade."
    before = by_name["decay"].updates
    said = [
        f"{row.name} ends where the decay does, with {row.updates / before:.0%} of the updates"
        for row in rows
        if row.verdict == "the same"
    ]
    if names := [row.name for row in rows if row.verdict == "apart"]:
        said.append(f"{listed(names)} {'does' if len(names) == 1 else 'do'} not end where the decay does")
    if names := [row.name for row in rows if row.verdict == "undecided"]:
        said.append(f"of {listed(names)} nothing can be said yet: take more seeds")
    if lost := [row.name for row in rows if row.verdict == "diverged"]:
        said.append(f"diverged: {listed(lost)}")
    if by_name["control"].verdict == "the same":
        said.append("but the control does, too, so this comparison tells nothing")
    words = "; ".join(said)
    return f"{words[0].upper()}{words[1:]}." if words else ""


def _epoch(task: Task) -> int:
    found = updates_per_epoch(task)
    if found is None:
        raise TaskError(f"task {task.name!r} has training data without a length, which no batch can be planned for.")
    return found[1]


def _usual(task: Task) -> float:
    if task.named_optimizer is None:
        raise TaskError(f"task {task.name!r} makes its own optimizer, whose usual rate is not known: write lr=….")
    return task.named_optimizer.usual


def _setting(arm: GrowthArm, lr: float, seed: int, epochs: int) -> Setting:
    return Setting(arm.name, arm.rate, lr, seed, "evaluation", arm.sizes, points=epochs)


def rows_of(arms: Sequence[GrowthArm], runs: Sequence[Run], seeds: Sequence[int]) -> tuple[tuple[GrowthRow, ...], float | None]:
    found = {arm.name: {run.seed: run for run in runs if run.arm == arm.name} for arm in arms}
    common = [seed for seed in seeds if all(seed in own for own in found.values())]  # an interrupt leaves some without
    losses = {name: np.array([own[seed].loss for seed in common]) for name, own in found.items()}
    whole = {name: bool(common) and bool(np.isfinite(values).all()) for name, values in losses.items()}
    gap = float((losses["constant"] - losses["decay"]).mean()) if whole["constant"] and whole["decay"] else None
    curves = {name: _mean_curve([own[seed] for seed in common]) if whole[name] else None for name, own in found.items()}
    rows: list[GrowthRow] = []
    for arm in arms:
        mine, ends = losses[arm.name], (max(arm.sizes[:1]), max(arm.sizes))
        mean = float(mine.mean()) if whole[arm.name] else None
        interval = mean_interval(mine.tolist()) if whole[arm.name] else None
        difference, around = None, None
        if whole[arm.name] and whole["decay"] and arm.name != "decay":
            apart = (mine - losses["decay"]).tolist()
            difference, around = float(np.mean(apart)), mean_interval(apart)
        share = None if difference is None or not gap else difference / gap
        share_interval = None if around is None or not gap or gap < 0 else (around[0] / gap, around[1] / gap)
        decayed, own = curves["decay"], curves[arm.name]
        rows.append(
            GrowthRow(
                arm.name,
                str(arm.rate),
                ends,
                len(arm.sizes),
                mean,
                interval,
                difference,
                around,
                share,
                share_interval,
                None if decayed is None or own is None else float(np.abs(own - decayed).max()),
                int((~np.isfinite(mine)).sum()),
                _verdict(arm.name, finished=bool(common), whole=whole[arm.name], share=share_interval),
            )
        )
    return tuple(rows), gap


def _mean_curve(runs: Sequence[Run]) -> np.ndarray:
    return np.mean([run.curve.train_loss for run in runs], axis=0)


def _verdict(name: str, *, finished: bool, whole: bool, share: Interval | None) -> GrowthVerdict:
    if not finished:
        return "not finished"
    if not whole:
        return "diverged"
    if name in ("constant", "decay"):
        return "baseline" if name == "constant" else "reference"
    if share is None:
        return "undecided"
    if share[0] > -MARGIN and share[1] < MARGIN:
        return "the same"
    return "apart" if share[0] > MARGIN or share[1] < -MARGIN else "undecided"
