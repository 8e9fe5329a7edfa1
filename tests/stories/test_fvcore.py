"""What goes wrong with fvcore's schedules, and what happens here in the same place."""

from __future__ import annotations

import pytest

import annealing as an
from annealing.dialects import fvcore as ours
from tests.parity.alone import fvcore_schedulers

theirs = fvcore_schedulers()


def test_r43_the_end_of_a_run_has_a_value() -> None:
    levels = [0.1, 0.01, 0.001]
    scheduler = theirs.StepParamScheduler(num_updates=90, values=levels)
    with pytest.raises(IndexError):
        scheduler(90 / 90)
    million = 1_000_000
    with pytest.raises(IndexError):
        scheduler((million - 1) / million)  # before the end already: 1e-6 is added to where

    plans = [
        (0.1 * an.step("33.4%", 0.1)).over(90),
        ours.StepParamScheduler(num_updates=90, values=levels).over(90),
        ours.StepParamScheduler(num_updates=90, values=levels).over(million),
    ]

    for plan in plans:
        assert [plan(plan.total - 1), plan(plan.total), plan(2 * plan.total)] == pytest.approx([0.001, 0.001, 0.001])
