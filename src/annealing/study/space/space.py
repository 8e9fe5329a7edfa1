"""A space: the hyper-parameters that a study looks through, each with what it may be and when it is there."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, final

import numpy as np

from annealing.core.errors import ArgumentError, KindError
from annealing.study.space.dimension import Choice, Dimension, Value, conditions
from annealing.study.space.names import place_of

Values = dict[str, Value]
Alternatives = tuple[Dimension, ...]


@final
@dataclass(frozen=True, init=False)
class Space:
    """Hyper-parameters by name, each one dimension, or several with conditions of which one holds at a time.

    >>> from annealing.study.space import Choice, Log, Uniform
    >>> space = Space({
    ...     "optimizer": Choice(["sgd", "adamw"]),
    ...     "lr": [Log(0.01, 1, only={"optimizer": "sgd"}), Log(1e-4, 1e-2, only={"optimizer": "adamw"})],
    ...     "momentum": Uniform(0.8, 0.98, only={"optimizer": "sgd"}),
    ... })
    >>> space.sample(np.random.default_rng(0))
    {'optimizer': 'adamw', 'lr': 0.000346396}

    Arguments: `dimensions`, {name: dimension, several of them, or one value that is fixed}. Their order says nothing.

    Raises `ArgumentError` or `KindError` where there are none, where a condition names what is not there or no choice,
    or where two dimensions of one name hold at once.
    """

    dimensions: tuple[tuple[str, Alternatives], ...]

    def __init__(self, dimensions: Mapping[str, Dimension | Sequence[Dimension] | Value]) -> None:
        if not isinstance(dimensions, Mapping):
            raise KindError(f'Space({dimensions!r}) is no mapping: write Space({{"lr": Log(1e-4, 1)}}).')
        if not dimensions:
            raise ArgumentError('Space({}) holds nothing to look through: write Space({"lr": Log(1e-4, 1)}).')
        named = {name: _alternatives(name, given) for name, given in dimensions.items()}
        _check_conditions(named)
        object.__setattr__(self, "dimensions", tuple((name, named[name]) for name in _in_order(named)))
        for values in self.branches():
            for name, _ in self.dimensions:
                self._active(name, values)

    @classmethod
    def from_yaml(cls, source: str | Path) -> Space:
        """Read a space from YAML, a text or the path of a file: see `annealing.study.space.plain.from_yaml`."""
        from annealing.study.space.plain import from_yaml

        return from_yaml(source)

    def to_yaml(self) -> str:
        """Write the space as YAML, which `from_yaml` reads back to the same space."""
        from annealing.study.space.plain import to_yaml

        return to_yaml(self)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Space:
        """Return the space that `to_dict` wrote."""
        from annealing.study.space.plain import from_plain

        return from_plain(given)

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into JSON."""
        from annealing.study.space.plain import to_plain

        return to_plain(self)

    @property
    def names(self) -> tuple[str, ...]:
        """The hyper-parameters, each after those that its conditions name."""
        return tuple(name for name, _ in self.dimensions)

    def __getitem__(self, name: str) -> Alternatives:
        """Return the dimensions of a name; raises `ArgumentError` for one that is not there."""
        found = dict(self.dimensions).get(name)
        if found is None:
            raise ArgumentError(f"the space has no {name!r}{_nearest(name, self.names)}: it has {', '.join(self.names)}.")
        return found

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def sample(self, rng: np.random.Generator) -> Values:
        """Draw one value of every hyper-parameter that is there, logarithmically where the dimension says so."""
        shares = {name: float(rng.random()) for name in self.names}  # for all: what is there moves nothing else
        return self.at(shares)

    def at(self, shares: Mapping[str, float]) -> Values:
        """Return the values at a share (from 0 to 1) of every dimension; those that are not there are left out."""
        values: Values = {}
        for name in self.names:
            dimension = self._active(name, values)
            if dimension is not None:
                values[name] = dimension.at(shares[name])
        return values

    def active(self, values: Mapping[str, Value]) -> dict[str, Dimension]:
        """Return the dimension of every name that is there, given the values of those that conditions name."""
        found = {name: self._active(name, values) for name in self.names}
        return {name: dimension for name, dimension in found.items() if dimension is not None}

    def check(self, values: Mapping[str, Value]) -> None:
        """Refuse values that the space cannot give: a name too many or too few, or a value outside its range."""
        dimensions = self.active(values)
        for name in values:
            if name not in dimensions:
                raise ArgumentError(f"{name}={values[name]!r} has no place in the space beside {_rest(values, name)}.")
        for name, dimension in dimensions.items():
            if name not in values:
                raise ArgumentError(f"{name} is missing beside {_rest(values, name)}: the space has {dimension}.")
            if not dimension.contains(values[name]):
                raise ArgumentError(f"{name}={values[name]!r} lies outside the space, which has {dimension}.")

    def contains(self, values: Mapping[str, Value]) -> bool:
        """Whether the space could give these values."""
        try:
            self.check(values)
        except ArgumentError:
            return False
        return True

    def branches(self, *also: str) -> Iterator[Values]:
        """Yield every combination of the values of those choices that conditions name, and of others by name."""
        parents = {name for _, listed in self.dimensions for one in listed for name in conditions(one)} | {*also}
        yield from self._branches([name for name in self.names if name in parents], {})

    def _branches(self, names: Sequence[str], chosen: Values) -> Iterator[Values]:
        if not names:
            yield chosen
            return
        dimension = self._active(names[0], chosen)
        if dimension is None:
            yield from self._branches(names[1:], chosen)
        else:
            for value in dimension.grid(1):
                yield from self._branches(names[1:], {**chosen, names[0]: value})

    def _active(self, name: str, values: Mapping[str, Value]) -> Dimension | None:
        found = [one for one in dict(self.dimensions)[name] if all(values.get(on) in of for on, of in conditions(one).items())]
        if len(found) > 1:
            raise ArgumentError(
                f"{name} has {len(found)} dimensions where {_rest(values, name)}: give them conditions that part them."
            )
        return found[0] if found else None

    def replaced(self, name: str, *dimensions: Dimension) -> Space:
        """Return the space with other dimensions of one name (with none: without it)."""
        others: dict[str, Any] = {other: listed for other, listed in self.dimensions if other != name}
        return Space(others | ({name: dimensions} if dimensions else {}))

    def narrowed(self, name: str, low: float, high: float, *, beyond: bool = False, **where: Value) -> Space:
        """Return the space with the range of one name from `low` to `high`, everywhere or only where others have a value.

        A range stays within its old ends, and as it was where it has nothing in common with the new one, unless it may go
        `beyond` them.

        >>> from annealing.study.space import Choice, Log
        >>> space = Space({"optimizer": Choice(["sgd", "adamw"]), "lr": Log(1e-5, 1)})
        >>> [(one.low, one.high, one.only) for one in space.narrowed("lr", 0.01, 0.1, optimizer="sgd")["lr"]]
        [(0.01, 0.1, (('optimizer', ('sgd',)),)), (1e-05, 1.0, (('optimizer', ('adamw',)),))]

        Raises `ArgumentError` for a name that is not there, one that has no range, or an empty range.
        """
        inside: list[Dimension] = []
        outside: list[Dimension] = []
        for one in self[name]:
            if any(value not in conditions(one).get(on, (value,)) for on, value in where.items()):
                outside.append(one)
                continue
            if isinstance(one, Choice):
                raise ArgumentError(f"{name} is a choice of {', '.join(map(str, one.values))}: it has no range to narrow.")
            ends = (low, high) if beyond or low >= high else (max(low, one.low), min(high, one.high))
            if not beyond and low < high and ends[0] >= ends[1]:
                ends = one.low, one.high
            inside.append(replace(one, low=ends[0], high=ends[1], only={**conditions(one), **where}))
            outside += (replace(one, only=only) for only in self._elsewhere(conditions(one), where))
        return self.replaced(name, *inside, *outside)

    def _elsewhere(self, only: dict[str, tuple[Value, ...]], where: Mapping[str, Value]) -> Iterator[dict[str, Any]]:
        """Yield conditions that together hold where `only` does and `where` does not."""
        for on, value in where.items():
            known = only.get(on) or tuple(dict.fromkeys(v for one in self[on] for v in one.grid(1)))
            if rest := tuple(other for other in known if other != value):
                yield {**only, on: rest}
            only = {**only, on: (value,)}

    def grid(self, levels: int | Mapping[str, int] = 5) -> Grid:
        """Return all combinations of `levels` values of every range (or so many by name) and all values of choices."""
        return Grid(self, levels)


@final
class Grid(Sequence[Values]):
    """Every point of a grid over a space, counted and reached by its place, never all made at once.

    >>> from annealing.study.space import Choice, Log, Uniform
    >>> sgd = {"optimizer": "sgd"}
    >>> space = Space({"optimizer": Choice(["sgd", "adam"]), "lr": Log(0.01, 1), "momentum": Uniform(0, 0.9, only=sgd)})
    >>> grid = space.grid(3)
    >>> len(grid), grid[0], grid[-1]
    (12, {'optimizer': 'sgd', 'lr': 0.01, 'momentum': 0.0}, {'optimizer': 'adam', 'lr': 1.0})
    """

    def __init__(self, space: Space, levels: int | Mapping[str, int] = 5) -> None:
        def listed(name: str, dimension: Dimension) -> tuple[Value, ...]:
            return dimension.grid(levels if isinstance(levels, int) else levels.get(name, 5))

        self._parts: list[dict[str, tuple[Value, ...]]] = []
        for branch in space.branches():
            there = space.active(branch)
            self._parts.append({name: (branch[name],) if name in branch else listed(name, one) for name, one in there.items()})
        self._counts = [math.prod(len(values) for values in part.values()) for part in self._parts]

    def __len__(self) -> int:
        return sum(self._counts)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        rest = place + len(self) if place < 0 else place
        if not 0 <= rest < len(self):
            raise IndexError(f"the grid has {len(self)} points, so none at place {place}.")
        for part, count in zip(self._parts, self._counts, strict=True):
            if rest < count:
                return _point(part, rest)
            rest -= count
        raise AssertionError

    def __iter__(self) -> Iterator[Values]:
        for part in self._parts:
            for values in product(*part.values()):
                yield dict(zip(part, values, strict=True))


def _point(part: Mapping[str, tuple[Value, ...]], place: int) -> Values:
    """Return the point at a place of one branch, the last name running fastest."""
    values: Values = {}
    for name, listed in reversed(list(part.items())):
        place, own = divmod(place, len(listed))
        values[name] = listed[own]
    return {name: values[name] for name in part}


def _alternatives(name: Any, given: Any) -> Alternatives:
    if not isinstance(name, str) or not name:
        raise KindError(f'{name!r} is no name: write Space({{"lr": Log(1e-4, 1)}}).')
    if isinstance(given, Dimension):
        return (given,)
    if isinstance(given, list | tuple) and given and all(isinstance(one, Dimension) for one in given):
        return tuple(given)
    if isinstance(given, list | tuple):
        raise KindError(
            f"{name}={given!r} is no dimension: write Choice({list(given)!r}) to choose, or Log(low, high) for a range."
        )
    return (Choice((given,)),)


def _check_conditions(named: Mapping[str, Alternatives]) -> None:
    for name, listed in named.items():
        for on, values in (pair for one in listed for pair in conditions(one).items()):
            if on not in named:
                raise ArgumentError(
                    f"{name} is there only for {on}={_or(values)}, but the space has no {on!r}{_nearest(on, named)}."
                )
            choices = [one for one in named[on] if isinstance(one, Choice)]
            if len(choices) < len(named[on]):
                raise ArgumentError(
                    f"{name} is there only for {on}={_or(values)}, but {on} is a range: conditions are on choices."
                )
            there = [value for one in choices for value in one.values]
            for value in values:
                if value not in there:
                    raise ArgumentError(
                        f"{name} is there only for {on}={value!r}, which {on} never is{_nearest(str(value), map(str, there))}: "
                        f"it is {_or(there)}."
                    )


def _in_order(named: Mapping[str, Alternatives]) -> list[str]:
    """Return the names, each after those that its conditions name, else in the order of all names."""
    done: list[str] = []
    while len(done) < len(named):
        ready = [n for n in named if n not in done and all(on in done for one in named[n] for on in conditions(one))]
        if not ready:
            left = [name for name in named if name not in done]
            raise ArgumentError(f"the conditions of {' and '.join(left)} wait for each other: take one away.")
        done.append(min(ready, key=place_of))
    return done


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _or(values: Sequence[Value]) -> str:
    return " or ".join(map(str, values))


def _rest(values: Mapping[str, Value], name: str) -> str:
    return ", ".join(f"{other}={value}" for other, value in values.items() if other != name) or "nothing else"
