"""accelerate: model, optimizer and Scheduler all prepared, saved and loaded with its own save_state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState

from annealing.torch import Scheduler
from tests.stories.everywhere.protocol import legs, moves, plan_of
from tests.stories.everywhere.run_torch import Line


def run(text: str, updates: int, save_every: int | None, folder: Path) -> list[float]:
    weights: list[float] = []
    for first, end in legs(updates, save_every):
        accelerator: Any = Accelerator(cpu=True)  # prepare() is not typed
        model = Line()
        inner = torch.optim.SGD(model.parameters(), lr=0.1)
        scheduler = Scheduler(inner, lr=plan_of(text, updates))
        model, optimizer, scheduler = accelerator.prepare(model, inner, scheduler)
        if first:
            accelerator.load_state(str(folder / "state"))
        for _ in range(first, end):
            optimizer.zero_grad()
            accelerator.backward(model())
            optimizer.step()
            scheduler.step()
            weights.append(model.weight.item())
        accelerator.save_state(str(folder / "state"))
        for state in (AcceleratorState, GradientState, PartialState):  # it keeps one for the process
            state._reset_state()  # pyright: ignore[reportPrivateUsage]
    return moves(weights)
