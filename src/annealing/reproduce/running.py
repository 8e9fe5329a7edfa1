"""Run studies, one or all, and time them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from annealing.core.checks import whole
from annealing.core.errors import ArgumentError
from annealing.reproduce.finding import Result, Scale
from annealing.reproduce.real import index_of, panel
from annealing.reproduce.study import Study

Begin = Callable[[int, Study], None]
"""Told before each study: its place, from 0, and the study."""


def reproduce(study: Study, *, scale: Scale = "full", seed: int = 0, data: Path | None = None) -> Result:
    """Run one study and return its result.

    >>> from annealing.reproduce.catalogue import study
    >>> reproduce(study("schaipp"), scale="fast").verdict
    'reproduced'

    Arguments: `scale`, "full" or "fast", which only shows that it runs; `seed`, from which every random number follows;
    `data`, a folder of real loss curves (see `annealing.reproduce.real`), whose numbers are noted and decide nothing.
    Raises `ArgumentError` for another scale, a seed below 0, or a folder without an index of curves.
    """
    if scale not in ("fast", "full"):
        raise ArgumentError(f'scale={scale!r} is neither "full" nor "fast".')
    whole("seed", seed, at_least=0)
    if data is not None:
        index_of(data)  # a mistake is told before the work, not after it
    begun = time.perf_counter()
    finding = study.run(scale, seed)
    if data is not None:
        finding = replace(finding, statistics=(*finding.statistics, *panel(study.name, data)))
    return Result(
        study.name,
        study.title,
        study.source,
        study.shows,
        study.criterion,
        scale,
        seed,
        finding,
        time.perf_counter() - begun,
    )


def reproduce_all(
    studies: Sequence[Study],
    *,
    scale: Scale = "full",
    seed: int = 0,
    data: Path | None = None,
    begin: Begin | None = None,
    workers: int = 1,
) -> Generator[Result]:
    """Run studies, and yield each result as it comes, so that an interrupt loses none.

    Arguments: as for `reproduce`; `begin`, told before each study where they run one after the other; `workers`, in how many
    processes: with more than one, results come as they end, with the same numbers.
    """
    if whole("workers", workers) > 1:
        from annealing.reproduce.workers import side_by_side

        yield from side_by_side(studies, partial(reproduce, scale=scale, seed=seed, data=data), workers)
        return
    for place, study in enumerate(studies):
        if begin is not None:
            begin(place, study)
        yield reproduce(study, scale=scale, seed=seed, data=data)
