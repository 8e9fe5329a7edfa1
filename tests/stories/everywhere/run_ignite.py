"""ignite: an Engine and a Scheduler without a handler, saved and loaded by ignite's `Checkpoint`."""

from __future__ import annotations

from pathlib import Path

from annealing.torch import Scheduler
from tests.stories.everywhere.protocol import legs, plan_of
from tests.wrappers.ignite_engine import Training


def run(text: str, updates: int, save_every: int | None, folder: Path) -> list[float]:
    used: list[float] = []
    for first, end in legs(updates, save_every):
        training = Training(lambda optimizer: Scheduler(optimizer, lr=plan_of(text, updates)))
        checkpoint = folder / f"checkpoint_{first}.pt" if first else None
        training.run(folder, updates, save_every=save_every or updates, resume=checkpoint, stop=end)
        used += training.used
    return used
