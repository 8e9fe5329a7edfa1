"""Figures drawn with matplotlib: the summary of a comparison, and a plan's curve. Its global settings stay as they are."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.report.arms import schedule_cards
from annealing.report.canvas import STYLE, png_of, scaled, whole_numbers
from annealing.report.curves import loss_curves
from annealing.report.figures import Axis, Dots, Line, Lines
from annealing.report.palette import COLOURS, QUIET, Pen, pens
from annealing.report.plans import named_plans, plan_figure
from annealing.report.results import final_losses
from annealing.report.words import count, number
from annealing.study.result import Comparison

_DASHES = {"solid": "-", "dashed": "--", "dotted": ":", "dotdash": "-."}
_NARROW = 17  # characters above a small schedule
_CARDS = 10  # small schedules in a row of the summary


def summary(comparison: Comparison) -> bytes:
    """Draw loss curves, final losses and schedules of a comparison; return the bytes of a PNG for a slide (16:9, 1920 wide)."""
    drawn_with = pens((row.name for row in comparison.rows), comparison.best)
    cards = schedule_cards(comparison)
    strips = -(-len(cards) // _CARDS)
    with matplotlib.rc_context(STYLE):
        layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12, rect=(0, 0.025, 1, 0.975))
        figure: Any = Figure(figsize=(16, 9 + 1.35 * (strips - 1)), dpi=120, layout=layout)
        figure.suptitle(_verdict(comparison), x=0.012, ha="left", fontsize=17, fontweight="bold", linespacing=1.35)
        grid = figure.add_gridspec(1 + strips, 1, height_ratios=[5.2, *[1.0] * strips])
        upper = grid[0].subgridspec(1, 2, width_ratios=[1.55, 1])
        figure.text(0.988, 0.008, _conditions(comparison), ha="right", va="bottom", fontsize=9, color=QUIET)
        draw_lines(figure.add_subplot(upper[0]), loss_curves(comparison), drawn_with)
        draw_dots(figure.add_subplot(upper[1]), final_losses(comparison), drawn_with)
        for strip in range(strips):
            here = cards[strip * _CARDS : (strip + 1) * _CARDS]
            places = grid[1 + strip].subgridspec(1, max(len(here), 4 if strips == 1 else _CARDS))
            for card, place in zip(here, places, strict=False):
                draw_card(figure.add_subplot(place), card, drawn_with)
        return png_of(figure)


def picture(plan: Plan | RecipePlan, title: str = "", over: float | None = None) -> bytes:
    r"""Draw a plan, or every plan of a recipe under the last, as far as asked for; return the bytes of a PNG.

    >>> import annealing as an
    >>> picture((0.1 * an.cosine()).over(100))[:4]
    b'\x89PNG'
    """
    named = named_plans(plan)
    with matplotlib.rc_context(STYLE):
        figure: Any = Figure(figsize=(10, 1.2 + 3.3 * len(named)), dpi=120, layout="constrained")
        figure.suptitle("\n".join(textwrap.wrap(title or str(plan), 88)), x=0.012, ha="left", fontsize=12, family="monospace")
        for axes, (pattern, name, one), colour in zip(
            figure.subplots(len(named), 1, squeeze=False).flat, named, cycle(COLOURS), strict=False
        ):
            data = plan_figure(one, name if pattern == "*" else f"{name}, groups {pattern}", points=2000, over=over)
            line = data.lines[0]
            axes.plot(line.x, line.y, color=colour, linewidth=2.2)
            if data.y.low <= 0:  # an area that does not begin at zero would mislead
                axes.fill_between(line.x, line.y, color=colour, alpha=0.08, linewidth=0)
            scaled(axes, data.x, data.y)
            axes.set_ylim(data.y.low, data.y.high + 0.06 * (data.y.high - data.y.low))
            whole_numbers(axes)
        return png_of(figure)


def _verdict(comparison: Comparison) -> str:
    said = comparison.verdict or "Nothing can be said yet."
    return "\n".join(textwrap.wrap(said, 112, max_lines=2, placeholder=" …"))


def _conditions(comparison: Comparison) -> str:
    """What was trained, for the foot of the picture."""
    seeds = count(len(comparison.evaluation_seeds), "evaluation seed")
    said = (
        f"{comparison.task}, {comparison.optimizer}, {count(comparison.updates, 'update')}, {seeds}, 90 % intervals of the mean"
    )
    return said + (", interrupted" if comparison.interrupted else "")


def draw_lines(axes: Any, data: Lines, drawn_with: dict[str, Pen]) -> None:
    for line in data.lines:
        if line.low:
            pen = drawn_with[line.name]
            axes.fill_between(line.x, line.low, line.high, color=pen.colour, alpha=0.25 if pen.strong else 0.07, linewidth=0)
    for line in reversed(data.lines):
        pen = drawn_with[line.name]
        axes.plot(
            line.x, line.y, color=pen.colour, linewidth=pen.width, linestyle=_DASHES[pen.dash], alpha=1.0 if pen.strong else 0.85
        )
        if line.crosses:
            axes.plot(*zip(*line.crosses, strict=True), "x", color=pen.colour, markersize=9, markeredgewidth=2.2, clip_on=False)
    axes.set_title(data.title)
    scaled(axes, data.x, data.y)
    whole_numbers(axes)
    _label_ends(axes, data, drawn_with)


def _label_ends(axes: Any, data: Lines, drawn_with: dict[str, Pen]) -> None:
    """Name each line where it ends, moved apart so that no two names overlap."""
    heights = [_height(data.y, line) for line in data.lines]
    order = sorted(range(len(heights)), key=heights.__getitem__)
    places = _apart([heights[i] for i in order], 0.042)
    for i, place in zip(order, places, strict=True):
        line = data.lines[i]
        pen = drawn_with[line.name]
        text = f"{pen.label} (diverged)" if line.crosses else pen.label
        end = ((line.x[-1] - data.x.low) / (data.x.high - data.x.low), heights[i])  # not the border, where it has fewer updates
        style: Any = {"arrowstyle": "-", "color": pen.colour, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0.5)}
        style["linestyle"] = "solid" if end[0] >= 1 else "dotted"  # a line across the picture must not look like a curve
        axes.annotate(
            text, end, (1.035, place), xycoords="axes fraction", textcoords="axes fraction", va="center", color=pen.colour,
            fontweight="bold" if pen.strong else "normal", arrowprops=None if line.crosses else style, annotation_clip=False,
        )  # fmt: skip


def _height(y: Axis, line: Line) -> float:
    """Where a line ends, as a fraction of the axis."""
    from math import log

    last = line.crosses[-1][1] if line.crosses else line.y[-1]
    low, high, value = (log(v) for v in (y.low, y.high, max(last, 1e-300))) if y.scale == "log" else (y.low, y.high, last)
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _apart(wanted: Sequence[float], gap: float) -> list[float]:
    """Rising places at least `gap` apart, as near to the wanted ones as that allows."""
    blocks: list[list[float]] = []  # of neighbours that touch: what each wanted its block's first place to be
    for i, place in enumerate(wanted):
        blocks.append([place - i * gap])
        while len(blocks) > 1 and _mean(blocks[-2]) > _mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    highest = 1.0 - gap * (len(wanted) - 1)  # for the first, if the last is to stay in the frame
    firsts = [max(min(_mean(block), highest), 0.0) for block in blocks for _ in block]
    return [first + i * gap for i, first in enumerate(firsts)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def draw_dots(axes: Any, data: Dots, drawn_with: dict[str, Pen]) -> None:
    rows = range(len(data.dots), 0, -1)
    if data.reference is not None:
        axes.axvline(data.reference, color=QUIET, linestyle=":", linewidth=1.2, zorder=1)
    for row, dot in zip(rows, data.dots, strict=True):
        pen = drawn_with[dot.name]
        weight = "bold" if pen.strong else "normal"
        axes.plot(dot.singles, [row] * len(dot.singles), "o", color=pen.colour, alpha=0.3, markersize=4, markeredgewidth=0)
        if dot.interval is not None:
            axes.plot(dot.interval, [row] * 2, color=pen.colour, linewidth=4.5 if pen.strong else 2.8, solid_capstyle="round")
        if dot.value is not None:
            axes.plot([dot.value], [row], "o", color=pen.colour, markersize=10 if pen.strong else 7, markeredgecolor="white")
        axes.annotate(
            pen.label,
            (-0.02, row),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="center",
            color=pen.colour,
            fontweight=weight,
        )
        axes.annotate(dot.note, (1.02, row), xycoords=("axes fraction", "data"), va="center", fontsize=10, fontweight=weight)
    axes.set_title(data.title)
    scaled(axes, data.x, None)
    axes.set_ylim(0.4, len(data.dots) + 0.6)
    axes.tick_params(axis="y", left=False, labelleft=False)
    axes.grid(axis="y", visible=False)


def draw_card(axes: Any, data: Lines, drawn_with: dict[str, Pen]) -> None:
    for line in data.lines:
        pen = drawn_with[line.name]
        axes.plot(line.x, line.y, color=pen.colour, linewidth=2.4 if pen.strong else 1.6)
        axes.fill_between(line.x, line.y, color=pen.colour, alpha=0.10, linewidth=0)
        axes.set_title(_fitting(pen.label), fontsize=10, color=pen.colour, fontweight="bold" if pen.strong else "normal")
    scaled(axes, data.x, data.y)
    top = max((max(line.y) for line in data.lines), default=1.0)
    axes.set(xlabel="", ylabel="", xticks=[], yticks=[0, top], yticklabels=["0", number(top, 2)])
    axes.tick_params(labelsize=8)
    axes.grid(visible=False)


def _fitting(label: str) -> str:
    return label if len(label) <= _NARROW else f"{label[: _NARROW - 1]}…"
