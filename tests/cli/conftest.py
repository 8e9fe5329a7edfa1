"""The command line as a function: what it answers, and what it says on both streams."""

from collections.abc import Callable
from pathlib import Path

import pytest

from annealing.cli.main import run

Said = tuple[int, str, str]


@pytest.fixture
def anneal(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Runs a command in an empty folder; gives its status and what it said on both streams."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def called(*arguments: str) -> Said:
        status = run(arguments)
        said = capsys.readouterr()
        return status, said.out, said.err

    return called
