"""Run studies, one or all, and time them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence

from annealing.core.checks import whole
from annealing.core.errors import ArgumentError
from annealing.reproduce.finding import Result, Scale
from annealing.reproduce.study import Study

Begin = Callable[[int, Study], None]
"""Told before each study: its place, from 0, and the study."""


def reproduce(study: Study, *, scale: Scale = "full", seed: int = 0) -> Result:
    """Run one study and return its result.

    >>> from annealing.reproduce.catalogue import study
    >>> reproduce(study("schaipp"), scale="fast").verdict
    'reproduced'

    Arguments: `scale`, "full" or "fast", which only shows that it runs; `seed`, from which every random number follows.
    Raises `ArgumentError` for another scale or a seed below 0.
    """
    if scale not in ("fast", "full"):
        raise ArgumentError(f'scale={scale!r} is neither "full" nor "fast".')
    whole("seed", seed, at_least=0)
    begun = time.perf_counter()
    finding = study.run(scale, seed)
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
    studies: Sequence[Study], *, scale: Scale = "full", seed: int = 0, begin: Begin | None = None
) -> Generator[Result]:
    """Run studies one after the other, and yield each result as it comes, so that an interrupt loses none."""
    for place, study in enumerate(studies):
        if begin is not None:
            begin(place, study)
        yield reproduce(study, scale=scale, seed=seed)
