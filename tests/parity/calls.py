"""The example of a dialect as a call that the real library can be given: one text, read once by ours and once by theirs."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import util
from typing import Any, cast

import annealing as an


@dataclass(frozen=True)
class Call:
    """`torch.StepLR(lr=0.1, step_size=30)`: the library, their name, and the arguments, in which other calls may stand."""

    library: str
    name: str
    args: tuple[Any, ...] = ()
    named: dict[str, Any] = field(default_factory=dict)

    def without(self, *names: str) -> dict[str, Any]:
        """The named arguments, but for those that stand for an optimizer or for the run."""
        return {name: value for name, value in self.named.items() if name not in names}


def read(text: str) -> Call:
    """The call that a text makes."""
    value = _value(ast.parse(text, mode="eval").body)
    assert isinstance(value, Call), text
    return value


def called(value: Any, make: Callable[[Call], Any]) -> Any:
    """A value with every call in it replaced by what `make` makes of it."""
    if isinstance(value, Call):
        return make(value)
    if isinstance(value, list):
        return [called(one, make) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: called(one, make) for key, one in cast("dict[Any, Any]", value).items()}
    return value


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=library), attr=name)) if _known(library):
            named = {keyword.arg: _value(keyword.value) for keyword in node.keywords if keyword.arg is not None}
            return Call(library, name, tuple(_value(argument) for argument in node.args), named)
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item) for item in items)
        case ast.Dict(keys=keys, values=values):
            return {_value(key): _value(value) for key, value in zip(keys, values, strict=True) if key is not None}
        case ast.Call() | ast.BinOp():  # a schedule of ours, where theirs takes a function
            schedule = an.parse(ast.unparse(node))
            assert isinstance(schedule, an.Schedule)
            return schedule.over(math.inf)
        case _:
            return ast.literal_eval(node)


def _known(library: str) -> bool:
    return util.find_spec(f"annealing.dialects.{library}") is not None
