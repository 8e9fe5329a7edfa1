"""Two plans side by side as a picture: both curves, and below them how far they are apart."""

from __future__ import annotations

import textwrap
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from annealing.core.difference import Difference, RecipeDifference
from annealing.report.canvas import STYLE, png_of, scaled, whole_numbers
from annealing.report.differences import difference_figure, difference_line, parts
from annealing.report.figures import Axis
from annealing.report.palette import COLOURS, QUIET
from annealing.report.plans import heights

_POINTS = 2000
_LEGEND = 96  # characters of a plan that fit above a picture
_SPANS = 500  # more than these are a blur


def picture(found: Difference | RecipeDifference) -> bytes:
    r"""Draw both curves and their difference, for every hyper-parameter that both set; return the bytes of a PNG.

    >>> import annealing as an
    >>> picture(an.diff(an.cosine(), an.linear(), over=100))[:4]
    b'\x89PNG'
    """
    named = parts(found)
    with matplotlib.rc_context(STYLE):
        figure: Any = Figure(figsize=(10, 6.4 * max(1, len(named))), dpi=120, layout="constrained")
        whole = figure.subfigures(max(1, len(named)), 1, squeeze=False).flat
        for part, (name, one) in zip(whole, named, strict=False):
            _part(part, name, one)
        return png_of(figure)


def _part(part: Any, name: str, found: Difference) -> None:
    data = difference_figure(found, name, points=_POINTS)
    upper, lower = part.subplots(2, 1, sharex=True, height_ratios=[2.2, 1])
    part.suptitle("\n".join(textwrap.wrap(str(found), 104)), x=0.012, ha="left", fontsize=11, fontweight="bold")
    texts = (f"the first: {found.a}", f"the second: {found.b}")
    for line, text, colour, dash in zip(data.lines, texts, COLOURS, ("-", "--"), strict=False):
        upper.plot(line.x, line.y, dash, color=colour, linewidth=2.2, label=textwrap.shorten(text, _LEGEND, placeholder=" …"))
    scaled(upper, Axis("", data.x.low, data.x.high), data.y)
    upper.set_ylim(data.y.low, data.y.high + 0.06 * (data.y.high - data.y.low))
    upper.legend(loc="lower left", bbox_to_anchor=(0, 1), frameon=False, fontsize=9, borderaxespad=0.2, labelcolor=QUIET)
    apart = difference_line(found, points=_POINTS)
    lower.axhline(0, color=QUIET, linewidth=1)
    lower.plot(apart.x, apart.y, color=COLOURS[3], linewidth=1.8)
    for begin, end in found.spans[:_SPANS]:
        lower.axvspan(begin, end, color=COLOURS[3], alpha=0.08, linewidth=0)
    height = heights("second − first", [*apart.y, 0.0])
    scaled(lower, data.x, None)
    room = 0.08 * (height.high - height.low) or 1.0
    lower.set(ylim=(height.low - room, height.high + room), ylabel=height.label)
    whole_numbers(lower)
