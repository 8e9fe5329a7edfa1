"""Curves from TensorBoard's event files, read with the tensorboard package where it is installed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, cast

from annealing.core.errors import ArgumentError
from annealing.curves.curve import Curve
from annealing.curves.rates import RateLike, curve_of
from annealing.curves.tables import RATE_NAMES


class TensorBoardError(ArgumentError, ModuleNotFoundError):
    """The package that reads event files is not installed."""


def read_tensorboard(
    path: str | Path, *, loss: str = "loss", lr: str | None = None, rate: RateLike = None, before: str | None = None
) -> Curve:
    """Read a curve from a TensorBoard event file, or from the folder that holds it.

    Arguments: `loss`, the tag of the loss; `lr`, the tag of the rate (by default any of the usual names); `rate` and `before`
    as for `read_csv`. Raises `TensorBoardError` where tensorboard is not installed, `ArgumentError` for tags that the file does
    not have.

    >>> read_tensorboard("runs/1", loss="train/loss")  # doctest: +SKIP
    Curve('1', 120 points, updates 0 to 11900 of 11901)
    """
    path = Path(path)
    if not path.exists():
        raise ArgumentError(f"there is no {path}: give an event file, or the folder that holds it.")
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    except ModuleNotFoundError:
        raise TensorBoardError(
            "reading event files needs tensorboard, which is not installed: pip install tensorboard, or export the run as CSV."
        ) from None
    events: Any = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})  # 0: all of them
    events.Reload()
    tags: dict[str, Any] = events.Tags()
    scalars = _series(events, tags)
    if loss not in scalars:
        raise ArgumentError(f"{path} has no scalar {loss!r}, only {', '.join(sorted(scalars)) or 'none'}: write loss='…'.")
    if lr is not None and lr not in scalars:
        raise ArgumentError(f"{path} has no scalar {lr!r}, only {', '.join(sorted(scalars))}: write lr='…'.")
    logged = dict(scalars.get(lr or next((name for name in RATE_NAMES if name in scalars), ""), []))
    points = scalars[loss]
    return curve_of(
        [update for update, _ in points],
        [value for _, value in points],
        [logged.get(update, math.nan) for update, _ in points],
        rate=rate,
        before=before,
        name=path.name if path.is_dir() else path.parent.name or path.name,
    )


def _series(events: Any, tags: dict[str, Any]) -> dict[str, list[tuple[int, float]]]:
    """Every scalar as (update, value), whether written by the first or the second generation of writers."""
    found = {tag: [(event.step, float(event.value)) for event in events.Scalars(tag)] for tag in tags.get("scalars", [])}
    if tags.get("tensors"):
        from tensorboard.util import tensor_util

        make_ndarray = cast("Any", tensor_util.make_ndarray)
        for tag in tags["tensors"]:
            arrays: list[tuple[int, Any]] = [(event.step, make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)]
            if all(array.size == 1 and array.dtype.kind == "f" for _, array in arrays):
                found[tag] = [(step, float(array.reshape(-1)[0])) for step, array in arrays]
    return found
