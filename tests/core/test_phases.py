"""Each phase by its formula, at points computed by hand."""

from __future__ import annotations

from math import cos, inf, pi, sqrt

import numpy as np
import pytest

import annealing as an
from annealing.core.errors import ArgumentError, KindError, LengthError, RampError
from tests.core.refusals import refused


@pytest.mark.parametrize(
    ("phase", "values"),
    [
        (an.linear(4), [1, 0.75, 0.5, 0.25, 0]),
        (an.linear(4, to=2), [1, 1.25, 1.5, 1.75, 2]),
        (an.linear(4, start=0.5), [0.5, 0.375, 0.25, 0.125, 0]),
        (an.linear(4, to=-1), [1, 0.5, 0, -0.5, -1]),
        (an.cosine(4), [1, (1 + sqrt(0.5)) / 2, 0.5, (1 - sqrt(0.5)) / 2, 0]),
        (an.cosine(3, to=0.1), [1, 0.1 + 0.9 * 0.75, 0.1 + 0.9 * 0.25, 0.1]),
        (an.cosine(2, to=3, start=1), [1, 2, 3]),
        (an.cooldown(4), [1, 0.5, 1 - sqrt(0.5), 1 - sqrt(0.75), 0]),
        (an.cooldown(4, to=0.2), [1, 0.6, 1 - 0.8 * sqrt(0.5), 1 - 0.8 * sqrt(0.75), 0.2]),
        (an.cooldown(4, ease="square"), [1, 15 / 16, 3 / 4, 7 / 16, 0]),
        (an.cooldown(4, ease="cosine", to=0.5), [1, 0.75 + sqrt(0.5) / 4, 0.75, 0.75 - sqrt(0.5) / 4, 0.5]),
        (an.cooldown(4, ease="u^0.7"), [1, 1 - 0.25**0.7, 1 - 0.5**0.7, 1 - 0.75**0.7, 0]),
        (an.cooldown(4, ease="1-(1-u)^3"), [1, 27 / 64, 1 / 8, 1 / 64, 0]),
        (an.polynomial(4), [1, 9 / 16, 1 / 4, 1 / 16, 0]),
        (an.polynomial(4, power=0.5), [1, sqrt(3) / 2, sqrt(0.5), 0.5, 0]),
        (an.polynomial(4, to=0.2, power=3, start=2), [2, 0.2 + 1.8 * 27 / 64, 0.2 + 1.8 / 8, 0.2 + 1.8 / 64, 0.2]),
        (an.exponential(4), [1, 10**-0.5, 0.1, 10**-1.5, 0.01]),
        (an.exponential(2, to=4), [1, 2, 4]),
        (an.exponential(2, to=-4, start=-1), [-1, -2, -4]),
        (an.geometric(0.5, per=2, length=4), [1, sqrt(0.5), 0.5, sqrt(0.125), 0.25]),
        (an.geometric(2, length=3, start=0.1), [0.1, 0.2, 0.4, 0.8]),
        (an.power(length=3, per=1), [1, sqrt(1 / 2), sqrt(1 / 3), 0.5]),
        (an.power(-2, per=2, length=4, start=9), [9, 4, 2.25, 1.44, 1]),
        (an.power(1, per=2, length=2), [1, 1.5, 2]),
        (an.inverse_time(0.5, per=1, length=4), [1, 2 / 3, 1 / 2, 2 / 5, 1 / 3]),
        (an.inverse_time(3, per=2, length=2, start=0.1), [0.1, 0.04, 0.025]),
        (an.inverse_time(0, per=1, length=2), [1, 1, 1]),
        (an.hold(2), [1, 1, 1]),
        (an.warmup(4), [0.2, 0.4, 0.6, 0.8, 1]),
        (an.warmup(4, start=0), [0, 0.25, 0.5, 0.75, 1]),
        (an.warmup(4, to=0.5), [0.1, 0.2, 0.3, 0.4, 0.5]),
        (an.warmup(4, to=3, start=1), [1, 1.5, 2, 2.5, 3]),
        (an.warmup(2, ease="cosine"), [0.25, 0.75, 1]),
        (an.warmup(3, ease="sqrt"), [0.5, sqrt(0.5), sqrt(0.75), 1]),
        (an.warmup(1), [0.5, 1]),
        (an.stairs({2: 0.5, 3: 0.1}, 4), [1, 1, 0.5, 0.1, 0.1]),
        (an.stairs({"50%": 0.5, "75%": 0.1}, 4), [1, 1, 0.5, 0.1, 0.1]),
        (an.table({0: 0.2, 2: 1.0, "100%": 0.0}, 4), [0.2, 0.6, 1, 0.5, 0]),
        (an.table({2: 0.0}, 4), [1, 0.5, 0, 0, 0]),
        (an.table({0: 1.0, 4: 0.0}, 4, ease="cosine"), [1, (1 + sqrt(0.5)) / 2, 0.5, (1 - sqrt(0.5)) / 2, 0]),
        (an.table([0.1, 0.3, 0.2]), [0.1, 0.3, 0.2, 0.2]),
        (an.table([0.1, 0.3], 4), [0.1, 0.3, 0.3, 0.3, 0.3]),
        (an.knots({0: 0.0, 2.5: 1.0, 4: 0.4}, 4), [0, 0.4, 0.8, 0.8, 0.4]),
        (an.knots({1: 1.0, 3: 0.0}, 4), [1, 1, 0.5, 0, 0]),
        (an.knots({-2: 1.0, 2: 0.0}, 2), [0.5, 0.25, 0]),
    ],
    ids=lambda value: str(value) if isinstance(value, an.Schedule) else "",
)
def test_a_phase_follows_its_formula_and_reaches_its_end_one_update_after_its_last(
    phase: an.Schedule, values: list[float]
) -> None:
    """The last value is the one at `n`, where the next phase begins."""
    plan = phase.over()

    assert plan.total == len(values) - 1
    for t, value in enumerate(values):
        assert plan(t) == pytest.approx(value, rel=1e-14, abs=1e-15)
    np.testing.assert_allclose(plan(np.arange(len(values))), values, rtol=1e-14, atol=1e-15)


def test_a_phase_covers_its_own_updates_and_the_next_begins_at_its_end() -> None:
    """Half-open: warmup(3) is updates 0, 1, 2; update 3 is the first of the hold and has the full peak."""
    plan = an.chain(an.warmup(3), an.hold(2), an.linear(2)).over()

    assert plan.values().tolist() == [0.25, 0.5, 0.75, 1, 1, 1, 0.5]
    assert (plan(7), plan(8), plan(1000)) == (0, 0, 0)


def test_a_phase_starts_where_the_last_one_ended() -> None:
    rise, fall = an.warmup(2, to=0.8), an.linear(2, to=0.4)
    plan = an.chain(rise, fall, an.hold(1), an.exponential(2, to=0.1), an.warmup(2, to=0.5), an.geometric(0.5, 1, 2)).over()

    expected = [0.8 / 3, 1.6 / 3, 0.8, 0.6, 0.4, 0.4, 0.2, 0.1, 0.3, 0.5, 0.25]
    np.testing.assert_allclose(plan.values(), expected, rtol=1e-14)


def test_only_a_warmup_with_nothing_before_it_skips_zero() -> None:
    """Elsewhere, and with a written start, it begins at the inherited value."""
    assert an.warmup(4).over()(0) == 0.2
    assert (3e-4 * an.warmup(4)).over()(0) == pytest.approx(6e-5)
    assert (1 - an.warmup(4)).over()(0) == 0.8
    assert an.lasting(an.warmup(4), 4).over()(0) == 0.2
    assert an.chain(an.jump(0.2), an.warmup(4)).over()(0) == 0.2
    assert an.chain(an.linear(2), an.warmup(4)).over()(2) == 0
    assert an.repeat(an.warmup(4), 2).over()(4) == 0.2  # a cycle opens as the first one did


def test_a_hold_of_no_length_changes_nothing() -> None:
    """chain(hold(0), x) is x: nothing lasted, so nothing came before."""
    plan = an.chain(an.hold(0), an.warmup(4), an.hold()).over(6)

    assert plan(0) == 0.2


def test_absolute_values_are_as_natural_as_a_peak_of_one() -> None:
    """DESIGN's pair: the same curve, by `to=` or by a factor."""
    absolute = an.chain(an.warmup(10, to=3e-4), an.cosine(to=1e-5)).over(100)
    relative = (3e-4 * an.chain(an.warmup(10), an.cosine(to=1e-5 / 3e-4))).over(100)

    np.testing.assert_allclose(absolute.values(), relative.values(), rtol=1e-12)
    assert absolute(100) == 1e-5


def test_a_jump_takes_no_time() -> None:
    plan = an.chain(an.hold(2), an.jump(0.1), an.linear(2), an.jump(0.7), an.jump(0.5), an.hold(1), an.jump(0.3)).over()

    assert plan.values().tolist() == [1, 1, 0.1, 0.05, 0.5]
    assert plan(5) == 0.3
    assert an.chain(an.jump(0.4), an.hold(2)).over().values().tolist() == [0.4, 0.4]


def test_a_start_is_a_jump_that_was_written() -> None:
    plan = an.chain(an.hold(2), an.linear(2, start=0.5), an.exponential(2, to=0.01, start=1)).over()

    np.testing.assert_allclose(plan.values(), [1, 1, 0.5, 0.25, 1, 0.1])


@pytest.mark.parametrize(
    "empty", [an.linear(0, to=0.3), an.cosine("0%", to=0.3), an.exponential(0, 0.3), an.warmup(0, to=0.3), an.jump(0.3)], ids=str
)
def test_a_phase_of_no_length_is_instantly_complete(empty: an.Schedule) -> None:
    assert an.chain(an.hold(2), empty, an.hold(2)).over(4).values().tolist() == [1, 1, 0.3, 0.3]
    assert an.chain(empty, an.hold()).over(2).values().tolist() == [0.3, 0.3]


def test_eases_have_one_name_each() -> None:
    """What is the same curve is the same value."""
    assert an.cooldown(5, ease="linear") == an.linear(5) == an.polynomial(5, power=1)
    assert an.cooldown(5, ease="cosine") == an.cosine(5)
    assert an.cooldown(5, ease="u^0.5") == an.cooldown(5, ease="u ^ .5") == an.cooldown(5)
    assert hash(an.cooldown(5, ease="linear")) == hash(an.linear(5))
    assert an.polynomial(5, power=3) == an.cooldown(5, ease="1-(1-u)^3")
    assert an.power(-1, per=7) == an.inverse_time(1, per=7)


@pytest.mark.parametrize("ease", ["quintic", "u^0", "u^-1", "u^", "1-u^2"])
def test_an_unknown_ease_is_refused_with_the_known_ones(ease: str) -> None:
    with refused(ArgumentError, repr(ease), "u^0.7"):
        an.cooldown(ease=ease)


@pytest.mark.parametrize("ease", [5, None, lambda u: u, ["linear"]])
def test_an_ease_is_given_by_name(ease: object) -> None:
    """A function cannot be printed or stored; whoever passes one is told to write a name."""
    with refused(Exception, "cosine"):
        an.cooldown(ease=ease)  # type: ignore[arg-type]


def test_ramps_that_never_arrive_are_refused() -> None:
    with refused(ArgumentError, "to=0", "linear() or cosine()"):
        an.exponential(to=0)
    with refused(RampError, "goes from 0 to 0.01", "never reach or cross zero", "start="):
        an.chain(an.linear(5), an.exponential(5)).over()
    with refused(RampError, "goes from 1 to -1"):
        an.exponential(5, to=-1).over()
    for endless in (an.linear(), an.cosine(), an.warmup("rest"), an.exponential()):
        with refused(LengthError, "needs an end", "count such as 1000"):
            endless.over(inf)


def test_curves_without_an_end_go_on_for_ever() -> None:
    """inverse_sqrt and its kin need no horizon."""
    plan = an.chain(an.warmup(4), an.inverse_sqrt(4)).over(inf)

    assert plan(4) == 1
    assert plan(16) == 0.5
    assert plan(4 * 10**12) == pytest.approx(1e-6)
    assert an.geometric(0.5, per=10).over(inf)(100) == pytest.approx(2**-10)
    assert an.inverse_time(0.1, per=1).over(inf)(90) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("wrong", "kind", "teaching"),
    [
        (lambda: an.cosine(to="10%"), KindError, "to=0.1"),
        (lambda: an.cosine(to=None), KindError, "not a number"),
        (lambda: an.cosine(to=float("nan")), ArgumentError, "finite"),
        (lambda: an.cosine(start=inf), ArgumentError, "finite"),
        (lambda: an.jump(True), KindError, "not a number"),
        (lambda: an.polynomial(power=0), ArgumentError, "above 0"),
        (lambda: an.geometric(0), ArgumentError, "above 0"),
        (lambda: an.geometric(0.5, per=0), LengthError, "time scale"),
        (lambda: an.power(per="rest"), LengthError, "time scale"),
        (lambda: an.inverse_time(-1), ArgumentError, "rate of 0 or more"),
        (lambda: an.stairs({}), LengthError, "at least one mark"),
        (lambda: an.stairs({5: 0.1, 3: 0.2}), LengthError, "must rise"),
        (lambda: an.stairs({0.5: 0.1}), LengthError, 'write "50%"'),
        (lambda: an.stairs({"rest": 0.1}), LengthError, "is not a mark"),
        (lambda: an.stairs({12: 0.1}).over(10), LengthError, "beyond its 10 updates"),
        (lambda: an.knots({5: 1, 3: 0}), LengthError, "must rise"),
        (an.chain, KindError, "at least one phase"),
        (lambda: an.chain(an.hold(), 0.2), KindError, "jump(0.2)"),
        (lambda: an.lasting(5, 10), KindError, "write a phase such as cosine()"),
        (lambda: an.cosine()(3), an.AnnealingError, ".over(total) first"),
    ],
)
def test_a_mistake_is_refused_where_it_is_written(wrong: object, kind: type[Exception], teaching: str) -> None:
    with refused(kind, teaching):
        wrong()  # type: ignore[operator]


@pytest.mark.parametrize("wrong", [lambda: an.table(5), lambda: an.stairs([1, 2]), lambda: an.stairs(5), lambda: an.knots(5)])
def test_marks_of_the_wrong_kind_are_refused_as_ours(wrong: object) -> None:
    with refused(KindError):
        wrong()  # type: ignore[operator]


def test_a_list_of_values_has_no_ease() -> None:
    """One value per update is held, so an ease beside it has no meaning; an unknown one least of all."""
    with refused(an.AnnealingError, "ease"):
        an.table([1, 2, 3], ease="nonsense")


@pytest.mark.parametrize("other", [an.cosine().over(10), "cosine"], ids=["plan", "text"])
def test_a_plan_or_a_text_inside_a_chain_is_refused_with_what_to_write(other: object) -> None:
    """The hint for a number, `jump(cosine().over(10))`, leads nowhere."""
    with pytest.raises(KindError) as caught:
        an.chain(an.hold(5), other)  # type: ignore[arg-type]
    assert "jump(" not in str(caught.value)


def test_a_cosine_is_half_a_wave_wherever_it_starts() -> None:
    """Independent of the library's own form: to + (start − to)(1 + cos πu)/2."""
    plan = an.chain(an.linear(3, to=0.7), an.cosine(7, to=0.1)).over()

    for t in range(3, 11):
        assert plan(t) == pytest.approx(0.1 + 0.6 * (1 + cos(pi * (t - 3) / 7)) / 2, rel=1e-14)
