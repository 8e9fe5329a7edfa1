"""Two rules, two kinds of step: on noisy linear regression each keeps the risk of its own kind, and loses it for the other.

The criterion was fixed before: plain steps want the batch rule within 6 % and Seesaw more than 15 % off, normalised ones want
Seesaw within 4 % and the batch rule more than 8 % off. Cutting the rate and growing the batch both at once is the control
that must fail. All arms see the same samples in the same order, so that their ratios hardly vary.
"""

import numpy as np
import pytest

import annealing as an
from annealing.batch import trade

DIMENSIONS, REPLICATES, SAMPLES, BATCH, SEED = 24, 200, 48_000, 8, 23
HALVINGS = an.stairs({f"{share}%": 0.5 ** (i + 1) for i, share in enumerate((25, 40, 55, 70, 85))})

pytestmark = pytest.mark.slow


def risk(rate: an.Plan, batch: an.Plan, *, normalised: bool) -> float:
    """The final mean squared distance to the true weights, of y = x·w + noise; steps are divided by their root mean square."""
    rng = np.random.default_rng(SEED)
    weights = np.full((REPLICATES, DIMENSIONS), 0.1, dtype=np.float32)
    seen = 0
    while seen < SAMPLES:
        size = min(int(batch(seen)), SAMPLES - seen)
        drawn = rng.standard_normal((size, REPLICATES, DIMENSIONS + 1), dtype=np.float32)
        inputs, noise = drawn[..., :DIMENSIONS], drawn[..., DIMENSIONS]
        errors = np.einsum("brd,rd->br", inputs, weights) + noise
        gradient = np.einsum("brd,br->rd", inputs, errors) / size
        if normalised:
            gradient /= np.sqrt((gradient**2).sum(1).mean())
        weights -= np.float32(rate(seen)) * gradient
        seen += size
    return float((weights**2).sum(1).mean())


def ratios(peak: float, *, normalised: bool) -> dict[str, float]:
    """What each rule makes of the risk, as a share of that under the decay itself."""
    schedule = peak * HALVINGS
    grown, seesaw = (trade(schedule.over(SAMPLES, unit="samples"), batch=BATCH, rule=rule) for rule in ("sgd", "seesaw"))
    assert grown.updates() == seesaw.updates() < 0.5 * grown.updates_before()
    decay = risk(grown.schedule, (BATCH * an.hold()).over(SAMPLES, unit="samples"), normalised=normalised)
    arms = {"batch": (grown.rate, grown.batch), "seesaw": (seesaw.rate, seesaw.batch), "both": (grown.schedule, grown.batch)}
    return {name: risk(*arm, normalised=normalised) / decay for name, arm in arms.items()}


def test_plain_steps_want_the_batch_rule() -> None:
    found = ratios(0.005, normalised=False)

    assert abs(found["batch"] - 1) < 0.06, found
    assert abs(found["seesaw"] - 1) > 0.15, found
    assert abs(found["both"] - 1) > 0.15, found


def test_normalised_steps_want_seesaw() -> None:
    found = ratios(0.0087, normalised=True)  # the same step lengths as above, where the noise is all there is

    assert abs(found["seesaw"] - 1) < 0.04, found
    assert abs(found["batch"] - 1) > 0.08, found
    assert abs(found["both"] - 1) > 0.08, found
