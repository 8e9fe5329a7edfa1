"""`anneal compare`: train a task under several schedules, and say which one wins and by how much."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from annealing.cli.grow import grow
from annealing.cli.live import live_progress
from annealing.cli.numbers import rates_from, whole
from annealing.cli.say import notes, plain, results
from annealing.core.errors import ArgumentError
from annealing.study.result import Comparison

if TYPE_CHECKING:
    from annealing.lockstep.compiled import Compile
    from annealing.study.engines.processes import EngineName


def compare(
    context: typer.Context,
    task: Annotated[str, typer.Argument(metavar="TASK", help="A built-in task (digits, text), or your own: my_task.py:task.")],
    expressions: Annotated[
        list[str] | None, typer.Argument(metavar="EXPR", help="Schedules; without any, ten that people choose between.")
    ] = None,
    lr: Annotated[
        str | None,
        typer.Option(
            metavar="RATES", help="One rate, or several with commas; without it, a grid around the optimizer's usual rate."
        ),
    ] = None,
    updates: Annotated[str | None, typer.Option(metavar="N", help="Length of every run, in updates.")] = None,
    seeds: Annotated[str | None, typer.Option(metavar="K", help="Evaluation seeds: runs behind every number.")] = None,
    optimizer: Annotated[
        str | None, typer.Option(metavar="NAME", help="An optimizer of torch.optim, such as adamw, in place of the task's own.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the report goes; by default anneal-report/TASK or TASK-OPTIMIZER.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout, and nothing else there.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the verdict and where the report is, no progress and no table.")
    ] = False,
    workers: Annotated[str | None, typer.Option(metavar="N", help="Processes that train; by default one per CPU.")] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="lockstep (settings stacked into one program) or process; by default lockstep where it pays."
        ),
    ] = None,
    compile_: Annotated[
        str, typer.Option("--compile", metavar="WHEN", help="Compile stacks: never, auto (if it saves time) or always.")
    ] = "never",
    device: Annotated[str, typer.Option(metavar="NAME", help="Where to train: cpu or cuda.")] = "cpu",
    grow_batch: Annotated[
        bool, typer.Option("--grow-batch", help="Grow the batch instead of decaying the rate: EXPR is the decay to trade.")
    ] = False,
    batch: Annotated[str | None, typer.Option(metavar="B", help="With --grow-batch: samples per update at the start.")] = None,
    epochs: Annotated[
        str | None, typer.Option(metavar="N", help="With --grow-batch: passes over the data, by default 40.")
    ] = None,
) -> int:
    """Train a task under several schedules: each at its own best rate, over several seeds, ranked with intervals.

    Writes report.html, summary.png, result.json and curves.csv. Ctrl-C keeps what is complete.

    For example:

    - `anneal compare digits`

    - `anneal compare digits constant cosine '0.05 * wsd()' --optimizer adamw --updates 500 --seeds 8`

    - `anneal compare my_task.py:task cosine linear --lr 0.01,0.03,0.1 --out my-report`

    - `anneal compare digits --grow-batch`
    """
    from annealing.study.compare import compare as compare_schedules  # isort: split
    from annealing.report import html, png
    from annealing.report.files import as_json as json_of
    from annealing.report.files import claimed, write_comparison
    from annealing.study.defaults import EVALUATION_SEEDS, UPDATES

    rates = None if lr is None else rates_from(lr)
    named = _slug("-".join([task, *([optimizer] if optimizer else []), *(["grow-batch"] if grow_batch else [])]))
    folder = out if out is not None else Path("anneal-report") / named
    if grow_batch:
        if updates is not None:
            raise ArgumentError("--updates differ from arm to arm with --grow-batch: write --epochs, which do not.")
        return grow(
            task,
            expressions or (),
            folder,
            command=str(context.obj),
            rates=rates,
            seeds=whole("--seeds", seeds),
            as_json=as_json,
            quiet=quiet,
            batch=whole("--batch", batch),
            epochs=whole("--epochs", epochs),
            optimizer=optimizer,
            workers=whole("--workers", workers),
        )
    if batch is not None or epochs is not None:
        raise ArgumentError("--batch and --epochs belong to --grow-batch: write --updates N for the length of a run.")
    del html, png  # what is not installed is said before training, not after it
    with claimed(folder):
        with nullcontext() if quiet else live_progress(notes()) as progress:
            comparison = compare_schedules(
                task,
                expressions or None,
                updates=whole("--updates", updates) or UPDATES,
                seeds=whole("--seeds", seeds) or EVALUATION_SEEDS,
                lr=rates,
                optimizer=optimizer,
                workers=whole("--workers", workers),
                progress=progress,
                engine=cast("EngineName | None", engine),
                compile=cast("Compile", compile_),
                device=device,
            )
        write_comparison(comparison, folder, command=str(context.obj))
    if as_json:
        plain(json_of(comparison))
    else:
        _print(comparison, folder, table_too=not quiet)
    return 130 if comparison.interrupted else 0


def _print(comparison: Comparison, folder: Path, *, table_too: bool) -> None:
    from annealing.report.results import table
    from annealing.report.terminal import ranked

    console = results()
    if table_too:
        console.print(ranked(table(comparison), comparison.best))
        console.print()
    for note in comparison.notes:
        notes().print(note, soft_wrap=True)
    if comparison.interrupted:
        console.print("Interrupted: only runs that were complete are counted.")
    console.print(comparison.verdict, style="bold", soft_wrap=True)
    console.print(f"The report is in {folder / 'report.html'}", soft_wrap=True)


def _slug(text: str) -> str:
    """A name for a folder: `my_task.py:task-adamw` becomes `my_task-task-adamw`."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", re.sub(r"\.py\b", "", Path(text).name)).strip("-")
