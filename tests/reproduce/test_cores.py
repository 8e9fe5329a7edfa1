"""The algorithms inside studies, against what they must give."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from annealing.core.errors import ArgumentError
from annealing.reproduce.batch_growth import apart
from annealing.reproduce.bengio import regrets
from annealing.reproduce.defazio import refined
from annealing.reproduce.escape import descend
from annealing.reproduce.finding import Curves, Finding, Line, Result, below
from annealing.reproduce.paired import beats, gap_share, t_of
from annealing.reproduce.power_scheduler import optimum
from annealing.reproduce.quadratic import losses
from annealing.reproduce.real import panel
from annealing.reproduce.schaipp import subgradient_losses
from annealing.study.growth_result import GrowthRow
from tests.forecast.real import DATA


def test_norms_that_stay_refine_to_a_straight_line() -> None:
    rates = refined(np.full(100, 3.0)).over().values()

    np.testing.assert_allclose(rates, np.linspace(1, 0, 100), atol=1e-12)


def test_large_gradients_at_the_start_refine_to_a_warm_up() -> None:
    norms = np.concatenate([np.full(20, 4.0), np.ones(80)])
    rates = refined(norms).over().values()

    assert rates[0] < 0.1
    assert rates.argmax() in range(20, 30)
    assert rates[-1] == 0


def test_descent_without_noise_on_one_curvature_is_the_formula() -> None:
    rates = np.full(5, 0.1)

    found = losses(rates, np.arange(5), dimension=1, noise=0.0)

    # One sample at a time: m times 1 − 2η + 3η² each update, with curvature 1.
    np.testing.assert_allclose(found, 0.5 * (1 - 0.2 + 0.03) ** np.arange(1, 6), rtol=1e-12)


def test_a_rate_of_nothing_leaves_the_subgradient_descent_where_it_was() -> None:
    still, moved = (subgradient_losses(np.full(50, rate), seed=2) for rate in (0.0, 0.02))

    assert (still > 0.3).all()
    assert moved.mean() < still.mean()


def test_walkers_without_a_rate_stay_in_the_shallow_well() -> None:
    assert (descend(np.zeros(100), 5, seed=0) == -1).all()


def test_random_search_tries_more_rates_than_a_grid() -> None:
    found = regrets(100, seed=5)

    assert np.median(found["random"]) < np.median(found["grid"])


def test_the_lowest_point_of_a_parabola_is_found() -> None:
    table = {rate: (math.log(rate) - math.log(0.03)) ** 2 for rate in (0.01, 0.02, 0.04, 0.08)}

    assert optimum(table) == pytest.approx(0.03)


def test_differences_are_taken_seed_by_seed() -> None:
    first, second = np.array([1.0, 2.0, 3.0]), np.array([1.1, 2.1, 3.11])

    assert beats("a", first, second).met
    assert not beats("a", second, first).met
    assert beats("a", second, first, t=-1000.0).met
    assert t_of(second - first) > 10


def test_a_run_that_diverged_beats_nobody_and_loses_to_whoever_did_not() -> None:
    lost, fine = np.array([1.0, math.inf]), np.array([2.0, 3.0])

    assert not beats("a", lost, fine).met
    assert beats("a", fine, lost).met
    assert "1 of 2 seeds" in beats("a", lost, fine).detail


def test_nothing_to_compare_meets_no_target() -> None:
    assert not beats("a", np.array([]), np.array([])).met
    assert math.isnan(t_of(np.array([1.0])))
    assert math.isnan(gap_share(np.ones(2), np.ones(2), np.ones(2))[0])


def test_a_share_of_the_gap_is_that_of_the_means() -> None:
    share, interval = gap_share(np.array([1.1, 1.3]), np.array([1.0, 1.0]), np.array([2.0, 2.0]))

    assert share == pytest.approx(0.2)
    assert interval is not None
    assert interval[0] < 0.2 < interval[1]


def test_json_holds_no_number_that_json_cannot() -> None:

    finding = Finding((below("a", math.inf, 1),), "seed 0", Curves("", "", "", "", (Line("a", (0.0,), (math.nan,)),)))
    told = Result("a", "b", "c", ("C1",), "d", "full", 0, finding, 0.1).to_dict()

    assert told["finding"]["statistics"][0]["value"] is None
    assert told["finding"]["figure"]["lines"][0]["y"] == [None]


def test_real_curves_are_noted_and_decide_nothing(tmp_path: Path) -> None:
    cells = [("wsd", "sqrt", 2.9), ("wsd", "linear", 3.0)]
    index = [
        {"group": "g", "run": decay, "total": 100, "kind": kind, "cooldown_fraction": 0.2, "decay": decay, "final_full_val": loss}
        for kind, decay, loss in cells
    ]
    ends = [
        {"group": "g", "run": f"cos-{end}", "total": 100, "kind": "cos", "end_fraction": end, "final_full_val": 3.0 + (end or 0)}
        for end in (None, 0.1)
    ]
    (tmp_path / "index.json").write_text(json.dumps([*index, *ends]))

    (shape,), (end,) = panel("haegele", tmp_path), panel("bergsma", tmp_path)

    assert (shape.value, shape.met) == (1.0, None)
    assert (round(end.value, 6), end.met) == (0.1, None)
    assert panel("sgdr", tmp_path) == ()


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="leave --data out"):
        panel("luo", tmp_path)


@pytest.mark.skipif(not DATA.is_dir(), reason="the real curves are not beside the repository")
def test_laws_are_tried_on_the_real_curves() -> None:
    found = panel("luo", DATA)

    assert found
    assert all(one.value < 0.01 for one in found)


@pytest.mark.parametrize(
    ("interval", "met"), [((0.2, 0.4), True), ((0.05, 0.4), False), ((-0.4, -0.2), False), ((-0.01, 0.01), False), (None, False)]
)
def test_a_control_must_be_clearly_apart_and_noise_does_not_do(interval: tuple[float, float] | None, met: bool) -> None:
    row = GrowthRow("control", "", (8, 8), 10, 1.0, None, 0.1, None, 0.3, interval, 0.1, 0, "undecided")

    assert apart(row, "control").met is met
