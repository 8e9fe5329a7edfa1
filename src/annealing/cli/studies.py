"""`anneal studies`, `anneal report` and `anneal export`: what is in a store, and what to make of it."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from annealing.cli.say import json_of, plain, results
from annealing.cli.tune import STORE, say, slug
from annealing.core.errors import ArgumentError

Where = Annotated[str, typer.Option(metavar="URL", help="The store: a file, or postgresql://user@host/database.")]
Name = Annotated[str, typer.Argument(metavar="STUDY", help="A study's name, as `anneal studies` lists it.")]


def studies(
    store: Where = str(STORE), as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON on stdout.")] = False
) -> int:
    """List the studies of a store: what each is about, how far it is, and the lowest loss of its search."""
    from annealing.report.figures import Table
    from annealing.report.terminal import ranked
    from annealing.report.words import number
    from annealing.study.store import open_store

    with open_store(store, create=False) as opened:
        lines = opened.studies()
    if as_json:
        rows = [
            {"name": one.name, "created": one.created, "runs": sum(one.counts), "done": one.counts.done, "lowest": one.best}
            for one in lines
        ]
        plain(json_of({"store": store, "studies": rows}))
        return 0
    if not lines:
        results().print(f"There is no study in {store} yet: anneal tune digits begins one.")
        return 0
    shown = tuple(
        (
            one.name,
            time.strftime("%Y-%m-%d %H:%M", time.localtime(one.created)),
            str(one.definition.get("task", {}).get("the name", "")),
            f"{one.counts.done}/{sum(one.counts)}",
            number(one.best),
        )
        for one in lines
    )
    results().print(ranked(Table(("study", "begun", "task", "runs", "lowest loss"), shown), "", at=0))
    return 0


def report(
    context: typer.Context,
    study: Name,
    store: Where = str(STORE),
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where it goes; by default anneal-report/STUDY.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout, and nothing else there.")] = False,
) -> int:
    """Write the report of a study anew, and print its table; nothing is trained."""
    from annealing.report.files import claimed
    from annealing.report.tuned_files import write_tuned

    folder = out if out is not None else Path("anneal-report") / slug(study)
    tuned = _concluded(study, store)
    with claimed(folder):
        write_tuned(tuned, folder, command=str(context.obj))
    say(tuned, folder, as_json=as_json, quiet=False, store=store)
    return 0


def export(
    study: Name,
    store: Where = str(STORE),
    optuna: Annotated[
        str | None, typer.Option(metavar="URL", help="Copy it into an Optuna storage, such as sqlite:///optuna.db.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print every run of the search, one line each.")] = False,
    code_for: Annotated[
        str | None,
        typer.Option(
            "--code", metavar="TARGET", help="Print the winner as code: torch, transformers, lightning, optax, keras, python."
        ),
    ] = None,
) -> int:
    """Hand a study on: its runs as CSV, the winner as code, or all of it to Optuna."""
    asked = [name for name, given in (("--optuna", optuna), ("--csv", as_csv), ("--code", code_for)) if given]
    if len(asked) != 1:
        raise ArgumentError(
            f"export writes one thing, and {len(asked)} were asked for: write --code torch, --csv or --optuna URL."
        )
    if optuna is not None:
        from annealing.report.words import count
        from annealing.study.definition import search_from
        from annealing.study.search import settled
        from annealing.study.store import open_store
        from annealing.study.strategies.optuna_storage import export_study

        with open_store(store, create=False) as opened:
            record = opened.study(study)
            search, _, _ = search_from(record.definition)
            runs = record.runs()
            trials = export_study(search.narrowed(runs), settled(runs, record.curves()), optuna, study)
        results().print(f"{count(trials, 'new trial')} in {optuna}, study {study}.", soft_wrap=True)
        return 0
    tuned = _concluded(study, store, finished=not as_csv)
    if as_csv:
        plain(_csv(tuned))
        return 0
    from annealing.report.code import code
    from annealing.report.tuned_files import made_by, plan_to_use

    plan = plan_to_use(tuned)
    if plan is None:
        raise ArgumentError(
            f"{tuned.schedule} counts in epochs, whose length is not known here: write its lengths as shares of the run."
        )
    assert code_for is not None
    plain(code(plan, code_for, made=made_by(tuned)))
    return 0


def _concluded(study: str, store: str, *, finished: bool = True) -> Any:
    from annealing.study.store import open_store
    from annealing.study.tune import concluded

    with open_store(store, create=False) as opened:
        return concluded(opened.study(study), opened.address, finished=finished)


def _csv(tuned: Any) -> str:
    text = io.StringIO()
    names = list(dict.fromkeys(name for one in tuned.tried for name in one.values))
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("number", "seed", *names, "loss", "updates", "diverged", "cut", "repeat"))
    for one in tuned.tried:
        values = (one.values.get(name, "") for name in names)
        rows.writerow((one.number, one.seed, *values, one.loss, one.updates, one.diverged, one.cut, one.repeat))
    return text.getvalue()
