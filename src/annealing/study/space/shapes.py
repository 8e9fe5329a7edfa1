"""Schedule families as a space names them, and how their parameters make a schedule of peak 1."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, final

from annealing.core.checks import number
from annealing.core.composition import chain
from annealing.core.errors import ArgumentError, KindError
from annealing.core.families import inverse_sqrt
from annealing.core.length import LengthLike
from annealing.core.phases import cooldown, cosine, exponential, hold, linear, polynomial, warmup
from annealing.core.schedule import Schedule
from annealing.core.text import parse
from annealing.study.space.dimension import Value
from annealing.study.space.names import SHAPE_NAMES

_PLACE = re.compile(r"\{([A-Za-z_]\w*)\}")


@final
class Family(NamedTuple):
    """A family by name: which parameters it takes, and what follows the warm-up, given them."""

    takes: tuple[str, ...]
    after_warmup: Callable[[Mapping[str, Any]], Schedule]


def _tail(given: Mapping[str, Any]) -> LengthLike:
    return length("cooldown", given.get("cooldown", 0.2)) or 0


FAMILIES: dict[str, Family] = {
    "constant": Family(("warmup",), lambda given: hold()),
    "linear": Family(("warmup", "floor"), lambda given: linear(to=given.get("floor", 0.0))),
    "cosine": Family(("warmup", "floor"), lambda given: cosine(to=given.get("floor", 0.0))),
    "polynomial": Family(
        ("warmup", "floor", "power"), lambda given: polynomial(to=given.get("floor", 0.0), power=given.get("power", 2.0))
    ),
    "exponential": Family(("warmup", "floor"), lambda given: exponential(to=given.get("floor", 0.01))),
    "wsd": Family(
        ("warmup", "cooldown", "floor"), lambda given: chain(hold(), cooldown(_tail(given), to=given.get("floor", 0.0)))
    ),
    "trapezoid": Family(
        ("warmup", "cooldown", "floor"), lambda given: chain(hold(), linear(_tail(given), to=given.get("floor", 0.0)))
    ),
    "inverse_sqrt": Family(("warmup",), lambda given: inverse_sqrt(length("warmup", given.get("warmup", 0.1)) or "10%")),
}
"""Families that a space may name with parameters of their own; any other word or text of the language stands for itself."""


def shape(values: Mapping[str, Value]) -> Schedule:
    """Return the schedule of peak 1 that the values of a candidate make; a run without `schedule` has a constant one.

    >>> shape({"schedule": "cosine", "warmup": 0.025, "floor": 0.1}), shape({"schedule": "wsd", "cooldown": 200})
    (chain(warmup("2.5%"), cosine(to=0.1)), chain(hold(), cooldown(200)))
    >>> shape({"schedule": "sgdr"}), shape({"schedule": "chain(warmup({rise}), cosine(to={end}))", "rise": 100, "end": 0.2})
    (repeat(cosine(), 4, growth=2), chain(warmup(100), cosine(to=0.2)))

    In a text, `{name}` is replaced by the value of that name.

    Raises an `AnnealingError` for a text that cannot be read, or a parameter that the schedule does not take.
    """
    named = values.get("schedule", "constant")
    given = {name: values[name] for name in SHAPE_NAMES if name in values}
    if isinstance(named, str) and named in FAMILIES:
        family = FAMILIES[named]
        _refuse_others(named, given, family.takes)
        rise = length("warmup", given.get("warmup", 0))
        numbers = {name: value if name in ("warmup", "cooldown") else number(name, value) for name, value in given.items()}
        after = family.after_warmup(numbers)
        return chain(warmup(rise), after) if rise is not None else after
    text = str(named)
    _refuse_others(text, given, placeholders(text))
    read = parse(_PLACE.sub(lambda found: _written(found[1], values), text))
    if not isinstance(read, Schedule):
        raise KindError(
            f"schedule={text!r} is a {type(read).__name__.lower()}: the study sets the run's length, so leave .over(…) away."
        )
    return read


def placeholders(text: Value) -> tuple[str, ...]:
    """Return the names that stand in braces in a schedule's text.

    >>> placeholders("chain(warmup({rise}), cosine(to={end}))")
    ('rise', 'end')
    """
    return tuple(dict.fromkeys(_PLACE.findall(text))) if isinstance(text, str) else ()


def length(name: str, value: Value) -> LengthLike | None:
    """Return a length as the algebra knows it: whole numbers are updates, others shares of the run; None for none at all.

    >>> length("warmup", 0.05), length("warmup", 100), length("warmup", 0), length("warmup", "2ep")
    ('5%', 100, None, '2ep')
    """
    if isinstance(value, str):
        return value
    if value < 0 or (value >= 1 and not isinstance(value, int)):
        raise ArgumentError(f"{name}={value!r} is neither a share of the run nor a count: write 0.05 for 5 %, or whole updates.")
    if value == 0:
        return None
    return value if isinstance(value, int) else f"{100 * value:.12g}%"


def _written(name: str, values: Mapping[str, Value]) -> str:
    if name not in values:
        raise ArgumentError(f"the schedule needs {{{name}}}, which is not there: give the space a dimension {name!r}.")
    value = values[name]
    if name in ("warmup", "cooldown"):
        value = length(name, value)
        return "0" if value is None else f"{value!r}"
    return str(value) if isinstance(value, str) else repr(value)


def _refuse_others(schedule: str, given: Mapping[str, Value], takes: tuple[str, ...]) -> None:
    for name in given:
        if name not in takes:
            having = [family for family, one in FAMILIES.items() if name in one.takes]
            raise ArgumentError(
                f'{name} means nothing to the schedule {schedule}: write only={{"schedule": {having!r}}} for {name}, '
                f"or {{{name}}} into the text of a schedule."
            )
