"""Loss against rate, as a figure: a scan, the whole runs after it, the interval of good rates, the edge, each rule's mark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, final

import matplotlib
from matplotlib.figure import Figure

from annealing.report.canvas import STYLE, png_of, scaled
from annealing.report.figures import Axis, Line
from annealing.report.palette import COLOURS, INK, QUIET
from annealing.report.ranges import axis, inside
from annealing.report.words import count, number

_AHEAD = 1.15  # of the loss before training: what is above it is drawn at the upper border


@final
@dataclass(frozen=True)
class Mark:
    """A rate that a rule suggests."""

    name: str
    rate: float


@final
@dataclass(frozen=True)
class Rates:
    """Loss over rate: two lines or only the scan, what is shaded between `interval`, where the `edge` and the answer are.

    A line's `crosses` are the rates that diverged, at the loss from which they are drawn.
    """

    title: str
    caption: str
    x: Axis
    y: Axis
    scan: Line
    runs: Line | None
    first: float | None
    rate: float | None
    interval: tuple[float, float] | None
    edge: float | None
    marks: tuple[Mark, ...] = ()


def rates_figure(found: Mapping[str, Any], marks: Mapping[str, float | None] | None = None) -> Rates:
    """Arrange the numbers of a search, those that `Found.to_dict()` gives and result.json holds.

    `marks` are rates by the names of the rules that suggest them; a rule without a suggestion is left out.
    """
    scan, runs = found["scan"], found["runs"]
    kept = tuple(Mark(name, rate) for name, rate in (marks or {}).items() if rate is not None)
    first: float | None = scan["first"]
    losses = [loss for loss in (*scan["losses"], *runs["losses"]) if loss is not None]
    shown = [loss for loss in losses if first is None or loss <= _AHEAD * first] + [first for _ in (0,) if first is not None]
    y = axis("validation loss", shown)
    rates = [*scan["rates"], *runs["rates"], *(mark.rate for mark in kept)]
    updates, short = count(found["updates"], "update"), count(scan["updates"], "update")
    interval = found["interval"]
    return Rates(
        title=_title(found),
        caption=f"{found['task']}, {found['optimizer']}, {updates} of {found['schedule']}, seed {found['seed']}",
        x=Axis("learning rate", min(rates) / 1.3, max(rates) * 1.3, "log"),
        y=y,
        scan=_line(f"constant rate, {short}", scan["rates"], scan["losses"], y),
        runs=_line(f"whole runs, {updates}", runs["rates"], runs["losses"], y) if runs["rates"] else None,
        first=first,
        rate=found["rate"],
        interval=None if interval is None else (interval[0], interval[1]),
        edge=found["edge_of_divergence"],
        marks=kept,
    )


def picture(figure: Rates) -> bytes:
    """Draw it; return the bytes of a PNG."""
    with matplotlib.rc_context(STYLE):
        drawn: Any = Figure(figsize=(11, 6), dpi=120, layout="constrained")
        drawn.suptitle(figure.title, x=0.012, ha="left", fontsize=14, fontweight="bold")
        axes = drawn.add_subplot()
        axes.set_title(figure.caption, fontsize=9, fontweight="normal", color=QUIET)
        scaled(axes, figure.x, figure.y)
        if figure.interval is not None:
            axes.axvspan(*figure.interval, color=COLOURS[0], alpha=0.16, linewidth=0, label="within 10 % of the best")
        if figure.first is not None:
            axes.axhline(figure.first, color=QUIET, linewidth=1, linestyle=":", label="before training")
        if figure.edge is not None:
            axes.axvline(figure.edge, color=INK, linewidth=1.4, linestyle="--", label="edge of divergence")
        _draw(axes, figure.scan, QUIET, 1.6)
        if figure.runs is not None:
            _draw(axes, figure.runs, COLOURS[0], 3.0)
            if figure.rate is not None:
                height = figure.runs.y[figure.runs.x.index(figure.rate)]
                axes.plot([figure.rate], [height], "o", color=COLOURS[0], markersize=12, markeredgecolor="white", zorder=5)
        _draw_marks(axes, figure.marks)
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=10)
        return png_of(drawn)


def _draw(axes: Any, line: Line, colour: str, width: float) -> None:
    axes.plot(line.x, line.y, "o-", color=colour, linewidth=width, markersize=2.2 + width, label=line.name)
    if line.crosses:
        axes.plot(*zip(*line.crosses, strict=True), "x", color=colour, markersize=8, markeredgewidth=2)


def _draw_marks(axes: Any, marks: Sequence[Mark]) -> None:
    """A flag on the lower border for each rule, the later ones higher, so that none covers another."""
    ground = axes.get_xaxis_transform()
    for place, (mark, colour) in enumerate(zip(marks, cycle(COLOURS[1:]), strict=False)):
        height = 0.03 + 0.035 * place
        axes.plot([mark.rate] * 2, [0, height], color=colour, linewidth=1.2, transform=ground)
        axes.plot(
            [mark.rate], [height], "^", color=colour, markersize=8, markeredgecolor="white", transform=ground,
            label=f"{mark.name}: {number(mark.rate, 2)}",
        )  # fmt: skip


def _title(found: Mapping[str, Any]) -> str:
    if found["rate"] is None:
        return f"No answer: {found['reason']}"
    low, high = found["interval"]
    sure = "" if found["confidence"] == "high" else f"; low confidence: {found['reason']}"
    return f"Train with {number(found['rate'], 2)} ({number(low, 2)} to {number(high, 2)} within 10 %){sure}"


def _line(name: str, rates: Sequence[float], losses: Sequence[float | None], y: Axis) -> Line:
    """The finite points; a rate that diverged, or ended far above the beginning, is a cross at the upper border."""
    points = [(rate, loss) for rate, loss in zip(rates, losses, strict=True) if loss is not None and loss <= y.high]
    lost = [rate for rate, loss in zip(rates, losses, strict=True) if loss is None or loss > y.high]
    return Line(
        name,
        tuple(rate for rate, _ in points),
        tuple(loss for _, loss in points),
        crosses=tuple((rate, inside(y, math.inf)) for rate in lost),
    )
