"""Two gloo processes: every rank counts the same updates, whether weights are copied (DDP) or in shards (FSDP)."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from annealing.torch import Scheduler
from tests.launch import results_of_ranks
from tests.torch_scheduler.training import PLAN, USED, parameter, rates_used


@pytest.mark.slow
def test_ddp_and_fsdp_follow_the_plan_on_every_rank(tmp_path: Path) -> None:
    for result in results_of_ranks(Path(__file__).with_name("two_shards.py"), tmp_path, 2, timeout=100):
        assert result["processes"] == 2
        assert result["DDP"] == [USED[:6], 6, "Parameter"]
        assert result["FSDP"] == [USED[:6], 6, "DTensor"], "without shards this would test nothing"


def test_an_average_of_the_weights_beside_it_changes_nothing() -> None:
    model = torch.nn.ParameterList([parameter()])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = Scheduler(optimizer, lr=PLAN)
    average = torch.optim.swa_utils.AveragedModel(model)
    used: list[float] = []
    for _ in range(6):
        used += rates_used(optimizer)
        average.update_parameters(model)
    assert used == USED[:6]
    assert scheduler.update == 6
    assert average.module[0].item() == pytest.approx(-sum(USED[:6]) / 6)
