"""JSON: the text in an envelope with a version."""

from __future__ import annotations

import json
from typing import cast

from annealing.core.errors import ParseError
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.core.text.read import Parsed, parse
from annealing.core.text.write import write

VERSION = 1
_KINDS: dict[str, type] = {"schedule": Schedule, "plan": Plan, "recipe": Recipe, "recipe_plan": RecipePlan}


def to_json(value: Parsed) -> str:
    """Write a schedule, plan or recipe as JSON.

    >>> import annealing as an
    >>> an.to_json(an.cosine())
    '{"annealing": 1, "schedule": "cosine()"}'
    """
    for kind, cls in _KINDS.items():
        if isinstance(value, cls):
            return json.dumps({"annealing": VERSION, kind: write(value)})
    raise ParseError(f"to_json({value!r}) writes schedules, plans and recipes: write to_json(cosine()).")


def from_json(text: str) -> Parsed:
    """Read what `to_json` wrote.

    >>> import annealing as an
    >>> an.from_json('{"annealing": 1, "plan": "cosine().over(10)"}')
    cosine().over(10)

    Raises `ParseError` for text that is no such envelope, or comes from a newer version.
    """
    if not isinstance(text, (str, bytes)):
        raise ParseError(f"from_json({text!r}) reads text: pass what to_json returned.")
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"this is not JSON: {error}.") from None
    envelope: dict[str, object] = cast("dict[str, object]", data) if isinstance(data, dict) else {}
    version = envelope.get("annealing")
    if type(version) is not int or version < 1:
        raise ParseError('this JSON is not ours: it should read {"annealing": 1, "schedule": "…"}.')
    if version > VERSION:
        raise ParseError(f"this was written by format version {version}; this library reads up to {VERSION}: upgrade annealing.")
    for kind, cls in _KINDS.items():
        if kind in envelope:
            value = parse(str(envelope[kind]))
            if not isinstance(value, cls):
                raise ParseError(f"the text under {kind!r} is not a {kind.replace('_', ' ')}: {envelope[kind]!r}.")
            return value
    raise ParseError(f"this JSON names none of {', '.join(_KINDS)}.")
