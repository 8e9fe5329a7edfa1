"""The files of reproduced studies: one page with a verdict, a picture and the numbers of each, and all numbers as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from annealing.report import charts
from annealing.report.figures import Dots, Lines
from annealing.report.files import interrupts_held, write_files
from annealing.report.frame import draw, made_with, render
from annealing.report.palette import COLOURS, pens
from annealing.report.reproduced import drawn, measured, summary, verdicts
from annealing.report.words import duration
from annealing.reproduce.finding import Result

_COLOUR = {
    "reproduced": COLOURS[2],
    "partly": COLOURS[4],
    "not reproduced at this scale": COLOURS[1],
    "shown": COLOURS[0],
}
_FAST = "These are fast forms, which show that the studies run; their verdicts mean nothing."


def write_reproduced(results: Sequence[Result], folder: Path, *, command: str = "") -> tuple[Path, ...]:
    """Write report.html and result.json into `folder`, each complete or not at all.

    Raises `ArgumentError` when the folder cannot be written to.
    """
    with interrupts_held():
        contents = {
            "report.html": reproduced_page(results, command=command).encode(),
            "result.json": (reproduced_json(results) + "\n").encode(),
        }
        return write_files(folder, contents)


def reproduced_json(results: Sequence[Result]) -> str:
    """Return result.json: strict JSON, in which what is no number is null."""
    return json.dumps({"results": [one.to_dict() for one in results]}, indent=1, ensure_ascii=False, allow_nan=False)


def reproduced_page(results: Sequence[Result], *, command: str = "") -> str:
    """Return report.html, which asks the network for nothing."""
    figures = [drawn(result.finding.figure) for result in results]
    drawings, scripts = draw(figures, [_chart(figure) for figure in figures]) if figures else ([], "")
    return render(
        "reproduced.html",
        title="What the papers claim, run again",
        facts=f"{len(results)} {'study' if len(results) == 1 else 'studies'}, each with the criterion written before its result",
        verdict=summary(results),
        notes=[_FAST] if any(result.scale == "fast" for result in results) else [],
        table=verdicts(results),
        sections=[
            {
                "result": result,
                "figure": figure,
                "table": measured(result),
                "colour": _COLOUR[result.verdict],
                "seconds": duration(result.seconds),
            }
            for result, figure in zip(results, drawings, strict=True)
        ],
        scripts=scripts,
        colours=_COLOUR,
        command=command or "anneal reproduce --all",
        repeat=made_with(),
    )


def _chart(figure: Lines | Dots) -> Any:
    if isinstance(figure, Lines):
        names = [line.name for line in figure.lines]
        return charts.lines(figure, pens(names, names[0] if names else ""), height=380)
    names = [dot.name for dot in figure.dots]
    return charts.dots(figure, pens(names, names[0]))
