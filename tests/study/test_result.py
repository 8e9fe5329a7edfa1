"""Results are plain values that JSON can hold."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from annealing.study import Comparison, Curve, Leader, Progress, Row
from annealing.study.progress import leaders


def test_a_comparison_as_json_has_no_nan_and_no_infinity(run):
    rows = (Row("hot", "hot()", 9.0, None, None, None, None, 2, 1, 1, "diverged", {"accuracy": math.nan}, False),)
    runs = (run("hot", 9.0, 100, "evaluation", math.inf),)
    outcome = Comparison("line", "sgd", 10, rows, "hot", "diverged.", runs, (0,), (100,), 1.5, interrupted=False)
    read = json.loads(json.dumps(outcome.to_dict(), allow_nan=False))
    assert {"task", "optimizer", "updates", "rows", "best", "verdict"} <= set(read)
    assert {"schedule", "lr", "mean", "interval", "difference", "difference_interval", "seeds", "diverged", "rank"} <= set(
        read["rows"][0]
    )
    assert read["rows"][0]["metrics"] == {"accuracy": None}
    assert read["runs"][0]["loss"] is None
    assert "curve" not in read["runs"][0]
    assert read["evaluation_seeds"] == [100]


def test_curves_are_equal_when_they_hold_the_same_bits():
    def curve(last):
        return Curve(np.array([1, 2]), np.array([0.5, 0.25]), np.array([0.5, last]), np.array([0.1, 0.1]))

    assert curve(math.nan) == curve(math.nan)
    assert hash(curve(0.5)) == hash(curve(0.5))
    assert curve(0.5) != curve(np.nextafter(0.5, 1))
    assert curve(0.5) != "a curve"


def test_the_time_left_follows_the_pace_so_far():
    assert Progress(0, 4, 0, 400, 2.0, "tuning", ()).seconds_left is None
    assert Progress(1, 4, 100, 400, 2.0, "tuning", ()).seconds_left == pytest.approx(6.0)


def test_leaders_are_the_arms_of_the_stage_each_at_its_best_rate(run):
    runs = [
        run("a", 0.1, 0, "tuning", 0.4),
        run("a", 0.1, 1, "tuning", 0.6),
        run("a", 0.2, 0, "tuning", 0.45),
        run("b", 0.1, 0, "tuning", 0.1),
    ]
    runs.append(run("c", 0.1, 100, "evaluation", 0.0))
    assert leaders(runs, "tuning") == (Leader("b", 0.1, 0.1, 1), Leader("a", 0.2, 0.45, 1))


def test_reading_results_loads_no_framework():
    code = "import sys, annealing.study; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
