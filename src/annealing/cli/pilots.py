"""Pilots as people name them on the command line: files of logs, and what the logs do not say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from annealing.core.errors import ArgumentError
from annealing.curves import Curve, read
from annealing.curves.rates import BEFORE
from annealing.report.words import count

Pilots = Annotated[
    list[Path],
    typer.Argument(
        metavar="PILOT…", help="Logs of two or three runs: .csv (step,lr,loss), .jsonl, trainer_state.json, TensorBoard."
    ),
]
Rate = Annotated[
    list[str] | None,
    typer.Option(
        metavar="EXPR", help="The rate that the pilots were trained with, where logs do not say it: for all, or one each."
    ),
]
Before = Annotated[
    str | None, typer.Option(metavar="WORD", help="What the rate was before the first log: linear (a warm-up from 0) or hold.")
]
Loss = Annotated[str, typer.Option(metavar="NAME", help="The name under which the loss was logged.")]
Level = Annotated[float, typer.Option(metavar="SHARE", help="The probability that intervals hold the loss with.")]


def pilots_of(files: Sequence[Path], rate: Sequence[str] | None, before: str | None, loss: str) -> list[Curve]:
    """Read every pilot.

    Raises `ArgumentError` for a file that holds no curve, or whose rate nothing says.
    """
    given = list(rate or ())
    if len(given) not in (0, 1, len(files)):
        raise ArgumentError(f"{len(given)} rates for {len(files)} pilots: write one --rate for all of them, or one for each.")
    if before is not None and before not in BEFORE:
        raise ArgumentError(f"--before {before} is unknown: write --before linear or --before hold.")
    each = given * len(files) if len(given) == 1 else given or [None] * len(files)
    return [_pilot(file, one, before, loss) for file, one in zip(files, each, strict=True)]


def _pilot(file: Path, rate: str | None, before: str | None, loss: str) -> Curve:
    try:
        curve = read(file, loss=loss, rate=rate, before=before)
    except ArgumentError as error:
        said = str(error).replace("before='", "--before '").replace("loss='", "--loss '").replace("rate='", "--rate '")
        raise ArgumentError(said) from error
    except OSError as error:
        raise ArgumentError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise ArgumentError(f"{file} is no text: give a log as .csv or .jsonl, trainer_state.json or event files.") from None
    if curve.rate is None:
        raise ArgumentError(
            f"{file} does not log its rate: write --rate '3e-4 * chain(warmup(2000), cosine)', as it was trained."
        )
    return curve


def facts_of(pilots: Sequence[Any]) -> list[dict[str, Any]]:
    """What the pilots were, for machines."""
    return [pilot._asdict() for pilot in pilots]


def told(table: Table, pilots: Sequence[Any], doubts: Sequence[str]) -> None:
    """Add what the forecast rests on, and what speaks against it, to a table of facts."""
    points = sum(pilot.points for pilot in pilots)
    longest = max(pilot.updates for pilot in pilots)
    table.add_row("rests on", f"{count(len(pilots), 'pilot')}, {count(points, 'point')}, up to {count(longest, 'update')}")
    for place, doubt in enumerate(doubts):
        table.add_row("do not trust it:" if place == 0 else "", doubt, style="bold" if place == 0 else None)
