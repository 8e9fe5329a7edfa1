"""The shortest text that reads back to the same value."""

from __future__ import annotations

import json
import keyword
import math
from collections.abc import Callable, Iterable
from typing import Any

from annealing.core.horizon import Horizon
from annealing.core.journal import Change, Edit, Stretch
from annealing.core.length import REST, Length, compact
from annealing.core.plan import Plan
from annealing.core.recipe import Plans, Recipe, RecipePlan, Schedules
from annealing.core.schedule import (
    Chain,
    Clip,
    Constant,
    Every,
    Exponential,
    Formula,
    Geometric,
    Hold,
    Jump,
    Knots,
    Lasting,
    Pointwise,
    Power,
    Ramp,
    Repeat,
    Rounded,
    Schedule,
    Table,
    Warmup,
)

_BINDS = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
_NEGATIVE, _METHOD = 3, 5  # how tightly a minus sign and a method call bind


def write(value: Schedule | Plan | Recipe | RecipePlan) -> str:
    """Write a schedule, plan or recipe as a Python expression.

    >>> import annealing as an
    >>> write((3e-4 * an.chain(an.warmup(10), an.cosine())).over(100))
    '(3e-4 * chain(warmup(10), cosine())).over(100)'
    """
    if isinstance(value, Plan):
        return _plan(value)
    if isinstance(value, Recipe):
        return _recipe("Recipe", value.everywhere, value.groups, _schedule)
    if isinstance(value, RecipePlan):
        return _recipe_plan(value)
    return _schedule(value)


def write_edit(edit: Edit) -> str:
    """Write one entry of a journal: the call that made it, or what it made of the plan."""
    match edit:
        case Stretch():
            return _call("stretch", [_total(edit.total)], [("at", str(edit.at))] if edit.at else [])
        case Change():
            return _schedule(edit.shape).replace("hold()", "plan")
        case _:
            other = isinstance(edit.tail, Plan)
            tail = [("tail", write(edit.tail)), *([] if other else [("total", _total(edit.total))])]
            extra = [("absolute", "True")] if edit.absolute else []
            extra += [("why", repr(edit.why))] if edit.why else []
            return _call("branch", [], [("at", str(edit.at)), *tail, *extra])


def _plan(plan: Plan) -> str:
    text = f"{_schedule(plan.schedule, _METHOD)}.{_over(plan)}"
    simple = True  # a chain of calls, to which another can be added as it stands
    for edit in plan.journal:
        if isinstance(edit, Change):
            inner = text if simple or not isinstance(edit.shape, Pointwise) else f"({text})"
            simple = not isinstance(edit.shape, Pointwise) or edit.shape.op in ("min", "max")
            text = _schedule(edit.shape).replace("hold()", inner)
        else:
            text, simple = f"{text if simple else f'({text})'}.{write_edit(edit)}", True
    return text


def _over(plan: Plan) -> str:
    extra = [("unit", f'"{plan.unit}"')] if plan.unit != "updates" else []
    extra += [("endpoint", "True")] if plan.endpoint else []
    extra += [("after", f'"{plan.after}"')] if plan.after != "hold" else []
    return _call("over", [_total(plan.horizon)], extra)


def _recipe(
    word: str, everywhere: Iterable[tuple[str, Any]], groups: Iterable[tuple[str, Any]], one: Callable[[Any], str]
) -> str:
    pairs = list(everywhere)
    odd = [(name, value) for name, value in pairs if not _is_keyword_argument(name)]
    first = ["{" + ", ".join(f'"{name}": {one(value)}' for name, value in odd) + "}"] if odd else []
    named = [(name, one(value)) for name, value in pairs if _is_keyword_argument(name)]
    rows = [f"{_quoted(p)}: {{" + ", ".join(f'"{n}": {one(v)}' for n, v in h) + "}" for p, h in groups]
    return _call(word, first, named + ([("groups", "{" + ", ".join(rows) + "}")] if rows else []))


def _recipe_plan(plan: RecipePlan) -> str:
    plans = [p for _, p in plan.everywhere] + [p for _, h in plan.groups for _, p in h]
    runs = {(p.horizon, p.unit, p.endpoint, p.after, p.journal) for p in plans}
    if len(runs) > 1 or plans[0].journal:  # plans that were edited or built one by one are written one by one
        return _recipe("RecipePlan", plan.everywhere, plan.groups, _plan)

    def schedules(pairs: Plans) -> Schedules:
        return tuple((name, p.schedule) for name, p in pairs)

    body = _recipe("Recipe", schedules(plan.everywhere), [(p, schedules(h)) for p, h in plan.groups], _schedule)
    return f"{body}.{_over(plans[0])}"


def _schedule(node: Schedule, binds: int = 0) -> str:
    if isinstance(node, Pointwise):
        return _pointwise(node, binds)
    if isinstance(node, Constant):
        text = compact(node.value)
        return f"({text})" if text.startswith("-") and binds > _BINDS["*"] else text
    return _WRITERS[type(node)](node)


def _pointwise(node: Pointwise, binds: int) -> str:
    if node.op in ("min", "max"):
        return f"{node.op}imum({_schedule(node.left)}, {_schedule(node.right)})"
    own = _BINDS[node.op]
    left, right = (own + 1, own) if node.op == "**" else (own, own + 1)
    text = f"{_schedule(node.left, left)} {node.op} {_schedule(node.right, right)}"
    return f"({text})" if own < binds else text


def _ramp(node: Ramp) -> str:
    start = [] if node.start is None else [("start", compact(node.start))]
    word, extra = "cooldown", []
    if node.ease in ("linear", "cosine"):
        word = node.ease
    elif node.ease.startswith("1-(1-u)^"):
        word = "polynomial"
        exponent = node.ease.removeprefix("1-(1-u)^")
        extra = [] if exponent == "2" else [("power", exponent)]
    elif node.ease != "sqrt":
        extra = [("ease", f'"{node.ease}"')]
    return _call(word, _length(node.length), _unless("to", node.to, 0.0) + extra + start)


def _warmup(node: Warmup) -> str:
    start = [] if node.start is None else [("start", compact(node.start))]
    shape = [] if node.ease == "linear" else [("ease", f'"{node.ease}"')]
    return _call("warmup", [str(node.length)], _unless("to", node.to, 1.0) + start + shape)


def _open_ended(node: Power | Geometric) -> str:
    start = [] if node.start is None else [("start", compact(node.start))]
    length = [] if node.length == REST else [("length", str(node.length))]
    per = [("per", str(node.per))]
    if isinstance(node, Geometric):
        return _call("geometric", [compact(node.factor)], per + length + start)
    if node.exponent == -1:
        return _call("inverse_time", [compact(node.rate)], per + length + start)
    return _call("power", [compact(node.exponent)], per + length + start)


def _table(node: Table) -> str:
    rows = "{" + ", ".join(f"{mark}: {compact(value)}" for mark, value in zip(node.marks, node.values, strict=True)) + "}"
    length = [] if node.length == REST else [("length", str(node.length))]
    if node.between == "hold":
        one_each = node.marks == tuple(map(Length, range(len(node.marks)))) and node.length == Length(len(node.marks))
        return f"table([{', '.join(map(compact, node.values))}])" if one_each else _call("stairs", [rows], length)
    shape = [] if node.between == "linear" else [("ease", f'"{node.between}"')]
    return _call("table", [rows], length + shape)


def _knots(node: Knots) -> str:
    rows = "{" + ", ".join(f"{compact(t)}: {compact(v)}" for t, v in zip(node.times, node.values, strict=True)) + "}"
    shape = [] if node.ease == "linear" else [("ease", f'"{node.ease}"')]
    return _call("knots", [rows], ([] if node.length == REST else [("length", str(node.length))]) + shape)


def _formula(node: Formula) -> str:
    length = [] if node.length == REST else [("length", str(node.length))]
    return _call("formula", [_quoted(node.name)], length + [(name, compact(value)) for name, value in node.arguments])


def _repeat(node: Repeat) -> str:
    first = [] if node.first is None else [("first", str(node.first))]
    length = [] if node.length == REST else [("length", str(node.length))]
    times = [] if node.times is None else [str(node.times)]
    return _call(
        "repeat",
        [_schedule(node.body), *times],
        first + _unless("growth", node.growth, 1.0) + _unless("scale", node.scale, 1.0) + length,
    )


_WRITERS: dict[type, Callable[[Any], str]] = {
    Hold: lambda n: _call("hold", _length(n.length), []),
    Jump: lambda n: f"jump({compact(n.to)})",
    Warmup: _warmup,
    Ramp: _ramp,
    Exponential: lambda n: _call(
        "exponential", _length(n.length), _unless("to", n.to, 0.01) + ([] if n.start is None else [("start", compact(n.start))])
    ),
    Geometric: _open_ended,
    Power: _open_ended,
    Table: _table,
    Knots: _knots,
    Formula: _formula,
    Chain: lambda n: _call("chain", [_schedule(phase) for phase in n.phases], []),
    Lasting: lambda n: f"lasting({_schedule(n.body)}, {n.length})",
    Repeat: _repeat,
    Clip: lambda n: _call(
        f"{_schedule(n.body, _METHOD)}.clip", [], _unless("low", n.low, -math.inf) + _unless("high", n.high, math.inf)
    ),
    Rounded: lambda n: _call(
        f"{_schedule(n.body, _METHOD)}.rounded",
        [compact(n.multiple)] if n.multiple != 1 else [],
        _unless("minimum", n.minimum, -math.inf),
    ),
    Every: lambda n: f"{_schedule(n.body, _METHOD)}.every({n.period})",
}


def _call(word: str, positional: Iterable[str], named: Iterable[tuple[str, str]]) -> str:
    return f"{word}({', '.join([*positional, *(f'{name}={value}' for name, value in named)])})"


def _length(length: Length) -> list[str]:
    return [] if length == REST else [str(length)]


def _unless(name: str, value: float, default: float) -> list[tuple[str, str]]:
    return [] if value == default else [(name, compact(value))]


def _total(total: Horizon | float) -> str:
    return repr(total) if isinstance(total, (int, Horizon)) else compact(total)


def _is_keyword_argument(name: str) -> bool:
    """Whether a hyper-parameter can be written `name=`: "betas[0]", "lambda" and "groups" cannot."""
    return name.isidentifier() and not keyword.iskeyword(name) and name != "groups"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # its escapes are Python's
