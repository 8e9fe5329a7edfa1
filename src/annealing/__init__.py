"""Own the learning rate for its whole life: describe a schedule once, run it anywhere, compare it honestly."""

from math import inf
from typing import TYPE_CHECKING, Any

from annealing.core.check_rate import check_rate
from annealing.core.combine import maximum, minimum
from annealing.core.composition import chain, lasting, repeat
from annealing.core.diff import diff
from annealing.core.difference import Difference
from annealing.core.errors import AnnealingError
from annealing.core.families import constant, inverse_sqrt, onecycle, sgdr, step, trapezoid, triangular, wsd
from annealing.core.horizon import Horizon
from annealing.core.journal import Branch, Stretch
from annealing.core.length import Length
from annealing.core.marks import formula, knots, stairs, table
from annealing.core.phases import (
    cooldown,
    cosine,
    exponential,
    geometric,
    hold,
    inverse_time,
    jump,
    linear,
    polynomial,
    power,
    warmup,
)
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.registry import register
from annealing.core.schedule import Schedule
from annealing.core.split import split
from annealing.core.text import from_json, parse, to_json

if TYPE_CHECKING:
    from annealing.dialects.translate import translate
    from annealing.rangetest import find
    from annealing.study.compare import compare
    from annealing.study.tune import tune

__version__ = "0.1.0"

__all__ = [
    "AnnealingError",
    "Branch",
    "Difference",
    "Horizon",
    "Length",
    "Plan",
    "Recipe",
    "RecipePlan",
    "Schedule",
    "Stretch",
    "chain",
    "check_rate",
    "compare",
    "constant",
    "cooldown",
    "cosine",
    "diff",
    "exponential",
    "find",
    "formula",
    "from_json",
    "geometric",
    "hold",
    "inf",
    "inverse_sqrt",
    "inverse_time",
    "jump",
    "knots",
    "lasting",
    "linear",
    "maximum",
    "minimum",
    "onecycle",
    "parse",
    "polynomial",
    "power",
    "register",
    "repeat",
    "sgdr",
    "split",
    "stairs",
    "step",
    "table",
    "to_json",
    "translate",
    "trapezoid",
    "triangular",
    "tune",
    "warmup",
    "wsd",
]


def __getattr__(name: str) -> Any:
    """Load what needs PyTorch, or every dialect, when it is first asked for."""
    if name == "compare":
        from annealing.study.compare import compare

        return compare
    if name == "find":
        from annealing.rangetest import find

        return find
    if name == "tune":
        from annealing.study.tune import tune

        return tune
    if name == "translate":
        from annealing.dialects.translate import translate

        return translate
    raise AttributeError(f"module 'annealing' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
