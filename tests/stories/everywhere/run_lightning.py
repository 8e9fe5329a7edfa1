"""Lightning: the callback builds the schedule, whose length is the Trainer's own; `ModelCheckpoint` saves within an epoch."""

from __future__ import annotations

from pathlib import Path

from annealing.lightning import ScheduleCallback
from tests.stories.everywhere.protocol import legs
from tests.wrappers.lightning_module import Line, Until, fit


def run(text: str, updates: int, save_every: int | None, folder: Path) -> list[float]:
    used: list[float] = []
    for first, end in legs(updates, save_every):
        module = Line()
        callbacks = [ScheduleCallback(text), Until(end)]
        checkpoint = folder / f"step={first}.ckpt" if first else None
        fit(folder, module, *callbacks, ckpt_path=checkpoint, save_every=save_every or updates, max_steps=updates)
        used += module.used
    return used
