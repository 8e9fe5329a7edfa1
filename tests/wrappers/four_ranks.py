"""One of several processes that train together under accelerate; prints the rates that its updates used."""

import json
import os
import sys
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR

from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, sgd

UPDATES = 16


def trained(accelerator: Any, scheduler_of: Any, accumulation: int, *, prepared: bool) -> tuple[list[float], int]:
    """Return the rate of every update, and where the scheduler's own count ended."""
    inner = sgd()
    weight = inner.param_groups[0]["params"][0]
    scheduler = scheduler_of(inner)
    model, optimizer = accelerator.prepare(torch.nn.Linear(1, 1), inner)
    stepped = accelerator.prepare(scheduler) if prepared else scheduler
    used: list[float] = []
    for _ in range(accumulation * UPDATES):
        with accelerator.accumulate(model):
            before = weight.item()
            weight.grad = torch.ones_like(weight)
            optimizer.step()
            stepped.step()
            if accelerator.sync_gradients:
                used.append(before - weight.item())
    return used, scheduler.last_epoch


def ours(optimizer: torch.optim.Optimizer) -> Scheduler:
    return Scheduler(optimizer, lr=PLAN)


def torchs(optimizer: torch.optim.Optimizer) -> LambdaLR:
    return LambdaLR(optimizer, lambda t: PLAN(t) / 0.1)


def main(folder: str) -> None:
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState, GradientState, PartialState

    torch.set_num_threads(1)
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=size)
    result: dict[str, Any] = {}
    for accumulation in (1, 4):
        accelerator = Accelerator(cpu=True, gradient_accumulation_steps=accumulation)
        result["processes"] = accelerator.num_processes
        result[f"ours {accumulation}"] = trained(accelerator, ours, accumulation, prepared=True)
        result[f"alone {accumulation}"] = trained(accelerator, ours, accumulation, prepared=False)
        result[f"torchs {accumulation}"] = trained(accelerator, torchs, accumulation, prepared=True)
        for state in (AcceleratorState, GradientState, PartialState):  # it keeps one for the process
            state._reset_state()  # pyright: ignore[reportPrivateUsage]
    sys.stdout.write(json.dumps(result) + "\n")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
