"""A space as plain data, which JSON and YAML hold, and as the YAML that people write."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from annealing.core.errors import AnnealingError, ArgumentError, KindError
from annealing.study.space.dimension import Choice, Dimension, Log, Uniform, Value, Whole, conditions
from annealing.study.space.space import Space

_NUMBER = re.compile(r"[+-]?(\d[\d_]*\.?\d*|\.\d+)([eE][+-]?\d+)?")  # YAML 1.1 reads 1e-4 as a word
_KINDS = ("log", "uniform", "whole", "choice")
_KEYS = (*_KINDS, "only")


def to_plain(space: Space) -> dict[str, Any]:
    """Return the space as mappings, lists, numbers and words.

    >>> to_plain(Space({"lr": Log(1e-3, 1), "optimizer": Choice(["sgd", "adam"]), "floor": 0}))
    {'optimizer': ['sgd', 'adam'], 'lr': {'log': [0.001, 1.0]}, 'floor': 0}
    """
    listed = {name: [_plain(one) for one in alternatives] for name, alternatives in space.dimensions}
    return {name: plain[0] if len(plain) == 1 else plain for name, plain in listed.items()}


def from_plain(given: Any) -> Space:
    """Return the space that plain data describes.

    A value is fixed, a list of values is a choice; ranges are `{log: [low, high]}`, `{uniform: [low, high]}` and
    `{whole: [low, high], log: true}`; `only: {name: value or list of values}` beside one is its condition, and a list of such
    mappings gives one name several dimensions.

    >>> from_plain({"optimizer": ["sgd", "adam"], "lr": {"log": ["1e-4", 1]}}).names
    ('optimizer', 'lr')

    Raises an `AnnealingError` that names the hyper-parameter for anything else.
    """
    if not isinstance(given, Mapping):
        raise KindError(f"{_shown(given)} is no space: write one line for each hyper-parameter, such as lr: {{log: [1e-4, 1]}}.")
    return Space({_name(name): _read(_name(name), entry) for name, entry in given.items()})


def from_yaml(source: str | Path) -> Space:
    """Read a space from YAML, a text or the path of a file.

    >>> from_yaml('''
    ... optimizer: [sgd, adamw]
    ... lr: {log: [1e-4, 1]}
    ... momentum: {uniform: [0.8, 0.98], only: {optimizer: sgd}}
    ... ''').names
    ('optimizer', 'lr', 'momentum')

    Raises `ArgumentError` for a file that cannot be read and text that is no YAML, else as `from_plain`.
    """
    try:
        text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
        return from_plain(yaml.load(text, _Loader))  # noqa: S506 - a SafeLoader, which besides refuses a key that is there twice
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentError(f"the space in {source} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or "it is no YAML"
        raise ArgumentError(f"the space cannot be read{where}: {what}: write lines such as lr: {{log: [1e-4, 1]}}.") from error


def to_yaml(space: Space) -> str:
    """Write a space as YAML, one line for each dimension.

    >>> print(to_yaml(Space({"optimizer": Choice(["sgd", "adam"]), "lr": Log(1e-3, 1), "floor": 0})), end="")
    optimizer: [sgd, adam]
    lr: {log: [0.001, 1.0]}
    floor: 0
    """
    lines: list[str] = []
    for name, entry in to_plain(space).items():
        several = isinstance(entry, list) and isinstance(entry[0], dict)
        lines += [f"{_flow(name)}:", *(f"- {_flow(one)}" for one in entry)] if several else [f"{_flow(name)}: {_flow(entry)}"]
    return "\n".join(lines) + "\n"


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        names = [key.value for key, _ in node.value]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise yaml.MarkedYAMLError(problem=f"{twice} is there twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep=deep)


def _flow(value: Any) -> str:
    written = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=math.inf)
    return written.removesuffix("...\n").strip()


def _plain(dimension: Dimension) -> Any:
    only = {name: values[0] if len(values) == 1 else list(values) for name, values in conditions(dimension).items()}
    match dimension:
        case Choice(values) if not only:
            return values[0] if len(values) == 1 else list(values)
        case Choice(values):
            entry: dict[str, Any] = {"choice": list(values)}
        case Whole(low, high, log):
            entry = {"whole": [low, high], **({"log": True} if log else {})}
        case _:
            entry = {type(dimension).__name__.lower(): [dimension.low, dimension.high]}
    return entry | ({"only": only} if only else {})


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise KindError(f"{name!r} is no name of a hyper-parameter: write lines such as lr: {{log: [1e-4, 1]}}.")
    return name


def _read(name: str, entry: Any) -> Any:
    try:
        if isinstance(entry, list) and entry and all(isinstance(one, Mapping) for one in entry):
            return [_dimension(one) for one in entry]
        return _dimension(entry) if isinstance(entry, Mapping) else Choice(_values(entry))
    except AnnealingError as error:
        raise type(error)(f"{name}: {error}") from error


def _dimension(entry: Mapping[Any, Any]) -> Dimension:
    for key in entry:
        if key not in _KEYS:
            close = difflib.get_close_matches(str(key), _KEYS, n=1)
            meant = f" (did you mean {close[0]}?)" if close else ""
            raise ArgumentError(f"{key!r} is nothing that a dimension has{meant}: write one of {', '.join(_KINDS)}, and only.")
    only = {_name(on): _values(of) for on, of in _condition(entry.get("only", {})).items()}
    kinds = [kind for kind in _KINDS if kind in entry]
    if kinds == ["log", "whole"]:
        low, high = _pair("whole", entry["whole"])
        return Whole(low, high, log=_switch(entry["log"]), only=only)
    if len(kinds) != 1:
        raise ArgumentError(f"{_shown(dict(entry))} has {len(kinds)} kinds of values: write one of {', '.join(_KINDS)}.")
    (kind,) = kinds
    if kind == "choice":
        return Choice(_values(entry["choice"]), only=only)
    low, high = _pair(kind, entry[kind])
    return (
        Log(low, high, only) if kind == "log" else Uniform(low, high, only) if kind == "uniform" else Whole(low, high, only=only)
    )


def _condition(only: Any) -> Mapping[Any, Any]:
    if not isinstance(only, Mapping):
        raise KindError(f"only: {_shown(only)} is no condition: write only: {{optimizer: sgd}}.")
    return only


def _pair(kind: str, ends: Any) -> tuple[Any, Any]:
    if not isinstance(ends, list | tuple) or len(ends) != 2:
        raise KindError(f"{kind}: {_shown(ends)} is no range: write {kind}: [low, high].")
    low, high = ends
    return _value(low), _value(high)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise KindError(f"log: {_shown(value)} beside whole says whether by ratios: write log: true.")
    return value


def _values(given: Any) -> tuple[Value, ...]:
    return tuple(_value(value) for value in given) if isinstance(given, list | tuple) else (_value(given),)


def _value(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        written = "nothing" if value is None else f"{str(value).lower()} (which YAML makes of yes, no, on and off, too)"
        raise KindError(f"{written} is no value here: write a number or a word in quotes.")
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
