"""The multi-power law: fitted to three schedules, it predicts the loss under others, and ranks them."""

from __future__ import annotations

import numpy as np

from annealing.reproduce.finding import Curves, Finding, Line, Scale, above, below, holds, noted
from annealing.reproduce.quadratic import curves, explained, forecast_by, in_order
from annealing.reproduce.study import Study

UPDATES = 8_000


def run(scale: Scale, seed: int) -> Finding:
    """Fit three laws to the same pilots, and ask each for the curves of four other schedules."""
    runs = curves(UPDATES if scale == "full" else 1_000)
    laws = {law: forecast_by(law, runs) for law in ("multi-power", "momentum", "rate-blind")}
    least = {law: explained(forecast, runs) for law, forecast in laws.items()}
    statistics = (
        above("multi-power law: least R² on four unseen schedules", min(least["multi-power"].values()), 0.995),
        holds("multi-power law: places of six schedules in the true order", float(np.mean(in_order(laws["multi-power"], runs)))),
        below("rate-blind power law: largest R²", max(least["rate-blind"].values()), 0.9),
        noted("momentum law: least R²", min(least["momentum"].values())),
    )
    shown = runs["cooldown"]
    x = tuple(shown.updates.tolist())
    lines = (
        *(Line(law, x, tuple(forecast.predict(shown.rates, at=shown.updates).tolist())) for law, forecast in laws.items()),
        Line("exact loss", x, tuple(shown.losses.tolist())),
    )
    figure = Curves(
        "The loss under a cooldown that no pilot had",
        "What three laws say, fitted to a cosine, a constant and a two-stage run, and the exact loss.",
        "update",
        "loss",
        lines,
        log="y",
    )
    return Finding(statistics, "no chance in it: expectations of SGD on a quadratic, exactly", figure)


STUDY = Study(
    name="luo",
    title="The multi-power law predicts and ranks schedules that were never run",
    source="Luo et al. 2025, arXiv:2503.12811",
    shows=("F4", "F8", "F9", "C11"),
    criterion=(
        "On the power-law quadratic, fitted to a cosine, a constant and a two-stage run: R² above 0.995 on each of four other "
        "runs and the exact order of six final losses, where a power law that is blind to the rate stays below R² 0.9."
    ),
    run=run,
)
