"""What the command says on the two streams: results on stdout, everything else on stderr."""

from __future__ import annotations

import sys
from typing import TextIO

from rich.console import Console


def error(message: object) -> None:
    """Print one line on stderr, whatever the message holds."""
    print("anneal:", " ".join(str(message).split()), file=sys.stderr)  # noqa: T201


def results() -> Console:
    """Return where results go. It is made anew, as tests and shells exchange the streams."""
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def notes() -> Console:
    """Return where progress and hints go."""
    return Console(file=sys.stderr, highlight=False, markup=False, emoji=False)


def plain(text: str) -> None:
    """Print text for machines: no wrapping, no colour."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def knows_unicode(stream: TextIO) -> bool:
    """Whether a stream can print braille dots and box lines."""
    try:
        "⣿│".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
