"""Which process holds a claim, and whether it is still there to be asked."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_DEAD = "ZXx"  # states of a process that has ended and whose parent has not noticed


class Owner(NamedTuple):
    """A process: the machine it runs on, and its number there with the time it started, since numbers are used again."""

    host: str
    process: str


def this_process() -> Owner:
    """Return the process that asks."""
    return Owner(_host(), f"{os.getpid()} {_started(os.getpid())}")


def is_dead(owner: Owner) -> bool:
    """Say whether a process is known to have ended: never so of one on another machine, or where nobody can tell.

    >>> is_dead(this_process()), is_dead(Owner(this_process().host, "1 never")), is_dead(Owner("elsewhere", "1 never"))
    (False, True, False)
    """
    if owner.host != _host() or os.name != "posix":
        return False
    number, _, started = owner.process.partition(" ")
    return _started(int(number)) != started


@lru_cache(maxsize=1)
def _host() -> str:
    """Name this machine since it was started, and what of it this process sees: containers share names, not processes."""
    parts = [platform.node()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(os.readlink("/proc/self/ns/pid"))  # noqa: PTH115 - it is no path but a name, "pid:[4026531836]"
    except OSError:  # not Linux
        pass
    return " ".join(parts)


def _started(process: int) -> str:
    """Return when a process started, in the system's own words; empty when there is none."""
    if os.name != "posix":
        return ""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        if Path("/proc/self/stat").exists():
            return ""
        words = subprocess.run(["ps", "-o", "lstart=", "-p", str(process)], capture_output=True, text=True, check=False)  # noqa: S603, S607
        return " ".join(words.stdout.split())
    fields = stat.rpartition(")")[2].split()  # what comes before may hold anything: it is the program's name
    return "" if fields[0] in _DEAD else fields[19]
