"""Figures as data: what is drawn, before anything draws it. Numbers and words only, no colour and no library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

Scale = Literal["linear", "log"]


@final
@dataclass(frozen=True)
class Axis:
    """What one axis measures, how it is spaced, the part of it that is shown, and where its numbers stand (empty: anywhere)."""

    label: str
    low: float
    high: float
    scale: Scale = "linear"
    ticks: tuple[float, ...] = ()


@final
@dataclass(frozen=True)
class Line:
    """A curve with a name, and around it the band from `low` to `high` where several seeds give one.

    `marked` is the place on the line that the figure is about (a chosen rate); `crosses` are places where
    a run was lost: the last point seen before it diverged.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    marked: tuple[float, float] | None = None
    crosses: tuple[tuple[float, float], ...] = ()


@final
@dataclass(frozen=True)
class Lines:
    """Curves over the same axes; the first is the one to look at."""

    title: str
    caption: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]


@final
@dataclass(frozen=True)
class Dot:
    """A mean with its interval, the single values behind it, and in words what a reader should take from it."""

    name: str
    value: float | None
    interval: tuple[float, float] | None
    singles: tuple[float, ...]
    note: str


@final
@dataclass(frozen=True)
class Dots:
    """One mean per row, best on top, with a line at `reference` to compare with."""

    title: str
    caption: str
    x: Axis
    dots: tuple[Dot, ...]
    reference: float | None = None


@final
@dataclass(frozen=True)
class Table:
    """Words and numbers in rows, already written the way a reader sees them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
