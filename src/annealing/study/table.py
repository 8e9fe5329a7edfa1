"""From runs to the final table, one row per arm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from annealing.study.result import Row, RowVerdict, Run
from annealing.study.statistics import Difference, differences, mean_interval
from annealing.study.tuning import Choice, best_of, mean


def table(choices: Sequence[Choice], runs: Sequence[Run], seeds: Sequence[int]) -> tuple[Row, ...]:
    """Return one row per arm, best first, from the evaluation runs at the chosen rates.

    The reference is the arm with the lowest *tuning* loss among those that were trained to the end from
    every evaluation seed. Arms of which a run diverged come after those, and arms with a run missing last.
    """
    evaluated = {choice.name: [run for run in runs if run.arm == choice.name and run.role == "evaluation"] for choice in choices}
    complete = {
        name: {run.seed: run.loss for run in done}
        for name, done in evaluated.items()
        if len(done) == len(seeds) and not _diverged(done)
    }
    reference, found = _against_the_best(choices, complete, seeds)
    rows = [_row(choice, evaluated[choice.name], len(seeds), reference, found.get(choice.name)) for choice in choices]
    rows.sort(key=lambda row: (row.verdict == "not finished", row.diverged, math.inf if row.mean is None else row.mean))
    return tuple(replace(row, rank=rank) for rank, row in enumerate(rows, 1))


def recommended(rows: Sequence[Row]) -> str | None:
    """Name the arm to use: the reference, or the lowest of those that beat it on seeds that chose neither."""
    beaten_by = min((row for row in rows if row.verdict == "better"), key=lambda row: row.rank, default=None)
    reference = next((row for row in rows if row.verdict == "reference"), None)
    chosen = beaten_by or reference
    return chosen.name if chosen else None


def _against_the_best(
    choices: Sequence[Choice], complete: dict[str, dict[int, float]], seeds: Sequence[int]
) -> tuple[str, dict[str, Difference]]:
    finished = [choice for choice in choices if choice.name in complete]
    if not finished:
        return "", {}
    reference = best_of(finished).name
    rivals = [choice.name for choice in finished if choice.name != reference]
    base, *others = ([complete[name][seed] for seed in seeds] for name in (reference, *rivals))
    return reference, dict(zip(rivals, differences(base, others), strict=True))


def _row(choice: Choice, done: Sequence[Run], expected: int, reference: str, found: Difference | None) -> Row:
    diverged, losses = _diverged(done), [run.loss for run in done]
    known = bool(done) and not diverged
    return Row(
        name=choice.name,
        schedule=choice.schedule,
        lr=choice.lr,
        mean=mean(losses) if known else None,
        interval=mean_interval(losses) if known else None,
        difference=found.mean if found else None,
        difference_interval=found.interval if found else None,
        seeds=len(done),
        diverged=diverged,
        rank=0,  # known when all rows are
        verdict=_verdict(len(done) < expected, diverged, choice.name == reference, found),
        metrics={name: mean([run.metrics[name] for run in done]) for name in done[0].metrics} if known else {},
        edge=choice.edge,
    )


def _verdict(missing: bool, diverged: int, is_reference: bool, found: Difference | None) -> RowVerdict:
    if missing:
        return "not finished"
    if diverged:
        return "diverged"
    return "reference" if is_reference or found is None else found.finding


def _diverged(runs: Sequence[Run]) -> int:
    return sum(run.diverged for run in runs)
