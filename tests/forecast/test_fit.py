"""Fits: what they recover, what they rank, what they refuse, and that they read back."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import annealing as an
from annealing.core.errors import AnnealingError, ArgumentError, KindError, ParseError
from annealing.curves import Curve
from annealing.forecast import Fit, FittedLaw, fit
from annealing.forecast.blocks import sampled
from annealing.forecast.laws import LAWS, Scale
from annealing.forecast.solve import predicted
from tests.forecast.cases import quadratic_runs
from tests.forecast.test_laws import VALUES

PEAK = 3e-4
WARM = an.warmup(150)
PILOTS = {
    "stable": (PEAK * an.chain(WARM, an.hold())).over(4_000),
    "cosine": (PEAK * an.chain(WARM, an.cosine(to=0.1))).over(4_000),
    "cooldown": (PEAK * an.chain(WARM, an.hold(), an.cooldown("30%"))).over(3_000),
}
OTHER = (PEAK * an.chain(WARM, an.hold("50%"), an.linear(to=0.05))).over(8_000)


def made_by(name: str, plan: an.Plan) -> Curve:
    """The curve that a law itself draws."""
    at = np.arange(160, int(plan.total), 40)
    seen = sampled(plan.values(), at, PEAK)
    return Curve(at, predicted(LAWS[name], np.array(VALUES[name]), seen, Scale(PEAK, 2_000.0))[0], plan, name)


@pytest.mark.parametrize("name", LAWS)
def test_a_law_predicts_runs_of_its_own_making(name: str) -> None:
    found = fit([made_by(name, plan) for plan in PILOTS.values()], law=name)
    truth = made_by(name, OTHER)

    error = np.abs(found.predict(OTHER, at=truth.updates) - truth.losses)[truth.updates > 400]
    assert error.max() < (0.006 if name in ("power", "log", "multi-power") else 1e-3)  # priors pull, parameters trade off


@pytest.fixture(scope="module")
def found() -> Fit:
    return fit([made_by("power", plan) for plan in PILOTS.values()])


def test_the_quadratics_schedules_are_ranked_exactly() -> None:
    runs = quadratic_runs()
    forecast = fit([runs[name] for name in ("cosine", "constant", "two stages")])
    truth = {name: curve.losses[-1] for name, curve in runs.items() if name != "cosine, 3 times as long"}

    assert [name for name, _ in forecast.rank({name: runs[name].rates for name in truth})] == sorted(
        truth, key=lambda n: truth[n]
    )
    for name in ("cooldown", "linear", "two stages, lower", "cosine, 3 times as long"):
        curve = runs[name]
        missed = forecast.predict(curve.rates, at=curve.updates) - curve.losses
        assert 1 - np.sum(missed**2) / np.sum((curve.losses - curve.losses.mean()) ** 2) > 0.995, name


def test_there_is_one_loss_per_update(found: Fit) -> None:
    whole, at = found.predict(OTHER), np.arange(700, 8_000, 37)

    assert whole.shape == (8_000,)
    assert whole[at] == pytest.approx(found.predict(OTHER, at=at), abs=5e-5)
    assert whole[-1] == pytest.approx(found.final(OTHER), abs=1e-9)
    assert found.predict(OTHER.values()) == pytest.approx(whole, abs=1e-12)


def test_a_default_prediction_is_the_mean_of_the_extended_laws(found: Fit) -> None:
    pilots = [made_by("power", plan) for plan in PILOTS.values()]
    finals = {name: fit(pilots, law=name).final(OTHER) for name in ("power", "log", "multi-power")}

    assert found.final(OTHER) == pytest.approx((finals["power"] + finals["log"]) / 2, abs=1e-9)
    assert found.score(OTHER) == pytest.approx(0.1 * (finals["power"] + finals["log"]) + 0.8 * finals["multi-power"], abs=1e-9)


def test_a_wider_interval_holds_a_narrower_one(found: Fit) -> None:
    bands = [found.interval(OTHER, level=level, at=[4_000, 7_999]) for level in (0.5, 0.8, 0.9, 0.95)]

    for narrow, wide in pairwise(bands):
        assert np.all(wide.low < narrow.low)
        assert np.all(narrow.high < wide.high)
    assert np.all(np.abs((bands[2].high - bands[2].low) / 2) < 0.02)
    whole = found.interval(OTHER)
    assert whole.low.shape == whole.high.shape == (8_000,)
    assert np.all(whole.low <= whole.high)
    assert whole.low[-1] == pytest.approx(bands[2].low[-1], abs=2e-4)


def test_a_band_holds_the_prediction_however_far_the_laws_are_apart(found: Fit) -> None:
    def noisier(law: FittedLaw) -> FittedLaw:  # as from one pilot that does not decay: nothing says what a decay gains
        floor, a, b, *own = law.values
        return law._replace(values=(floor, a, 4 * b, *own)) if law.name == "multi-power" else law

    apart = replace(found, laws=tuple(map(noisier, found.laws)))
    run, places = (PEAK * an.chain(WARM, an.linear())).over(8_000), [2_000, 5_000, 7_999]
    band, forecast = apart.interval(run, at=places), apart.predict(run, at=places)

    assert np.all(band.low <= forecast)
    assert np.all(forecast <= band.high)


def test_the_order_of_the_pilots_does_not_matter(found: Fit) -> None:
    turned = fit([made_by("power", plan) for plan in reversed(PILOTS.values())])

    assert turned.final(OTHER) == pytest.approx(found.final(OTHER), abs=1e-5)


def test_losses_that_are_not_finite_are_passed_over(found: Fit) -> None:
    pilots = [made_by("power", plan) for plan in PILOTS.values()]
    broken = pilots[0].losses.copy()
    broken[[5, -1]] = np.nan, np.inf
    again = fit([Curve(pilots[0].updates, broken, pilots[0].rate), *pilots[1:]])

    assert again.final(OTHER) == pytest.approx(found.final(OTHER), abs=1e-3)


def test_a_fit_reads_back_to_the_same_numbers(found: Fit) -> None:
    assert Fit.from_json(found.to_json()) == found
    assert Fit.from_json(found.to_json()).final(OTHER) == found.final(OTHER)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"annealing": 1}', '{"annealing": 9, "fit": {}}', '{"annealing": 1, "fit": {"laws": 3}}']
)
def test_what_is_no_fit_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Fit.from_json(text)


def test_a_fit_that_can_be_trusted_has_no_doubts(found: Fit) -> None:
    assert found.doubts() == ()
    assert found.doubts(OTHER) == ()


@pytest.mark.parametrize(
    ("pilots", "run", "words"),
    [
        (["stable"], None, "no pilot decays"),
        (["cosine"], None, "no pilot stays at the peak"),
        (["stable"], None, "one pilot shows one schedule"),
        (["stable", "cosine"], (PEAK * an.hold()).over(17_000), "beyond 4 times"),
        (["stable", "cosine"], (2 * PEAK * an.hold()).over(4_000), "one law does not hold across peak rates"),
    ],
)
def test_what_cannot_be_trusted_says_so_and_how_to_mend_it(pilots: list[str], run: an.Plan | None, words: str) -> None:
    forecast = fit([made_by("functional-scaling", PILOTS[name]) for name in pilots])

    assert any(words in doubt for doubt in forecast.doubts(run))


@pytest.mark.parametrize(
    ("curves", "law", "error", "words"),
    [
        ([], None, ArgumentError, "nothing to fit"),
        (made_by("power", OTHER), None, KindError, r"fit\(\[curve, …\]\)"),
        ([3], None, KindError, "is no curve"),
        ([made_by("power", OTHER)], "chinchilla", ArgumentError, "write one of"),
        ([Curve([0, 1], [2.0, 1.0])], None, ArgumentError, "does not say its rate"),
        ([Curve(range(100), [-1.0] * 100, [0.1] * 100)], None, ArgumentError, "not above 0"),
        ([Curve(range(100), [1.0] * 100, [0.0] * 100)], None, ArgumentError, "every rate"),
        ([Curve(range(9), [1.0] * 9, [0.1] * 9)], None, ArgumentError, "too few"),
    ],
)
def test_what_cannot_be_fitted_is_refused(curves: object, law: str | None, error: type[AnnealingError], words: str) -> None:
    with pytest.raises(error, match=words):
        fit(curves, law=law)


def test_intervals_are_for_the_laws_they_were_calibrated_for() -> None:
    single = fit([made_by("power", plan) for plan in PILOTS.values()], law="functional-scaling")

    with pytest.raises(ArgumentError, match="leave law= out"):
        single.interval(OTHER)


@pytest.mark.parametrize("level", [0.0, 0.3, 0.999, 1.0, float("nan")])
def test_a_level_that_cannot_be_answered_is_refused(found: Fit, level: float) -> None:
    with pytest.raises(ArgumentError, match=r"0\.5 to 0\.98"):
        found.interval(OTHER, level=level)
