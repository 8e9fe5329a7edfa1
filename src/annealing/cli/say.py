"""What the command says on the two streams: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console


def error(message: object) -> None:
    """Print one line on stderr, whatever the message holds."""
    print("anneal:", " ".join(str(message).split()), file=_forgiving(sys.stderr))


def results() -> Console:
    """Return where results go. It is made anew, as tests and shells exchange the streams."""
    return Console(file=_forgiving(sys.stdout), highlight=False, markup=False, emoji=False)


def notes() -> Console:
    """Return where progress and hints go."""
    return Console(file=_forgiving(sys.stderr), highlight=False, markup=False, emoji=False)


def plain(text: str) -> None:
    """Print text for machines: no wrapping, no colour."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def _forgiving(stream: TextIO) -> TextIO:
    """Let a stream that knows no "√" print a "?" there, rather than fail in the middle of a sentence."""
    forgive = getattr(stream, "reconfigure", None)
    if forgive is not None and not knows_unicode(stream):
        forgive(errors="replace")
    return stream


def json_of(numbers: Mapping[str, Any]) -> str:
    """Write JSON with one key per line: short enough to read, and no line per number."""
    pairs = (f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False, allow_nan=False)}" for key, value in numbers.items())
    return "{\n" + ",\n".join(pairs) + "\n}"


def knows_unicode(stream: TextIO) -> bool:
    """Whether a stream can print braille dots and box lines."""
    try:
        "⣿│".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
