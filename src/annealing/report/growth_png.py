"""The picture of a comparison of growing batches: both clocks side by side, and who may stand in for the decay."""

from __future__ import annotations

import textwrap
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from annealing.report.canvas import STYLE, png_of
from annealing.report.growth import against_samples, against_updates, shares
from annealing.report.palette import QUIET, pens
from annealing.report.png import draw_dots, draw_lines
from annealing.report.words import count, number
from annealing.study.growth_result import MARGIN, GrowthComparison


def growth_summary(comparison: GrowthComparison) -> bytes:
    """Draw loss against samples, loss against updates and the distances from the decay; return the bytes of a PNG."""
    drawn_with = pens((row.name for row in comparison.rows), "growth")
    with matplotlib.rc_context(STYLE):
        layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12, rect=(0, 0.025, 1, 0.975))
        figure: Any = Figure(figsize=(16, 9), dpi=120, layout=layout)
        said = "\n".join(textwrap.wrap(comparison.verdict, 112, max_lines=2, placeholder=" …"))
        figure.suptitle(said, x=0.012, ha="left", fontsize=17, fontweight="bold", linespacing=1.35)
        figure.text(0.988, 0.008, conditions(comparison), ha="right", va="bottom", fontsize=9, color=QUIET)
        grid = figure.add_gridspec(2, 1, height_ratios=[1.9, 1.0])
        upper = grid[0].subgridspec(1, 2)
        for place, data in zip(upper, (against_samples(comparison), against_updates(comparison)), strict=True):
            draw_lines(figure.add_subplot(place), data, drawn_with)
        below = figure.add_subplot(grid[1])
        below.axvspan(-100 * MARGIN, 100 * MARGIN, color=QUIET, alpha=0.10, linewidth=0)
        draw_dots(below, shares(comparison), drawn_with)
        return png_of(figure)


def conditions(comparison: GrowthComparison) -> str:
    """Say what was trained."""
    said = (
        f"{comparison.task}, {comparison.optimizer}, rate {number(comparison.lr)}, {count(comparison.epochs, 'epoch')} of "
        f"{count(comparison.epoch, 'sample')}, {count(len(comparison.seeds), 'seed')}, {comparison.schedule}"
    )
    return said + (", interrupted" if comparison.interrupted else "")
