"""`anneal reproduce`: run what the papers claim, and print the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from annealing.cli.numbers import whole
from annealing.cli.say import notes, plain, results
from annealing.core.errors import ArgumentError

if TYPE_CHECKING:
    from annealing.reproduce.finding import Result, Scale
    from annealing.reproduce.study import Study


def reproduce(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Studies, by the names that --list shows.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the studies, with the claim that each one tries.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Run all of them.")] = False,
    fast: Annotated[
        bool, typer.Option("--fast", help="Only show that they run, in seconds: such a verdict means nothing.")
    ] = False,
    seed: Annotated[str | None, typer.Option(metavar="S", help="Every random number follows from it; by default 0.")] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Real loss curves, for studies that look at them; they decide nothing.")
    ] = None,
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Studies at a time; by default one per CPU with --all, else 1.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the report goes; by default anneal-report/reproduce-NAME.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON on stdout, and nothing else there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the verdicts, no progress and no numbers.")] = False,
) -> int:
    """Run what the papers claim: each study has a criterion that was written before its result, and can fail it.

    Writes report.html and result.json. Ctrl-C keeps the studies that are complete.

    For example:

    - `anneal reproduce --list`

    - `anneal reproduce sgdr`

    - `anneal reproduce --all --out evidence`
    """
    from annealing.reproduce.catalogue import NAMES, studies, study

    if list_:
        _list(studies())
        return 0
    if everything == bool(names):
        wrong = "--all runs every study, so name none" if everything else "name a study, such as sgdr, or write --all"
        raise ArgumentError(f"{wrong}; anneal reproduce --list shows all {len(NAMES)}.")
    from_seed = whole("--seed", seed, at_least=0) or 0
    at_a_time = whole("--workers", workers)
    chosen = studies() if everything else tuple(study(name) for name in names or ())
    from annealing.reproduce.workers import cores

    if at_a_time is None:
        at_a_time = cores() if everything else 1
    from annealing.report.files import claimed
    from annealing.report.reproduced_files import reproduced_json, write_reproduced

    folder = out if out is not None else Path("anneal-report") / ("reproduce" if everything else f"reproduce-{chosen[0].name}")
    with claimed(folder):
        done, interrupted = _run(
            chosen, fast=fast, seed=from_seed, data=data, workers=at_a_time, console=None if quiet else notes()
        )
        write_reproduced(done, folder, command=str(context.obj))
    if as_json:
        plain(reproduced_json(done))
    else:
        _print(done, folder, numbers=not quiet, interrupted=interrupted)
    return 130 if interrupted else 0


def _run(
    chosen: Sequence[Study], *, fast: bool, seed: int, data: Path | None, workers: int, console: Console | None
) -> tuple[list[Result], bool]:
    """Run the studies, and return results in their order; what is complete when it is interrupted is kept, if anything is."""
    from annealing.reproduce.running import reproduce_all

    done: list[Result] = []
    status = (
        console.status(f"{len(chosen)} studies, {workers} at a time") if console is not None and console.is_terminal else None
    )

    def begin(place: int, study: Study) -> None:
        if status is not None:
            status.update(f"{place + 1} of {len(chosen)}: {study.title}")

    try:
        with status if status is not None else nullcontext():
            scale: Scale = "fast" if fast else "full"
            for result in reproduce_all(chosen, scale=scale, seed=seed, data=data, begin=begin, workers=workers):
                done.append(result)
                if status is not None and workers > 1:
                    status.update(f"{len(done)} of {len(chosen)} done, {workers} at a time")
                if console is not None and len(chosen) > 1:
                    said = f"{len(done)} of {len(chosen)}: {result.name}, {result.verdict}, {result.seconds:.0f} s"
                    console.print(said, soft_wrap=True)
    except KeyboardInterrupt:
        if not done:
            raise
        return _in_order(done, chosen), True
    return _in_order(done, chosen), False


def _in_order(done: Sequence[Result], chosen: Sequence[Study]) -> list[Result]:
    places = {study.name: place for place, study in enumerate(chosen)}
    return sorted(done, key=lambda result: places[result.name])


def _list(found: Sequence[Study]) -> None:
    console = results()
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for study in found:
        table.add_row(Text(study.name, style="bold"), Text.assemble(study.title, "\n", (study.source, "dim")))
    console.print(table)
    console.print(f"{len(found)} studies. Try: anneal reproduce {found[0].name}", soft_wrap=True)


def _print(done: Sequence[Result], folder: Path, *, numbers: bool, interrupted: bool) -> None:
    from annealing.report.reproduced import measured, summary, verdicts
    from annealing.report.terminal import ranked

    console = results()
    if numbers and len(done) == 1:
        console.print(f"{done[0].title} ({done[0].source})", style="bold", soft_wrap=True)
        console.print(f"Asked beforehand: {done[0].criterion}", soft_wrap=True)
        console.print(ranked(measured(done[0]), ""))
        for note in done[0].finding.notes:
            console.print(note, soft_wrap=True)
        console.print(f"Stands on {done[0].finding.seeds}.", soft_wrap=True)
    elif numbers:
        console.print(ranked(verdicts(done), "", at=0))
    if any(result.scale == "fast" for result in done):
        console.print("In their fast form studies only show that they run: the verdict means nothing.", soft_wrap=True)
    if interrupted:
        console.print("Interrupted: only studies that were complete are counted.")
    console.print(summary(done) if len(done) > 1 else f"{done[0].name}: {done[0].verdict}", style="bold", soft_wrap=True)
    console.print(f"The report is in {folder / 'report.html'}", soft_wrap=True)
