"""Where a picture goes that somebody asked for."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from annealing.core.errors import ArgumentError


@contextmanager
def picture_file(file: Path) -> Generator[Callable[[bytes], object]]:
    """Claim the place of a PNG; what is drawn inside is handed to the function that comes back.

    Raises `ArgumentError` for a name that does not end in .png and for a place that cannot be written to.
    """
    if file.suffix.lower() != ".png":
        raise ArgumentError(f"--png {file} does not end in .png: write --png {file.with_suffix('.png')}.")
    from annealing.report.files import claimed, write_files

    with claimed(file.parent):
        yield lambda drawn: write_files(file.parent, {file.name: drawn})
