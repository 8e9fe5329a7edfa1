"""The momentum law: the loss as a function of the area under the rate and of how much it has annealed."""

from __future__ import annotations

from annealing.reproduce.finding import Curves, Finding, Line, Scale, above, below, noted
from annealing.reproduce.quadratic import LONGER, curves, explained, forecast_by, in_order
from annealing.reproduce.study import Study

UPDATES = 8_000


def run(scale: Scale, seed: int) -> Finding:
    """Fit the law to three pilots and compare it with one that is blind to the rate."""
    runs = curves(UPDATES if scale == "full" else 1_000)
    annealed, blind = forecast_by("momentum", runs), forecast_by("rate-blind", runs)
    found, without = explained(annealed, runs), explained(blind, runs)
    statistics = (
        *(above(f"R² on {name}", value, 0.95) for name, value in found.items()),
        below("rate-blind power law: largest R²", max(without.values()), 0.9),
        noted("places of six schedules in the true order", float(sum(in_order(annealed, runs)))),
    )
    shown = runs[LONGER]
    x = tuple(shown.updates.tolist())
    lines = (
        Line("momentum law", x, tuple(annealed.predict(shown.rates, at=shown.updates).tolist())),
        Line("rate-blind law", x, tuple(blind.predict(shown.rates, at=shown.updates).tolist())),
        Line("exact loss", x, tuple(shown.losses.tolist())),
    )
    figure = Curves("A run three times as long as any pilot", "A cosine, forecast and exact.", "update", "loss", lines, log="y")
    return Finding(statistics, "no chance in it: expectations of SGD on a quadratic, exactly", figure)


STUDY = Study(
    name="tissue",
    title="One or two curves predict the loss under another schedule, by area and annealing",
    source="Tissue, Wang & Wang 2024, arXiv:2408.11029",
    shows=("F1", "F9", "C11"),
    criterion=(
        "On the power-law quadratic, fitted to a cosine, a constant and a two-stage run: R² above 0.95 on each of four other "
        "runs, one of them three times as long, where a power law that is blind to the rate stays below 0.9."
    ),
    run=run,
)
