"""What people write on the command line: our language, and other libraries' calls."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from importlib import import_module, util
from typing import Any

from annealing import dialects
from annealing.cli.numbers import length
from annealing.core.errors import ArgumentError, LengthError
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.dialects import Dialect

_CALL = re.compile(r"(?<![\w.])((?:[A-Za-z]\w*\.)*)([A-Za-z]\w*)\s*(?=\()")  # a path with dots, and the name before a bracket


def read(text: str) -> Schedule | Plan | Recipe | RecipePlan:
    """Read a schedule, a plan or a recipe, in our words or in another library's.

    >>> read("wsd(10)")
    chain(warmup(10), hold(), cooldown("20%"))

    Raises `ArgumentError` for what follows a metric, and has no curve of its own; `ParseError` for anything else.
    """
    for path, name in _CALL.findall(text) if isinstance(text, str) else ():
        if ours := _controller(path, name):
            raise ArgumentError(
                f"{path}{name} follows a metric, so it has no curve of its own: show the schedule that it multiplies, such as "
                f"anneal show cosine --over 1000; in Python it is {ours}."
            )
    return dialects.parse(text)


def plan_of(text: str, over: str | None) -> tuple[Plan | RecipePlan, float | None]:
    """Read a plan, and how much of it is to be seen where that is not its run.

    >>> plan_of("cosine", "100")
    (cosine().over(100), None)
    >>> plan_of("torch.StepLR(0.1, 30)", "200")
    ((0.1 * geometric(0.1, per=30).every(30)).over(inf), 200)
    """
    given = read(text)
    asked = None if over is None else length("--over", over)
    if isinstance(given, (Plan, RecipePlan)):
        if asked is None:
            return given, None
        if math.isfinite(given.total) and not dialects.spoken(text):
            raise ArgumentError(f"{text} has a length already: leave --over {over} out.")
        return given, seen(given.unit, asked)
    if asked is not None:
        return given.over(asked), None
    try:
        return given.over(), None
    except LengthError as error:
        raise LengthError(
            f"{text} says nothing about how long the run is: write --over 1000, or your number of updates."
        ) from error


def seen(unit: str, over: float) -> float:
    """Return how much of a plan is looked at: a whole number of updates, or any number of epochs."""
    if math.isinf(over) or (unit != "epochs" and over != int(over)):
        raise LengthError(f"--over {over:g} of a curve cannot be shown: write a whole number of {unit}, such as --over 1000.")
    return over


def about(theirs: Sequence[Dialect]) -> list[str]:
    """Say what a reader should know of other libraries' schedules: what is odd about them, and which were not checked."""
    odd = [f"{row.name}: {row.odd}" for row in theirs if row.odd]
    unverified = [row.name for row in theirs if not row.checked]
    if not unverified:
        return odd
    verb = "is" if len(unverified) == 1 else "are"
    return [*odd, f"{', '.join(unverified)} {verb} unverified: compared with the formula, not with the library itself"]


def marks(theirs: Sequence[Dialect]) -> dict[str, Any]:
    """Return the same for machines; nothing where no other library's schedule was named."""
    rows = [{"name": row.name, "checked": row.checked, "odd": row.odd} for row in theirs]
    return {"dialects": rows} if rows else {}


def _controller(path: str, name: str) -> str:
    """The full name of a controller, or of another library's; nothing where the words name none."""
    if not path:
        from annealing.control.read import WORDS

        return f"annealing.control.{name}" if name in WORDS else ""
    library = path.partition(".")[0]
    if util.find_spec(f"annealing.control.dialects.{library}") is None:
        return ""
    theirs = import_module(f"annealing.control.dialects.{library}")
    known = getattr(getattr(theirs, name, None), "__module__", "") == theirs.__name__
    return f"annealing.control.dialects.{library}.{name}" if known else ""
