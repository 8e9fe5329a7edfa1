"""`anneal compare --grow-batch`: does a batch that grows stand in for a rate that decays?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from annealing.cli.live import live_progress
from annealing.cli.say import notes, plain, results
from annealing.core.errors import ArgumentError
from annealing.study.growth_result import GrowthComparison


def grow(
    task: str,
    expressions: Sequence[str],
    folder: Path,
    *,
    command: str,
    rates: Sequence[float] | None,
    seeds: int | None,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> int:
    """Train the arms, write the report and print the table; `given` is what else `compare_growth` takes."""
    from annealing.report.growth_files import growth_json, write_growth
    from annealing.report.files import claimed  # isort: skip
    from annealing.study.defaults import EVALUATION_SEEDS
    from annealing.study.growth import EPOCHS, compare_growth
    from annealing.study.growth_arms import DECAY

    if len(expressions) > 1:
        raise ArgumentError(f"--grow-batch trades one decay, and there are {len(expressions)}: leave all but one out.")
    if rates is not None and len(rates) > 1:
        raise ArgumentError(f"--grow-batch starts every arm from one rate, and there are {len(rates)}: write --lr {rates[0]:g}.")
    given["epochs"] = given["epochs"] or EPOCHS
    with claimed(folder):
        with nullcontext() if quiet else live_progress(notes()) as progress:
            comparison = compare_growth(
                task,
                expressions[0] if expressions else DECAY,
                lr=rates[0] if rates else None,
                seeds=seeds or EVALUATION_SEEDS,
                progress=progress,
                **given,
            )
        write_growth(comparison, folder, command=command)
    if as_json:
        plain(growth_json(comparison))
    else:
        _print(comparison, folder, table_too=not quiet)
    return 130 if comparison.interrupted else 0


def _print(comparison: GrowthComparison, folder: Path, *, table_too: bool) -> None:
    from annealing.report.growth import table
    from annealing.report.terminal import ranked

    console = results()
    if table_too:
        console.print(ranked(table(comparison), "growth", at=0))
        console.print()
    if comparison.interrupted:
        console.print("Interrupted: only seeds that were complete are counted.")
    console.print(comparison.verdict, style="bold", soft_wrap=True)
    console.print(f"The report is in {folder / 'report.html'}", soft_wrap=True)
