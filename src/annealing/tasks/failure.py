"""Say in one line what the user's own code raised, and where."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from annealing.core.errors import AnnealingError, TaskError, TrainingError


def task_raised(task: str, error: BaseException) -> TaskError:
    """Return the one line that stands for what a task's own code raised before anything was trained."""
    return TaskError(_line(task, error))


def training_raised(task: str, error: BaseException) -> TrainingError:
    """Return the one line that stands for what a task's own code raised while it was trained."""
    return TrainingError(_line(task, error))


@contextmanager
def told_of(task: str) -> Generator[None]:
    """Raise, for whatever a task's own code raises in the `with` block, the one line that stands for it.

    What this library raises on purpose is such a line already.
    """
    try:
        yield
    except AnnealingError:
        raise
    except Exception as error:
        raise training_raised(task, error) from error


def _line(task: str, error: BaseException) -> str:
    return f"task {task!r}: {error}" if isinstance(error, TaskError) else f"task {task!r} raised {where_it_failed(error)}"


def where_it_failed(error: BaseException) -> str:
    """Say in one line what was raised and where in the user's own code: `ValueError: bad shape (my_task.py, line 12)`."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not _is_library(frame.filename)] or list(frames)
    message = " ".join(str(error).split())
    said = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return f"{said} ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else said


def _is_library(filename: str) -> bool:
    here = str(Path(__file__).parents[1])
    return filename.startswith((here, "<frozen", sys.base_prefix + "/lib")) or "site-packages" in filename
