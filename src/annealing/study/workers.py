"""Who trained a run, in words for people that say which engine it was, too."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable

from annealing.study.stored import StoredRun


def worker_of(engine: str) -> str:
    """Return how this process is called in a store, as long as it trains with an engine."""
    return f"{engine} on {platform.node()}, process {os.getpid()}"


def engines_of(runs: Iterable[StoredRun]) -> str:
    """Return the engines that trained runs, in the order in which they are met; empty where nothing is trained yet."""
    return ", ".join(dict.fromkeys(run.worker.partition(" ")[0] for run in runs if run.done and run.worker))
