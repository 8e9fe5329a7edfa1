"""The canonical text of a plan as Python: what to import, and the expression itself."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

_WIDTH = 100


def imports(text: str) -> str:
    """Write the import that makes a canonical text run.

    >>> imports("(3e-4 * chain(warmup(2000), cosine())).over(100000)")
    'from annealing import chain, cosine, warmup'
    """
    names = {node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)} - set(dir(builtins))
    constants = sorted(names & {"inf", "nan"})
    words = sorted(names - {"inf", "nan"}, key=lambda name: (name[0].islower(), name))
    ours = f"from annealing import {', '.join(words)}"
    return f"from math import {', '.join(constants)}\n\n{ours}" if constants else ours


def assigned(plan: Any) -> str:
    """Write `plan = …`, with the phases of a long one on lines of their own.

    >>> assigned("cosine().over(10)")
    'plan = cosine().over(10)'
    """
    text = f"plan = {plan}"
    if len(text) <= _WIDTH:
        return text
    commas = list(_commas(text))
    if not commas:
        return text
    depth = min(depth for _, depth, _ in commas)
    cuts = [place for place, at, _ in commas if at == depth]
    opening = next(bracket for _, at, bracket in commas if at == depth)
    closing = _closing(text, opening)
    edges = [opening + 1, *(place + 1 for place in cuts if opening < place < closing), closing]
    parts = [text[a:b].strip().rstrip(",") for a, b in pairwise(edges)]
    return "\n".join([text[: opening + 1], *(f"    {part}," for part in parts), text[closing:]])


def _commas(text: str) -> Iterator[tuple[int, int, int]]:
    """Each comma outside strings: its place, how deep it lies, and where its bracket opens."""
    for place, character, openings in _walk(text):
        if character == "," and openings:
            yield place, len(openings), openings[-1]


def _closing(text: str, opening: int) -> int:
    depth = len(next(openings for place, _, openings in _walk(text) if place == opening))
    return next(
        place for place, character, openings in _walk(text) if place > opening and character in ")]}" and len(openings) == depth
    )


def _walk(text: str) -> Iterator[tuple[int, str, tuple[int, ...]]]:
    """Every character outside strings, with the brackets that are open around it."""
    openings: tuple[int, ...] = ()
    quoted = False
    for place, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        if quoted or character == '"':
            continue
        if character in "([{":
            yield place, character, openings
            openings = (*openings, place)
        elif character in ")]}":
            openings = openings[:-1]
            yield place, character, openings
        else:
            yield place, character, openings
