"""The claim that the project starts from: on noisy digits annealed schedules beat the best constant rate, by more than chance."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import pytest

from tests.conftest import require

require("torch")
require("sklearn")

from annealing.study.compare import compare


@pytest.mark.usefixtures("serial")
def test_linear_decay_beats_the_constant_rate_on_digits_even_in_a_short_comparison():
    outcome = compare("digits", ["constant", "linear"], updates=300, seeds=6, lr=[0.02, 0.04, 0.08])
    rows = {row.name: row for row in outcome.rows}
    assert outcome.best == "linear"
    assert rows["constant"].verdict == "worse"
    assert rows["constant"].difference > 0.015
    assert rows["linear"].metrics["accuracy"] > rows["constant"].metrics["accuracy"] > 0.7


@pytest.mark.slow
def test_at_full_length_the_effect_has_the_published_size():
    """25 epochs, 16 seeds: measured before at constant 0.418, linear 0.369, cosine 0.375, each ± 0.005 (one standard error)."""
    outcome = compare("digits", ["constant", "linear", "cosine"], updates=1250, seeds=16, lr=[0.01, 0.02, 0.04, 0.08, 0.16])
    rows = {row.name: row for row in outcome.rows}
    assert rows["constant"].verdict == "worse"
    assert rows["constant"].mean == pytest.approx(0.418, abs=0.02)
    assert rows["linear"].mean == pytest.approx(0.369, abs=0.02)
    assert rows["cosine"].mean == pytest.approx(0.375, abs=0.02)
    assert rows["constant"].mean - rows["linear"].mean == pytest.approx(0.049, abs=0.02)
