"""One colour per arm, the same in every figure of a report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

COLOURS = ("#175d9b", "#bc4519", "#00aa5c", "#7122c1", "#d18300", "#638def", "#af678a", "#494643", "#612206", "#203152")
"""Ten colours that stay apart for readers without red, green or blue cones, dark enough for text on white.

Found by search: the smallest CIE76 distance between any two, under simulated protanopia, deuteranopia and
tritanopia (Machado et al., 2009), is 20; the smallest contrast to white is 3.0 (WCAG 2 for figures).
"""

DASHES = ("solid", "dashed", "dotted", "dotdash")
"""From the eleventh arm on the colours come again with another dash (Bokeh's words for them)."""

_ROOM = 30  # characters of a name that figures have room for

INK, QUIET, GRID, PAPER = "#1f2328", "#5f6770", "#e3e6ea", "#ffffff"
"""Text, less important text, grid lines, background."""


@final
@dataclass(frozen=True)
class Pen:
    """How an arm is drawn: its name where there is little room, its colour, its dash, and whether it is the one to look at."""

    label: str
    colour: str
    dash: str
    strong: bool

    @property
    def width(self) -> float:
        """Line width in pixels."""
        return 3.2 if self.strong else 1.6


def pens(names: Iterable[str], best: str = "") -> dict[str, Pen]:
    """Give each name a pen; it depends on the set of names only, not on their ranks.

    >>> pens(["wsd", "cosine"])["wsd"] == pens(["cosine", "wsd"])["wsd"]
    True
    """
    known = sorted(set(names))
    labels = _short(known)
    return {
        name: Pen(labels[name], COLOURS[i % len(COLOURS)], DASHES[i // len(COLOURS) % len(DASHES)], name == best)
        for i, name in enumerate(known)
    }


def _short(names: Iterable[str]) -> dict[str, str]:
    """Cut long names in the middle, as their ends often differ; names that become equal are numbered."""
    labels: dict[str, str] = {}
    for name in names:
        head = name if len(name) <= _ROOM else f"{name[: _ROOM // 2]}…{name[-(_ROOM // 2) :]}"
        twins = sum(other.startswith(head) for other in labels.values())
        labels[name] = f"{head} ({twins + 1})" if twins and head in labels.values() else head
    return labels
