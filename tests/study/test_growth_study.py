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
from annealing.study.growth_result import GrowthComparison

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found() -> GrowthComparison:
    """On seeds that nothing was decided on: the arms were settled on seeds 0 to 15."""
    return compare_growth("digits", optimizer="momentum", lr=0.03, batch=8, epochs=40, seeds=16, first_seed=300)


def stands_in_for_the_decay(found: GrowthComparison, name: str) -> None:
    row = found.row(name)
    assert found.gap is not None
    assert found.gap > 0
    assert row.difference is not None
    assert row.difference_interval is not None
    assert abs(row.difference) < 0.1 * found.gap, row
    assert all(abs(edge) < 0.1 * found.gap for edge in row.difference_interval), row
    assert row.verdict == "the same"


@pytest.mark.parametrize("name", ["hybrid", "growth"])
def test_growing_the_batch_stands_in_for_the_decay(found: GrowthComparison, name: str) -> None:
    """Measured: hybrid +0.7 % (0.1 to 1.4), growth +1.6 % (0.9 to 2.2) of a gap of 0.164; curves 0.032 apart."""
    stands_in_for_the_decay(found, name)
    apart = found.row(name).apart
    assert apart is not None
    assert apart < 0.05


def test_a_raised_rate_with_its_batch_stands_in_for_the_decay(found: GrowthComparison) -> None:
    """Measured: +4.4 % (2.0 to 6.7), with 21 % of the updates.

    Its batch grows to a tenth of the data, as in the paper, and then the rate decays. Grown to the whole of the data it ended
    +8.0 % (5.5 to 10.5) away on seeds 100 to 115, beyond the margin, and +6.3 % (1.8 to 10.9) on seeds 0 to 15, where a tenth
    of the data gave +4.2 % (0.1 to 8.2). A rate that follows the smaller batch at the end of an epoch did not help (+7.2 %).
    """
    stands_in_for_the_decay(found, "raised rate")


def test_growing_takes_at_most_half_the_updates(found: GrowthComparison) -> None:
    updates = {row.name: row.updates for row in found.rows}

    assert all(updates[name] <= 0.5 * updates["decay"] for name in ("hybrid", "growth", "raised rate")), updates


def test_the_control_that_anneals_twice_does_not_stand_in_for_the_decay(found: GrowthComparison) -> None:
    """Measured: +31.2 % (28.7 to 33.6)."""
    assert found.row("control").verdict == "apart"
