"""Designing a schedule: its gradient, its optimum, the plan in phases beside it, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import annealing as an
from annealing.core.errors import ArgumentError, KindError
from annealing.curves import Curve
from annealing.forecast import Fit, FittedLaw, Pilot, bound, bound_gradient, design, design_for_bound, fit
from annealing.forecast.adjoint import Stretches, every_update, final_bound, final_loss, final_score, stretches
from annealing.forecast.descent import Reach, knots_for
from annealing.forecast.laws import LAWS, Scale
from tests.forecast import reference
from tests.forecast.cases import quadratic, quadratic_runs
from tests.forecast.test_laws import VALUES, formula

PEAK, SCALE = 3e-4, Scale(3e-4, 2_000.0)
SEEING = [name for name in LAWS if LAWS[name].sees_rates]
PLANS = {
    "phases": (PEAK * an.chain(an.warmup(150), an.hold("40%"), an.linear(to=0.05))).over(3_000),
    "to zero": (PEAK * an.chain(an.warmup(50), an.cosine())).over(1_000),
    "two stages": (PEAK * an.chain(an.hold("50%"), an.jump(0.2), an.hold())).over(700),
}
short = settings(max_examples=15, deadline=None)


def loss_of(name: str, rates: np.ndarray, cut: Stretches | None = None) -> tuple[float, np.ndarray]:
    values = np.array(VALUES[name])
    form = LAWS[name].form(values[3:])
    return final_loss(form, values, rates / PEAK, cut or every_update(rates.size), SCALE)


def never_rising(count: int, seed: int) -> np.ndarray:
    falls = np.random.default_rng(seed).dirichlet(np.full(count + 1, 0.3))[:count]
    return PEAK * (1 - 0.98 * np.cumsum(falls))


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("name", LAWS)
def test_update_by_update_it_is_the_laws_own_formula(name: str, plan: an.Plan) -> None:
    rates = plan.values()

    assert loss_of(name, rates)[0] == pytest.approx(formula(name, rates / PEAK, rates.size - 1), abs=1e-7)


@pytest.mark.parametrize("name", SEEING)
@given(seed=st.integers(0, 10_000), total=st.integers(2, 60))
@short
def test_the_gradient_is_that_of_finite_differences(name: str, seed: int, total: int) -> None:
    rates = never_rising(total, seed)
    found = loss_of(name, rates)[1]

    for place in {0, total // 2, total - 1}:
        step = 1e-5 * rates[place]
        high, low = rates.copy(), rates.copy()
        high[place] += step
        low[place] -= step
        expected = (loss_of(name, high)[0] - loss_of(name, low)[0]) / (2 * step / PEAK)
        assert found[place] == pytest.approx(expected, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("name", SEEING)
def test_long_stretches_agree_with_single_updates_and_so_do_their_gradients(name: str) -> None:
    plan, cut = PLANS["phases"], stretches(3_000, 150)
    rates = plan.values()[cut.last]
    whole, found = loss_of(name, plan.values())[0], loss_of(name, rates, cut)

    assert cut.count.sum() == 3_000
    assert cut.last.size < 250
    assert found[0] == pytest.approx(whole, abs=1e-4)
    for place in (3, 40, 120, rates.size - 2):
        step = 1e-5 * rates[place]
        high, low = rates.copy(), rates.copy()
        high[place] += step
        low[place] -= step
        expected = (loss_of(name, high, cut)[0] - loss_of(name, low, cut)[0]) / (2 * step / PEAK)
        assert found[1][place] == pytest.approx(expected, rel=1e-5, abs=1e-7)


@given(seed=st.integers(0, 10_000), total=st.integers(2, 80), warm=st.integers(0, 10))
@short
def test_knots_pass_a_gradient_back_to_themselves(seed: int, total: int, warm: int) -> None:
    chance = np.random.default_rng(seed)
    warm = min(warm, total - 2)
    places = knots_for(total, warm)
    reach = Reach(places, np.arange(total, dtype=float), warm, 0.0, 1.0)
    rates, slopes = chance.uniform(0, 1, places.size), chance.normal(size=total)

    assert np.all(np.diff(places) > 0)
    assert (places[0], places[-1]) == (warm, total - 1)
    assert slopes @ reach.rates(rates) == pytest.approx(reach.back(slopes) @ rates, abs=1e-9)


def test_the_bound_over_single_updates_is_the_bound() -> None:
    rates = (0.05 * an.chain(an.warmup(50), an.hold(), an.linear("40%"))).over(2_000).values()
    value, slopes = final_bound(rates, np.ones(2_000), 1.0, every_update(2_000))
    cut = stretches(2_000, 50)

    assert value == pytest.approx(float(reference.bound(rates, 1_999, 1.0, 1.0)), rel=1e-12)
    assert slopes == pytest.approx(bound_gradient(rates), rel=1e-9)
    assert final_bound(rates[cut.last], np.ones(cut.last.size), 1.0, cut)[0] == pytest.approx(value, rel=1e-3)


@pytest.fixture(scope="module")
def runs() -> dict[str, Curve]:
    return quadratic_runs()


@pytest.fixture(scope="module")
def found(runs: dict[str, Curve]) -> Fit:
    return fit([runs[name] for name in ("cosine", "constant", "two stages")])


@pytest.mark.parametrize("floor", [0.0, 0.01])
def test_a_design_never_rises_and_keeps_to_floor_and_peak(found: Fit, floor: float) -> None:
    best = design(found, total=8_000, floor=floor, peak=0.09, warmup=400)

    for candidate in (best.optimum, best.nearest):
        after = candidate.plan.values()[400:]
        assert np.all(np.diff(after) <= 1e-12)
        assert after.max() <= 0.09
        assert after.min() >= floor * (1 - 1e-9)
        assert candidate.plan.values()[:400] == pytest.approx(after[0] * np.arange(1, 401) / 401, rel=1e-9)
        assert an.parse(str(candidate.plan)) == candidate.plan
    table = best.table
    assert np.interp(np.arange(8_000), list(table), list(table.values()))[400:] == pytest.approx(
        best.optimum.plan.values()[400:], abs=1e-12
    )


def test_no_other_schedule_has_a_lower_score(found: Fit, runs: dict[str, Curve]) -> None:
    best = design(found, total=8_000, warmup=400)
    others = [curve.rates for curve in runs.values() if curve.total == 8_000]
    others += [
        (0.1 * an.chain(an.warmup(400), an.hold(), an.polynomial(f"{share}%", power=power))).over(8_000).values()
        for share in (5, 10, 20, 30, 40, 60, 80)
        for power in (0.5, 1, 1.5, 2, 3)
    ]
    scores = [final_score(found, rates, every_update(8_000))[0] for rates in others]

    assert best.optimum.score <= min(scores) + 2e-5
    assert 0 <= best.distance < 5e-4
    assert best.nearest.score <= min(scores) + 5e-4
    assert found.score(best.optimum.plan) == pytest.approx(best.optimum.score, abs=2e-4)
    assert best.optimum.loss == found.final(best.optimum.plan)


def test_on_the_quadratic_it_really_beats_the_six_schedules(found: Fit, runs: dict[str, Curve]) -> None:
    best = design(found, total=8_000, floor=0.01, warmup=400)
    six = [curve.losses[-1] for curve in runs.values() if curve.total == 8_000]
    truths = [quadratic(c.plan.values(), np.array([7_999]))[0] for c in (best.optimum, best.nearest)]

    assert max(truths) < min(six)
    for candidate, truth in zip((best.optimum, best.nearest), truths, strict=True):
        assert candidate.loss == pytest.approx(truth, abs=0.005)
    flat = best.optimum.plan.values()[400:] > 0.099
    assert 0.5 < flat.mean() < 0.95  # warm-up, stable, decay


def test_the_published_law_gains_what_was_published() -> None:
    """Luo et al. 2025, 400M: the optimum beats the cosine by 0.0684 and the exponential decay by 0.0108."""
    floor, a, fall, b, c, tail, lag = 2.375, 0.654, 0.429, 523.4, 2.025, 0.594, 0.635
    values = (floor, a * PEAK**-fall, b * PEAK, np.log(c * PEAK ** (1 - lag)), lag, np.log(tail), fall)
    law = FittedLaw("multi-power", tuple(map(float, values)), (), 1.0, 1.0)
    published = Fit((law,), Scale(PEAK, 1.0), (Pilot("published", 24_000, 171, 2_160, 1.0, 0.1),))
    best = design(published, total=24_000)
    warm = an.warmup(2_160)
    cosine = (PEAK * an.chain(warm, an.cosine(to=0.1))).over(24_000)
    decayed = (PEAK * an.chain(warm, an.hold(17_840), an.exponential(to=0.1))).over(24_000)

    assert best.optimum.interval is None
    assert published.score(cosine) - best.optimum.score == pytest.approx(0.0684, abs=0.0005)
    assert published.score(decayed) - best.optimum.score == pytest.approx(0.0108, abs=0.0005)
    relative = best.optimum.plan.values() / PEAK
    assert np.mean(relative[2_160:] > 0.995) == pytest.approx(0.88, abs=0.02)  # flat for 88 %
    assert relative[-1] < 0.01


def test_without_a_cap_the_bound_wants_a_straight_line() -> None:
    best = design_for_bound(total=10_000)
    line = 0.01 * (1 - np.arange(10_000) / 10_000)

    assert np.abs(best.optimum.plan.values() - line).max() < 0.01 * 0.005
    assert best.optimum.score == pytest.approx(0.020006, abs=3e-6)
    assert str(best.nearest.plan) == "(0.009995 * linear()).over(10000)"
    assert best.minimised == "bound"


def test_with_a_cap_the_bound_holds_and_then_falls_in_a_straight_line() -> None:
    best = design_for_bound(total=10_000, peak=0.005)
    relative = best.optimum.plan.values() / 0.005
    begin = int(np.argmax(relative < 0.98))

    assert begin / 10_000 == pytest.approx(0.6, abs=0.02)
    line = np.linspace(float(relative[begin]), 0, 10_000 - begin)
    assert np.abs(relative[begin:] - line).max() < 0.03
    assert best.distance < 2e-4 * best.optimum.score


def test_the_bound_is_in_units_of_distance_over_norm() -> None:
    plain, scaled = design_for_bound(total=500, warmup=20), design_for_bound(total=500, warmup=20, G=4.0, D=8.0)

    assert scaled.optimum.score == pytest.approx(32 * plain.optimum.score, rel=1e-3)
    assert scaled.optimum.plan(100) == pytest.approx(2 * plain.optimum.plan(100), rel=0.02)
    growing = design_for_bound(total=500, G=np.linspace(1, 3, 500))
    assert growing.optimum.score == pytest.approx(bound(growing.optimum.plan, G=np.linspace(1, 3, 500)))
    assert growing.optimum.score < bound(design_for_bound(total=500, G=2.0).optimum.plan, G=np.linspace(1, 3, 500))


def test_a_fit_of_one_law_designs_without_an_interval(runs: dict[str, Curve]) -> None:
    pilots = [runs[name] for name in ("cosine", "constant", "two stages")]
    best = design(fit(pilots, law="momentum"), total=1_000, floor=0.01, warmup=50)

    assert best.optimum.interval is None
    assert best.optimum.score <= best.nearest.score
    assert best.optimum.loss == pytest.approx(best.optimum.score, abs=2e-4)


def test_what_speaks_against_a_design_is_said(found: Fit) -> None:
    best = design(found, total=40_000)

    assert [doubt.partition(" ")[0] for doubt in best.doubts] == ["40000", "it"]
    assert "write floor=0.01" in best.doubts[1]
    assert design(found, total=8_000, floor=0.01).doubts == ()


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"total": 1}, "too small"),
        ({"total": 1_000.0}, "whole number"),
        ({"total": 300}, "leaves nothing"),
        ({"total": 100, "warmup": 99}, "shorter warmup="),
        ({"total": 8_000, "floor": -1}, "0 or more"),
        ({"total": 8_000, "floor": 0.2}, "not below the peak, 0.1"),
        ({"total": 8_000, "peak": 0}, "above 0"),
        ({"total": 8_000, "level": 1.0}, "such as 0.9"),
    ],
)
def test_a_run_that_cannot_be_is_refused(found: Fit, asked: dict[str, float], says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        design(found, **asked)  # type: ignore[arg-type]


def test_what_is_no_fit_and_what_sees_no_rates_is_refused(runs: dict[str, Curve]) -> None:
    with pytest.raises(KindError, match="no fit"):
        design([runs["cosine"]], total=100)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="fit another law"):
        design(fit([runs["cosine"], runs["constant"]], law="rate-blind"), total=1_000)
    with pytest.raises(ArgumentError, match="needs a peak"):
        design_for_bound(total=100, floor=0.1)
    with pytest.raises(ArgumentError, match="one for every update"):
        design_for_bound(total=100, G=[1.0, 2.0])
