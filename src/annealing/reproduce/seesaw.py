"""Two rules for growing the batch where the rate would fall: plain steps want one of them, normalised steps the other.

Noisy linear regression, five halvings. Where the base schedule halves the rate, plain SGD is served by doubling the batch at
a constant rate; steps that are divided by their length are served by Seesaw: the rate falls by √2 and the batch doubles. What
both rules do for Adam is noted beside that.
"""

from __future__ import annotations

import numpy as np

from annealing.batch import TradePlan, trade
from annealing.core.marks import stairs
from annealing.core.phases import hold
from annealing.core.plan import Plan
from annealing.reproduce.finding import Finding, Mean, Means, Scale, Statistic, above, below, noted
from annealing.reproduce.seesaw_adam import beside_adam
from annealing.reproduce.study import Study

DIMENSIONS, BATCH = 24, 8
PLAIN, NORMALISED = 0.005, 0.0087
"""Peak rates at which both kinds of step are as long as each other where noise is all there is."""
HALVINGS = stairs({f"{share}%": 0.5 ** (i + 1) for i, share in enumerate((25, 40, 55, 70, 85))})


def risk(rate: Plan, batch: Plan, samples: int, replicates: int, seed: int, *, normalised: bool) -> float:
    """Return the final mean squared distance to the true weights of y = x·w + noise, over all replicates."""
    rng = np.random.default_rng(seed)
    weights = np.full((replicates, DIMENSIONS), 0.1, dtype=np.float32)
    seen = 0
    while seen < samples:
        size = min(int(batch(seen)), samples - seen)
        drawn = rng.standard_normal((size, replicates, DIMENSIONS + 1), dtype=np.float32)
        inputs, noise = drawn[..., :DIMENSIONS], drawn[..., DIMENSIONS]
        errors = np.einsum("brd,rd->br", inputs, weights) + noise
        gradient = np.einsum("brd,br->rd", inputs, errors) / size
        if normalised:
            gradient /= np.sqrt((gradient**2).sum(1).mean())
        weights -= np.float32(rate(seen)) * gradient
        seen += size
    return float((weights**2).sum(1).mean())


def ratios(samples: int, replicates: int, seed: int, *, normalised: bool) -> dict[str, float]:
    """Return what each rule makes of the risk, as a share of that under the decay itself; all see the same samples."""
    schedule = (NORMALISED if normalised else PLAIN) * HALVINGS
    grown, halfway = _traded(schedule.over(samples, unit="samples"))
    alone = (BATCH * hold()).over(samples, unit="samples")
    arms = {"batch": (grown.rate, grown.batch), "seesaw": (halfway.rate, halfway.batch), "both": (grown.schedule, grown.batch)}
    decay = risk(grown.schedule, alone, samples, replicates, seed, normalised=normalised)
    return {name: risk(*arm, samples, replicates, seed, normalised=normalised) / decay for name, arm in arms.items()}


def run(scale: Scale, seed: int) -> Finding:
    """Measure both rules, and a control that anneals twice, on both kinds of steps, and look at Adam's."""
    samples, replicates = (48_000, 200) if scale == "full" else (2_400, 20)
    plain, normal = (ratios(samples, replicates, seed, normalised=normalised) for normalised in (False, True))
    grown, _ = _traded((PLAIN * HALVINGS).over(samples, unit="samples"))
    adam = beside_adam(HALVINGS, BATCH, scale, seed)
    statistics: tuple[Statistic, ...] = (
        below("plain steps: batch rule off by", abs(plain["batch"] - 1), 0.06),
        above("plain steps: Seesaw off by", abs(plain["seesaw"] - 1), 0.15),
        below("normalised steps: Seesaw off by", abs(normal["seesaw"] - 1), 0.04),
        above("normalised steps: batch rule off by", abs(normal["batch"] - 1), 0.08),
        above("control, plain steps: off by", abs(plain["both"] - 1), 0.15),
        above("control, normalised steps: off by", abs(normal["both"] - 1), 0.08),
        noted("updates, as a share of the decay's", grown.updates() / grown.updates_before()),
        *adam.statistics,
    )
    means = [
        Mean(f"{label}: {name}", ratio)
        for label, found in (("plain", plain), ("normalised", normal))
        for name, ratio in found.items()
    ]
    figure = Means(
        "The risk, as a share of the decay's",
        "1 is as good as decaying the rate; every arm sees the same samples.",
        "risk ÷ risk under the decay",
        tuple(means),
        reference=1.0,
    )
    return Finding(statistics, f"seed {seed}, {replicates} replicates; {adam.seeds}", figure, adam.notes)


def _traded(decay: Plan) -> tuple[TradePlan, TradePlan]:
    grown, halfway = (trade(decay, batch=BATCH, rule=rule) for rule in ("sgd", "seesaw"))
    assert isinstance(grown, TradePlan)
    assert isinstance(halfway, TradePlan)
    return grown, halfway


STUDY = Study(
    name="seesaw",
    title="For normalised steps the batch doubles where the rate falls by √2, for plain ones where it would halve",
    source="Seesaw 2025, arXiv:2510.14717",
    shows=("F23", "F25", "C7"),
    criterion=(
        "Against the decay on the same samples: with plain steps the batch rule ends within 6 % and Seesaw more than 15 % "
        "off; with normalised steps Seesaw within 4 % and the batch rule more than 8 % off; annealing both must be off in "
        "each."
    ),
    run=run,
)
