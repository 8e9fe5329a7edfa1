"""The house: every folder of `annealing` imports from the floors below it, and from the libraries it is built on, only."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "annealing"


class Floor(NamedTuple):
    """What a folder (or a file beside the folders) may import."""

    ours: str = "core"  # parts of annealing, besides itself
    theirs: str = "numpy"  # libraries, besides the standard library
    late: str = ""  # libraries that only a function may import, when it is called


VALUES = "core dialects control batch curves"
ADAPTERS = "torch optax keras transformers lightning"
OUTCOMES = "study.result study.growth_result study.tuned study.progress reproduce.finding"
BELOW_STUDY = f"{VALUES} forecast {ADAPTERS} tasks lockstep rangetest"

HOUSE = {
    # jax and torch: only when the caller has handed over one of their arrays. matplotlib: plan.plot().
    "core": Floor(ours="", late="jax torch matplotlib"),
    "dialects": Floor(),
    "control": Floor(),
    "batch": Floor(),
    "curves": Floor(late="tensorboard"),
    "forecast": Floor("core curves", "numpy scipy"),
    "records": Floor("core", "numpy", "torch"),  # torch: for TensorBoard's writer
    "testing": Floor("core control", "numpy", "jax torch"),
    "torch": Floor("core control batch records", "numpy torch"),
    "optax": Floor("core control batch", "numpy jax optax"),
    "keras": Floor("core control batch", "numpy keras"),
    "transformers": Floor("core control batch torch rangetest", "numpy torch transformers"),
    "lightning": Floor("core control batch torch rangetest", "numpy torch lightning"),
    # schedulefree and prodigyopt: only when one of their optimizers is named.
    "tasks": Floor("core torch", "numpy torch sklearn cloudpickle", "schedulefree prodigyopt"),
    "lockstep": Floor("core control batch torch tasks", "numpy torch"),
    "rangetest": Floor("core curves torch tasks lockstep", "numpy torch"),
    # ray, psycopg: only when the engine, or a PostgreSQL store, is asked for.
    "study": Floor(BELOW_STUDY, "numpy scipy torch loky cloudpickle sqlalchemy alembic optuna yaml", "ray psycopg"),
    "beyond": Floor("core control", "numpy scipy", "dimod"),  # dimod: whoever hands over a sampler has it
    "reproduce": Floor(f"{BELOW_STUDY} study beyond", "numpy scipy torch sklearn loky"),
    # Values only: what happened, never what makes it happen.
    "report": Floor(f"core curves {OUTCOMES}", "numpy scipy matplotlib bokeh jinja2 markupsafe rich"),
    "glossary": Floor("core dialects control"),  # everything there is, with a sentence each
    "cli": Floor(f"{BELOW_STUDY} study reproduce report glossary", "numpy typer rich"),
    # The public names. What is heavier than the core is imported when it is first asked for.
    "__init__": Floor("core"),
}


class Import(NamedTuple):
    name: str  # "annealing.core.plan.Plan", "numpy"
    late: bool  # inside a function, or for the type checker only
    line: int


def imports(node: ast.AST, *, late: bool = False) -> Iterator[Import]:
    """Every import below a node, with what it imports from spelled out."""
    match node:
        case ast.Import(names):
            yield from (Import(alias.name, late, node.lineno) for alias in names)
        case ast.ImportFrom(module, names):
            yield from (Import(f"{module}.{alias.name}", late, node.lineno) for alias in names)
        case ast.Call(ast.Name("import_module") | ast.Attribute(attr="import_module"), [ast.Constant(str(name)), *_]):
            yield Import(name, late, node.lineno)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            late = True
    for child in ast.iter_child_nodes(node):
        yield from imports(child, late=late)


def offences(floor: str, source: str) -> list[str]:
    """The lines of a file on that floor that import what they may not."""
    below, libraries, later = (set(words.split()) for words in HOUSE[floor])
    found: list[str] = []
    for name, late, line in imports(ast.parse(source)):
        library, _, part = name.partition(".")
        if library == "annealing":
            anywhere = floor == "__init__" and late
            allowed = anywhere or any(f"{part}.".startswith(f"{own}.") for own in {floor, *below})
        else:
            allowed = library in sys.stdlib_module_names | libraries or (late and library in later)
        if not allowed:
            when = " before a function needs it" if library in later else ""
            found.append(f"line {line}: {floor} may not import {name}{when}")
    return found


def floor_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


FILES = sorted(SOURCE.rglob("*.py"))


def test_every_folder_has_its_floor() -> None:
    assert FILES
    assert {floor_of(path) for path in FILES} <= HOUSE.keys(), "a new part of annealing needs its line in HOUSE"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_point_down(path: Path) -> None:
    assert offences(floor_of(path), path.read_text(encoding="utf-8")) == []


def test_no_two_floors_stand_on_each_other() -> None:
    standing = {floor: {name.partition(".")[0] for name in entry.ours.split()} for floor, entry in HOUSE.items()}

    def reached(floor: str) -> set[str]:
        return standing[floor].union(*(reached(below) for below in standing[floor]))

    assert [floor for floor in HOUSE if floor in reached(floor)] == []


def test_every_library_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    declared = {
        line.partition(">=")[0].removesuffix("[binary]").replace("scikit-learn", "sklearn").replace("pyyaml", "yaml")
        for line in lines
    }
    used = {found.name.partition(".")[0] for path in FILES for found in imports(ast.parse(path.read_text(encoding="utf-8")))}

    assert "numpy" in used
    assert used - sys.stdlib_module_names - declared == {"annealing"}


@pytest.mark.parametrize(
    ("floor", "source"),
    [
        ("core", "from annealing.study import compare"),
        ("core", "def late():\n    from annealing.report import figures"),
        ("core", "import torch"),
        ("core", "import scipy.stats"),
        ("core", "def late():\n    import scipy"),
        ("core", "from importlib import import_module\ntorch = import_module('torch')"),
        ("torch", "import annealing.tasks"),
        ("torch", "from annealing import tasks"),
        ("control", "from annealing.batch import growth"),
        ("report", "from annealing.study.compare import compare"),
        ("report", "from annealing.study import compare"),
        ("report", "import torch"),
        ("study", "from annealing import cli"),
        ("__init__", "from annealing.study import compare"),
    ],
)
def test_an_import_that_points_up_is_found(floor: str, source: str) -> None:
    assert len(offences(floor, source)) == 1


@pytest.mark.parametrize(
    ("floor", "source"),
    [
        ("core", "import math\nimport numpy as np\nfrom annealing.core.plan import Plan"),
        ("core", "def late():\n    import jax.numpy"),
        ("core", "if TYPE_CHECKING:\n    import torch"),
        ("report", "from annealing.study.result import Comparison"),
        ("report", "from annealing.study import result"),
        ("__init__", "def late():\n    from annealing.study import compare"),
    ],
)
def test_an_import_that_points_down_is_let_through(floor: str, source: str) -> None:
    assert offences(floor, source) == []
