"""R07: under accelerate a schedule takes as long on four processes as on one. Four real ones, which meet over gloo."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import require
from tests.launch import results_of_ranks
from tests.torch_scheduler.training import PLAN

UPDATES = 16
USED = [PLAN(t) for t in range(UPDATES)]


@pytest.mark.slow
def test_r07_the_schedule_takes_as_long_on_four_processes_as_on_one(tmp_path: Path) -> None:
    """accelerate steps a prepared scheduler once per process: torch's is at 64 after 16 updates."""
    require("accelerate")
    script = Path(__file__).with_name("four_ranks.py")
    environment = {"WORLD_SIZE": "4", "ACCELERATE_USE_CPU": "true", "MASTER_ADDR": "127.0.0.1"}
    environment["MASTER_PORT"] = "0"  # asked for, and not used
    for result in results_of_ranks(script, tmp_path, 4, timeout=300, **environment):
        assert result["processes"] == 4, "processes that are only pretended change nothing, and the control would pass"
        for accumulation in (1, 4):
            for name in ("ours", "alone"):  # prepared by accelerate, and not
                used, count = result[f"{name} {accumulation}"]
                assert used == pytest.approx(USED, abs=1e-12)
                assert count == UPDATES
            used, count = result[f"torchs {accumulation}"]
            assert count == 4 * UPDATES
            assert [one == pytest.approx(other) for one, other in zip(used, USED, strict=True)].count(True) == 1
