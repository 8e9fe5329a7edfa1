"""Reading the language: a whitelisted walk of the syntax tree, never an evaluation.

Bounds on length, size and depth come first, so that no text can cost more than it is worth; whatever is
wrong with it comes out as one `ParseError`.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from annealing.core.errors import AnnealingError, ParseError
from annealing.core.families import constant
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.core.text.words import METHODS, NUMBERS, OPERATIONS, WORDS, nearest

LONGEST, LARGEST, DEEPEST = 1_000_000, 100_000, 100  # characters, nodes, nesting

_SHORTHAND = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""|(?<![\w.])(?P<length>[0-9][0-9_]*(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?\s?(?:%|fr\b|ep\b|sam\b|tok\b|up\b))""",
    re.IGNORECASE,
)

_EDITS = ("over", "branch", "stretch")  # a journal is long; what other methods make is nested

Parsed = Schedule | Plan | Recipe | RecipePlan


def parse(text: str) -> Parsed:
    """Read a schedule, a plan (`….over(1000)`) or a recipe from its text.

    Lengths may be written without quotes (`20%`, `3ep`, `rest`) and words without arguments without
    parentheses (`hold`, `cosine`, `wsd`); a bare number is a constant.

    >>> import annealing as an
    >>> an.parse("3e-4 * chain(warmup(2000), hold, cooldown(20%))")
    3e-4 * chain(warmup(2000), hold(), cooldown("20%"))
    >>> an.parse("linear.over(4)").values()
    array([1.  , 0.75, 0.5 , 0.25])

    Raises `ParseError` for anything that is not in the language, and the errors of the words themselves.
    """
    if not isinstance(text, str):
        raise ParseError(f"parse({text!r}) reads text: write parse('cosine()').")
    value = _guarded_read(_tree(text), Reading(text, {}))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return constant(value)
    if isinstance(value, (Schedule, Plan, Recipe, RecipePlan)):
        return value
    raise ParseError(f"{_short(text)} is not a schedule: try 3e-4 * chain(warmup(2000), cosine()).")


def parse_edit(text: str, plan: Plan) -> Plan:
    """Apply one entry of a journal, as `str(edit)` wrote it, to a plan; in arithmetic the word `plan` stands for it.

    >>> import annealing as an
    >>> parse_edit("branch(at=5, tail=linear(), total=10)", an.hold().over(8)).total
    10
    >>> parse_edit("2 * plan", an.hold().over(8).stretch(4))
    2 * hold().over(8).stretch(4)
    """
    node = _tree(text)
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("branch", "stretch")
    if not is_call and not any(isinstance(part, ast.Name) and part.id == "plan" for part in ast.walk(node)):
        raise ParseError(f"{_short(text)} is not an edit: try branch(at=100, tail=cooldown(), total=200).")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and is_call:
        node = ast.Call(ast.Attribute(ast.Name("plan"), node.func.id), node.args, node.keywords)
    edited = _guarded_read(node, Reading(text, {"plan": plan}))
    if not isinstance(edited, Plan) or len(edited.journal) != len(plan.journal) + 1:
        raise ParseError(f"{_short(text)} makes no single edit: try branch(at=100, tail=cooldown(), total=200).")
    return edited


class Reading(NamedTuple):
    """What is being read: the whole text, for errors, and what its free words stand for."""

    text: str
    names: Mapping[str, Any]


def _guarded_read(node: ast.expr, reading: Reading) -> Any:
    text = reading.text
    try:
        return _read(node, reading)
    except (ParseError, RecursionError, MemoryError) as error:
        raise error if isinstance(error, ParseError) else ParseError(f"{_short(text)} is nested too deeply.") from None


def _tree(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise ParseError(f"the text has {len(text)} characters; the longest that is read has {LONGEST}.")
    if not text.strip():
        raise ParseError("the text is empty: try cosine(), or 3e-4 * chain(warmup(2000), cosine()).")
    quoted = _SHORTHAND.sub(lambda m: m["text"] or "'" + "".join(m["length"].split()) + "'", text)
    try:
        tree = ast.parse(quoted.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg.partition(";")[0].partition(":")[0] if isinstance(error, SyntaxError) else "too large"
        raise ParseError(f"{_short(text)} cannot be read ({reason}): try 3e-4 * chain(warmup(2000), cosine()).") from None
    _bounded(tree, text)
    return tree


def _bounded(tree: ast.expr, text: str) -> None:
    stack: list[tuple[ast.AST, int]] = [(tree, 1)]
    count = 0
    while stack:
        node, depth = stack.pop()
        count += 1
        if depth > DEEPEST or count > LARGEST:
            what = f"nested more than {DEEPEST} deep" if depth > DEEPEST else f"larger than {LARGEST} parts"
            raise ParseError(f"{_short(text)} is {what}: build it in Python instead.")
        # a chain of method calls is long, not deep: each call stands where the first one does
        along = node.func if isinstance(node, ast.Call) else node.value if isinstance(node, ast.Attribute) else None
        children = (child for child in ast.iter_child_nodes(node) if not isinstance(child, (ast.expr_context, ast.operator)))
        stack += ((child, depth if child is along else depth + 1) for child in children)


def _read(node: ast.expr, reading: Reading) -> Any:
    match node:
        case ast.Constant(value=bool() | None | int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            return _joined(sign, _number_or_schedule(_read(operand, reading), reading.text), None, reading.text)
        case ast.BinOp(left=left, op=op, right=right):
            sides = [_number_or_schedule(_read(side, reading), reading.text) for side in (left, right)]
            return _joined(op, sides[0], sides[1], reading.text)
        case ast.Name(id=name):
            return reading.names[name] if name in reading.names else _word(name, reading.text)
        case ast.Dict(keys=keys, values=values) if all(isinstance(key, (ast.Constant, ast.Name, ast.UnaryOp)) for key in keys):
            return {_read(k, reading): _read(v, reading) for k, v in zip(keys, values, strict=True) if k is not None}
        case ast.List(elts=items):
            return [_read(item, reading) for item in items]
        case ast.Call(func=ast.Name(id=name)):
            if name not in WORDS:
                raise ParseError(_unknown(name, reading.text))
            return _called(name, WORDS[name], [], node, reading)
        case ast.Call(func=ast.Attribute()):
            return _methods(node, reading)
        case _:
            raise ParseError(f"{_short(ast.unparse(node))} is not in the language: try 3e-4 * chain(warmup(2000), cosine()).")


def _methods(node: ast.expr, reading: Reading) -> Any:
    """Read a chain of method calls, which a long journal makes long but not deep."""
    calls: list[tuple[str, ast.Call]] = []
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        calls.append((node.func.attr, node))
        node = node.func.value
    elsewhere = isinstance(node, ast.Attribute) or (isinstance(node, ast.Name) and node.id not in {*WORDS, *reading.names})
    for name, _ in calls:
        if name not in METHODS and elsewhere:
            raise ParseError(
                f"{_short(f'{ast.unparse(node)}.{name}(…)')} is not in the language: annealing.dialects.parse reads what other "
                "libraries call their schedules, such as torch.StepLR(lr=0.1, step_size=30)."
            )
        if name not in METHODS:
            raise ParseError(f".{name}(…) is not in the language; after a schedule write one of {', '.join(METHODS)}.")
    if sum(name not in _EDITS for name, _ in calls) > DEEPEST:
        raise ParseError(f"{_short(reading.text)} is nested more than {DEEPEST} deep: build it in Python instead.")
    value = _number_or_schedule(_read(node, reading), reading.text)
    for name, call in reversed(calls):
        value = _called(name, METHODS[name], [value], call, reading)
    return value


def _word(name: str, text: str) -> Any:
    if name in NUMBERS:
        return NUMBERS[name]
    if name not in WORDS:
        raise ParseError(_unknown(name, text))
    return _guarded(name, WORDS[name], [], {})


def _unknown(name: str, text: str) -> str:
    close = nearest(name)
    hint = f"did you mean {close}?" if close else f"the words are {', '.join(WORDS)}."
    where = "" if text.strip() == name else f" (in {_short(text)})"
    return f"{name!r} is not a word of the language{where}: {hint}"


def _called(name: str, function: Any, body: list[Any], call: ast.Call, reading: Reading) -> Any:
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        raise ParseError("* and ** are not in the language: write every argument out.")
    arguments = [_read(a, reading) for a in call.args]
    named: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg in named:
            raise ParseError(f"{name}(…) says {keyword.arg}= twice: write it once.")
        named[str(keyword.arg)] = _read(keyword.value, reading)
    return _guarded(name, function, [*body, *arguments], named)


def _guarded(name: str, function: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
    try:
        return function(*arguments, **named)
    except AnnealingError:
        raise
    except (TypeError, AttributeError, ValueError, OverflowError) as error:
        reason = re.sub(r"^\w*\.?\w+\(\) |^\w+\.(?=missing|got|takes)", "", str(error)).rstrip(".")
        raise ParseError(f"{name}(…) cannot be called like that: {reason}.") from None


def _number_or_schedule(value: Any, text: str) -> Any:
    if not isinstance(value, (int, float, Schedule, Plan, Recipe)) or isinstance(value, bool):
        raise ParseError(f"{_short(text)}: arithmetic joins numbers and schedules, not {_short(repr(value))}.")
    return value


def _joined(op: ast.operator | ast.unaryop, left: Any, right: Any, text: str) -> Any:
    numbers = isinstance(left, (int, float)) and (right is None or isinstance(right, (int, float)))
    try:
        if numbers:  # in floats, so that no power of whole numbers can fill the memory
            left, right = float(left), None if right is None else float(right)
        result = OPERATIONS[type(op)](left, right)
    except KeyError:
        raise ParseError(f"{_short(text)}: the language has + - * / ** only.") from None
    except (ZeroDivisionError, OverflowError, TypeError) as error:
        raise ParseError(f"{_short(text)} has no value: {str(error).rstrip('.')}.") from None
    if numbers and (isinstance(result, complex) or not math.isfinite(result)):
        raise ParseError(f"{_short(text)} has no finite value.")
    return result


def _short(text: str) -> str:
    return repr(text) if len(text) <= 80 else repr(text[:77] + "…")
