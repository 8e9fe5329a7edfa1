"""Two gloo processes together see what one would, and end with its weights."""

from pathlib import Path

import pytest

from tests.conftest import require
from tests.launch import results_of_ranks

require("torch")

from tests.torch_data.ranks_of_planned_batches import SAMPLES, trained  # noqa: E402 - once torch is known to be there


@pytest.mark.slow
def test_two_ranks_train_what_one_would(tmp_path: Path) -> None:
    script = Path(__file__).with_name("ranks_of_planned_batches.py")
    first, second = results_of_ranks(script, tmp_path, 2, timeout=200)
    alone = trained(0, 1)

    together = [sorted(a + b) for a, b in zip(first["seen"], second["seen"], strict=True)]
    assert together == [sorted(batch) for batch in alone["seen"]]
    flat = [sample for batch in alone["seen"] for sample in batch]
    assert [sorted(flat[at : at + SAMPLES]) for at in range(0, 4 * SAMPLES, SAMPLES)] == [list(range(SAMPLES))] * 4
    assert first["clock"] == second["clock"] == alone["clock"] == [16, 4 * SAMPLES]
    assert first["weights"] == second["weights"] == pytest.approx(alone["weights"], rel=1e-9)
