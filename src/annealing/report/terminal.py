"""A plan's curve and the ranked table in a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from rich.table import Table as RichTable
from rich.text import Text

from annealing.report.figures import Axis, Line, Table
from annealing.report.plans import heights
from annealing.report.words import number

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # Unicode braille: a bit per dot, by column and row
_BLANK = 0x2800
_WORDS = {"", "schedule", "arm", "verdict", "study", "claim", "what was measured", "target", "met"}
"""Columns that are written from the left."""
_BLOCKS, _SIGNS = "▁▂▃▄▅▆▇█", "_.:-=+*#"


def curve(line: Line, x: Axis, y: Axis, *, width: int = 80, height: int = 12, braille: bool = True) -> str:
    """Draw a line as text, `width` characters wide and `height` rows high, with its axes.

    >>> print(curve(Line("linear", (0, 10), (1, 0)), Axis("t", 0, 10), Axis("rate", 0, 1), width=16, height=3))
        1 ┤⠑⠢⣀
          │   ⠑⠢⢄
        0 ┤      ⠉⠢⢄
          └─────────
           0      10

    With `braille=False` it uses plain characters, for terminals and files that know no Unicode.
    """
    columns = columns_of(y, width)
    return framed(drawn(line, x, y, columns, max(2, height), braille=braille), x, y, "-" * columns, braille=braille)


def columns_of(y: Axis, width: int) -> int:
    """Return how many columns are left for the curve, beside the numbers of its axis."""
    return max(8, width - _margin(y) - 2)


def drawn(line: Line, x: Axis, y: Axis, columns: int, rows: int, *, braille: bool) -> list[str]:
    """Draw a line alone, row by row from the top; all rows are `columns` wide."""
    per_column, per_row = (2, 4) if braille else (1, 1)
    dots = _rasterised(line, x, y, columns * per_column, rows * per_row)
    return _as_braille(dots, columns, rows) if braille else _as_plain(dots, columns, rows)


def framed(body: Sequence[str], x: Axis, y: Axis, rule: str, *, braille: bool) -> str:
    """Put axes around what was drawn; where the `rule` below it has a "=" its line is a thick one."""
    margin = _margin(y)
    tick, bar, corner = ("┤", "│", "└") if braille else ("+", "|", "+")
    labels = {0: number(y.high, 3), len(body) - 1: number(y.low, 3)}
    lines = [f"{labels.get(row, ''):>{margin}} {tick if row in labels else bar}{text}".rstrip() for row, text in enumerate(body)]
    first, last = number(x.low, 6), number(x.high, 6)
    foot = first + " " * max(1, len(rule) - len(first) - len(last)) + last
    below = rule.replace("-", "─").replace("=", "━") if braille else rule
    return "\n".join([*lines, " " * margin + f" {corner}{below}", " " * (margin + 2) + foot])


def sparkline(values: Sequence[float], *, blocks: bool = True) -> str:
    """Draw values as one row of blocks, from zero unless they stay far above it.

    >>> sparkline([0.0, 0.5, 1.0, 1.0, 0.25]), sparkline([0.0, 0.5, 1.0, 1.0, 0.25], blocks=False)
    ('▁▅██▃', '_=##:')
    """
    signs = _BLOCKS if blocks else _SIGNS
    y = heights("", values)
    return "".join(signs[_place(value, y, len(signs))] if math.isfinite(value) else " " for value in values)


def _margin(y: Axis) -> int:
    return max(5, *(len(number(label, 3)) + 2 for label in (y.low, y.high)))


def ranked(table: Table, best: str, *, at: int = 1) -> RichTable:
    """Turn a ranked table into one that Rich can print, the line whose column `at` says `best` in bold."""
    drawn = RichTable(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in table.columns:
        words = column in _WORDS
        drawn.add_column(column, justify="left" if words else "right", no_wrap=column in ("rate", "arm", "final loss"))
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row), style="bold" if row[at] == best else None)
    return drawn


def rows(table: Table) -> RichTable:
    """Turn a table of names and what they say into one that Rich can print, without a head."""
    drawn = RichTable.grid(padding=(0, 3, 0, 0))
    for row in table.rows:
        drawn.add_row(*(Text(cell, style="dim" if place == 0 else "") for place, cell in enumerate(row)))
    return drawn


def _rasterised(line: Line, x: Axis, y: Axis, columns: int, rows: int) -> set[tuple[int, int]]:
    """The dots that the line touches; row 0 is the top."""
    points = [
        (_place(a, x, columns), rows - 1 - _place(b, y, rows)) for a, b in zip(line.x, line.y, strict=True) if math.isfinite(b)
    ]
    dots = set(points)
    for (x0, y0), (x1, y1) in pairwise(points):
        steps = max(abs(x1 - x0), abs(y1 - y0))
        dots.update((x0 + round((x1 - x0) * i / steps), y0 + round((y1 - y0) * i / steps)) for i in range(1, steps))
    return dots


def _place(value: float, axis: Axis, cells: int) -> int:
    share = (value - axis.low) / (axis.high - axis.low) if axis.high > axis.low else 0.0
    return round(min(max(share, 0.0), 1.0) * (cells - 1))


def _as_braille(dots: set[tuple[int, int]], columns: int, rows: int) -> list[str]:
    cells = [[_BLANK] * columns for _ in range(rows)]
    for column, row in dots:
        cells[row // 4][column // 2] |= _DOTS[column % 2][row % 4]
    return ["".join(chr(cell) for cell in row).replace(chr(_BLANK), " ") for row in cells]


def _as_plain(dots: set[tuple[int, int]], columns: int, rows: int) -> list[str]:
    return ["".join("*" if (column, row) in dots else " " for column in range(columns)) for row in range(rows)]
