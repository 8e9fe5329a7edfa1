"""Reading controllers: `Plateau(patience=5) * Spike()`, a few words and plain numbers, never an evaluation."""

from __future__ import annotations

import ast
import difflib
import math
from dataclasses import fields
from typing import Any, cast

from annealing.control.early_stop import EarlyStop
from annealing.control.greedy import Greedy
from annealing.control.plateau import Plateau
from annealing.control.protocol import Controller, Transition
from annealing.control.spike import Spike
from annealing.core.errors import AnnealingError, ParseError

LONGEST = 10_000  # characters
WORDS: dict[str, type[Transition[Any, Any]]] = {cls.__name__: cls for cls in (Plateau, Greedy, Spike, EarlyStop)}


def parse(text: str) -> Transition[Any, Any]:
    """Read a controller, or a product of several, from its text; `str` writes it.

    >>> parse("Plateau(factor=0.5, patience=5)")
    Plateau(factor=0.5, patience=5)
    >>> parse("Plateau * Spike(floor=0.1)")
    Plateau() * Spike(floor=0.1)

    Raises `ParseError` for anything that is not a controller, and the errors of the options themselves.
    """
    if not isinstance(text, str) or len(text) > LONGEST:
        raise ParseError(f"control.parse(…) reads a text of up to {LONGEST} characters such as 'Plateau(patience=5)'.")
    try:
        return _read(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, AnnealingError):
            raise
        raise ParseError(f"{_short(text)} is not a controller: try Plateau(factor=0.5, patience=5).") from None


def _read(node: ast.expr) -> Transition[Any, Any]:
    match node:
        case ast.Name(id=name):
            return _word(name)()
        case ast.Call(func=ast.Name(id=name), args=[], keywords=keywords):
            return _made(name, keywords)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            sides = (_read(left), _read(right))
            if not (isinstance(sides[0], Controller) and isinstance(sides[1], Controller)):
                raise ParseError(f"{_short(ast.unparse(node))}: only gains multiply, and EarlyStop gives none: keep it apart.")
            return sides[0] * sides[1]
        case ast.Call(func=ast.Attribute(value=ast.Name(id=library), attr=name)) if _is_theirs(library, name):
            raise ParseError(
                f"{_short(ast.unparse(node))} is no text of a controller: call annealing.control.dialects.{library}.{name}(…), "
                "and write what it returns."
            )
        case ast.Call(func=ast.Name(id=name)):
            raise ParseError(f"{_short(ast.unparse(node))}: write each option with its name, as in {name}(patience=5).")
        case _:
            raise ParseError(f"{_short(ast.unparse(node))} is not a controller: try Plateau(factor=0.5, patience=5).")


def _is_theirs(library: str, name: str) -> bool:
    """Whether another library's controller is spoken here under this name."""
    from annealing.control import dialects  # whose files are written in the controllers that are read here

    module = getattr(dialects, library) if library in dialects.__all__ else None
    return module is not None and getattr(getattr(module, name, None), "__module__", "") == module.__name__


def _made(name: str, keywords: list[ast.keyword]) -> Transition[Any, Any]:
    cls = _word(name)
    options: dict[str, Any] = {}
    for keyword in keywords:
        if keyword.arg is None:
            raise ParseError("** is not in the language: write every option out.")
        if keyword.arg in options:
            raise ParseError(f"{name} is given {keyword.arg} twice.")
        options[keyword.arg] = _value(keyword.value)
    known = [field.name for field in fields(cast("Any", cls))]
    unknown = [option for option in options if option not in known]
    if unknown:
        raise ParseError(f"{name} has no option {unknown[0]!r}: {_hint(unknown[0], known, 'its options')}")
    return cls(**options)


def _word(name: str) -> type[Transition[Any, Any]]:
    if name not in WORDS:
        raise ParseError(f"{name!r} is not a controller: {_hint(name, list(WORDS), 'there are')}")
    return WORDS[name]


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None):
            return node.value
        case ast.Name(id="inf"):
            return math.inf
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)) if not isinstance(number, bool):
            return -number
        case _:
            raise ParseError(f"{_short(ast.unparse(node))} is not a number, a word in quotes, True, False or None.")


def _hint(name: str, known: list[str], these: str) -> str:
    lowered = {word.lower(): word for word in known}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    return f"did you mean {lowered[close[0]]}?" if close else f"{these} {', '.join(known)}."


def _short(text: str) -> str:
    return repr(text) if len(text) <= 80 else repr(text[:77] + "…")
