"""Curves by their file names."""

from __future__ import annotations

from pathlib import Path

from annealing.core.errors import ArgumentError
from annealing.curves.curve import Curve
from annealing.curves.rates import RateLike
from annealing.curves.tables import read_csv, read_json_lines, write_csv, write_json_lines
from annealing.curves.tensorboard import read_tensorboard
from annealing.curves.trainer_state import read_trainer_state


def read(path: str | Path, *, loss: str | None = None, rate: RateLike = None, before: str | None = None) -> Curve:
    """Read a curve from whatever kind of log a path names.

    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "run.csv"
    >>> write(Curve([0, 1], [4.0, 3.5]), path)
    >>> read(path)
    Curve('run', 2 points, updates 0 to 1 of 2)

    Known are `.csv`, `.jsonl`, the Trainer's `trainer_state.json` or a checkpoint folder with one, and TensorBoard's event
    files or a folder of them. Arguments as for `read_csv`; `loss` is the name under which the loss was logged ("loss"). Raises
    `ArgumentError` for anything else.
    """
    path = Path(path)
    if not path.exists():
        raise ArgumentError(f"there is no file {path}.")
    called = "loss" if loss is None else loss
    if path.name == "trainer_state.json" or (path / "trainer_state.json").is_file():
        return read_trainer_state(path, loss=called, rate=rate, before=before)
    if ".tfevents." in path.name or path.is_dir():
        return read_tensorboard(path, loss=called, rate=rate, before=before)
    match path.suffix.lower():
        case ".csv":
            return read_csv(path, loss=called, rate=rate, before=before)
        case ".jsonl" | ".ndjson":
            return read_json_lines(path, loss=called, rate=rate, before=before)
        case _:
            raise ArgumentError(f"{path} is no log that can be read: give .csv, .jsonl, trainer_state.json or event files.")


def write(curve: Curve, path: str | Path) -> None:
    """Write a curve as `.csv` or `.jsonl`, by the name of the file.

    >>> from tempfile import mkdtemp
    >>> write(Curve([0, 1], [4.0, 3.5]), Path(mkdtemp()) / "run.jsonl")

    Raises `ArgumentError` for another kind of name.
    """
    match Path(path).suffix.lower():
        case ".csv":
            write_csv(curve, path)
        case ".jsonl" | ".ndjson":
            write_json_lines(curve, path)
        case _:
            raise ArgumentError(f"{path} ends in neither .csv nor .jsonl: write one of them.")
