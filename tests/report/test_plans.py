"""What is said and drawn of one plan."""

import json
import math

import numpy as np
import pytest

import annealing as an
from annealing.report.figures import Axis, Line
from annealing.report.plans import facts, named_plans, plan_figure, plan_line, to_dict
from annealing.report.png import picture
from annealing.report.terminal import curve

PLAN = (3e-4 * an.chain(an.warmup(2_000), an.hold(), an.cooldown("20%"))).over(100_000)


def test_the_facts_are_those_of_every_update() -> None:
    found, values = facts(PLAN), PLAN.values()

    assert found.first == values[0]
    assert found.last == values[-1]
    assert found.peak == (int(values.argmax()), values.max())
    assert found.area == pytest.approx(values.sum(), rel=1e-12)
    assert found.keyframes == PLAN.keyframes()


def test_the_peak_between_two_keyframes_is_found() -> None:
    hump = (an.warmup("100%", start=0) * an.linear()).over(1_000)

    assert facts(hump).peak == (500.0, 0.25)


@pytest.mark.parametrize(
    "schedule", [an.chain(an.warmup(3_000_000), an.cosine()), an.chain(an.hold("30%"), an.jump(0.1), an.hold()), an.sgdr()]
)
def test_the_area_of_a_long_run_is_summed_up_between_the_places_looked_at(schedule: an.Schedule) -> None:
    plan = schedule.over(5_000_001)
    assert facts(plan).area == pytest.approx(plan.area(), rel=1e-9)


def test_the_area_of_a_run_of_tokens_needs_no_look_at_every_one() -> None:
    count = 2 * 10**12  # a sum over each of them would take hours
    assert facts(an.cosine().over(count, unit="tokens")).area == pytest.approx((count + 1) / 2, rel=1e-9)


def test_a_run_without_an_end_has_no_last_value_and_no_area() -> None:
    found = facts(an.chain(an.warmup(100), an.power(-0.5, per=100)).over(an.inf))

    assert (found.total, found.last, found.area) == (None, None, None)
    assert found.peak == (100.0, 1.0)


def test_a_drawn_line_has_both_sides_of_every_jump() -> None:
    plan = an.chain(an.hold(700_001), an.jump(0.1), an.hold()).over(1_000_000)
    line = plan_line(plan, points=50)
    points = dict(zip(line.x, line.y, strict=True))

    assert points[700_000.0] == 1.0
    assert points[700_001.0] == 0.1


def test_numbers_of_a_recipe_are_those_of_its_plans() -> None:
    plans = an.Recipe(lr=0.1 * an.cosine(), momentum=0.9, groups={"head": {"lr": an.linear()}}).over(100)
    read = json.loads(json.dumps(to_dict(plans), allow_nan=False))

    assert [(one["groups"], one["name"], one["first"]) for one in read["plans"]] == [
        ("*", "lr", 0.1),
        ("*", "momentum", 0.9),
        ("head", "lr", 1.0),
    ]
    assert [name for _, name, _ in named_plans(plans)] == ["lr", "momentum", "lr"]
    curve_drawn = np.array(read["plans"][0]["curve"])
    np.testing.assert_allclose(curve_drawn[:, 1], plans.plans_for("")["lr"](curve_drawn[:, 0]), rtol=0)


def test_a_momentum_is_drawn_on_its_own_range_and_a_rate_from_zero() -> None:
    assert plan_figure((0.95 - 0.1 * an.cosine()).over(100), "momentum").y.low == pytest.approx(0.85)
    assert plan_figure(PLAN, "lr").y.low == 0.0
    assert plan_figure(an.constant().over(10), "lr").y == Axis("lr", 0.0, 1.0)


def test_a_curve_in_the_terminal_has_the_width_and_height_that_were_asked_for() -> None:
    data = plan_figure(PLAN, "lr")
    for width in (40, 80, 132):
        rows = curve(data.lines[0], data.x, data.y, width=width, height=9).splitlines()
        assert len(rows) == 9 + 2
        assert max(map(len, rows)) <= width


def test_a_curve_in_the_terminal_rises_stays_and_falls_where_the_plan_does() -> None:
    data = plan_figure(PLAN, "lr")
    rows = [
        row.split("|")[-1].split("+")[-1]
        for row in curve(data.lines[0], data.x, data.y, width=100, braille=False).splitlines()[:-2]
    ]
    columns = len(rows[-1])
    height_at = {
        column: min(i for i, row in enumerate(rows) if column < len(row) and row[column] == "*") for column in range(columns)
    }

    assert height_at[columns // 2] == 0  # the peak, held
    assert height_at[columns - 1] == len(rows) - 1
    assert height_at[0] > 0
    cooldown = [height_at[column] for column in range(int(columns * 0.81), columns)]
    assert cooldown == sorted(cooldown)


def test_a_curve_in_the_terminal_leaves_out_what_is_no_number() -> None:
    drawn = curve(Line("lost", (0, 1, 2), (0.0, math.nan, 1.0)), Axis("t", 0, 2), Axis("lr", 0, 1), width=30)

    assert "⠁" in drawn or "⠈" in drawn or "⠉" in drawn


@pytest.mark.parametrize("plan", [PLAN, an.Recipe(lr=0.1 * an.cosine(), momentum=0.9).over(100), an.hold().over(an.inf)])
def test_a_picture_is_a_png_of_some_size_and_not_blank(plan: an.Plan | an.RecipePlan) -> None:
    image = pixels(picture(plan))

    assert image.shape[0] > 300
    assert image.shape[1] == 1200
    assert len(np.unique(image.reshape(-1, image.shape[2]), axis=0)) > 20


def pixels(png: bytes) -> np.ndarray:
    import io

    from matplotlib.image import imread

    return imread(io.BytesIO(png))
