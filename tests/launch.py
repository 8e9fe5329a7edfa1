"""Several processes that train together, as ranks: started, waited for and never left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any


def results_of_ranks(script: Path, folder: Path, ranks: int, *, timeout: float, **environment: str) -> list[Any]:
    """What every rank printed in its last line, as JSON.

    The script is run as `script folder` with its RANK and LOCAL_RANK; the ranks meet over gloo, at a file in the folder.
    """
    shared = {
        **os.environ,
        "GLOO_SOCKET_IFNAME": "lo",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent.parent), *sys.path]),
        **environment,
    }
    with ExitStack() as stack:  # closes what was read from them, however this ends
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(script), str(folder)],
                    env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for rank in range(ranks)
        ]
        for process in processes:
            stack.callback(process.kill)
        outputs = [process.communicate(timeout=timeout) for process in processes]
    assert [process.returncode for process in processes] == [0] * ranks, outputs
    return [json.loads(out.splitlines()[-1]) for out, _ in outputs]
