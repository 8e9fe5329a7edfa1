"""The how-to pages are executed: the blocks of a page run in order, as one script, in an empty folder.

A page may say how: `<!-- tested: slow -->` on a line of its own, or `<!-- tested: ignore:message:Category -->` for a
warning of a library that it shows.
"""

import ast
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import require
from tests.pages import ROOT, Block, blocks, commands, links, run, wishes

HOW_TO = ROOT / "docs" / "how-to"
PAGES = sorted(HOW_TO.glob("*.md"))


def libraries(code: str) -> set[str]:
    """The libraries that some code imports."""
    tree = list(ast.walk(ast.parse(code)))
    modules = [alias.name for node in tree if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module for node in tree if isinstance(node, ast.ImportFrom) and node.module]
    return {module.partition(".")[0] for module in modules} - {"annealing", *sys.stdlib_module_names}


def asserts(block: Block) -> int:
    return sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(block.code)))


def as_parameter(page: Path) -> object:
    marks = [pytest.mark.slow if words == "slow" else pytest.mark.filterwarnings(words) for words in wishes(page)]
    return pytest.param(page, id=page.stem, marks=marks)


@pytest.mark.parametrize("page", [as_parameter(page) for page in PAGES])
def test_the_code_of_a_how_to_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in sorted({library for block in blocks(page) for library in libraries(block.code)}):
        require(library)
    module = ModuleType("page")  # a module, so that its classes can be pickled and its dataclasses made
    monkeypatch.setitem(sys.modules, "page", module)
    monkeypatch.chdir(tmp_path)

    run(page, vars(module))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_how_to_page_asserts_what_it_shows(page: Path) -> None:
    assert sum(asserts(block) for block in blocks(page)) > 0, f"{page.name} claims nothing that a test could find wrong"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_how_to_page_links_to_what_is_there(page: Path) -> None:
    assert [link for link in links(page) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_show_commands_of_a_how_to_page_work(page: Path) -> None:
    from typer.testing import CliRunner

    from annealing.cli.main import app

    for words in commands(page):
        if words[:2] == ["anneal", "show"]:
            result = CliRunner().invoke(app, words[1:])
            assert result.exit_code == 0, result.output


def test_a_block_that_fails_names_the_line_of_its_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n\n```python\nx = 1\n```\n\n```python\nassert x == 2\n```\n", encoding="utf-8")

    with pytest.raises(AssertionError) as caught:
        run(page, {})

    assert caught.traceback[-1].lineno == 7  # counted from 0: the eighth line
    assert str(caught.traceback[-1].path) == str(page)
