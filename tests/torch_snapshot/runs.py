"""Runs to take snapshots of, and everything that is about them as one comparable value."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.optim import Optimizer

import annealing as an
from annealing.torch import Scheduler

PLAN = (0.05 * an.chain(an.warmup(5), an.cosine(to=0.1))).over(40)


class Net(nn.Module):
    """Batch norm, dropout, tied weights, a buffer that is not saved, a weight that is computed, and an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.25)
        self.square = nn.utils.parametrizations.weight_norm(nn.Linear(4, 4))
        self.again = nn.Linear(4, 4)
        self.again.weight = self.first_square()
        self.frozen = nn.Linear(4, 4).requires_grad_(False)
        self.register_buffer("seen", torch.zeros(()), persistent=False)
        self.calls = 0

    def first_square(self) -> nn.Parameter:
        self.tied = nn.Linear(4, 4)
        return self.tied.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        self.seen += x.abs().sum()
        x = self.drop(self.norm(self.first(x)))
        return self.frozen(self.tied(self.again(torch.tanh(self.square(x)))))


class Run(NamedTuple):
    model: nn.Module
    optimizer: Optimizer
    scheduler: Scheduler
    scaler: torch.amp.GradScaler
    average: torch.optim.swa_utils.AveragedModel
    generator: torch.Generator

    def step(self) -> float:
        """One update, with noise from four generators."""
        noise = random.random() + np.random.random() + torch.rand(()).item()  # noqa: NPY002 - the global one is what is tested
        x = torch.randn(6, 3, generator=self.generator)

        def closure() -> torch.Tensor:
            self.optimizer.zero_grad()
            loss = self.scaler.scale((self.model(x) - noise).square().mean())
            loss.backward()
            return loss

        if isinstance(self.optimizer, torch.optim.LBFGS):
            loss = self.optimizer.step(closure)
        else:
            loss = closure()
            self.scaler.step(self.optimizer)
            self.scaler.update()
        self.scheduler.step()
        self.average.update_parameters(self.model)
        return loss.item()

    def everything(self) -> list[Any]:
        """All that a later update depends on, tensors as their bytes."""
        tensors = [*self.model.parameters(), *self.model.buffers(), *self.average.parameters(), *self.average.buffers()]
        return [
            [exact(tensor) for tensor in tensors],
            [(p.requires_grad, None if p.grad is None else exact(p.grad)) for p in self.model.parameters()],
            [(name, module.training, len(module._forward_hooks), len(module._backward_hooks)) for name, module in self.modules()],
            exact(self.optimizer.state_dict()),
            [sorted(group) for group in self.optimizer.param_groups],
            sorted(vars(self.optimizer)),
            self.scheduler.state_dict(),
            exact(self.scheduler.get_last_lr()),
            exact(self.scaler.state_dict()),
            (random.getstate(), exact(np.random.get_state()[1])),  # noqa: NPY002
            (exact(torch.get_rng_state()), exact(self.generator.get_state())),
            getattr(self.model, "calls", None),
        ]

    def modules(self) -> list[tuple[str, nn.Module]]:
        return list(self.model.named_modules())


def exact(value: Any) -> Any:
    """Any nest of tensors as one of plain values, compared to the bit."""
    match value:
        case torch.Tensor():
            return value.dtype, tuple(value.shape), value.detach().contiguous().reshape(-1).view(torch.uint8).tolist()
        case np.ndarray():
            return value.tolist()
        case dict():
            return [(key, exact(one)) for key, one in value.items()]
        case list() | tuple():
            return [exact(one) for one in value]
        case _:
            return value


OPTIMIZERS: dict[str, Callable[[Any], Optimizer]] = {
    "SGD": lambda weights: torch.optim.SGD(weights, lr=0.1, momentum=0.9),
    "SGD without state": lambda weights: torch.optim.SGD(weights, lr=0.1),
    "AdamW": torch.optim.AdamW,
    "AdamW with a tensor rate": lambda weights: torch.optim.AdamW(weights, lr=torch.tensor(0.1), foreach=False),
    "SGD with flat rates": lambda weights: torch.optim.SGD(weights, lr=torch.tensor(0.1), foreach=False),
    "fused AdamW": lambda weights: torch.optim.AdamW(weights, fused=True),
    "Adagrad": torch.optim.Adagrad,  # has state before the first update
    "LBFGS": lambda weights: torch.optim.LBFGS(weights, max_iter=3),
}


def make(optimizer: str = "AdamW", warm: int = 0) -> Run:
    """A run that has made some updates already."""
    random.seed(1)
    np.random.seed(2)  # noqa: NPY002
    torch.manual_seed(3)
    model = Net()
    made = OPTIMIZERS[optimizer](model.parameters())
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, enabled=optimizer != "LBFGS")
    run = Run(
        model,
        made,
        Scheduler(made, lr=PLAN),
        scaler,
        torch.optim.swa_utils.AveragedModel(model),
        torch.Generator().manual_seed(4),
    )
    for _ in range(warm):
        run.step()
    return run
