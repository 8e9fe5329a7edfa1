"""The entry point: reads the words, and turns whatever goes wrong into one clear line and an exit status."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from annealing.cli.compare import compare
from annealing.cli.say import error, plain
from annealing.cli.show import show
from annealing.core.errors import AnnealingError

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130

_EXTRAS = {
    "torch": {"torch", "sklearn", "loky", "cloudpickle"},
    "report": {"matplotlib", "bokeh", "jinja2", "markupsafe"},
}
"""What `pip install "annealing[…]"` adds, by the name of the extra."""

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("show")(show)
app.command("compare")(compare)


@app.callback(invoke_without_command=True)
def anneal(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False
) -> None:
    """Describe a learning-rate schedule once, see it, and see by how much it wins.

    - `anneal show '3e-4 * wsd()' --over 100000` draws a schedule

    - `anneal compare digits` trains a real model under ten of them and writes a report
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
        status = app(list(arguments), prog_name="anneal", standalone_mode=False, obj=shlex.join(["anneal", *arguments]))
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


def _verb(arguments: Sequence[str]) -> str:
    return next((f"{word} " for word in arguments if word in ("show", "compare")), "")
