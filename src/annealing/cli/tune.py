"""`anneal tune`: which optimizer, rate and schedule to train a task with, and how sure that is."""

from __future__ import annotations

import json
import re
import shlex
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from annealing.cli.live_tune import live_study, records
from annealing.cli.numbers import whole
from annealing.cli.say import notes, plain, results

if TYPE_CHECKING:
    from annealing.study.tune import EngineName
    from annealing.study.tuned import Tuned

STORE = Path("anneal-studies.db")
"""Where studies are kept when nothing else is said."""


def tune(
    context: typer.Context,
    task: Annotated[
        str, typer.Argument(metavar="TASK", help="A built-in task (digits, text), or your own: my_task.py:task, or a train(run).")
    ],
    strategy: Annotated[
        str, typer.Option(metavar="NAME", help="halving, random, grid, randomgrid, tpe, or any other sampler of Optuna's.")
    ] = "halving",
    engine: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="lockstep (settings stacked into one program), process (one at a time) or ray."),
    ] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="Optimizers to choose from, with commas, in place of the task's own; each is a baseline, too."
        ),
    ] = None,
    updates: Annotated[str | None, typer.Option(metavar="N", help="Length of every run, in updates.")] = None,
    budget: Annotated[str | None, typer.Option(metavar="RUNS", help="How many settings the search tries, by default 64.")] = None,
    seed: Annotated[str | None, typer.Option(metavar="S", help="Seed of the search; by default 0.")] = None,
    seeds: Annotated[str | None, typer.Option(metavar="K", help="Fresh seeds on which the best few are judged.")] = None,
    repeats: Annotated[
        str | None,
        typer.Option(
            metavar="N", help="More seeds from which the best are trained before it is chosen among them; by default 2."
        ),
    ] = None,
    store: Annotated[
        str, typer.Option(metavar="URL", help="Where every point is kept: a file, or postgresql://user@host/database.")
    ] = str(STORE),
    study: Annotated[
        str | None, typer.Option(metavar="NAME", help="The study's name in the store; by default the task's with its optimizers.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the report goes; by default anneal-report/STUDY.")
    ] = None,
    space: Annotated[Path | None, typer.Option(metavar="FILE", help="A space of your own, in YAML.")] = None,
    workers: Annotated[str | None, typer.Option(metavar="N", help="Jobs at a time; by default one per CPU.")] = None,
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="With --engine ray: the cluster to join, in place of one started here."),
    ] = None,
    no_find: Annotated[bool, typer.Option("--no-find", help="Leave the range tests out, and search all rates.")] = False,
    forecast: Annotated[
        bool, typer.Option("--forecast", help="After the first runs, try only what a fitted law expects to end low.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a record per run on stdout, one object a line, the result last.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the verdict and what to use, no progress and no table.")] = False,
    device: Annotated[str, typer.Option(metavar="NAME", help="Where to train: cpu or cuda.")] = "cpu",
) -> int:
    """Search for the setting to train a task with, judge the best few on fresh seeds, and hand over the plan.

    Writes report.html, summary.png, result.json, curves.csv and best.plan. Every point is kept in the store: broken off at any
    time, the same command goes on where it stopped.

    For example:

    - `anneal tune digits`

    - `anneal tune digits --optimizer sgd,adamw --budget 128`

    - `anneal tune my_task.py:task --strategy tpe --store postgresql://me@host/studies`
    """
    from annealing.study.tune import BUDGET, REPEATS  # isort: split
    from annealing.report import html, png
    from annealing.report.files import claimed
    from annealing.report.tuned_files import write_tuned
    from annealing.study.defaults import EVALUATION_SEEDS, UPDATES
    from annealing.study.space import Space
    from annealing.study.tune import tune as search

    del html, png  # what is not installed is said before training, not after it
    named = study or slug("-".join([task, *([optimizer] if optimizer else [])]))
    folder = out if out is not None else Path("anneal-report") / slug(named)
    with claimed(folder):
        with nullcontext(records if as_json else None) if as_json or quiet else live_study(notes()) as listener:
            try:
                tuned = search(
                    task,
                    space=None if space is None else Space.from_yaml(space),
                    strategy=strategy,
                    engine=cast("EngineName | None", engine),
                    optimizer=None if optimizer is None else [name.strip() for name in optimizer.split(",")],
                    updates=whole("--updates", updates) or UPDATES,
                    budget=whole("--budget", budget) or BUDGET,
                    seed=whole("--seed", seed, at_least=0) or 0,
                    repeats=REPEATS if repeats is None else cast("int", whole("--repeats", repeats, at_least=0)),
                    seeds=whole("--seeds", seeds) or EVALUATION_SEEDS,
                    store=store,
                    study=named,
                    workers=whole("--workers", workers),
                    progress=listener,
                    address=address,
                    find=not no_find,
                    forecast=forecast,
                    device=device,
                )
            except KeyboardInterrupt:
                notes().print(f"Interrupted. To go on where it stopped: {context.obj}", soft_wrap=True)
                raise
        write_tuned(tuned, folder, command=str(context.obj))
    say(tuned, folder, as_json=as_json, quiet=quiet, store=store)
    return 0


def say(tuned: Tuned, folder: Path, *, as_json: bool, quiet: bool, store: str) -> None:
    """Print what was found: one record, or the table, the verdict and what to use."""
    from annealing.report.results import table
    from annealing.report.terminal import ranked
    from annealing.report.tuned_files import winner_text

    if as_json:
        plain(json.dumps({"record": "result", **tuned.to_dict()}, ensure_ascii=False, allow_nan=False))
        return
    console = results()
    if not quiet:
        console.print(ranked(table(tuned.confirmed), tuned.best))
        console.print()
    for note in tuned.notes:
        notes().print(note, soft_wrap=True)
    console.print(tuned.verdict, style="bold", soft_wrap=True)
    options = ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in tuned.options.items()
    )
    named = tuned.values.get("optimizer")
    made = " with " + " and ".join(filter(None, [str(named) if named else "", options])) if named or options else ""
    console.print(f"Use {tuned.best}: {winner_text(tuned)}{made}", soft_wrap=True)
    console.print(f"The report is in {folder / 'report.html'}, the plan in {folder / 'best.plan'}", soft_wrap=True)
    if not quiet:
        words = ["anneal", "export", tuned.study, *(["--store", store] if store != str(STORE) else []), "--code", "torch"]
        console.print(f"Code to paste: {shlex.join(words)}", soft_wrap=True)


def slug(text: str) -> str:
    """Return a name for a folder or a study: `my_task.py:task-adamw` becomes `my_task-task-adamw`."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", re.sub(r"\.py\b", "", Path(text).name)).strip("-")
