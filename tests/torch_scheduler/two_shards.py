"""One of two processes that train together under DDP, then under FSDP; prints the rates in use before each update."""

import json
import os
import sys

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN


def main(folder: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=int(os.environ["RANK"]), world_size=2)
    result: dict[str, object] = {"processes": torch.distributed.get_world_size()}
    for how in ("DDP", "FSDP"):
        torch.manual_seed(0)
        model: torch.nn.Module = torch.nn.Linear(4, 2, bias=False, dtype=torch.float64)
        model = DistributedDataParallel(model) if how == "DDP" else fully_shard(model, mesh=init_device_mesh("cpu", (2,)))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scheduler = Scheduler(optimizer, lr=PLAN)
        used = []
        for _ in range(6):
            used.append(optimizer.param_groups[0]["lr"])
            optimizer.zero_grad()
            model(torch.ones(1, 4, dtype=torch.float64)).sum().backward()
            optimizer.step()
            scheduler.step()
        result[how] = [used, scheduler.update, type(next(model.parameters())).__name__]
    sys.stdout.write(json.dumps(result) + "\n")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
