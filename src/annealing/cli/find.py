"""`anneal find`: the rate to train a task with, how far it may be changed, and how sure that is."""

from __future__ import annotations

import shlex
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from annealing.cli.numbers import whole
from annealing.cli.say import json_of, notes, plain, results
from annealing.cli.search import live_search

if TYPE_CHECKING:
    from annealing.rangetest import Found


def find(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A built-in task (digits), or your own: my_task.py:task.")],
    optimizer: Annotated[
        str | None, typer.Option(metavar="NAME", help="An optimizer of torch.optim, such as adamw, in place of the task's own.")
    ] = None,
    updates: Annotated[str | None, typer.Option(metavar="N", help="Length of the run that the rate is for, in updates.")] = None,
    schedule: Annotated[
        str | None,
        typer.Option(metavar="EXPR", help="What that run multiplies the rate by; by default a 10 % warm-up and a cosine."),
    ] = None,
    seed: Annotated[str | None, typer.Option(metavar="S", help="Seed of weights, batches and noise; by default 0.")] = None,
    device: Annotated[str, typer.Option(metavar="D", help="Where to train: cpu or cuda.")] = "cpu",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write result.json, rates.png and weights.pt, the answer's trained weights, there."),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the picture of loss against rate here, with the marks of every rule."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout, and nothing else there.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the answer in one line, and no progress.")] = False,
) -> int:
    """Find the rate to train a task with: a short scan, then a few whole runs around the best of it.

    Costs 8.5 whole runs at most, and 100 updates more where a picture is drawn. Leaves with 1 where there is no answer, and
    says why.

    For example:

    - `anneal find digits`

    - `anneal find digits --optimizer adamw --updates 500 --png rates.png`

    - `anneal find my_task.py:task --schedule 'wsd()' --json`
    """
    from annealing.rangetest import find as find_rate  # isort: split
    from annealing.rangetest.search import SCHEDULE, UPDATES
    from annealing.report.files import claimed

    from_seed = whole("--seed", seed, at_least=0)
    if out is not None or png is not None:
        from annealing.report import rates  # what is not installed is said before training, not after it

        del rates
    with claimed(out) if out is not None else nullcontext(), claimed(png.parent) if png is not None else nullcontext():
        with nullcontext() if quiet else live_search(notes()) as progress:
            found = find_rate(
                task,
                optimizer=optimizer,
                updates=whole("--updates", updates) or UPDATES,
                schedule=SCHEDULE if schedule is None else schedule,
                seed=from_seed or 0,
                device=device,
                tick=progress,
            )
            numbers = found.to_dict()
            if out is not None or png is not None:
                numbers["rules"] = _said_by_rules(task, optimizer, from_seed or 0, device)
        _write(found, numbers, out, png)
    if as_json:
        plain(json_of(numbers))
    elif quiet:
        plain(str(found.answer))
    else:
        _print(found, _next(task, optimizer, updates, found))
        if out is not None:
            results().print(f"The numbers, the picture and the weights are in {out}", soft_wrap=True)
    return 1 if found.answer.rate is None else 0


def _said_by_rules(task: str, optimizer: str | None, seed: int, device: str) -> dict[str, float | None]:
    """What every rule reads off a sweep of 100 updates, for the picture: it decides nothing."""
    from annealing.rangetest import RULES, suggest, sweep_task

    sweep = sweep_task(task, optimizer=optimizer, seed=seed, device=device)
    return {rule: suggest(sweep, rule).rate for rule in RULES}


def _write(found: Found, numbers: dict[str, Any], out: Path | None, png: Path | None) -> None:
    if out is None and png is None:
        return
    from annealing.report.files import interrupts_held, write_files
    from annealing.report.rates import picture, rates_figure

    image = picture(rates_figure(numbers, numbers["rules"]))
    with interrupts_held():
        if png is not None:
            write_files(png.parent, {png.name: image})
        if out is not None:
            files = {"result.json": (json_of(numbers) + "\n").encode(), "rates.png": image}
            weights = found.weights()
            write_files(out, files | ({} if weights is None else {"weights.pt": weights}))


def _print(found: Found, following: str) -> None:
    from annealing.report.found import table
    from annealing.report.terminal import rows

    console = results()
    if found.answer.rate is None:
        console.print(str(found.answer), style="bold", soft_wrap=True)
    console.print(rows(table(found.to_dict())))
    for note in found.notes:
        console.print(note, soft_wrap=True)
    if found.answer.rate is not None:
        console.print(f"Next: {following}", soft_wrap=True)


def _next(task: str, optimizer: str | None, updates: str | None, found: Found) -> str:
    words = ["anneal", "compare", task, "--lr", f"{found.answer.rate or 0:.3g}"]
    words += [] if optimizer is None else ["--optimizer", optimizer]
    return shlex.join(words + ([] if updates is None else ["--updates", str(found.updates)]))
