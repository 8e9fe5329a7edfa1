"""Pages of Markdown whose code is executed, so that what they show stays true."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]

_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<code>.*?)^```", re.DOTALL | re.MULTILINE)
_TESTED = re.compile(r"^<!-- tested: (?P<words>.+?) -->$", re.MULTILINE)


class Block(NamedTuple):
    """The code between two fences, and the line of the page on which it begins."""

    code: str
    line: int

    def compiled(self, page: Path) -> CodeType:
        """The code, whose tracebacks name the page and its lines."""
        return compile("\n" * (self.line - 1) + self.code, str(page), "exec")


def blocks(page: Path, language: str = "python") -> Iterator[Block]:
    """Every block of a page in one language."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        if found["language"] == language:
            yield Block(found["code"], text.count("\n", 0, found.start("code")) + 1)


def run(page: Path, names: dict[str, Any]) -> None:
    """Run the Python blocks of a page in order, as one script."""
    for block in blocks(page):
        exec(block.compiled(page), names)  # noqa: S102 - it is ours


def commands(page: Path) -> list[list[str]]:
    """Every line of the shell blocks of a page, as words."""
    lines = [line for block in blocks(page, "sh") for line in block.code.splitlines()]
    return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


def links(page: Path) -> list[str]:
    """Everything that a page links to within the repository."""
    targets: list[str] = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    return [target for target in targets if "://" not in target]


def wishes(page: Path) -> list[str]:
    """How a page wants to be tested: `<!-- tested: slow -->`, or a warning filter such as `ignore::UserWarning:lightning`."""
    return [found["words"] for found in _TESTED.finditer(page.read_text(encoding="utf-8"))]
