"""A batch that grows in place of a rate that decays: the same losses over the same samples, in fewer updates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from annealing.reproduce.finding import Finding, Mean, Means, Scale, Statistic, above, below, between, noted
from annealing.reproduce.study import Study
from annealing.study.engines.processes import processes
from annealing.study.growth import rows_of
from annealing.study.growth_arms import DECAY, growth_arms
from annealing.study.growth_result import MARGIN, GrowthRow
from annealing.study.train import Setting
from annealing.tasks import digits
from annealing.tasks.noisy_digits import TRAIN_SIZE

RATE, BATCH, EPOCHS, SEEDS = 0.03, 8, 40, 8
TRADED = ("hybrid", "growth", "raised rate")


def judged(row: GrowthRow, name: str) -> Statistic:
    """Ask for the whole 90 % interval of an arm's distance from the decay to lie within a tenth of the decay's gain."""
    inside = row.share_interval is not None and row.share_interval[0] > -MARGIN and row.share_interval[1] < MARGIN
    share = float("nan") if row.share is None else row.share
    said = f"interval within ±{MARGIN:g}"
    return Statistic(f"{name}: distance from the decay, of what the decay gains", share, said, inside, row.share_interval)


def apart(row: GrowthRow, name: str) -> Statistic:
    """Ask for the whole 90 % interval of an arm's distance from the decay to lie beyond a tenth of the decay's gain."""
    lowest = float("nan") if row.share_interval is None else row.share_interval[0]
    return above(f"{name}: lower end of the distance from the decay, of what the decay gains", lowest, MARGIN)


def run(scale: Scale, seed: int) -> Finding:
    """Train every arm over the same samples, and set each against the decay."""
    epochs, count = (EPOCHS, SEEDS) if scale == "full" else (1, 2)
    task = replace(digits(), optimizer="momentum", batch_size=BATCH)
    arms = growth_arms(DECAY, RATE, BATCH, TRAIN_SIZE, epochs)
    seeds = tuple(range(1_000 * seed + 100, 1_000 * seed + 100 + count))
    settings = [Setting(arm.name, arm.rate, RATE, one, "evaluation", arm.sizes, points=epochs) for one in seeds for arm in arms]
    with processes(task, None if scale == "full" else 1) as engine:  # batches that grow cannot be stacked: one process per core
        runs = list(engine.train(settings, lambda _: None))
    rows, gap = rows_of(arms, runs, seeds)
    by_name = {row.name: row for row in rows}
    decay, control = by_name["decay"], by_name["control"]
    statistics = (
        *(judged(by_name[name], name) for name in TRADED),
        apart(control, "control, which anneals twice"),
        *(between(f"{name}: updates ÷ the decay's", by_name[name].updates / decay.updates, 0.0, 0.5) for name in TRADED),
        *(
            below(f"{name}: largest gap between mean training curves", float(by_name[name].apart or np.nan), 0.05)
            for name in ("hybrid", "growth")
        ),
        noted("what the decay gains over the constant rate", float("nan") if gap is None else gap),
    )
    figure = Means(
        "Over the same samples",
        "Rate 0.03, batches of 8 at first; a fifth of the rate, or five times the batch, after 30, 60 and 80 % of the run.",
        "final validation loss",
        tuple(_mean(row) for row in rows),
    )
    return Finding(statistics, f"seeds {seeds[0]} to {seeds[-1]}; nothing was tuned", figure)


def _mean(row: GrowthRow) -> Mean:
    return Mean(f"{row.name}, {row.updates} updates", float("inf") if row.mean is None else row.mean, row.interval)


STUDY = Study(
    name="batch-growth",
    title="Growing the batch equals decaying the rate",
    source="Smith, Kindermans, Ying & Le 2018, arXiv:1711.00489",
    shows=("F23", "F24", "F25", "C7"),
    criterion=(
        "On noisy digits with heavy ball, 40 epochs: the 90 % intervals of hybrid, growing batch, and doubled rate with "
        "doubled batch lie within ±10 % of what the decay gains over the constant rate, each takes at most half of the "
        "decay's updates, mean training curves of hybrid and growth stay within 0.05 of the decay's, and the interval of "
        "decaying and growing at once lies beyond +10 %."
    ),
    run=run,
)
