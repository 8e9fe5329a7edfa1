"""Smith et al. 2018 on noisy digits: a batch that grows ends where a rate that decays does, with less than half the updates.

The criteria were fixed before: each growing arm within 10 % of the gap between constant rate and decay, with its 90 % interval;
at most half the updates; mean training curves less than 0.05 apart (the raised rate is exempt, since it learns faster early
on); and the control, which decays the rate and grows the batch, must not pass.
"""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import pytest

from tests.conftest import require

require("torch")
require("sklearn")

from annealing.study.growth import compare_growth

ARMS = ("hybrid", "growth", "raised rate")


@pytest.mark.slow
def test_growing_the_batch_stands_in_for_the_decay_on_noisy_digits() -> None:
    found = compare_growth("digits", optimizer="momentum", lr=0.03, batch=8, epochs=40, seeds=16)
    rows = {row.name: row for row in found.rows}

    assert found.gap is not None
    assert found.gap > 0
    for row in map(rows.__getitem__, ARMS):
        assert row.difference is not None
        assert row.difference_interval is not None
        assert abs(row.difference) < 0.1 * found.gap, row
        assert all(abs(edge) < 0.1 * found.gap for edge in row.difference_interval), row
        assert row.updates <= 0.5 * rows["decay"].updates
        assert row.verdict == "the same"
    for row in (rows["hybrid"], rows["growth"]):
        assert row.apart is not None
        assert row.apart < 0.05, row
    assert rows["control"].verdict == "apart"
