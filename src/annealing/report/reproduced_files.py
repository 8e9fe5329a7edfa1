"""The files of reproduced studies: one page with a verdict, a picture and the numbers of each, and all numbers as JSON."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from bokeh.embed import components
from bokeh.resources import Resources
from markupsafe import Markup

from annealing.report import charts
from annealing.report.figures import Dots, Lines
from annealing.report.files import interrupts_held, write_files
from annealing.report.palette import COLOURS, GRID, INK, QUIET, pens
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
    script, places = components([_chart(figure) for figure in figures]) if figures else ("", ())
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    text = resources.files("annealing.report").joinpath("reproduced.html").read_text(encoding="utf-8")
    return environment.from_string(text).render(
        title="What the papers claim, run again",
        said=summary(results),
        notes=[_FAST] if any(result.scale == "fast" for result in results) else [],
        facts=f"Python {platform.python_version()} on {platform.machine()}",
        table=verdicts(results),
        sections=[
            {
                "result": result,
                "figure": figure,
                "chart": Markup(place),  # noqa: S704 - Bokeh's own
                "table": measured(result),
                "colour": _COLOUR[result.verdict],
                "seconds": duration(result.seconds),
            }
            for result, figure, place in zip(results, figures, places, strict=True)
        ],
        scripts=Markup(Resources(mode="inline", components=["bokeh"]).render() + script),  # noqa: S704 - the same
        colours=_COLOUR,
        ink=INK,
        quiet=QUIET,
        grid_colour=GRID,
        command=command or "anneal reproduce --all",
    )


def _chart(figure: Lines | Dots) -> Any:
    if isinstance(figure, Lines):
        names = [line.name for line in figure.lines]
        return charts.lines(figure, pens(names, names[0] if names else ""), height=380)
    names = [dot.name for dot in figure.dots]
    return charts.dots(figure, pens(names, names[0]))
