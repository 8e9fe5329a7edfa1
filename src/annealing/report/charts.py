"""Figures drawn with Bokeh, one function per kind of figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bokeh.models import (
    BasicTickFormatter,
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    Legend,
    LegendItem,
    LogTickFormatter,
    Range1d,
    Span,
)
from bokeh.plotting import figure as bokeh_figure

from annealing.report.figures import Axis, Dots, Line, Lines
from annealing.report.palette import GRID, INK, PAPER, QUIET, Pen
from annealing.report.ranges import inside

_FONT = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"


def lines(data: Lines, pens: dict[str, Pen], *, markers: bool = False, height: int = 460) -> Any:
    """Draw curves with their bands; the legend stands beside them and hides what is clicked."""
    plot = _frame(data.x, data.y, max(height, 90 + 22 * len(data.lines)))  # the legend needs a line per curve
    if not data.lines:
        words = {"text_align": "center", "text_color": QUIET, "text_font": {"value": _FONT}}
        plot.text([(data.x.low + data.x.high) / 2], [(data.y.low + data.y.high) / 2], text=["no run is complete"], **words)
        return plot
    items: list[Any] = []
    curves: list[Any] = []
    bands = {line.name: _band(plot, line, pens[line.name]) for line in data.lines}  # first, so that they lie below all lines
    for line in reversed(data.lines):  # the first is the one to look at: drawn last, on top
        pen = pens[line.name]
        curve = _curve(plot, line, pen, markers=markers)
        curves.append(curve[0])
        drawn = [*curve, *_marks(plot, line, pen)]
        label = f"{pen.label} (diverged)" if line.crosses and not markers else pen.label
        items.append((_ending(line), LegendItem(label=label, renderers=[*drawn, *bands[line.name]])))
    plot.add_tools(HoverTool(renderers=curves, tooltips=[("", "$name: @y{0.0000} at @x{0,0.####}")]))
    items.sort(key=lambda pair: -pair[0])  # worst on top, as the lines end
    legend: Any = Legend(
        items=[item for _, item in items], click_policy="hide", border_line_color=None, background_fill_alpha=0.0
    )
    legend.label_text_font, legend.label_text_color, legend.label_text_font_size = _FONT, INK, "13px"
    legend.spacing, legend.padding, legend.glyph_width = 3, 4, 26
    plot.add_layout(legend, "right")
    return plot


def points(data: Lines, pens: dict[str, Pen], *, hollow: frozenset[tuple[float, float]]) -> Any:
    """Draw single runs as dots, one colour per kind; those whose place is in `hollow` were given up, and are rings."""
    plot = _frame(data.x, data.y, 420)
    items: list[Any] = []
    for line in data.lines:
        colour = pens[line.name].colour
        drawn: list[Any] = []
        for rings in (True, False):
            own = [(x, y) for x, y in zip(line.x, line.y, strict=True) if ((x, y) in hollow) == rings]
            if own:
                fill = {"fill_alpha": 0.0, "line_alpha": 0.6} if rings else {"fill_alpha": 0.9}
                drawn.append(plot.scatter(*map(list, zip(*own, strict=True)), size=9, color=colour, **fill))
        if line.crosses:
            across = tuple(map(list, zip(*line.crosses, strict=True)))
            drawn.append(plot.scatter(*across, marker="x", size=9, color=colour, line_width=1.6, alpha=0.7))
        if drawn:
            items.append(LegendItem(label=line.name, renderers=drawn))
    plot.add_tools(HoverTool(tooltips=[("", "@y{0.0000} at @x{0,0.######}")]))
    legend: Any = Legend(items=items, click_policy="hide", border_line_color=None, background_fill_alpha=0.0)
    legend.label_text_font, legend.label_text_color, legend.label_text_font_size = _FONT, INK, "13px"
    plot.add_layout(legend, "right")
    return plot


def small(data: Lines, pens: dict[str, Pen]) -> Any:
    """Draw one schedule in a small frame of its own."""
    plot = _frame(data.x, data.y, 150)
    plot.toolbar_location, plot.min_border_right = None, 8
    plot.xaxis.axis_label, plot.yaxis.axis_label = None, None
    plot.yaxis.ticker = FixedTicker(ticks=[0.0, *sorted({max(line.y) for line in data.lines if line.y})])
    plot.xaxis.ticker = FixedTicker(ticks=[data.x.low, data.x.high])
    plot.xaxis.formatter = BasicTickFormatter(use_scientific=False)
    plot.yaxis.formatter = BasicTickFormatter(precision=4)
    for line in data.lines:
        pen = pens[line.name]
        plot.varea(x=list(line.x), y1=[0.0] * len(line.x), y2=list(line.y), fill_color=pen.colour, fill_alpha=0.10)
        plot.line(list(line.x), list(line.y), color=pen.colour, width=3.0 if pen.strong else 2.0)
    return plot


def dots(data: Dots, pens: dict[str, Pen]) -> Any:
    """Draw one mean with its interval per row, best on top; rows without a mean say in words why."""
    labels = [pens[dot.name].label for dot in data.dots]
    plot = _frame(data.x, None, 70 + 34 * len(labels), y_range=labels[::-1])
    if data.reference is not None:
        plot.add_layout(Span(location=data.reference, dimension="height", line_color=QUIET, line_dash="dotted", line_width=1.2))
    rows = [(dot, pens[dot.name]) for dot in data.dots]
    singles = _columns([(pen.label, pen.colour, value) for dot, pen in rows for value in dot.singles], "y", "colour", "x")
    plot.scatter("x", "y", source=singles, size=5, color="colour", alpha=0.35)
    spans = [(pen.label, pen.colour, 5 if pen.strong else 3, *dot.interval) for dot, pen in rows if dot.interval is not None]
    ends = _columns(spans, "y", "colour", "width", "low", "high")
    plot.segment("low", "y", "high", "y", source=ends, color="colour", line_width="width")
    means = [(pen.label, pen.colour, 13 if pen.strong else 9, dot.value, dot.note) for dot, pen in rows if dot.value is not None]
    source = _columns(means, "y", "colour", "size", "x", "note")
    marks = plot.scatter("x", "y", source=source, size="size", color="colour", line_color=PAPER, line_width=1.5)
    plot.add_tools(HoverTool(renderers=[marks], tooltips=[("", "@y: @note")]))
    why = _columns([(pen.label, pen.colour, dot.note) for dot, pen in rows if dot.value is None], "y", "colour", "note")
    place = inside(data.x, math.inf)
    words = {"text_align": "right", "text_baseline": "middle", "text_font": {"value": _FONT}, "text_font_size": "13px"}
    plot.text(place, "y", source=why, text="note", text_color="colour", **words)
    return plot


def _columns(rows: Sequence[tuple[Any, ...]], *names: str) -> ColumnDataSource:
    """Turn rows into a table that glyphs draw all at once."""
    return ColumnDataSource({name: [row[i] for row in rows] for i, name in enumerate(names)})


def _frame(x: Axis, y: Axis | None, height: int, **more: Any) -> Any:
    across = {"y_axis_type": y.scale, "y_range": Range1d(start=y.low, end=y.high)} if y is not None else {}
    plot: Any = bokeh_figure(
        height=height,
        sizing_mode="stretch_width",
        x_axis_type=x.scale,
        x_range=Range1d(start=x.low, end=x.high),
        tools="pan,box_zoom,wheel_zoom,reset,save",
        active_scroll=None,
        background_fill_color=PAPER,
        border_fill_color=PAPER,
        outline_line_color=None,
        **across,
        **more,
    )
    plot.toolbar.logo, plot.toolbar.autohide = None, True
    plot.xaxis.axis_label = x.label
    plot.yaxis.axis_label = y.label if y is not None else None
    for side, of in ((plot.xaxis, x), (plot.yaxis, y)):
        side.axis_label_text_font, side.axis_label_text_font_style = _FONT, "normal"
        side.major_label_text_font, side.major_label_text_font_size = _FONT, "12px"
        side.axis_label_text_color, side.major_label_text_color, side.axis_line_color = QUIET, INK, GRID
        side.axis_label_text_font_size, side.major_tick_line_color, side.minor_tick_line_color = "13px", GRID, None
        if of is not None and of.scale == "log":
            side.formatter = BasicTickFormatter(precision=6) if of.ticks else LogTickFormatter(min_exponent=4)
        if of is not None and of.ticks:
            side.ticker = FixedTicker(ticks=list(of.ticks))
            side.major_label_overrides = {tick: f"{tick:.3g}" for tick in of.ticks}
    if x.scale == "linear" and not x.ticks:
        plot.xaxis.ticker.desired_num_ticks = 5  # with labels such as 40000 more of them run together on a telephone
    plot.grid.grid_line_color = GRID
    if y is None:
        plot.ygrid.grid_line_color = None
    return plot


def _band(plot: Any, line: Line, pen: Pen) -> list[Any]:
    if not line.low:
        return []
    band = plot.varea(
        x=list(line.x), y1=list(line.low), y2=list(line.high), fill_color=pen.colour, fill_alpha=0.22 if pen.strong else 0.07
    )
    return [band]


def _curve(plot: Any, line: Line, pen: Pen, *, markers: bool) -> list[Any]:
    source = ColumnDataSource({"x": list(line.x), "y": list(line.y)})
    drawn = [
        plot.line("x", "y", source=source, color=pen.colour, width=pen.width, dash=pen.dash, alpha=1.0 if pen.strong else 0.85)
    ]
    if markers:
        drawn.append(plot.scatter("x", "y", source=source, color=pen.colour, size=6 if pen.strong else 4))
    return drawn


def _marks(plot: Any, line: Line, pen: Pen) -> list[Any]:
    drawn: list[Any] = []
    if line.marked is not None:
        x, y = line.marked
        drawn.append(
            plot.scatter([x], [y], size=14 if pen.strong else 11, fill_color=None, line_color=pen.colour, line_width=2.5)
        )
    if line.crosses:
        xs, ys = zip(*line.crosses, strict=True)
        drawn.append(plot.scatter(list(xs), list(ys), marker="x", size=11, color=pen.colour, line_width=2.5))
    return drawn


def _ending(line: Line) -> float:
    return line.y[-1] if line.y else float("inf")
