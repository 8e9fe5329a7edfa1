"""What there is to see of two plans side by side: both curves, their numbers, and in a terminal both in one picture."""

from __future__ import annotations

import math
from typing import Any

from rich.text import Text

from annealing.core.difference import Difference, RecipeDifference, name_of
from annealing.report.figures import Axis, Line, Lines
from annealing.report.plans import heights, plan_line
from annealing.report.terminal import columns_of, drawn, framed

COLOURS = ("cyan", "dark_orange")
"""The colours of both curves, where a terminal has colours."""
_SECOND = "o"  # what the second curve is made of, so that it is told from the first without any colour


def parts(found: Difference | RecipeDifference) -> tuple[tuple[str, Difference], ...]:
    """List what was compared, by name: a plan's learning rate, or every hyper-parameter of a recipe.

    >>> import annealing as an
    >>> [name for name, _ in parts(an.diff(an.cosine(), an.linear(), over=10))]
    ['learning rate']
    """
    if isinstance(found, Difference):
        return (("learning rate", found),)
    return tuple((name_of(pattern, name), one) for pattern, name, one in found.parts)


def difference_figure(found: Difference, name: str = "learning rate", points: int = 400) -> Lines:
    """Return both curves over the same axes, the first one first."""
    lines = (plan_line(found.a, "the first", points, found.over), plan_line(found.b, "the second", points, found.over))
    y = heights(name, [value for line in lines for value in line.y])
    return Lines(name, str(found), Axis(found.unit, 0.0, found.over), y, lines)


def difference_line(found: Difference, points: int = 400) -> Line:
    """Return the second curve minus the first."""
    a, b = (dict(zip(line.x, line.y, strict=True)) for line in difference_figure(found, points=points).lines)
    times = tuple(sorted({*a, *b}))
    return Line("the second minus the first", times, tuple(float(found.b(t)) - float(found.a(t)) for t in times))


def to_dict(found: Difference | RecipeDifference, points: int = 1000) -> dict[str, Any]:
    """Return what `anneal diff --json` prints: every number, with null where there is none.

    >>> import annealing as an
    >>> to_dict(an.diff(an.cosine(), an.linear(), over=10))["same"]
    False
    """
    if isinstance(found, RecipeDifference):
        rows = [{"groups": pattern, "name": name, **to_dict(one, points)} for pattern, name, one in found.parts]
        alone = {"only_first": list(found.only_a), "only_second": list(found.only_b)}
        return {"same": found.same, "says": str(found), "plans": rows, **alone}
    t, a, b = found.largest
    largest = {"at": t, "first": a, "second": b, "apart": found.apart, "share_of_peak": found.share}
    curves = difference_figure(found, points=points).lines
    told = {
        "first": str(found.a),
        "second": str(found.b),
        "same": found.same,
        "says": str(found),
        "over": found.over,
        "unit": found.unit,
        "every_update": found.exact,
        "tolerance": found.tolerance,
        "peak": found.peak,
        "first_difference": found.first,
        "largest_difference": largest,
        "differs_over": found.spans,
        "first_values": found.firsts,
        "last_values": found.lasts,
        "areas": found.areas,
        "first_curve": list(zip(curves[0].x, curves[0].y, strict=True)),
        "second_curve": list(zip(curves[1].x, curves[1].y, strict=True)),
    }
    return _without_infinities(told)


def overlaid(found: Difference, *, width: int = 80, height: int = 12, braille: bool = True) -> Text:
    """Draw both curves in one frame, whose lower edge is thick where they differ.

    The first is a line of dots; the second is made of "o", wherever the first is not.
    """
    data = difference_figure(found, points=4 * width)
    columns, rows = columns_of(data.y, width), max(2, height)
    first = drawn(data.lines[0], data.x, data.y, columns, rows, braille=braille)
    second = drawn(data.lines[1], data.x, data.y, columns, rows, braille=False)
    body = [
        "".join(a if a != " " else _SECOND if b != " " else " " for a, b in zip(*row, strict=True))
        for row in zip(first, second, strict=True)
    ]
    said = Text(framed(body, data.x, data.y, _rule(found, columns), braille=braille))
    said.highlight_regex("[⠁-⣿*]", COLOURS[0])
    said.highlight_regex(_SECOND, COLOURS[1])
    return said


def _rule(found: Difference, columns: int) -> str:
    """The lower edge: a "=" for every column with an update that differs."""
    rule = ["-"] * columns
    for begin, end in found.spans:
        for column in range(int(begin / found.over * columns), math.ceil(end / found.over * columns)):
            rule[min(column, columns - 1)] = "="
    return "".join(rule)


def _without_infinities(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_infinities(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_infinities(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
