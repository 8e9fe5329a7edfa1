"""Reading another library's call from text: `torch.OneCycleLR(lr=0.1, total_steps=1000)`.

Every such call is replaced by the text of the plan it makes, and the core's reader does the rest, so that
`(0.5 * torch.StepLR(lr=0.1, step_size=30)).branch(…)` is read as well. Nothing is evaluated.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Sequence
from importlib import import_module, util
from inspect import signature
from typing import Any

from annealing.core.errors import AnnealingError, ParseError
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.core.text import parse as parse_own
from annealing.core.text import write
from annealing.core.text.words import NUMBERS, OPERATIONS, WORDS
from annealing.dialects.catalogue import DIALECTS, Dialect

_OPTIMIZER = ("optimizer", "optim", "opt")  # what it is called in the call that people paste
_LONGEST = 20_000  # characters: nobody types a longer call, and a short one cannot be nested beyond measure


def parse(text: str) -> Schedule | Plan | Recipe | RecipePlan:
    """Read a schedule, a plan or a recipe from text in which other libraries' calls may stand.

    >>> from annealing.dialects import parse
    >>> parse("torch.StepLR(lr=0.1, step_size=30)")
    (0.1 * geometric(0.1, per=30).every(30)).over(inf)
    >>> parse("0.5 * optax.schedules.linear_schedule(1.0, 0.0, 100)")
    (0.5 * linear(start=1)).over(100)
    >>> parse("wsd(10)")
    chain(warmup(10), hold(), cooldown("20%"))

    The full path of a class is as good as its name (`torch.optim.lr_scheduler.StepLR`). Raises `ParseError` for
    what is not in the language, and the errors of the schedule itself.
    """
    if not isinstance(text, str) or len(text) > _LONGEST or "." not in text:
        return _parse_own(text)
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        if not any(isinstance(node, ast.Call) and _library(node) for node in ast.walk(tree)):
            return _parse_own(text)
        return parse_own(ast.unparse(_Ours().visit(tree)))
    except SyntaxError:
        return parse_own(text)  # it is shorthand of ours, or no language at all
    except (RecursionError, MemoryError):
        raise ParseError(f"{text[:77]!r}… is nested too deeply.") from None


def _parse_own(text: str) -> Schedule | Plan | Recipe | RecipePlan:
    """Read what holds no other library's call; where that fails over such a name without its library, say how it is written."""
    try:
        return parse_own(text)
    except ParseError:
        meant = _meant(text) if isinstance(text, str) and len(text) <= _LONGEST else ""
        if meant:
            raise ParseError(meant) from None
        raise


def _meant(text: str) -> str:
    """What to write where a text names another library's schedule without its library or its arguments; or nothing."""
    from annealing.dialects import everything

    try:
        nodes = [node for node in ast.walk(ast.parse(text.strip(), mode="eval")) if isinstance(node, ast.expr)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for path in filter(None, map(_path, nodes)):  # from the outside in: the whole path before its parts
        named = [row for row in everything() if row.name.partition(".")[2] == path[-1]]
        if named and path[-1].lower() not in WORDS:
            return f"{path[-1]} is written with its library and its arguments, such as {_shortest(named)}."
    of = [row for row in everything() if row.library == text.strip()]
    return f"{text.strip()} is a library: write one of its schedules, such as {_shortest(of)}." if of else ""


def _shortest(rows: Sequence[Dialect]) -> str:
    return min(rows, key=lambda row: (not row.checked, len(row.example))).example


def spoken(text: str) -> tuple[Dialect, ...]:
    """Return the rows of the calls that a text makes in other libraries' names, in the order in which they are written.

    >>> from annealing.dialects import spoken
    >>> [row.name for row in spoken("0.5 * torch.SequentialLR([torch.LinearLR(0.1), keras.CosineDecay(1.0, 9)], [5])")]
    ['torch.SequentialLR', 'torch.LinearLR', 'keras.CosineDecay']
    >>> spoken("chain(warmup(10%), hold)")
    ()
    """
    try:
        calls = [node for node in ast.walk(ast.parse(text.strip(), mode="eval")) if isinstance(node, ast.Call) and _library(node)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    in_order = sorted(calls, key=lambda node: (node.lineno, node.col_offset))
    return tuple(dict.fromkeys(_row(node) for node in in_order))


class _Ours(ast.NodeTransformer):
    """Puts the text of a plan in the place of the call that makes it."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not _library(node):
            return self.generic_visit(node)
        made = _made(node)
        if not isinstance(made, (Schedule, Plan, RecipePlan)):  # fvcore's know no updates, only which share of the run is done
            raise ParseError(f"{ast.unparse(node.func)}(…) does not know how long the run is: add total=1000, its updates.")
        return ast.parse(write(made), mode="eval").body


def _library(node: ast.Call) -> str:
    """The library that a call names, or nothing where it is none of ours."""
    path = _path(node.func)
    known = len(path) > 1 and path[0][0] != "_" and util.find_spec(f"annealing.dialects.{path[0]}") is not None
    return path[0] if known else ""


def _path(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Attribute):
        before = _path(node.value)
        return [*before, node.attr] if before else []
    return [node.id] if isinstance(node, ast.Name) else []


def _made(node: ast.Call) -> Any:
    row = _row(node)
    if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
        raise ParseError("* and ** are not in the language: write every argument out.")
    if any(isinstance(value, ast.Name) and value.id in _OPTIMIZER for value in (*node.args, *(k.value for k in node.keywords))):
        instead = "write its rate in that place, lr=0.1" if next(iter(signature(row.make).parameters)) == "lr" else "leave it out"
        raise ParseError(f"{row.name}(…): a text has no optimizer: {instead}, as in {row.example}.")
    arguments = [_value(argument) for argument in node.args]
    named = {k.arg: _value(k.value) for k in node.keywords if k.arg is not None}
    try:
        return row.make(*arguments, **named)
    except AnnealingError:
        raise
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        reason = str(error).replace(f"{row.make.__name__}() ", "")
        raise ParseError(f"{row.name}(…) cannot be called like that: {reason}.") from None


def _row(node: ast.Call) -> Dialect:
    path = _path(node.func)
    import_module(f"annealing.dialects.{path[0]}")
    name = f"{path[0]}.{path[-1]}"
    if name not in DIALECTS:
        there = [known.partition(".")[2] for known in DIALECTS if known.startswith(f"{path[0]}.")]
        close = difflib.get_close_matches(path[-1], there, n=1)
        hint = f"did you mean {path[0]}.{close[0]}?" if close else f"of {path[0]} there are {', '.join(there)}."
        raise ParseError(f"{name!r} is no schedule that is known here: {hint}")
    return DIALECTS[name]


def _value(node: ast.expr) -> Any:
    """An argument: a number, a word, a list or mapping of them, a plan, or a schedule in our own language."""
    match node:
        case ast.Constant(value=bool() | None | int() | float() | str() as value):
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item) for item in items]
        case ast.Dict(keys=keys, values=values) if all(key is not None for key in keys):
            return {_value(k): _value(v) for k, v in zip(keys, values, strict=True) if k is not None}
        case ast.Name(id=name) if name in NUMBERS:
            return NUMBERS[name]
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in OPERATIONS:
            return _joined(sign, _value(operand), None)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
            return _joined(op, _value(left), _value(right))
        case ast.Call() if _library(node):
            return _made(node)
        case _:
            return parse_own(ast.unparse(node))


def _joined(op: ast.operator | ast.unaryop, left: Any, right: Any) -> Any:
    whole = isinstance(left, int) and isinstance(right, int) and isinstance(op, (ast.Mult, ast.Add, ast.Sub))
    if isinstance(left, int) and isinstance(right, int) and not whole:  # in floats: no power of whole numbers fills the memory
        left = float(left)
    try:
        return OPERATIONS[type(op)](left, right)
    except (TypeError, ArithmeticError) as error:
        raise ParseError(f"an argument has no value: {error}.") from None
