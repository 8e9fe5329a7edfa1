"""A plan as one function in plain Python that needs nothing installed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from annealing.core.curve import Curve, Flat, Glide, Moved
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.core.track import Piece
from annealing.report.code.formula import Clock, fall, formula, literal

_MANY = 24  # from this many branches on, cycles of the same shape are written as a table of phases
_MATH = ("cos", "floor", "inf", "nan", "pi", "sqrt")


def python(plan: Plan, name: str = "learning_rate") -> str:
    """Write `def learning_rate(t)`, equal to the plan at every update and past the end.

    >>> import annealing as an
    >>> text = python((0.1 * an.chain(an.warmup(10), an.cosine())).over(100))
    >>> print(text[text.index("    if") :], end="")
        if t < 10:
            return 0.1 * (t + 1) / 11
        if t < 100:
            return 0.1 * 0.5 * (1 + cos(pi * (t - 10) / 90))
        return 0
    """
    return with_imports([function(plan, name)])


def with_imports(functions: Iterable[str]) -> str:
    """Put the imports that some functions need before them."""
    body = "\n\n\n".join(functions)
    lines: list[str] = []
    if "bisect_right(" in body:
        lines.append("from bisect import bisect_right")
    code = re.sub(r'^ *""".*$', "", body, flags=re.MULTILINE)  # the docstring quotes the plan, which is no code
    if used := [word for word in _MATH if re.search(rf"\b{word}\b", code)]:
        lines.append(f"from math import {', '.join(used)}")
    return "\n".join(lines) + ("\n\n\n" if lines else "") + body + "\n"


def function(plan: Plan, name: str, where: str = "") -> str:
    """Write one function, without the imports it needs; `where` says which parameters it is for."""
    track = plan.track
    goes_on = math.isinf(track.length) or plan.after == "continue"
    pieces = [*track.pieces] if goes_on else [*track.pieces, Piece(track.length, Flat(track.end))]
    says = f"{f'For {where}: ' if where else ''}{plan}, where t counts {plan.unit} from 0."
    head = [f"def {name}(t):", f'    """{says}"""', *_folded(plan)]
    if len(pieces) > _MANY and (alike := _alike(pieces)) is not None:
        return "\n".join([*_table(alike, name), "", "", *head, *_looked_up(alike, name)])
    return "\n".join([*head, *_branches(pieces)])


def _folded(plan: Plan) -> list[str]:
    """What happens past the end, where it is not simply the last value."""
    total = literal(plan.total)
    if plan.after == "repeat":
        return [f"    t = t % {total}"]
    if plan.after == "mirror":
        return [f"    t = t % (2 * {total})", f"    t = min(t, 2 * {total} - t)"]
    return []


def _branches(pieces: Sequence[Piece]) -> list[str]:
    """One `if` per piece; pieces that say the same thing are written once."""
    texts = [formula(piece.curve, Clock(offset=-piece.begin)) for piece in pieces]
    lines: list[str] = []
    for i, text in enumerate(texts):
        if i + 1 == len(texts):
            lines.append(f"    return {text}")
        elif texts[i + 1] != text:
            lines += [f"    if t < {literal(pieces[i + 1].begin)}:", f"        return {text}"]
    return lines


def _alike(pieces: Sequence[Piece]) -> tuple[list[tuple[float, float, float, float]], str] | None:
    """Begin, span, start and end of each piece, where all of them follow the same ease; else None."""
    phases: list[tuple[float, float, float, float]] = []
    eases: set[str] = set()
    for piece in pieces:
        curve, begin = _unmoved(piece.curve, piece.begin)
        if isinstance(curve, Flat):
            phases.append((begin, 1, curve.value, curve.value))
        elif isinstance(curve, Glide) and abs(curve.start) >= abs(curve.to) and begin == piece.begin:
            phases.append((begin, curve.span, curve.start, curve.to))
            eases.add(curve.ease)
        else:
            return None
    return (phases, eases.pop()) if len(eases) == 1 else None


def _unmoved(curve: Curve, begin: float) -> tuple[Curve, float]:
    if isinstance(curve, Moved) and curve.speed == 1:
        return curve.body, begin - curve.offset
    return curve, begin


def _table(alike: tuple[list[tuple[float, float, float, float]], str], name: str) -> list[str]:
    title = name.upper()
    rows = ", ".join(f"({', '.join(map(literal, phase))})" for phase in alike[0])
    return [f"{title}_PHASES = ({rows})  # begins, lasts, from, to", f"{title}_BEGINS = [phase[0] for phase in {title}_PHASES]"]


def _looked_up(alike: tuple[list[tuple[float, float, float, float]], str], name: str) -> list[str]:
    title = name.upper()
    share = fall(alike[1], "(t - begin) / span", "(begin + span - t) / span")
    return [
        f"    begin, span, start, to = {title}_PHASES[bisect_right({title}_BEGINS, t) - 1]",
        f"    return to + (start - to) * {share}",
    ]


def recipe(plans: RecipePlan) -> str:
    """Write one function per hyper-parameter and pattern of a recipe."""
    functions = [function(plan, _name(name)) for name, plan in plans.everywhere]
    for pattern, group in plans.groups:
        functions += (
            function(plan, f"{_name(name)}_for_{_slug(pattern)}", f'parameter groups "{pattern}"') for name, plan in group
        )
    return with_imports(functions)


def _name(hyper_parameter: str) -> str:
    return "learning_rate" if hyper_parameter == "lr" else _slug(hyper_parameter)


def _slug(text: str) -> str:
    return re.sub(r"\W+", "_", text.replace("*", "any")).strip("_").lower()
