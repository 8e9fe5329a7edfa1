"""PyTorch alone: a loop, and one file with the three state dictionaries."""

from __future__ import annotations

from pathlib import Path

import torch

from annealing.torch import Scheduler
from tests.stories.everywhere.protocol import legs, moves, plan_of


class Line(torch.nn.Module):
    """One weight that starts at 0 and whose gradient is 1."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))

    def forward(self) -> torch.Tensor:
        return self.weight * 1.0


def run(text: str, updates: int, save_every: int | None, folder: Path) -> list[float]:
    weights: list[float] = []
    for first, end in legs(updates, save_every):
        model = Line()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scheduler = Scheduler(optimizer, lr=plan_of(text, updates))
        parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
        if first:
            saved = torch.load(folder / "checkpoint.pt", weights_only=True)
            for name, part in parts.items():
                part.load_state_dict(saved[name])
        for _ in range(first, end):
            optimizer.zero_grad()
            model().backward()
            optimizer.step()
            scheduler.step()
            weights.append(model.weight.item())
        torch.save({name: part.state_dict() for name, part in parts.items()}, folder / "checkpoint.pt")
    return moves(weights)
