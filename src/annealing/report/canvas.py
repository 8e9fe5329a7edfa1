"""What every picture shares: fonts, lines, axes, and the bytes of a PNG. matplotlib's global settings stay as they are."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from annealing.report.figures import Axis
from annealing.report.palette import GRID, INK, QUIET
from annealing.report.words import number

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.edgecolor": GRID,
    "axes.labelcolor": QUIET,
    "axes.titlelocation": "left",
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.facecolor": "white",
}
"""Settings of a picture, for `matplotlib.rc_context`."""


def scaled(axes: Any, x: Axis, y: Axis | None) -> None:
    """Give both sides their label, scale, limits and ticks; `y` may be left alone."""
    for side, axis in ((axes.xaxis, x), (axes.yaxis, y)):
        if axis is None:
            continue
        side.set_label_text(axis.label)
        (axes.set_xscale if side is axes.xaxis else axes.set_yscale)(axis.scale)
        (axes.set_xlim if side is axes.xaxis else axes.set_ylim)(axis.low, axis.high)
        if axis.scale == "log":
            side.set_major_formatter(FuncFormatter(lambda value, _: number(value, 3)))
            side.set_minor_formatter(
                FuncFormatter(lambda value, _: number(value, 2)) if axis.high / axis.low < 20 else NullFormatter()
            )
        if axis.ticks:
            side.set_major_locator(FixedLocator(list(axis.ticks)))


def whole_numbers(axes: Any) -> None:
    """Write the updates below the picture with spaces between thousands."""
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:,.0f}".replace(",", " ") if value == int(value) else f"{value:g}")
    )


def png_of(figure: Any) -> bytes:
    """Return the bytes of a figure as a PNG."""
    FigureCanvasAgg(figure)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()
