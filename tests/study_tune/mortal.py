"""The command `anneal`, as several processes, or as one that is killed again and again.

Run as `python mortal.py kill SEED TIMES LONGEST ARGUMENTS…` or `python mortal.py together HOW_MANY ARGUMENTS…`. Each process is
a fork of one that has loaded its libraries already, which spares it seconds; all it does it does as the command.
Prints a line of JSON: which studies there are, and what was done when each was killed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from importlib import import_module
from pathlib import Path

from annealing.cli.main import main
from annealing.core.errors import StoreError
from annealing.study.store import open_store

for library in ("annealing.study.tune", "annealing.report.tuned_files", "annealing.report.png"):
    import_module(library)

STORE = "studies.db"


def begin(arguments: list[str], study: str, name: str = "") -> int:
    """Start the command on a study; return its process."""
    process = os.fork()
    if process:
        return process
    status = 70
    try:
        with Path(f"{study}{name}.out").open("w", encoding="utf-8") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            sys.argv = ["anneal", "tune", "--store", STORE, *arguments, "--study", study, "--out", f"report-{study}{name}"]
            main()
    except SystemExit as end:
        status = end.code or 0
    finally:
        sys.stdout.flush()
        os._exit(status)


def ended(process: int, until: float) -> bool:
    """Say whether a process ended, well, before then."""
    while time.monotonic() < until:
        if (found := os.waitpid(process, os.WNOHANG))[0]:
            assert found[1] == 0, f"the command failed: {found[1]}"
            return True
        time.sleep(0.01)
    return False


def counts(study: str) -> list[int]:
    """How many runs of a study wait, are claimed, are done."""
    try:
        with open_store(STORE, create=False) as store:
            states = [run.state for run in store.study(study).runs()]
            return [states.count(state) for state in ("waiting", "claimed", "done")]
    except StoreError:  # there is none yet
        return [0, 0, 0]


def kill(seed: int, times: int, longest: float, arguments: list[str]) -> dict[str, object]:
    """Kill a study's process at random moments, `times` times, each time going on; where one is quicker, begin a new study."""
    moments = random.Random(seed)
    number, killed = 0, []
    while len(killed) < times:
        began, process = time.monotonic(), begin(arguments, f"s{number}")
        if ended(process, began + moments.uniform(0.1, 1.0) * longest):
            longest = min(longest, time.monotonic() - began)  # the machine is less busy than it was
            number += 1
            continue
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        killed.append(counts(f"s{number}"))
    began = time.monotonic()
    assert ended(begin(arguments, f"s{number}"), began + 600)
    return {"studies": [f"s{i}" for i in range(number + 1)], "killed": killed, "seconds": time.monotonic() - began}


def together(processes: int, arguments: list[str]) -> dict[str, object]:
    """Let several processes work on one study at once."""
    started = [begin(arguments, "s0", f"-{i}") for i in range(processes)]
    assert all(ended(process, time.monotonic() + 600) for process in started)
    return {"studies": ["s0"], "reports": [f"report-s0-{i}" for i in range(processes)]}


if __name__ == "__main__":
    what, number, *more = sys.argv[1:]
    found = together(int(number), more) if what == "together" else kill(int(number), int(more[0]), float(more[1]), more[2:])
    sys.stdout.write(json.dumps(found) + "\n")
