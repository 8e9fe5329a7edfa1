"""Figures hold the numbers of the comparison, and an arm that diverged is neither left out nor hides the others."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from annealing.report.arms import plan_of, rate, schedule_cards
from annealing.report.curves import at_edge, loss_curves, rate_grid
from annealing.report.figures import Axis, Line
from annealing.report.ranges import axis, inside, with_crosses_apart
from annealing.report.results import differences, final_losses, table
from annealing.study.result import Comparison, Curve

Make = Callable[..., Comparison]


def losses_of(comparison: Comparison, arm: str) -> np.ndarray:
    return np.stack([run.curve.valid_loss for run in comparison.runs if run.role == "evaluation" and run.arm == arm])


def test_a_loss_curve_is_the_mean_over_the_evaluation_seeds_and_its_band_the_t_interval(comparison: Comparison) -> None:
    for line in loss_curves(comparison).lines:
        samples = losses_of(comparison, line.name)
        low, high = stats.t.interval(0.9, len(samples) - 1, loc=samples.mean(axis=0), scale=stats.sem(samples))

        np.testing.assert_allclose(line.y, samples.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(line.low, low, rtol=1e-9)
        np.testing.assert_allclose(line.high, high, rtol=1e-9)


def test_the_reference_arm_comes_first_so_that_it_is_drawn_on_top(comparison: Comparison) -> None:
    assert loss_curves(comparison).lines[0].name == comparison.best
    grid = rate_grid(comparison)
    assert grid is not None
    assert grid.lines[0].name == comparison.best


def test_tuning_runs_do_not_enter_the_loss_curves(comparison: Comparison) -> None:
    evaluation_only = replace(comparison, runs=tuple(run for run in comparison.runs if run.role == "evaluation"))

    assert loss_curves(evaluation_only) == loss_curves(comparison)


def test_the_rate_grid_is_the_mean_on_the_tuning_seeds_and_marks_the_choice(comparison: Comparison) -> None:
    grid = rate_grid(comparison)
    assert grid is not None
    assert grid.x.scale == "log"
    assert grid.x.ticks == (0.01, 0.03, 0.1, 0.3)
    for line in grid.lines:
        for lr, loss in zip(line.x, line.y, strict=True):
            runs = [run.loss for run in comparison.runs if (run.arm, run.lr, run.role) == (line.name, lr, "tuning")]
            assert loss == pytest.approx(np.mean(runs), rel=1e-12)
        assert line.marked is not None
        assert line.marked[0] == next(row.lr for row in comparison.rows if row.name == line.name)
        assert [x for x, _ in line.crosses] == [0.3]  # where every run diverged


def test_without_a_choice_of_rates_there_is_no_rate_grid(comparison: Comparison) -> None:
    assert rate_grid(replace(comparison, runs=tuple(run for run in comparison.runs if run.lr == 0.1))) is None


def test_final_losses_and_differences_are_those_of_the_table(comparison: Comparison) -> None:
    for row, loss, difference in zip(comparison.rows, final_losses(comparison).dots, differences(comparison).dots, strict=True):
        assert (loss.name, loss.value, loss.interval) == (row.name, row.mean, row.interval)
        assert sorted(loss.singles) == sorted(losses_of(comparison, row.name)[:, -1])
        assert difference.interval == row.difference_interval
        assert difference.value == (0.0 if row.name == comparison.best else row.difference)


def test_every_dot_and_interval_lies_on_the_axis(comparison: Comparison) -> None:
    for figure in (final_losses(comparison), differences(comparison)):
        for dot in figure.dots:
            assert all(figure.x.low <= value <= figure.x.high for value in (*(dot.interval or ()), *dot.singles, dot.value))


def test_an_arm_that_diverged_is_named_marked_and_does_not_stretch_the_axes(make: Make) -> None:
    lost = make(lost=("triangular",))
    figure = loss_curves(lost)
    line = next(line for line in figure.lines if line.name == "triangular")

    assert figure.y.high < 1.5  # the curve went to 1e12 before it was lost
    assert line.crosses
    assert all(figure.x.low <= x <= figure.x.high and figure.y.low < y < figure.y.high for x, y in line.crosses)
    assert all(map(math.isfinite, line.y))
    assert final_losses(lost).dots[-1].note == "diverged on 8 of 8 seeds"
    assert final_losses(lost).dots[-1].value is None
    assert table(lost).rows[-1][1:6] == ("triangular", "0.1", "–", "–", "diverged on 8 of 8 seeds")


def test_an_arm_of_which_one_seed_diverged_is_drawn_from_the_others_with_a_cross(make: Make) -> None:
    base = make(("constant", "cosine"))
    victim = next(run for run in base.runs if run.role == "evaluation" and run.arm == "cosine")
    broken = victim.curve.valid_loss.copy()
    broken[7:] = math.inf
    lost = replace(victim, curve=Curve(victim.curve.update, broken, broken, victim.curve.rate), loss=math.inf, diverged=True)
    runs = tuple(lost if run is victim else run for run in base.runs)
    rows = tuple(
        replace(row, diverged=1, mean=None, interval=None, verdict="diverged") if row.name == "cosine" else row
        for row in base.rows
    )
    line = next(line for line in loss_curves(replace(base, runs=runs, rows=rows)).lines if line.name == "cosine")

    assert len(line.y) == len(victim.curve.update)
    assert [x for x, _ in line.crosses] == [float(victim.curve.update[6])]
    np.testing.assert_allclose(line.y, losses_of(base, "cosine")[1:].mean(axis=0), rtol=1e-12)


def test_a_comparison_of_which_nothing_is_complete_is_drawn_empty(make: Make) -> None:
    base = make(("constant", "cosine"))
    nothing = {"mean": None, "interval": None, "difference": None, "difference_interval": None, "metrics": {}, "seeds": 0}
    rows = tuple(replace(row, verdict="not finished", **nothing) for row in base.rows)
    empty = replace(base, runs=(), rows=rows, verdict="not finished: constant and cosine.", interrupted=True)

    assert loss_curves(empty).lines == ()
    assert rate_grid(empty) is None
    assert [dot.note for dot in final_losses(empty).dots] == ["not finished", "not finished"]
    assert [row[5] for row in table(empty).rows] == ["not finished", "not finished"]


def test_one_seed_gives_a_curve_without_a_band(make: Make) -> None:
    assert all(line.low == line.high == () for line in loss_curves(make(("constant", "cosine"), seeds=1)).lines)


def test_each_schedule_is_drawn_at_its_own_rate(comparison: Comparison) -> None:
    for row, card in zip(comparison.rows, schedule_cards(comparison), strict=True):
        plan = plan_of(row, comparison.updates)
        assert plan is not None
        assert card.title == row.name
        assert card.lines[0].y == tuple(plan(np.array(card.lines[0].x)))
        assert max(card.lines[0].y) == pytest.approx(row.lr)


def test_an_absolute_schedule_is_drawn_as_it_is_written(make: Make) -> None:
    base = make(("constant",))
    row = replace(base.rows[0], schedule="0.02 * cosine()", lr=1.0)
    one = replace(base, rows=(row,))

    assert str(plan_of(row, 100)) == "(0.02 * cosine()).over(100)"
    assert rate(one, row) == "as written"
    assert rate(one, replace(row, schedule="cosine()")) == "1"
    assert max(schedule_cards(one)[0].lines[0].y) == 0.02


def test_a_schedule_in_epochs_is_drawn_from_the_rates_that_were_used(make: Make) -> None:
    base = make(("constant",))
    row = replace(base.rows[0], schedule='chain(warmup("1ep"), cosine())')
    card = schedule_cards(replace(base, rows=(row,)))[0]

    assert plan_of(row, 1000) is None
    assert card.lines[0].y == (0.1,) * 25


def test_arms_at_the_edge_of_the_grid_are_named(comparison: Comparison) -> None:
    assert at_edge(comparison) == "At an end of the grid, where a wider one could still help: triangular (0.1)."


@pytest.mark.parametrize("values", [[0.1, 0.2], [1e-9, 1e9], [-3.0, 5.0], [2.0], [0.0], [math.nan], [], [-1e300, 1e300]])
def test_an_axis_is_never_empty_and_holds_every_finite_value(values: list[float]) -> None:
    made = axis("loss", values)

    assert made.low < made.high
    assert made.scale == "linear" or made.low > 0
    assert all(made.low <= value <= made.high for value in values if math.isfinite(value))
    assert made.low < inside(made, math.inf) < made.high
    assert made.low < inside(made, -math.inf) < made.high


def test_crosses_at_the_same_place_are_drawn_apart() -> None:
    lines = [Line(name, (), (), crosses=((5.0, math.inf),)) for name in "abc"]
    y = Axis("loss", 0.0, 1.0)
    places = [cross for line in with_crosses_apart(lines, y) for cross in line.crosses]

    assert len(set(places)) == 3
    assert all(0 < place < 1 for _, place in places)
