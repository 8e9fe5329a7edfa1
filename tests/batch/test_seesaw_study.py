"""Two rules, two kinds of step: on noisy linear regression each keeps the risk of its own kind, and loses it for the other.

The criterion was fixed before: plain steps want the batch rule within 6 % and Seesaw more than 15 % off, normalised ones want
Seesaw within 4 % and the batch rule more than 8 % off. Cutting the rate and growing the batch both at once is the control
that must fail. All arms see the same samples in the same order, so that their ratios hardly vary.
"""

import pytest

import annealing as an
from annealing.batch import trade
from annealing.reproduce.seesaw import BATCH, HALVINGS, NORMALISED, PLAIN, risk

REPLICATES, SAMPLES, SEED = 200, 48_000, 23

pytestmark = pytest.mark.slow


def ratios(peak: float, *, normalised: bool) -> dict[str, float]:
    """What each rule makes of the risk, as a share of that under the decay itself."""
    schedule = peak * HALVINGS
    grown, seesaw = (trade(schedule.over(SAMPLES, unit="samples"), batch=BATCH, rule=rule) for rule in ("sgd", "seesaw"))
    assert grown.updates() == seesaw.updates() < 0.5 * grown.updates_before()
    size = SAMPLES, REPLICATES, SEED
    decay = risk(grown.schedule, (BATCH * an.hold()).over(SAMPLES, unit="samples"), *size, normalised=normalised)
    arms = {"batch": (grown.rate, grown.batch), "seesaw": (seesaw.rate, seesaw.batch), "both": (grown.schedule, grown.batch)}
    return {name: risk(*arm, *size, normalised=normalised) / decay for name, arm in arms.items()}


def test_plain_steps_want_the_batch_rule() -> None:
    found = ratios(PLAIN, normalised=False)

    assert abs(found["batch"] - 1) < 0.06, found
    assert abs(found["seesaw"] - 1) > 0.15, found
    assert abs(found["both"] - 1) > 0.15, found


def test_normalised_steps_want_seesaw() -> None:
    found = ratios(NORMALISED, normalised=True)  # the same step lengths as above, where the noise is all there is

    assert abs(found["seesaw"] - 1) < 0.04, found
    assert abs(found["batch"] - 1) > 0.08, found
    assert abs(found["both"] - 1) > 0.08, found
