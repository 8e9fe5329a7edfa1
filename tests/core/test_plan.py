"""A plan is a schedule over a known run: a value like it, and a pure function of t on every kind of number."""

from __future__ import annotations

import pickle
from copy import deepcopy
from math import inf, nan
from typing import Any

import numpy as np
import pytest

import annealing as an
from annealing.core.errors import ArgumentError, KindError, LengthError, OpenScheduleError
from tests.conftest import require
from tests.core.refusals import refused

WSD = an.chain(an.warmup(10), an.hold(), an.cooldown(10))
RUN = an.Horizon(1000, epochs=10, samples=64_000, tokens=2e9)


def test_a_schedule_alone_has_no_value() -> None:
    with refused(OpenScheduleError, ".over(total) first"):
        WSD(3)


@pytest.mark.parametrize(
    ("total", "kept"), [(100, 100), (100.0, 100), (np.int64(100), 100), (np.float32(100), 100), (RUN, 1000), (inf, inf)]
)
def test_a_total_is_a_number_or_a_horizon(total: Any, kept: float) -> None:
    plan = an.hold().over(total)

    assert plan.total == kept
    assert plan == an.hold().over(kept if total is not RUN else RUN)


@pytest.mark.parametrize(
    ("total", "teaching"),
    [
        (0, "above 0"),
        (-5, "above 0"),
        (2.5, "over(2)"),
        (nan, "above 0"),
        (True, "above 0"),
        ("100", "write the number of updates, or a Horizon"),
        ("10%", "write the number of updates, or a Horizon"),
        (2**53, "longest run"),
        ([100], "a number of updates"),
    ],
)
def test_what_is_no_total_is_refused(total: Any, teaching: str) -> None:
    with refused(LengthError, "over(", teaching):
        an.cosine().over(total)


def test_without_a_total_a_run_is_the_sum_of_its_counts() -> None:
    assert an.chain(an.warmup(10), an.hold("90up"), an.repeat(an.cosine(50), 2)).over().total == 200
    assert an.chain(an.warmup(10), an.hold()).every(2).clip(high=1).over(50) != an.hold().over(50)
    for without in (an.cosine(), an.chain(an.warmup("10%"), an.cosine(90)), an.linear("3ep")):
        with refused(LengthError, "no length of its own", ".over(total)"):
            without.over()


def test_samples_are_counts_of_a_plan_that_counts_samples() -> None:
    """over() is the sum of the lengths when all are counts, and on this clock these are."""
    assert an.linear("640sam").over(unit="samples").total == 640


@pytest.mark.parametrize(("unit", "total"), [("updates", 1000), ("epochs", 10), ("samples", 64_000), ("tokens", 2e9)])
def test_a_plan_declares_its_unit(unit: str, total: float) -> None:
    plan = an.chain(an.hold("30%"), an.linear()).over(RUN, unit=unit)

    assert (plan.unit, plan.total) == (unit, total)
    assert plan.keyframes() == ((0, 1), (0.3 * total, 1), (total, 0))
    assert plan(0.65 * total) == pytest.approx(0.5)
    assert an.parse(str(plan)) == plan


def test_epochs_may_be_broken() -> None:
    plan = an.chain(an.warmup("0.5ep", start=0), an.linear()).over(2.5, unit="epochs")

    assert (plan(0.25), plan(0.5), plan(1.5), plan(2.5)) == (0.5, 1, 0.5, 0)
    with refused(LengthError, "updates, epochs, samples, tokens"):
        plan.schedule.over(10, unit="steps")


def test_endpoint_puts_the_end_on_the_last_update() -> None:
    assert an.linear().over(5, endpoint=True).values().tolist() == [1, 0.75, 0.5, 0.25, 0]
    assert an.chain(an.hold(2), an.linear(3)).over(endpoint=True).values().tolist() == [1, 1, 1, 0.5, 0]
    assert an.chain(an.hold(), an.jump(0.1)).over(3, endpoint=True).values().tolist() == [1, 1, 0.1]
    assert an.chain(an.linear(3), an.hold(0), an.linear("0%")).over(3, endpoint=True).values().tolist() == [1, 0.5, 0]
    assert an.linear().over(1, endpoint=True).values().tolist() == [0]
    assert an.repeat(an.linear(), 2).over(6, endpoint=True)(5) == 0
    assert an.linear().over(an.Horizon(3), unit="updates", endpoint=True)(2) == 0


def test_endpoint_needs_a_last_update() -> None:
    with refused(ArgumentError, "endpoint=True", "whole number"):
        an.hold().over(inf, endpoint=True)
    with refused(ArgumentError, "endpoint=True"):
        an.linear().over(10, unit="epochs", endpoint=True)


@pytest.mark.parametrize(
    "written",
    [
        an.lasting(an.chain(an.hold(4), an.linear(6)), 10),
        an.chain(an.hold(4), an.linear(6)) * an.hold(10),
        an.repeat(an.chain(an.hold(2), an.linear(3)), 2),
    ],
    ids=str,
)
def test_endpoint_reaches_into_a_composition_of_counts(written: an.Schedule) -> None:
    """The last update uses the end value however the phases are wrapped."""
    assert written.over(10, endpoint=True)(9) == 0


@pytest.mark.parametrize(
    ("after", "values"), [("hold", [0, 0, 0, 0, 0]), ("repeat", [1, 0.75, 0.5, 0.25, 1]), ("mirror", [0, 0.25, 0.5, 0.75, 1])]
)
def test_what_comes_after_the_end_can_be_chosen(after: str, values: list[float]) -> None:
    plan = an.linear().over(4, after=after)

    assert [plan(t) for t in range(4, 9)] == values
    assert plan(np.arange(4, 9)).tolist() == values
    assert an.parse(str(plan)) == plan
    with refused(ArgumentError, "after='loop'", "'hold', 'repeat', 'mirror'"):
        an.linear().over(4, after="loop")


def test_a_run_without_an_end() -> None:
    plan = an.chain(an.warmup(4, start=0), an.hold()).over(inf)

    assert (plan.total, plan(2), plan(10**15)) == (inf, 0.5, 1)
    assert plan.values(6).tolist() == [0, 0.25, 0.5, 0.75, 1, 1]
    assert plan.keyframes() == ((0, 0), (4, 1))
    for whole in (plan.values, plan.area):
        with refused(LengthError, "without an end"):
            whole()
    with refused(LengthError, "endless", "count"):
        an.chain(an.hold("10%"), an.linear(10)).over(inf)


def test_values_keyframes_and_area() -> None:
    plan = an.chain(an.hold(4), an.jump(0.5), an.linear(2)).over()

    assert plan.values().tolist() == [1, 1, 1, 1, 0.5, 0.25]
    assert plan.values().dtype == np.float64
    assert plan.values(8).tolist() == [1, 1, 1, 1, 0.5, 0.25, 0, 0]
    assert plan.values(2).tolist() == [1, 1]
    assert plan.keyframes() == ((0, 1), (4, 1), (4, 0.5), (6, 0))
    assert plan.area() == 4.75
    assert an.linear().over(10**7).area() == pytest.approx((10**7 + 1) / 2, rel=1e-12)


def test_a_plan_can_be_drawn() -> None:
    require("matplotlib")
    import matplotlib.pyplot as plt

    plan = WSD.over(40)
    axes = plan.plot()
    x, y = axes.lines[0].get_data()
    np.testing.assert_array_equal(plan(x), y)
    assert {0, 10, 30, 39} <= set(x)
    assert (axes.get_xlabel(), axes.get_title()) == ("update", str(WSD))
    assert plan.plot(ax=axes) is axes
    assert len(axes.lines) == 2
    assert an.hold().over(inf).plot(ax=axes).lines[2].get_xdata()[-1] > 0
    plt.close("all")


def test_a_run_of_few_epochs_is_drawn_as_the_curve_it_is() -> None:
    """A plan over three epochs is a function of a real number, not of 0, 1 and 2."""
    require("matplotlib")
    import matplotlib.pyplot as plt

    x = an.cosine().over(3, unit="epochs").plot().lines[0].get_xdata()
    plt.close("all")
    assert len(x) > 50
    assert x[-1] > 2.9


def test_check_rate_refuses_what_cannot_be_a_learning_rate() -> None:
    an.check_rate((3e-4 * WSD).over(100))
    an.check_rate(an.inverse_sqrt(10).over(inf))
    with refused(ArgumentError, "lr is -0.5 at 10", "at least 0", ".clip(low=0)"):
        an.check_rate(an.linear(to=-0.5).over(10))
    with refused(ArgumentError, "head is -1 at ", "at least 0"):
        an.check_rate((-an.hold()).over(10), name="head")
    with refused(ArgumentError, "lr is nan"):
        an.check_rate(((an.hold() - 2) ** 0.5).over(1))


def test_check_rate_says_at_which_update_it_is() -> None:
    """Between the million places that are looked at in a long run, the edges of phases are looked at as well."""
    with refused(ArgumentError, "lr is -0.5 at 1999999:"):
        an.check_rate(an.stairs({1_999_999: -0.5}).over(2_000_000))


@pytest.mark.parametrize("wrong", [an.cosine(), 0.1])
def test_check_rate_needs_a_plan(wrong: Any) -> None:
    with refused(KindError, "plan"):
        an.check_rate(wrong)


def test_a_plan_is_a_value() -> None:
    """Equal, hashed, pickled and copied by what it says, whatever was computed before."""
    plan = (3e-4 * WSD).over(100).branch(50, an.cooldown(10), total=60)
    plan(3)
    same = (3e-4 * an.chain(an.warmup("10"), an.chain(an.hold("rest"), an.cooldown(10, ease="u^.5")))).over(100.0)

    assert plan.base == same
    assert hash(plan.base) == hash(same)
    assert plan.base != (3e-4 * WSD).over(101)
    for copy in (pickle.loads(pickle.dumps(plan)), deepcopy(plan), an.parse(str(plan)), eval(repr(plan), vars(an))):
        assert copy == plan
        assert hash(copy) == hash(plan)
        np.testing.assert_array_equal(copy.values(), plan.values())
    assert len({plan, plan.base, same, deepcopy(plan)}) == 2


def test_nan_is_no_time() -> None:
    """One NaN among the times must not change the others' values, nor look like the end of the run."""
    plan = an.linear().over(10)
    values = plan(np.array([0.0, nan, 5.0]))

    assert values[[0, 2]].tolist() == [1, 0.5]
    assert np.isnan(values[1])
    assert np.isnan(plan(nan))


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_truth_values_and_complex_numbers_are_no_times_in_any_library(library: str) -> None:
    """NumPy's are refused; these were counted as update 1."""
    array = require("torch").tensor if library == "torch" else require("jax").numpy.asarray
    for wrong in ([True, False], [1j]):
        with refused(KindError, "evaluated at"):
            WSD.over(40)(array(wrong))


def test_a_time_beyond_31_bits_is_not_another_time() -> None:
    """Whole numbers beyond 2³¹ stay on the host: a device refuses them, or is right."""
    jnp = require("jax").numpy
    plan = an.cosine().over(4_000_000_000)
    try:
        value = float(plan(jnp.asarray(3_000_000_000, dtype=jnp.uint32)))
    except an.AnnealingError:
        return
    assert value == pytest.approx(plan(3_000_000_000), abs=2e-6)


def test_a_plan_maps_over_a_batch_in_jax() -> None:
    jax = require("jax")
    plan = WSD.over(40)

    np.testing.assert_allclose(np.asarray(jax.vmap(plan)(jax.numpy.arange(45))), plan(np.arange(45)), atol=2e-6)


def test_the_slope_of_a_plan_is_finite_in_jax() -> None:
    """The square root of a cooldown is infinitely steep where it begins; a hold before it is flat all the same."""
    jax = require("jax")
    slope = jax.grad(WSD.over(40))

    assert float(slope(35.0)) == pytest.approx(-1 / (2 * np.sqrt(0.5)) / 10, rel=1e-5)
    assert float(slope(20.0)) == 0
    assert float(slope(5.0)) == pytest.approx(1 / 11, rel=1e-5)


def test_a_plan_can_go_on_along_its_last_curve() -> None:
    """after="continue" is what a formula does that nobody stops: a cosine rises again, a line crosses zero."""
    t = np.arange(12)

    np.testing.assert_allclose(an.cosine().over(4, after="continue")(t), 0.5 * (1 + np.cos(np.pi * t / 4)), atol=1e-12)
    np.testing.assert_allclose(an.linear().over(4, after="continue")(t), 1 - t / 4, atol=1e-12)
    assert an.linear().over(4, after="continue")(6) == -0.5
