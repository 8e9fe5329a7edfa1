"""The whole folder once more on the torch backend, which a process can choose only once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import require
from tests.keras_adapter.training import BACKEND

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]


@pytest.mark.slow
@pytest.mark.skipif(BACKEND != "jax", reason="this is the other backend")
def test_everything_holds_on_the_torch_backend(tmp_path: Path) -> None:
    require("torch")
    command = [sys.executable, "-m", "pytest", "-q", "--basetemp", str(tmp_path / "torch"), "-p", "no:cacheprovider", str(FOLDER)]
    done = subprocess.run(
        command, env={**os.environ, "ANNEALING_KERAS_BACKEND": "torch"}, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout[-8000:]
    assert " passed" in done.stdout
