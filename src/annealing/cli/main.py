"""The entry point: reads the words, and turns whatever goes wrong into one clear line and an exit status."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

import typer

from annealing.cli.compare import compare
from annealing.cli.design import design
from annealing.cli.diff import diff
from annealing.cli.find import find
from annealing.cli.forecast import forecast
from annealing.cli.list import list_
from annealing.cli.reproduce import reproduce
from annealing.cli.say import error, plain
from annealing.cli.show import show
from annealing.cli.studies import export, report, studies
from annealing.cli.tune import tune
from annealing.core.errors import AnnealingError, TrainingError

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130

_EXTRAS = {
    "tune": {"sqlalchemy", "alembic", "optuna", "yaml"},
    "torch": {"torch", "sklearn", "loky", "cloudpickle"},
    "report": {"matplotlib", "bokeh", "jinja2", "markupsafe"},
}
"""What `pip install "annealing[…]"` adds, by the name of the extra."""

_MINUS = re.compile(r"-\s*(?:[\d.(]|[A-Za-z_][\w.]*\s*[(*/+])|-\s")
"""How a schedule with a minus before it begins: `-1 * cosine()`, `-(…)`, `-cosine()`, `-cosine * 2`, `- cosine`."""
_FLAGS = {"--json", "--quiet", "--grow-batch", "--all", "--fast", "--list", "--no-find", "--forecast", "--csv"}
"""Options that take no value, so that the word after them is one of its own."""

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("show")(show)
app.command("diff")(diff)
app.command("list")(list_)
app.command("find")(find)
app.command("compare")(compare)
app.command("tune")(tune)
app.command("studies")(studies)
app.command("report")(report)
app.command("export")(export)
app.command("forecast")(forecast)
app.command("design")(design)
app.command("reproduce")(reproduce)


@app.callback(invoke_without_command=True)
def anneal(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False
) -> None:
    """Describe a learning-rate schedule once, see it, and see by how much it wins.

    - `anneal show '3e-4 * wsd()' --over 100000` draws a schedule

    - `anneal diff cosine linear --over 1000` shows where two differ

    - `anneal list` shows everything there is

    - `anneal find digits` finds the rate to train with

    - `anneal compare digits` trains a real model under ten of them and writes a report

    - `anneal tune digits` searches for the optimizer, rate and schedule to train with, and says how sure that is

    - `anneal forecast a.csv b.csv --schedule '3e-4 * wsd' --over 40000` says what the loss of a run will be

    - `anneal design a.csv b.csv --over 40000` finds the schedule with the lowest

    - `anneal reproduce --all` runs what the papers claim, and says what holds
    """
    if version:
        plain(str(sys.modules["annealing"].__version__))  # the package that this file is in; no floor imports the roof
        raise typer.Exit
    if context.invoked_subcommand is None:
        plain(context.get_help())


def main() -> None:
    """Run the command line and leave with its status: 0 done, 1 failed, 2 bad input, 130 interrupted."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    try:
        words = [_as_text(word, before) for before, word in pairwise(("", *arguments))]
        status = app(words, prog_name="anneal", standalone_mode=False, obj=shlex.join(["anneal", *arguments]))
    except TrainingError as failed:
        error(failed)
        return FAILED
    except AnnealingError as bad:
        error(bad)
        return BAD_INPUT
    except typer.TyperException as bad:
        error(f"{bad.format_message().rstrip('.')}. See anneal {_verb(arguments)}--help.")
        return BAD_INPUT
    except ModuleNotFoundError as missing:
        library = (missing.name or "").partition(".")[0]
        extras = [extra for extra, libraries in _EXTRAS.items() if library in libraries]
        if not extras:
            raise
        wanted = "torch,report" if extras == ["torch"] else extras[0]  # training without a report is of no use
        error(f'this needs {library}, which is not installed: pip install "annealing[{wanted}]".')
        return BAD_INPUT
    except KeyboardInterrupt:
        error("interrupted.")
        return INTERRUPTED
    except Exception as bug:
        if os.environ.get("ANNEAL_TRACEBACK"):
            raise
        error(f"failed: {type(bug).__name__}: {bug}. Set ANNEAL_TRACEBACK=1 to see where, and please report it.")
        return FAILED
    if status == INTERRUPTED:  # Typer turns a Ctrl-C that nobody else took into this
        error("interrupted.")
    return status if isinstance(status, int) else 0


def _as_text(word: str, before: str) -> str:
    """Let a schedule that begins with a minus be no option: one is a dash and a letter, or two dashes."""
    takes_value = before.startswith("--") and "=" not in before and before not in _FLAGS
    return f" {word}" if _MINUS.match(word) and not takes_value else word


def _verb(arguments: Sequence[str]) -> str:
    verbs = {command.name for command in app.registered_commands}
    return next((f"{word} " for word in arguments if word in verbs), "")
