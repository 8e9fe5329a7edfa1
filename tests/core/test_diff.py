"""Two schedules side by side: where they differ and by how much, found with no tool but the plans themselves."""

import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.core.difference import RecipeDifference
from tests.core.refusals import refused

UP = 0.1 * an.chain(an.warmup(10), an.hold())
LATE = 0.1 * an.chain(an.warmup(10), an.hold(50), an.linear(20, to=0.5), an.hold())

heights = st.floats(0.01, 10)
steps = st.dictionaries(st.integers(1, 60), st.sampled_from([0.25, 0.5, 1.0, 2.0]), min_size=1, max_size=6).map(
    lambda values: an.stairs({t: values[t] for t in sorted(values)})
)


def test_what_is_equal_is_the_same_at_every_update() -> None:
    found = an.diff(UP, UP, over=100)

    assert found.same
    assert (found.first, found.spans, found.apart, found.share, found.differing) == (None, (), 0, 0, 0)
    assert str(found) == "the same at every one of 100 updates"


def test_rounding_is_no_difference_and_is_not_kept_from_the_reader() -> None:
    found = an.diff(0.1 * 3 * an.cosine(), 0.3 * an.cosine(), over=1_000)

    assert found.same
    assert 0 < found.apart < 1e-12 * found.peak
    assert str(found) == "the same to within 1e-12 of the peak over 1000 updates (largest difference 5.6e-17)"
    assert not an.diff(0.1 * 3 * an.cosine(), 0.3 * an.cosine(), over=1_000, tolerance=0).same


def test_the_first_and_the_largest_difference_the_span_the_ends_and_the_areas() -> None:
    found = an.diff(UP, LATE, over=100)

    assert found.first == 61
    assert found.largest == (80, 0.1, 0.05)
    assert (found.apart, found.peak, found.share) == (0.05, 0.1, 0.5)
    assert found.spans == ((61, 100),)
    assert found.differing == 39
    assert found.firsts == (UP.over(100)(0), LATE.over(100)(0))
    assert found.lasts == (0.1, 0.05)
    assert found.areas == pytest.approx((UP.over(100).area(), LATE.over(100).area()), rel=1e-14)
    assert str(found) == "they differ from update 61 on, most at update 80: 0.1 and 0.05 (50 % of the peak)"


def test_the_description_is_plain_text_that_says_the_same() -> None:
    assert an.diff(UP, LATE, over=100).describe().splitlines() == [
        "the first           (0.1 * chain(warmup(10), hold())).over(100)",
        "the second          (0.1 * chain(warmup(10), hold(50), linear(20, to=0.5), hold())).over(100)",
        "first difference    update 61: 0.1 and 0.0975",
        "largest difference  update 80: 0.1 and 0.05, 0.05 apart, 50 % of the peak",
        "they differ         in 61 to 99: 39 of 100 updates",
        "first values        0.00909091 and 0.00909091",
        "last values         0.1 and 0.05",
        "areas               9.5 and 8.025",
    ]


def test_curves_that_cross_differ_on_both_sides_of_the_crossing() -> None:
    found = an.diff(an.cosine(), an.linear(), over=100)

    assert found.spans == ((1, 50), (51, 100))
    assert "in 1 to 49, 51 to 99: 98 of 100 updates" in found.describe()


def test_numbers_that_look_alike_get_the_digits_that_tell_them_apart() -> None:
    found = an.diff(0.1 * an.hold(), (0.1 + 1e-9) * an.hold(), over=10)

    assert str(found).startswith("they differ from update 0 on, most at update 0: 0.1 and 0.100000001 (1e-6 % of the peak)")


def test_many_spans_are_counted_and_kept_but_not_all_named() -> None:
    found = an.diff(an.hold(), an.repeat(an.chain(an.hold(1), an.jump(0.5), an.hold(1))), over=100)

    assert len(found.spans) == 50
    assert "in 1, 3, 5 and 47 more spans: 50 of 100 updates" in found.describe()


def test_past_the_end_of_a_plan_it_is_what_the_plan_does_there() -> None:
    short = an.linear().over(10)

    assert an.diff(short, an.linear().over(20)).over == 20
    assert an.diff(short, an.linear().over(10, after="repeat"), over=10).same
    assert an.diff(short, an.linear().over(10, after="repeat"), over=20).first == 10
    assert an.diff(short, an.hold().over(an.inf)).over == 10


def test_a_schedule_takes_the_run_of_the_plan_beside_it_with_its_epochs() -> None:
    plan = an.linear().over(an.Horizon(100, epochs=10))

    assert an.diff(plan, an.linear("5ep").over(an.Horizon(50, epochs=5)), over=20).first == 1
    assert an.diff(plan, an.chain(an.linear("5ep", to=0.5), an.linear())).same
    assert an.diff(plan.branch(at=50, tail=an.linear(), total=200), an.linear()).over == 200


def test_a_branch_differs_from_its_plan_from_where_it_begins() -> None:
    plan = (3e-4 * an.chain(an.warmup(100), an.hold())).over(1_000)

    assert an.diff(plan, plan.branch(at=700, tail=an.cooldown())).first == 701
    assert an.diff(plan, plan.branch(at=700, tail=an.chain(an.jump(0.5), an.hold()))).first == 700


def test_recipes_are_compared_hyper_parameter_by_hyper_parameter() -> None:
    a = an.Recipe(lr=an.cosine(), momentum=0.9, groups={"head": {"lr": 2 * an.cosine()}})
    b = an.Recipe(lr=an.cosine(), weight_decay=0.1, groups={"head": {"lr": an.cosine()}})
    found = an.diff(a, b, over=100)

    assert isinstance(found, RecipeDifference)
    assert [(pattern, name, one.same) for pattern, name, one in found.parts] == [("*", "lr", True), ("head", "lr", False)]
    assert (found.only_a, found.only_b) == ((("*", "momentum"),), (("*", "weight_decay"),))
    assert not found.same
    assert str(found) == (
        "lr: the same at every one of 100 updates; "
        "lr of groups head: they differ from update 0 on, most at update 0: 2 and 1 (50 % of the peak); "
        "only the first sets momentum; only the second sets weight_decay"
    )
    assert found.describe().count("\n\n") == 3


def test_a_group_that_one_recipe_names_is_compared_with_what_the_other_gives_it() -> None:
    named = an.Recipe(lr=an.cosine(), groups={"head.*": {"lr": 0.5 * an.cosine()}})
    wider = an.Recipe(lr=an.cosine(), groups={"*d.*": {"lr": 0.5 * an.cosine()}})
    everywhere = an.Recipe(lr=0.5 * an.cosine())

    assert [one.same for _, _, one in an.diff(named, everywhere, over=10).parts] == [False, True]
    found = an.diff(named, wider, over=10)
    assert [(pattern, one.same) for pattern, _, one in found.parts] == [("*", True), ("head.*", True), ("*d.*", False)]


def test_a_plan_beside_a_recipe_is_its_learning_rate() -> None:
    found = an.diff(an.cosine().over(10), an.Recipe(lr=an.cosine(), momentum=0.9).over(10))

    assert isinstance(found, RecipeDifference)
    assert found.parts[0][2].same
    assert found.only_b == (("*", "momentum"),)


def test_a_long_run_is_looked_at_wherever_a_phase_begins_and_says_that_it_is_not_every_update() -> None:
    spike = an.chain(an.hold(123_456_789), an.jump(2), an.hold(1), an.jump(1), an.hold())
    found = an.diff(an.hold(), spike, over=10**9)

    assert not found.exact
    assert found.largest == (123_456_789, 1.0, 2.0)
    assert "not at every one" in found.describe()


def test_epochs_are_compared_within_the_epoch() -> None:
    found = an.diff(an.linear().over(4, unit="epochs"), an.linear().every(1).over(4, unit="epochs"))

    assert not found.exact
    assert found.first == 1 / 128
    assert found.share == pytest.approx(0.25 * 127 / 128)


@pytest.mark.parametrize("lost", [math.nan, math.inf])
def test_what_is_no_number_differs_from_every_number_and_not_from_itself(lost: float) -> None:
    @an.register(f"tests.lost.{lost}")
    def gone(t: float) -> float:
        return lost if t >= 5 else 1.0

    broken = an.formula(f"tests.lost.{lost}")
    found = an.diff(an.hold(), broken, over=10)

    assert (found.first, found.apart, found.peak) == (5, math.inf, 1.0)
    assert an.diff(broken, broken, over=10).same
    assert "infinitely" in str(found)


def test_zero_everywhere_has_no_peak_and_no_difference() -> None:
    assert an.diff(0 * an.hold(), 0 * an.cosine(), over=10).same
    assert an.diff(0 * an.hold(), an.linear(start=0, to=1), over=10).share == 1.0


def test_a_difference_is_a_value() -> None:
    found = an.diff(UP, LATE, over=100)

    assert found == an.diff(UP, LATE, over=100)
    assert pickle.loads(pickle.dumps(found)) == found
    assert hash(found) == hash(an.diff(UP, LATE, over=100))


@given(a=steps, b=steps, height=heights)
def test_the_spans_are_exactly_the_updates_that_differ(a: an.Schedule, b: an.Schedule, height: float) -> None:
    one, other = height * a, height * b
    found = an.diff(one, other, over=80)
    apart = np.abs(one.over(80).values() - other.over(80).values())
    listed = [t for begin, end in found.spans for t in range(int(begin), int(end))]

    assert listed == np.flatnonzero(apart > 1e-12 * found.peak).tolist()
    assert found.apart == apart.max()
    assert found.same == (not listed)
    assert all(end < begin for (_, end), (begin, _) in zip(found.spans, found.spans[1:], strict=False))


@given(a=steps, b=steps)
def test_what_is_said_of_two_is_said_of_them_the_other_way_round(a: an.Schedule, b: an.Schedule) -> None:
    there, back = (an.diff(*pair, over=80) for pair in ((a, b), (b, a)))

    assert (there.first, there.apart, there.spans, there.peak) == (back.first, back.apart, back.spans, back.peak)
    assert there.areas == back.areas[::-1]


@pytest.mark.parametrize(
    ("a", "b", "asked", "error", "says"),
    [
        (an.cosine(), an.linear(), {}, ValueError, "write over=1000"),
        (an.hold().over(an.inf), an.hold().over(an.inf), {}, ValueError, "such as over=1000"),
        (an.hold().over(10), an.hold().over(10), {"over": 0}, ValueError, "above 0"),
        (an.hold().over(10), an.hold().over(10), {"over": 2.5}, ValueError, "whole number above 0"),
        (an.hold().over(10), an.hold().over(10), {"over": math.inf}, ValueError, "not a finite number"),
        (an.cosine(), "linear", {"over": 10}, TypeError, "write parse(text)"),
        (an.cosine(), an.cosine(), {"over": 10, "tolerance": -1}, ValueError, "share of the peak"),
        (an.cosine(), an.cosine(), {"over": 10, "tolerance": math.nan}, ValueError, "not a finite number"),
        (an.hold().over(4, unit="epochs"), an.hold().over(4), {}, TypeError, "counts epochs, the other updates"),
        (an.warmup(50), an.hold(), {"over": 10}, ValueError, "the phases need 50"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_what_to_write(
    a: Any, b: Any, asked: dict[str, float], error: type[Exception], says: str
) -> None:
    with refused(error, says):
        an.diff(a, b, **asked)
