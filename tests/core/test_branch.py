"""A run that is under way is changed by edits; what was trained is never rewritten."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
import pytest

import annealing as an
from annealing.core.errors import ArgumentError, KindError, LengthError, RampError
from tests.core.refusals import refused


@pytest.mark.parametrize("peak", [1.0, 3e-4, 0.1, 1 / 3, 7e-5])
@pytest.mark.parametrize("ease", ["sqrt", "linear", "cosine", "u^0.7"])
def test_a_cooldown_decided_late_is_the_one_planned_from_the_start(peak: float, ease: str) -> None:
    """To the last bit, at every update and past the end."""
    late = (peak * an.chain(an.warmup(200), an.hold())).over(inf).branch(at=4_100, tail=an.cooldown(ease=ease), total=4_900)
    planned = (peak * an.wsd(200, 800, ease=ease)).over(4_900)

    t = np.arange(5_000)
    np.testing.assert_array_equal(late(t), planned(t))
    assert late.total == planned.total


def test_a_tail_counts_from_the_value_reached_or_in_absolute_units() -> None:
    run = (0.4 * an.hold()).over(10)

    assert run.branch(5, an.linear(to=0.5))(10) == pytest.approx(0.2)
    assert run.branch(5, an.linear(to=0.1), absolute=True)(10) == pytest.approx(0.1)
    assert run.branch(5, an.chain(an.jump(0.5), an.hold()))(5) == pytest.approx(0.2)
    assert run.branch(5, an.chain(an.jump(0.5), an.hold()), absolute=True)(5) == 0.5
    assert run.branch(5, an.linear(to=0.5))(5) == run.branch(5, an.linear(to=0.1), absolute=True)(5) == 0.4


def test_a_warmup_in_a_tail_starts_from_the_value_reached() -> None:
    plan = an.linear().over(10).branch(5, an.warmup(5, to=2))

    np.testing.assert_allclose(plan.values()[5:], [0.5, 0.6, 0.7, 0.8, 0.9])
    assert plan(10) == 1


def test_a_tail_that_counts_from_zero_is_refused() -> None:
    with refused(RampError, "the value reached at 10 is 0", "absolute=True"):
        an.linear().over(10).branch(10, an.hold(), total=20)
    assert an.linear().over(10).branch(10, an.hold(), total=20, absolute=True)(15) == 0


def test_a_step_at_the_branch_is_written() -> None:
    with refused(RampError, "opens at 0.5", "reached at 5 is 1", "jump("):
        an.hold().over(10).branch(5, an.chain(an.cosine() * an.linear(to=0.5)) * 0.5)
    assert an.hold().over(10).branch(5, an.linear(start=0.5))(5) == 0.5


def test_percent_in_a_tail_is_of_what_is_left() -> None:
    plan = an.hold().over(100).branch(60, an.chain(an.hold("50%"), an.linear("25%"), an.jump(0.5), an.hold()))

    assert plan.keyframes() == ((0, 1), (60, 1), (80, 1), (90, 0), (90, 0.5), (100, 0.5))
    longer = an.hold().over(100).branch(60, an.chain(an.hold("50%"), an.linear()), total=160)
    assert longer.keyframes() == ((0, 1), (60, 1), (110, 1), (160, 0))


def test_a_branch_may_move_the_end() -> None:
    run = an.hold().over(100)

    assert run.branch(50, an.linear()).total == 100
    assert run.branch(50, an.linear(), total=80).total == 80
    assert run.branch(50, an.linear(), total=200)(125) == 0.5
    assert run.branch(50, an.hold(), total=inf).total == inf
    assert an.hold().over(inf).branch(50, an.chain(an.hold(5), an.cooldown(8))).total == 63
    assert run.branch(120, an.linear(), total=140)(110) == 1  # held from the old end to the branch


def test_updates_are_counts_in_a_tail_that_ends_an_endless_run() -> None:
    """The sum of the lengths when all are counts, and "5up" is one."""
    assert an.hold().over(inf).branch(10, an.cooldown("5up")).total == 15


def test_edits_pile_up_and_each_leaves_the_past_alone() -> None:
    first = an.hold().over(100).branch(20, an.linear(to=0.5))
    second = first.branch(60, an.hold())
    third = second.stretch(200)
    fourth = third.branch(160, an.chain(an.jump(0.1), an.linear()))

    np.testing.assert_array_equal(second(np.arange(60)), first(np.arange(60)))
    np.testing.assert_allclose(third(np.arange(0, 200, 2)), second(np.arange(100)), rtol=1e-14)
    np.testing.assert_array_equal(fourth(np.arange(160)), third(np.arange(160)))
    assert fourth(199) == pytest.approx(0.75 / 40 * 0.1)
    assert [type(edit) for edit in fourth.journal] == [an.Branch, an.Branch, an.Stretch, an.Branch]
    assert fourth.base == an.hold().over(100)


def test_a_plan_is_its_text_with_its_journal() -> None:
    plan = an.hold().over(100).branch(20, an.linear(), why='it\'s "time"\n').stretch(200)

    assert str(plan.journal[1]) == "stretch(200)"
    assert str(plan.branch(30, an.hold()).journal[2]) == "branch(at=30, tail=hold(), total=200)"
    assert an.parse(str(plan)) == plan
    assert plan.journal[0].why == 'it\'s "time"\n'


def test_a_journal_of_many_edits_reads_back() -> None:
    """A run that is steered for a day has hundreds of edits, and its checkpoint must load."""
    plan = an.hold().over(1000)
    for at in range(60):
        plan = plan.branch(at, an.hold())

    assert an.parse(str(plan)) == plan


def test_stretching_keeps_the_value_at_the_same_fraction_of_the_way() -> None:
    plan = an.chain(an.warmup(10, start=0), an.hold(), an.jump(0.5), an.linear("50%")).over(100)

    for total in (50, 100, 200, 1000):
        stretched = plan.stretch(total)
        assert stretched.total == total
        np.testing.assert_allclose([stretched(x * total) for x in (0, 0.04, 0.1, 0.3, 0.5, 0.75)], [0, 0.4, 1, 1, 0.5, 0.25])


def test_two_stretches_are_one() -> None:
    """19 updates to 34 to 38 are 19 to 38: what happened at 11 happens at 22."""
    plan = an.chain(an.hold(11), an.jump(0.5), an.hold()).over(19)

    assert plan.stretch(38)(22) == 0.5
    assert plan.stretch(34).stretch(38)(22) == 0.5


def test_a_stretch_keeps_the_end_on_the_last_update() -> None:
    assert an.linear().over(5, endpoint=True).stretch(9).values().tolist() == [1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0]


def test_a_stretch_to_one_update() -> None:
    assert an.linear().over(10).stretch(1).values().tolist() == [1]
    assert an.linear().over(10, endpoint=True).stretch(1).values().tolist() == [0]


def test_a_branch_keeps_the_end_on_the_last_update() -> None:
    """The late cooldown equals the planned one, also where plans end on their last update."""
    late = an.chain(an.warmup(2), an.hold()).over(40, endpoint=True).branch(41, an.cooldown(), total=49)
    planned = an.wsd(2, 8).over(49, endpoint=True)

    np.testing.assert_allclose(late.values(), planned.values(), rtol=1e-12)


@pytest.mark.parametrize("after", ["repeat", "mirror"])
def test_a_run_that_goes_on_past_its_end_is_not_branched_there(after: str) -> None:
    """Holding the end value there instead would rewrite what a repetition did, which is past."""
    run = an.linear(to=0.5).over(10, after=after)

    for at in (10, 25):
        with refused(LengthError, f"after='{after}'"):
            run.branch(at, an.linear(), total=30)
    np.testing.assert_array_equal(run.branch(9, an.linear(), total=30)(np.arange(9)), run(np.arange(9)))


@pytest.mark.parametrize(("bound", "numpy"), [(an.minimum, np.minimum), (an.maximum, np.maximum)])
def test_a_bound_reaches_the_tail_of_a_branch_and_not_its_start(bound: Any, numpy: Any) -> None:
    """min(branched plan, 0.5) is the minimum of its values; the tail does not start from 0.5 instead."""
    plan = an.hold().over(10).branch(5, an.linear(to=2)).branch(8, an.linear())
    low = (0.4 * an.hold()).over(10).branch(5, an.linear(to=2))

    np.testing.assert_allclose(bound(plan, 0.5).values(), numpy(plan.values(), 0.5), rtol=1e-12)
    np.testing.assert_allclose(bound(low, 0.5).values(), numpy(low.values(), 0.5), rtol=1e-12)


def test_a_square_reaches_the_tail_of_a_branch_from_below_zero() -> None:
    """(−1)² is 1, and the root of 1 that the tail started from was the wrong one."""
    plan = (-an.hold()).over(10).branch(5, an.linear(to=2), absolute=True)

    np.testing.assert_allclose((plan**2).values(), plan.values() ** 2, atol=1e-12)


@pytest.mark.parametrize("k", [2.0, -1.0, 0.0])
def test_arithmetic_with_a_number_reaches_the_tails(k: float) -> None:
    plan = an.chain(an.warmup(3), an.hold()).over(20).branch(10, an.cooldown(to=0.1)).stretch(40).branch(30, an.cosine(to=0.5))

    t = np.arange(45)
    for changed, expected in ((k * plan, k * plan(t)), (plan - k, plan(t) - k), (1 / plan, 1 / plan(t)), (plan**2, plan(t) ** 2)):
        np.testing.assert_allclose(changed(t), expected, rtol=1e-12, atol=1e-15)


def test_an_edited_plan_is_clipped_and_rounded_like_its_values() -> None:
    """Past and future alike, whatever the tails started from; the change is one more entry of the journal."""
    plan = an.hold().over(10).branch(5, an.linear(to=0.2))
    for changed, expected in (
        (plan.clip(low=0.5), plan.values().clip(min=0.5)),
        (plan.rounded(0.25), np.round(plan.values() / 0.25) * 0.25),
        (an.maximum(2 - plan, 1.2).branch(8, an.hold()), np.array([1.2] * 7 + [1.32, 1.48, 1.48])),
    ):
        np.testing.assert_allclose(changed.values(), expected, rtol=1e-12)
        assert an.parse(str(changed)) == changed


def test_two_plans_of_which_one_was_edited_are_not_joined() -> None:
    plan = an.hold().over(10).branch(5, an.linear())

    with refused(KindError, "edited", "branch the result"):
        plan * plan.base


def test_a_horizon_is_a_total_here_as_well() -> None:
    """DESIGN: a Horizon can be given wherever a total can."""
    plan = an.hold().over(10)

    assert plan.stretch(an.Horizon(20)).total == 20  # type: ignore[arg-type]
    assert plan.branch(5, an.linear(), total=an.Horizon(20)).total == 20  # type: ignore[arg-type]


def test_an_update_counted_by_numpy_is_an_update() -> None:
    assert an.hold().over(10).branch(np.int64(5), an.linear()) == an.hold().over(10).branch(5, an.linear())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "kind", "teaching"),
    [
        (lambda plan: plan.branch(-1, an.hold()), ArgumentError, "whole number from 0"),
        (lambda plan: plan.branch(2.5, an.hold()), ArgumentError, "whole number from 0"),
        (lambda plan: plan.branch(5, 0.1), KindError, "write a phase such as cooldown()"),
        (lambda plan: plan.branch(10, an.hold()), LengthError, "pass a larger total="),
        (lambda plan: plan.branch(5, an.hold(), total=5), LengthError, "pass a larger total="),
        (lambda plan: plan.branch(5, an.cooldown(8)), LengthError, "need 8 updates but there are 5"),
        (lambda plan: plan.branch(5, an.cooldown(3)), LengthError, "add hold()"),
        (lambda plan: plan.stretch(0), LengthError, "above 0"),
        (lambda plan: plan.stretch(2.5), LengthError, "whole number"),
        (lambda plan: an.hold().over(inf).stretch(10), LengthError, "give it a total first"),
        (lambda plan: an.hold().over(inf).branch(5, an.chain(an.hold("10%"), an.linear(5))), LengthError, "the run a total"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(wrong: Any, kind: type[Exception], teaching: str) -> None:
    with refused(kind, teaching):
        wrong(an.hold().over(10))


def test_a_tail_may_be_a_plan_which_is_followed_from_where_both_meet() -> None:
    """On its own clock: the values are those of the plan, to the last bit, and its length is the run's."""
    stable = (3e-4 * an.chain(an.warmup(20), an.hold())).over(inf)
    cooled = (3e-4 * an.chain(an.warmup(20), an.hold(), an.cooldown(30))).over(100)

    run = stable.branch(60, cooled)
    np.testing.assert_array_equal(run(np.arange(120)), cooled(np.arange(120)))
    assert run.total == 100
    assert str(run) == f"{stable}.branch(at=60, tail={cooled})"
    assert an.parse(str(run)) == run
    assert an.from_json(an.to_json(2 * run)) == 2 * run
    assert run.branch(80, an.linear()).values()[79] == cooled(79)
    in_the_middle = cooled.branch(85, cooled.base.branch(90, an.linear()))
    np.testing.assert_array_equal(in_the_middle.values(), cooled.branch(90, an.linear()).values())


def test_a_plan_that_is_elsewhere_or_on_another_clock_cannot_be_followed() -> None:
    run = an.linear().over(10)

    with refused(RampError, "at 5 the plan cosine().over(20)", "the value reached is 0.5", "where the two meet"):
        run.branch(5, an.cosine().over(20))
    for other in (
        an.linear().over(10, after="repeat"),
        an.linear().over(10, endpoint=True),
        an.linear().over(10, unit="samples"),
    ):
        with refused(KindError, "another clock", "must agree"):
            run.branch(5, other)
    with refused(LengthError, "brings its own length"):
        run.branch(5, run, total=20)
    with refused(LengthError, "leaves nothing of a run of 10"):
        run.branch(10, run)


def test_what_is_left_of_a_run_can_be_stretched() -> None:
    run = an.chain(an.warmup(4), an.hold(4), an.jump(0.5), an.linear()).over(16)
    longer = run.stretch(28, at=4)

    np.testing.assert_array_equal(longer.values()[:4], run.values()[:4])
    np.testing.assert_allclose(longer(4 + 2 * np.arange(13)), run(4 + np.arange(13)), rtol=1e-12)
    assert longer.keyframes() == ((0, 0.2), (4, 1), (12, 1), (12, 0.5), (28, 0))
    assert an.parse(str(longer)) == longer
    assert str(longer).endswith(".stretch(28, at=4)")
    assert run.stretch(28, at=0) == run.stretch(28)
    for at, total in ((16, 20), (8, 8), (30, 28)):
        with refused(LengthError, f"nothing is left of a run of {min(16, total)} at {at}"):
            run.stretch(total, at=at)


def test_with_the_end_on_the_last_update_the_rest_is_stretched_to_there() -> None:
    run = an.linear().over(11, endpoint=True).stretch(16, at=5)
    assert [run(t) for t in (4, 5, 10, 15)] == pytest.approx([0.6, 0.5, 0.25, 0.0])
