"""A forecast as a picture: losses above, rates below."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from annealing.curves import Curve
from annealing.report.canvas import STYLE, png_of, scaled, whole_numbers
from annealing.report.figures import Axis
from annealing.report.forecasts import Expected, loss_figure, rate_figure
from annealing.report.palette import COLOURS, QUIET


def picture(pilots: Sequence[Curve], expected: Expected, doubts: Sequence[str] = ()) -> bytes:
    r"""Draw the pilots, what is expected of the run with its band, and all rates; return the bytes of a PNG.

    >>> import annealing as an, numpy as np
    >>> seen = Curve([0, 50, 90], [4.0, 3.0, 2.5], (0.1 * an.cosine()).over(100), "pilot")
    >>> ahead = Expected("ahead", (0.1 * an.linear()).over(200), 200, np.array([100, 199]), *np.ones((3, 2)))
    >>> picture([seen], ahead)[:4]
    b'\x89PNG'
    """
    losses, rates = loss_figure(pilots, expected), rate_figure(pilots, expected)
    with matplotlib.rc_context(STYLE):
        figure: Any = Figure(figsize=(11, 7.2), dpi=120, layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2.6, 1])
        title = textwrap.wrap(losses.caption, 100) + [line for doubt in doubts for line in textwrap.wrap(f"But {doubt}", 130)[:2]]
        figure.suptitle("\n".join(title[:1]), x=0.012, ha="left", fontsize=13, fontweight="bold")
        if title[1:]:
            upper.set_title("\n".join(title[1:6]), fontsize=9, fontweight="normal", color=QUIET)
        for place, (line, rate) in reversed(list(enumerate(zip(losses.lines, rates.lines, strict=True)))):
            colour, first = COLOURS[place % len(COLOURS)], place == 0
            label = textwrap.shorten(line.name, 90, placeholder=" …")
            if line.low:
                upper.fill_between(line.x, line.low, line.high, color=colour, alpha=0.18, linewidth=0)
            upper.plot(line.x, line.y, color=colour, linewidth=2.4 if first else 1.2, alpha=1.0 if first else 0.8, label=label)
            lower.plot(rate.x, rate.y, color=colour, linewidth=2.4 if first else 1.2, alpha=1.0 if first else 0.8)
        handles, labels = upper.get_legend_handles_labels()
        upper.legend(handles[::-1], labels[::-1], loc="upper right", frameon=False, fontsize=9, labelcolor=QUIET)
        scaled(upper, Axis("", losses.x.low, losses.x.high), losses.y)
        scaled(lower, losses.x, rates.y)
        whole_numbers(lower)
        return png_of(figure)
