"""The README is executed: every Python block runs, every command line is one that the program understands."""

import re

import pytest

from tests.conftest import require
from tests.pages import ROOT, Block, blocks, commands, links

PAGE = ROOT / "README.md"
README = PAGE.read_text(encoding="utf-8")
COMMANDS = commands(PAGE)


@pytest.mark.parametrize("block", list(blocks(PAGE)), ids=lambda block: block.code.strip().splitlines()[-1][:40])
def test_a_python_block_of_the_readme_runs(block: Block) -> None:
    require("torch")
    exec(block.compiled(PAGE), {})  # noqa: S102 - it is ours


def test_the_six_uses_assert_what_they_show() -> None:
    uses = README.partition("## Six uses")[2].partition("## What to know")[0]

    assert len(re.findall(r"```python", uses)) == 6
    assert all("assert" in block for block in re.findall(r"```python\n(.*?)```", uses, re.DOTALL))


@pytest.mark.parametrize("words", [words for words in COMMANDS if words[1:2] in (["show"], ["diff"], ["list"])], ids=" ".join)
def test_a_command_of_the_readme_that_trains_nothing_works(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    from typer.testing import CliRunner

    from annealing.cli.main import app

    result = CliRunner().invoke(app, words[1:])

    assert result.exit_code == 0, result.output
    assert len(result.output) > 100


def test_every_schedule_in_a_compare_command_of_the_readme_is_one() -> None:
    import annealing as an

    compared = [words for words in COMMANDS if words[:2] == ["anneal", "compare"]]
    schedules = [word for words in compared for word in words[3:] if "(" in word or word in ("cosine", "wsd")]

    assert len(compared) == 3
    assert len(schedules) == 3
    for text in schedules:
        assert an.parse(text).over(1_000)(500) > 0


def test_the_readme_names_what_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for link in links(PAGE):
        assert (ROOT / link).exists(), link
