"""Every law: its compressed sums equal its formula, its slopes equal differences, and what it says in simple cases."""

import math

import numpy as np
import pytest

import annealing as an
from annealing.core.errors import ArgumentError
from annealing.forecast.blocks import sampled, together
from annealing.forecast.laws import LAWS, Scale, law_named
from annealing.forecast.solve import predicted
from tests.forecast import reference

SCALE = Scale(rate=3e-4, updates=2_000.0)
VALUES = {
    "power": [2.0, 0.3, 0.2, 0.65, 0.55, 1.5, -2.5, 0.5, 0.01],
    "log": [2.0, 0.3, 0.2, 0.7, -0.4, 1.2, -3.0, 0.5, 0.01],
    "multi-power": [2.0, 0.3, 0.2, -3.0, 0.5, -0.5, 0.5],
    "functional-scaling": [2.0, 0.3, 0.2, -3.0, 0.5],
    "momentum": [2.0, 0.3, 0.2, -6.0, 0.5],
    "rate-blind": [2.0, 0.3, 0.0, 0.5],
}
PLANS = {
    "cosine": 3e-4 * an.chain(an.warmup(150, start=0), an.cosine(to=0.1)),
    "wsd": 3e-4 * an.chain(an.warmup(150), an.hold(), an.cooldown("30%")),
    "two stages": 3e-4 * an.chain(an.warmup(150), an.hold("40%"), an.jump(0.3), an.hold()),
    "restarts": 3e-4 * an.repeat(an.chain(an.warmup(20), an.cosine(to=0.05)), times=6),
    "stairs": 3e-4 * an.cosine(to=0.1).every(100),
}


def formula(name: str, x: np.ndarray, t: int) -> float:
    """Each law's own formula, update by update."""
    floor, a, b, *own = VALUES[name]
    upto = x[: t + 1]

    def progress(p: float, fall: float, offset: float = 0.0) -> float:
        return (np.sum(np.maximum(upto, 1e-7) ** p) / SCALE.updates + offset) ** -fall

    match name:
        case "power" | "log":
            p, shape, m, relax, fall, offset = own
            rise = math.exp(shape)
            phi = (lambda y: y**shape) if name == "power" else lambda y: np.log1p(rise * y) / np.log1p(rise)
            noise = reference.noise(x, t, phi, lambda s: 1 - 1 / (1 + math.exp(relax) * s), m)
            return floor + a * progress(p, fall, offset) + b * noise
        case "multi-power":
            relax, lag, tail, fall = own
            steps = reference.increments(upto, lambda y: y)
            since = np.cumsum(upto[::-1])[::-1]
            kept = (1 + math.exp(relax) * np.maximum(upto, 1e-7) ** -lag * since) ** -math.exp(tail)
            return floor + a * progress(1.0, fall) + b * float(np.sum(steps * (1 - kept)))
        case "functional-scaling":
            relax, fall = own
            noise = reference.noise(x, t, lambda y: y, lambda s: 1 - 1 / (1 + math.exp(relax) * s), 1.0)
            return floor + a * progress(1.0, fall) + b * noise
        case "momentum":
            forget, fall = own
            keep = math.exp(-math.exp(forget))
            fallen, remembered, summed = 0.0, 0.0, 0.0
            before = 0.0
            for rate in upto:  # the paper's own recursion, times 1 − lam
                remembered = keep * remembered + (before - rate)
                summed += remembered
                before = rate
            fallen = (1 - keep) * summed
            return floor + a * progress(1.0, fall) - b * fallen
        case _:
            return floor + a * ((t + 1) / SCALE.updates) ** -own[0]


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("name", LAWS)
def test_the_compressed_sums_equal_the_formula(name: str, plan: str) -> None:
    rates = PLANS[plan].over(3_000).values()
    at = np.array([200, 700, 1_205, 2_000, 2_999])
    seen = sampled(rates, at, SCALE.rate)
    found, _ = predicted(law_named(name), np.array(VALUES[name]), seen, SCALE)

    expected = [formula(name, rates / SCALE.rate, int(t)) for t in at]
    # in the multi-power law a block has one rate for all its updates, which costs digits where a run warms up again and again
    assert found == pytest.approx(expected, abs=1.5e-3 if (name, plan) == ("multi-power", "restarts") else 2e-4)


@pytest.mark.parametrize("name", LAWS)
def test_slopes_equal_differences(name: str) -> None:
    runs = [
        sampled(PLANS[plan].over(3_000).values(), np.arange(200, 3_000, 311), SCALE.rate) for plan in ("cosine", "two stages")
    ]
    seen, values = together(runs), np.array(VALUES[name])
    _, slopes = predicted(law_named(name), values, seen, SCALE)

    for i in range(values.size):
        step = np.zeros(values.size)
        step[i] = 1e-5
        ahead, behind = (predicted(law_named(name), values + sign * step, seen, SCALE)[0] for sign in (1, -1))
        assert slopes[i] == pytest.approx((ahead - behind) / 2e-5, rel=2e-6, abs=2e-8), (name, i)


def test_runs_put_together_are_seen_as_they_are_alone() -> None:
    runs = [sampled(plan.over(2_000).values(), np.arange(200, 2_000, 97), SCALE.rate) for plan in PLANS.values()]
    law, values = law_named("power"), np.array(VALUES["power"])

    alone = np.concatenate([predicted(law, values, run, SCALE)[0] for run in runs])
    assert predicted(law, values, together(runs), SCALE)[0] == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize("name", LAWS)
def test_the_values_of_the_tests_are_within_every_range(name: str) -> None:
    for value, parameter in zip(VALUES[name][3:], LAWS[name].parameters, strict=True):
        assert parameter.low < value < parameter.high
    for start in LAWS[name].starts(SCALE):
        assert len(start) == len(LAWS[name].parameters)
        assert all(p.low < value < p.high for value, p in zip(start, LAWS[name].parameters, strict=True))


def test_every_prior_says_where_it_comes_from() -> None:
    priors = [prior for law in LAWS.values() for prior in law.priors(SCALE).values()]

    assert len(priors) == 12
    assert all(prior.source and prior.width > 0 for prior in priors)


@pytest.mark.parametrize("name", LAWS)
def test_a_decay_lowers_the_loss_unless_the_law_is_blind(name: str) -> None:
    held = (3e-4 * an.chain(an.warmup(100), an.hold())).over(3_000).values()
    decayed = (3e-4 * an.chain(an.warmup(100), an.hold(), an.cooldown("20%"))).over(3_000).values()
    last = np.array([2_999])
    losses = [predicted(LAWS[name], np.array(VALUES[name]), sampled(r, last, 3e-4), SCALE)[0][0] for r in (held, decayed)]

    assert losses[1] == losses[0] if name == "rate-blind" else losses[1] < losses[0] - 0.01


def test_an_unknown_law_is_refused_by_name() -> None:
    with pytest.raises(ArgumentError, match="write one of 'power', 'log'"):
        law_named("chinchilla")
