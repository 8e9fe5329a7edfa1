"""One of two processes that train together under accelerate; prints the rates that its updates used."""

import json
import os
import sys

import torch
from torch.optim.lr_scheduler import LambdaLR

from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, UPDATES, rate_used, sgd


def main(folder: str) -> None:
    from accelerate import Accelerator

    torch.set_num_threads(1)
    meeting = f"file://{folder}/meet"  # a file needs no free port
    torch.distributed.init_process_group("gloo", init_method=meeting, rank=int(os.environ["RANK"]), world_size=2)
    accelerator = Accelerator(cpu=True)
    result: dict[str, object] = {"processes": accelerator.num_processes}
    for who in ("ours", "torchs"):
        inner = sgd()
        scheduler = Scheduler(inner, lr=PLAN) if who == "ours" else LambdaLR(inner, lambda t: PLAN(t) / 0.1)
        optimizer, scheduler = accelerator.prepare(inner, scheduler)
        used = []
        for _ in range(UPDATES):
            used.append(rate_used(inner, optimizer.step))
            scheduler.step()
        result[who] = used
    sys.stdout.write(json.dumps(result) + "\n")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
