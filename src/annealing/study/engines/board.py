"""A small file that workers write their progress on, and the caller reads without asking anyone."""

from __future__ import annotations

from pathlib import Path
from typing import final

import numpy as np


@final
class Board:
    """One line per run: how many updates are done, and the latest training loss.

    The file is mapped into the memory of every process, so a worker's write costs as much as one to an array
    and the caller sees it at once. Each run has one writer, and a half-written number does no harm: it
    moves a progress bar and nothing else.
    """

    def __init__(self, path: Path, runs: int, *, new: bool) -> None:
        self.name = path.name
        self._lines = np.memmap(path, dtype=np.float64, mode="w+" if new else "r+", shape=(runs, 2))

    def write(self, run: int, updates: int, loss: float) -> None:
        """Note that `run` has finished `updates` updates, the latest with training loss `loss`."""
        self._lines[run, 0] = updates
        self._lines[run, 1] = loss

    def done(self, run: int) -> int:
        """Return how many updates `run` has finished."""
        return int(self._lines[run, 0])

    def loss(self, run: int) -> float:
        """Return the latest training loss of `run` (0 before the first)."""
        return float(self._lines[run, 1])

    def done_in_all(self) -> int:
        """Return the finished updates of all runs together."""
        return int(self._lines[:, 0].sum())
