"""Keras on the torch backend: the same, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import require

ROOT = Path(__file__).parents[3]


def run(text: str, updates: int, save_every: int | None, folder: Path) -> list[float]:
    require("torch")
    command = [sys.executable, "-m", "tests.stories.everywhere.run_keras", text, str(updates), str(save_every or 0), str(folder)]
    done = subprocess.run(
        command, env={**os.environ, "KERAS_BACKEND": "torch"}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
