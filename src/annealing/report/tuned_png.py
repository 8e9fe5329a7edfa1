"""The picture of a study: what was tried, what was judged, what mattered, and the schedules."""

from __future__ import annotations

import textwrap
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from annealing.report.arms import schedule_cards
from annealing.report.canvas import STYLE, png_of, scaled
from annealing.report.figures import Lines
from annealing.report.palette import QUIET, Pen, pens
from annealing.report.png import draw_card, draw_dots
from annealing.report.results import final_losses
from annealing.report.search import cloud, given_up, influences
from annealing.report.words import count
from annealing.study.tuned import Tuned


def tuned_summary(tuned: Tuned) -> bytes:
    """Draw the search beside what was judged, and the schedules below; return the bytes of a PNG for a slide (1920 wide)."""
    arms = pens((row.name for row in tuned.rows), tuned.best)
    tried, matters, cards = cloud(tuned), influences(tuned), schedule_cards(tuned.confirmed)
    with matplotlib.rc_context(STYLE):
        layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12, rect=(0, 0.025, 1, 0.975))
        figure: Any = Figure(figsize=(16, 9), dpi=120, layout=layout)
        figure.suptitle(_title(tuned), x=0.012, ha="left", fontsize=17, fontweight="bold", linespacing=1.35)
        figure.text(0.988, 0.008, _conditions(tuned), ha="right", va="bottom", fontsize=9, color=QUIET)
        grid = figure.add_gridspec(2, 1, height_ratios=[5.2, 1.2])
        upper = grid[0].subgridspec(1, 2, width_ratios=[1.1, 1])
        draw_points(figure.add_subplot(upper[0]), tried, pens(line.name for line in tried.lines), given_up(tuned))
        right = upper[1].subgridspec(2, 1) if matters.dots else upper[1].subgridspec(1, 1)
        draw_dots(figure.add_subplot(right[0]), final_losses(tuned.confirmed), arms)
        if matters.dots:
            draw_dots(figure.add_subplot(right[1]), matters, pens((dot.name for dot in matters.dots), matters.dots[0].name))
        places = grid[1].subgridspec(1, max(len(cards), 4))
        for card, place in zip(cards, places, strict=False):
            draw_card(figure.add_subplot(place), card, arms)
        return png_of(figure)


def draw_points(axes: Any, data: Lines, drawn_with: dict[str, Pen], hollow: frozenset[tuple[float, float]]) -> None:
    """Draw single runs; those given up are rings."""
    for line in data.lines:
        colour = drawn_with[line.name].colour
        pairs = list(zip(line.x, line.y, strict=True))
        for rings in (True, False):
            own = [pair for pair in pairs if (pair in hollow) == rings]
            if own:
                face = "none" if rings else colour
                style: Any = {"facecolors": face, "edgecolors": colour, "alpha": 0.55 if rings else 0.95, "linewidths": 1.4}
                axes.scatter(*zip(*own, strict=True), s=44, **style)
        if line.crosses:
            axes.plot(*zip(*line.crosses, strict=True), "x", color=colour, markersize=7, markeredgewidth=1.6, alpha=0.7)
        axes.plot([], [], "o", color=colour, label=line.name)
    axes.set_title(data.title)
    scaled(axes, data.x, data.y)
    if data.lines:
        axes.legend(loc="best", frameon=False, fontsize=10)


def _title(tuned: Tuned) -> str:
    return "\n".join(textwrap.wrap(tuned.verdict or "Nothing can be said yet.", 112, max_lines=2, placeholder=" …"))


def _conditions(tuned: Tuned) -> str:
    seeds = count(len(tuned.confirmed.evaluation_seeds), "evaluation seed")
    return f"{tuned.task}, {tuned.strategy}, {count(tuned.settings, 'setting')} tried, {count(tuned.updates, 'update')}, {seeds}"
