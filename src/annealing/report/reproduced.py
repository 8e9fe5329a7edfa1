"""Results of studies as figures and tables: what was measured beside what was asked for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from annealing.report.figures import Axis, Dot, Dots, Line, Lines, Table
from annealing.report.ranges import axis
from annealing.report.words import around, count, duration, number
from annealing.reproduce.finding import Curves, Figure, Means, Result, Statistic

_EARLY = 0.1  # of a run falls so steeply that showing it would hide every difference
_MET = {True: "yes", False: "no", None: ""}


def drawn(figure: Figure) -> Lines | Dots:
    """Turn a study's figure into one that can be drawn, with axes that hold what matters."""
    return _lines(figure) if isinstance(figure, Curves) else _dots(figure)


def measured(result: Result) -> Table:
    """Write one line per statistic: the value, its interval, the target, and whether it was met."""
    return Table(
        columns=("what was measured", "value", "target", "met"),
        rows=tuple((_named(one), _value(one), one.target, _MET[one.met]) for one in result.finding.statistics),
    )


def verdicts(results: Sequence[Result]) -> Table:
    """Write one line per study."""
    return Table(
        columns=("study", "claim", "verdict", "targets met", "seconds"),
        rows=tuple(
            (result.name, result.title, result.verdict, _targets(result), number(result.seconds, 2)) for result in results
        ),
    )


def summary(results: Sequence[Result]) -> str:
    """Say in one sentence how many studies came to which verdict.

    >>> summary([])
    'Nothing was run.'
    """
    if not results:
        return "Nothing was run."
    kinds = ("reproduced", "partly", "not reproduced at this scale", "shown")
    found = [(kind, sum(result.verdict == kind for result in results)) for kind in kinds]
    said = ", ".join(f"{number(times)} {kind}" for kind, times in found if times)
    seconds = duration(math.fsum(result.seconds for result in results))
    return f"{count(len(results), 'study').replace('studys', 'studies')} in {seconds}: {said}."


def _targets(result: Result) -> str:
    met = [one.met for one in result.finding.statistics if one.met is not None]
    return f"{sum(met)} of {len(met)}" if met else "–"


def _named(one: Statistic) -> str:
    return f"{one.name} ({one.detail})" if one.detail else one.name


def _value(one: Statistic) -> str:
    return number(one.value) if not math.isfinite(one.value) else around(one.value, one.interval)


def _lines(figure: Curves) -> Lines:
    lines = tuple(Line(line.name, line.x, line.y, line.low, line.high) for line in figure.lines if line.x)
    xs = [x for line in lines for x in line.x]
    early = min(xs, default=0.0) + _EARLY * (max(xs, default=0.0) - min(xs, default=0.0))
    late = [y for line in lines for x, y in zip(line.x, line.y, strict=True) if figure.log or x > early]
    x = _spaced(figure.x, xs, log="x" in figure.log, margin=0.0)
    return Lines(figure.title, figure.caption, x, _spaced(figure.y, late, log="y" in figure.log, margin=0.06), lines)


def _dots(figure: Means) -> Dots:
    dots = tuple(
        Dot(mean.name, mean.value, mean.interval, mean.singles, around(mean.value, mean.interval))
        if math.isfinite(mean.value)
        else Dot(mean.name, None, None, (), "diverged")
        for mean in figure.means
    )
    seen = [
        value for dot in dots for value in (*(dot.interval or ()), *dot.singles, *((dot.value,) if dot.value is not None else ()))
    ]
    reference = [] if figure.reference is None else [figure.reference]
    return Dots(figure.title, figure.caption, axis(figure.x, [*reference, *seen]), dots, figure.reference)


def _spaced(label: str, values: Iterable[float], *, log: bool, margin: float) -> Axis:
    finite = [value for value in values if math.isfinite(value) and (value > 0 or not log)]
    low, high = min(finite, default=1.0 if log else 0.0), max(finite, default=1.0)
    if log:
        factor = (high / low) ** margin if high > low else 2.0
        return Axis(label, low / factor, high * factor, "log")
    room = (high - low) * margin if high > low else 1.0
    return Axis(label, low - room, high + room)
