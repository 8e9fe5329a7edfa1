"""What the pages of this package share: the frame around them, their templates, and what they were made with."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata, resources
from typing import Any, final

import jinja2
from bokeh.embed import components
from bokeh.resources import Resources
from markupsafe import Markup

from annealing.report.palette import GRID, INK, QUIET


@final
@dataclass(frozen=True)
class Drawn:
    """A figure as a template wants it: words, and the place where Bokeh puts the chart."""

    title: str
    caption: str
    chart: Markup


def draw(figures: Iterable[Any], models: Iterable[Any]) -> tuple[list[Drawn], Markup]:
    """Return every figure with the place of its Bokeh model, and the scripts that fill these places."""
    script, places = components(list(models))
    drawn = [Drawn(of.title, of.caption, Markup(place)) for of, place in zip(figures, places, strict=True)]  # noqa: S704 - Bokeh's own
    return drawn, Markup(Resources(mode="inline", components=["bokeh"]).render() + script)  # noqa: S704 - the same


def render(template: str, **values: Any) -> str:
    """Fill a template of this package; a value that it wants and is not given is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_source),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(template).render(ink=INK, quiet=QUIET, grid_colour=GRID, **values)


def made_with() -> str:
    """Say which versions the numbers of a page depend on."""
    versions = ", ".join(f"{name} {_version(name)}" for name in ("annealing", "torch", "numpy"))
    return f"Made with {versions}, Python {platform.python_version()} on {platform.machine()}."


def _source(name: str) -> str:
    return resources.files("annealing.report").joinpath(name).read_text(encoding="utf-8")


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)  # without importing it
    except metadata.PackageNotFoundError:
        return "(from source)"
