"""A study: one claim of one paper, the criterion that was written beforehand, and the experiment that decides it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from annealing.core.errors import ArgumentError
from annealing.reproduce.finding import Finding, Scale

Run = Callable[[Scale, int], Finding]
"""The experiment, from a scale and a seed; the same seed gives the same numbers."""

_ROW = re.compile(r"[FC]\d{1,2}")


@final
@dataclass(frozen=True)
class Study:
    """What `anneal reproduce NAME` runs.

    Arguments: `name`, its file's, with dashes; `title`, the claim in a line; `source`, authors, year and arXiv number;
    `shows`, the rows of the table of claims that it is evidence for ("C3", "F9"); `criterion`, what must be found, as it was
    written before anything was run; `run`, the experiment; `exact`, whether it is fast and certain enough for the tests to
    run it in full and to ask for its verdict.

    Raises `ArgumentError` for a row that could not exist.
    """

    name: str
    title: str
    source: str
    shows: tuple[str, ...]
    criterion: str
    run: Run
    exact: bool = False

    def __post_init__(self) -> None:
        for row in self.shows:
            if not _ROW.fullmatch(row):
                raise ArgumentError(f"shows={self.shows!r}: {row!r} is no row of the table of claims: write F9 or C3.")
