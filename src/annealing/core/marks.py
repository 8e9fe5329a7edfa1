"""Schedules given as values at places: stairs, tables, knots; and as a function with a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from annealing.core.checks import number
from annealing.core.ease import ease as ease_named
from annealing.core.errors import ArgumentError, KindError, LengthError
from annealing.core.length import REST, Length, LengthLike
from annealing.core.registry import registered
from annealing.core.schedule import Formula, Knots, Schedule, Table


def stairs(steps: Mapping[LengthLike, float], length: LengthLike = REST) -> Schedule:
    """Hold each value from its mark to the next; before the first mark, stay at the value that was reached.

    >>> import annealing as an
    >>> an.stairs({"50%": 0.1, "75%": 0.01}).over(8).values()
    array([1.  , 1.  , 1.  , 1.  , 0.1 , 0.1 , 0.01, 0.01])

    Arguments: `steps`, marks counted from the beginning of the phase ("%" is a share of its own length) and
    the value from there on. Raises `LengthError` when the marks do not rise or lie beyond the phase.
    """
    return _table(steps, "hold", length)


def table(values: Mapping[LengthLike, float] | Sequence[float], length: LengthLike = REST, *, ease: str = "linear") -> Schedule:
    """Go from value to value: at written marks, or one value per update when given a sequence.

    >>> import annealing as an
    >>> an.table({0: 0.2, 2: 1.0, "100%": 0.0}).over(4).values()
    array([0.2, 0.6, 1. , 0.5])
    >>> an.table([0.1, 0.3, 0.2]).over().values()
    array([0.1, 0.3, 0.2])

    Arguments: `values`, {mark: value} with marks as in `stairs`, or a sequence of one value per update;
    `ease`, how marks are joined ("linear", "cosine", …).
    """
    if isinstance(values, Mapping):
        return _table(values, ease_named(ease).name, length)
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise KindError(f"table({values!r}) holds no values: write {{mark: value}}, or one value per update as [0.1, 0.2].")
    if ease_named(ease).name != "linear":
        raise ArgumentError(f"ease={ease!r} joins marks, and a list has a value for every update: leave it out.")
    listed = [number(f"values[{i}]", value) for i, value in enumerate(values)]
    whole = Length.of(length)
    if whole == REST:
        whole = Length.of(len(listed))
    return _table(dict(enumerate(listed)), "hold", whole)


def knots(values: Mapping[float, float], length: LengthLike = REST, *, ease: str = "linear") -> Schedule:
    """Go from value to value at times counted in updates, which may fall between two of them.

    >>> import annealing as an
    >>> an.knots({0: 0.0, 2.5: 1.0, 5: 0.0}).over(5).values()
    array([0. , 0.4, 0.8, 0.8, 0.4])

    Arguments: `values`, {time: value} with rising times; before the first and after the last the value stays.
    For marks in shares of the run, see `table`. Raises `LengthError` when the times do not rise.
    """
    if not isinstance(values, Mapping):
        raise KindError(f"knots({values!r}) has no times: write {{time: value}}, such as knots({{0: 0.1, 300: 1.0}}).")
    times = [number("time", t) for t in values]
    if not times or any(b <= a for a, b in pairwise(times)):
        raise LengthError(f"the times of knots must rise, not {times}: write knots({{0: 0.1, 300: 1.0, 999: 0.0}}).")
    return Knots(
        tuple(times), tuple(number(f"value at {t:g}", v) for t, v in values.items()), ease_named(ease).name, Length.of(length)
    )


def formula(name: str, length: LengthLike = REST, **arguments: float) -> Schedule:
    """Use a function of local time that was registered under a name (see `register`).

    >>> import annealing as an
    >>> @an.register("docs.sawtooth")
    ... def sawtooth(t: float, period: float) -> float:
    ...     return 1 - (t % period) / period
    >>> an.formula("docs.sawtooth", period=2).over(4).values()
    array([1. , 0.5, 1. , 0.5])

    Raises `KindError` for a function that has no name yet.
    """
    if not isinstance(name, str):
        raise KindError(
            f"{name!r} has no name, and text can hold only names: register it with @register('mine'), then formula('mine')."
        )
    registered(name)
    return Formula(name, tuple(sorted((key, number(key, value)) for key, value in arguments.items())), Length.of(length))


def _table(marks: Mapping[LengthLike, float], between: str, length: LengthLike) -> Schedule:
    if not isinstance(marks, Mapping):
        raise KindError(f'stairs({marks!r}) has no marks: write {{mark: value}}, such as stairs({{"50%": 0.1}}).')
    if not marks:
        raise LengthError('a table needs at least one mark: write stairs({"50%": 0.1}).')
    places = tuple(Length.of(mark) for mark in marks)
    for mark in places:
        if mark.unit == "fr":
            raise LengthError(f'{mark} is not a mark: write a count or a share such as "60%".')
    for a, b in pairwise(places):
        if a.unit == b.unit and b.amount <= a.amount:
            raise LengthError(f"the marks of a table must rise: {b} comes after {a}.")
    return Table(
        places, tuple(number(f"value at {m}", v) for m, v in zip(places, marks.values(), strict=True)), between, Length.of(length)
    )
