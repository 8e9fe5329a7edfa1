"""What a function, a class or a file says: its source without comments, spacing and documentation."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import sysconfig
import textwrap
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from symtable import symtable
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

_LIBRARIES = tuple({Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_OURS = Path(__file__).parents[2]
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


class Said(NamedTuple):
    """Source as text in one spelling, and what the names in it that are defined outside stand for."""

    text: str
    outside: dict[str, Any]


def is_own(module: str | None) -> bool:
    """Say whether a module is the task's own rather than a library's, so that its source may change with the task.

    >>> is_own("torch.nn.functional"), is_own("json"), is_own("annealing.tasks.noisy_digits")
    (False, False, True)
    """
    found = sys.modules.get(module or "")
    if found is None:  # exec, or another process
        return True
    file = getattr(found, "__file__", None)
    if file is None:
        return module == "__main__"
    path = Path(file).resolve()
    if path.is_relative_to(_OURS):
        return path.parent == _OURS / "tasks"
    return not (any(map(path.is_relative_to, _LIBRARIES)) or {"site-packages", "dist-packages"} & set(path.parts))


def said_by_function(function: FunctionType) -> Said:
    """Read the source of a function; the bytes of its code where it has none."""
    code = function.__code__
    node = _node_of(code)
    if node is None:  # a session that keeps no source
        return Said(" ".join(_instructions(code)), _found(_names(code), function.__globals__))
    text = _spelt(node)
    return Said(text, _found(set(_looked_up(text)) - set(code.co_freevars), function.__globals__))


def said_by_class(class_: type) -> Said:
    """Read the source of a class; its name where it has none."""
    try:
        text = _spelt(ast.parse(textwrap.dedent(inspect.getsource(class_))))
    except (OSError, TypeError, SyntaxError):
        return Said(class_.__qualname__, {})
    module = sys.modules.get(class_.__module__)
    return Said(text, _found(_looked_up(text), vars(module) if module else {}))


def said_by_file(module: ModuleType) -> str:
    """Read the source of a whole module; its name where it has none."""
    try:
        return _spelt(ast.parse(inspect.getsource(module)))
    except (OSError, TypeError, SyntaxError):
        return module.__name__


def _node_of(code: CodeType) -> _Definition | None:
    """Find the definition that a code object was made from in the file it came from."""
    linecache.checkcache(code.co_filename)
    definitions = _definitions("".join(linecache.getlines(code.co_filename)))
    here = [node for node in definitions if _first_line(node) == code.co_firstlineno]
    if code.co_name != "<lambda>":
        return next((node for node in here if not isinstance(node, ast.Lambda) and node.name == code.co_name), None)
    lambdas = [node for node in here if isinstance(node, ast.Lambda)]
    if len(lambdas) > 1:  # on one line: the innermost that holds an instruction of this code
        spots = [(line, column) for line, _, column, _ in code.co_positions() if line is not None and column is not None]
        lambdas = [node for node in lambdas if any(_holds(node, spot) for spot in spots)]
    return max(lambdas, key=lambda node: node.col_offset, default=None)


def _holds(node: ast.Lambda, spot: tuple[int, int]) -> bool:
    body = node.body
    end = (body.end_lineno or body.lineno, body.end_col_offset or body.col_offset)
    return (body.lineno, body.col_offset) <= spot < end


@lru_cache(maxsize=32)
def _definitions(source: str) -> tuple[_Definition, ...]:
    try:
        return tuple(node for node in ast.walk(ast.parse(source)) if isinstance(node, _Definition))
    except SyntaxError:
        return ()


def _first_line(node: _Definition) -> int:
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _spelt(node: ast.AST) -> str:
    return ast.unparse(_WithoutDocumentation().visit(ast.parse(ast.unparse(node))))


class _WithoutDocumentation(ast.NodeTransformer):
    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node


def _looked_up(text: str) -> Iterator[str]:
    """The names in a piece of source that are neither its own nor an attribute's."""
    tables = [symtable(text, "source", "exec")]
    while tables:
        table = tables.pop()
        yield from (symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced())
        tables += table.get_children()


def _found(names: Iterable[str], there: dict[str, Any]) -> dict[str, Any]:
    return {name: there[name] for name in sorted(set(names)) if name in there}


def _instructions(code: CodeType) -> Iterator[str]:
    yield code.co_code.hex()
    yield repr(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant)
        else:
            yield repr(constant)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
