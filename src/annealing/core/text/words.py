"""The words of the language: exactly these names, methods and operators."""

from __future__ import annotations

import ast
import difflib
import math
import operator
from collections.abc import Callable
from typing import Any

from annealing.core import composition, families, marks, phases
from annealing.core.combine import maximum, minimum
from annealing.core.errors import ParseError
from annealing.core.horizon import Horizon
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule

_WORDS = {
    composition: ("chain", "repeat", "lasting"),
    phases: (
        "warmup", "hold", "linear", "cosine", "cooldown", "polynomial",
        "exponential", "geometric", "power", "inverse_time", "jump",
    ),
    marks: ("stairs", "table", "knots", "formula"),
    families: ("constant", "step", "wsd", "trapezoid", "onecycle", "sgdr", "triangular", "inverse_sqrt"),
}  # fmt: skip


def _recipe_plan(
    named: dict[str, Plan] | None = None, /, *, groups: dict[str, dict[str, Plan]] | None = None, **hyper: Plan
) -> RecipePlan:
    def pairs(plans: dict[str, Plan]) -> tuple[tuple[str, Plan], ...]:
        if not all(isinstance(plan, Plan) for plan in plans.values()):
            raise ParseError("RecipePlan(…) holds plans: write Recipe(…).over(total) for schedules.")
        return tuple(plans.items())

    return RecipePlan(pairs({**(named or {}), **hyper}), tuple((p, pairs(h)) for p, h in (groups or {}).items()))


WORDS: dict[str, Callable[..., Any]] = {
    **{name: getattr(module, name) for module, names in _WORDS.items() for name in names},
    "minimum": minimum,
    "maximum": maximum,
    "Horizon": Horizon,
    "Recipe": Recipe,
    "RecipePlan": _recipe_plan,
}
NUMBERS: dict[str, Any] = {"inf": math.inf, "rest": "rest"}


def _method(kinds: tuple[type, ...], name: str) -> Callable[..., Any]:
    def call(body: Any, *arguments: Any, **named: Any) -> Any:
        if not isinstance(body, kinds):
            raise ParseError(f".{name}(…) follows {' or '.join(k.__name__.lower() for k in kinds)}, not {body!r}.")
        return getattr(body, name)(*arguments, **named)

    return call


METHODS: dict[str, Callable[..., Any]] = {
    "over": _method((Schedule, Recipe), "over"),
    "every": _method((Schedule,), "every"),
    "clip": _method((Schedule, Plan), "clip"),
    "rounded": _method((Schedule, Plan), "rounded"),
    "branch": _method((Plan,), "branch"),
    "stretch": _method((Plan,), "stretch"),
}


def _negative(value: Any, none: Any) -> Any:
    del none
    return -value


def _as_is(value: Any, none: Any) -> Any:
    del none
    return value


OPERATIONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: _negative,
    ast.UAdd: _as_is,
}


def nearest(name: str) -> str | None:
    """The word that a misspelt one was probably meant to be."""
    close = difflib.get_close_matches(name.lower().replace("-", "_"), WORDS, n=1, cutoff=0.6)
    return close[0] if close else None
