"""An ignite engine over one weight whose gradient is 1, so that plain SGD moves it by exactly the rate."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

with warnings.catch_warnings():  # ignite imports torch.distributed.optim, which torch itself calls deprecated
    warnings.simplefilter("ignore", DeprecationWarning)
    from ignite.engine import Engine, Events
    from ignite.handlers import Checkpoint, DiskSaver

BATCHES = 8  # an epoch


class Line(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))


class Training:
    """A model, an optimizer, what `schedule` makes of the optimizer, and the engine; `used` are the rates of its updates."""

    def __init__(self, schedule: Callable[[Any], Any]) -> None:
        self.model = Line()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        self.scheduler = schedule(self.optimizer)
        self.used: list[float] = []
        self.engine = Engine(self._update)

    @property
    def parts(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {"model": self.model, "optimizer": self.optimizer, "scheduler": self.scheduler, "trainer": self.engine}

    def run(
        self, folder: Path, epochs: int = 3, *, save_every: int = 5, resume: Path | None = None, stop: int | None = None
    ) -> None:
        """Train, with a checkpoint `checkpoint_<n>.pt` after every fifth update; `stop` after one of them, as a crash would."""
        saver = DiskSaver(str(folder), create_dir=True, require_empty=False)
        every = Checkpoint(self.parts, saver, n_saved=None, global_step_transform=lambda engine, _: engine.state.iteration)
        self.engine.add_event_handler(Events.ITERATION_COMPLETED(every=save_every), every)
        if resume is not None:
            Checkpoint.load_objects(self.parts, torch.load(resume, weights_only=True))
        if stop is not None:
            self.engine.add_event_handler(Events.ITERATION_COMPLETED(once=stop), lambda engine: engine.terminate())
        self.engine.run([None] * BATCHES, max_epochs=epochs)

    def _update(self, engine: Engine, batch: Any) -> None:
        self.optimizer.zero_grad()
        before = self.model.weight.item()
        (self.model.weight * 1.0).backward()
        self.optimizer.step()
        self.used.append(before - self.model.weight.item())
