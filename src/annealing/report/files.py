"""The files of a comparison, written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import tempfile
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from annealing.core.errors import ArgumentError
from annealing.study.result import Comparison

COLUMNS = ("arm", "lr", "seed", "role", "update", "train_loss", "valid_loss", "rate")
"""The columns of curves.csv: one line per point of every run."""


def write_comparison(comparison: Comparison, folder: Path, *, command: str = "") -> tuple[Path, ...]:
    """Write report.html, summary.png, result.json and curves.csv into `folder`, each complete or not at all.

    Every file is made before the first one is written, and a Ctrl-C that comes meanwhile is heard after
    the last one: nothing that was trained is lost. Raises `ArgumentError` when the folder cannot be written to.
    """
    from annealing.report.html import page  # Bokeh and matplotlib are needed for files only
    from annealing.report.png import summary

    with interrupts_held():
        contents = {
            "report.html": page(comparison, command=command).encode(),
            "summary.png": summary(comparison),
            "result.json": (as_json(comparison) + "\n").encode(),
            "curves.csv": curves_csv(comparison).encode(),
        }
        return write_files(folder, contents)


def as_json(comparison: Comparison) -> str:
    """Return result.json: strict JSON, in which what is no number is null."""
    return json.dumps(comparison.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)


def curves_csv(comparison: Comparison) -> str:
    """Return curves.csv: numbers read back to the same bits; a loss that was lost is nan or inf."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for run in comparison.runs:
        curve = run.curve
        points = zip(
            curve.update.tolist(), curve.train_loss.tolist(), curve.valid_loss.tolist(), curve.rate.tolist(), strict=True
        )
        rows.writerows((run.arm, repr(run.lr), run.seed, run.role, *point) for point in points)
    return text.getvalue()


def write_files(folder: Path, contents: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write files by name: all beside their places first, then each moved into place, which cannot be half done.

    Raises `ArgumentError` when that is not possible, with nothing left behind.
    """
    waiting: dict[Path, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
            waiting[Path(temporary)] = folder / name
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(temporary).chmod(0o666 & ~_umask())
        for temporary, place in waiting.items():
            temporary.replace(place)
    except OSError as error:
        raise cannot_write(folder, error) from error
    finally:
        for temporary in waiting:
            with suppress(OSError):
                temporary.unlink()  # gone already, where all went well
    return tuple(waiting.values())


@contextmanager
def claimed(folder: Path) -> Generator[None]:
    """Make a folder and see that it can be written to, before hours of work; remove what was made if that work fails.

    Raises `ArgumentError` when it cannot be written to.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise cannot_write(folder, error) from error
        yield
    except BaseException:
        for path in made:
            with suppress(OSError):  # not empty: somebody else has written there meanwhile
                path.rmdir()
        raise


def cannot_write(path: Path, error: OSError) -> ArgumentError:
    """Say in one line why a path cannot be written to, and what to write instead."""
    return ArgumentError(f"{path} cannot be written to ({error.strerror or error}): name another place.")


@contextmanager
def interrupts_held() -> Generator[None]:
    """Hear a Ctrl-C only after the block, so that what it writes is complete."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears signals
        return
    heard: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        heard.append(number)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard:
        raise KeyboardInterrupt


def _umask() -> int:
    """The user's mask, by which a temporary file does not go: it is readable by its owner alone."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
