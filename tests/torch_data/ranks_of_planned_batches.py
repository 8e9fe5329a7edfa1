"""One of several processes that train one model on batches that grow; prints what it saw and the weights it ended with."""

import json
import os
import sys
from typing import Any

import torch
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

import annealing as an
from annealing.batch import trade
from annealing.torch import PlannedBatches, Scheduler

SAMPLES = 24
DECAY = (0.2 * an.stairs({"50%": 1 / 3})).over(an.Horizon.of(SAMPLES, epochs=4, batch_size=4), unit="samples")
PAIR = trade(DECAY, batch=4)


def trained(rank: int, ranks: int) -> dict[str, Any]:
    """Train this rank's share."""
    torch.manual_seed(0)
    inputs = torch.randn(SAMPLES, 3, dtype=torch.float64)
    model: Any = torch.nn.Linear(3, 1).double()
    model = DistributedDataParallel(model) if ranks > 1 else model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    sampler = PlannedBatches(SAMPLES, PAIR.batch, rank=rank, ranks=ranks)
    scheduler = Scheduler(optimizer, lr=PAIR.rate, uses=PAIR)
    seen: list[list[int]] = []
    while sampler.seen < sampler.total:
        for chosen in DataLoader(torch.arange(SAMPLES), batch_sampler=sampler):  # type: ignore[arg-type]
            optimizer.zero_grad()
            (model(inputs[chosen]) - inputs[chosen].sum(1, keepdim=True)).square().mean().backward()
            optimizer.step()
            seen.append(chosen.tolist())
            sampler.trained(len(chosen) * ranks)
    return {
        "seen": seen,
        "weights": [value for part in model.parameters() for value in part.flatten().tolist()],
        "clock": [scheduler.update, scheduler.seen],
    }


def main(folder: str) -> None:
    torch.set_num_threads(1)
    rank = int(os.environ["RANK"])
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    sys.stdout.write(json.dumps(trained(rank, 2)) + "\n")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
