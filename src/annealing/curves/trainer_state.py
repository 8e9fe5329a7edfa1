"""Curves from `trainer_state.json`, which the transformers Trainer writes into every checkpoint."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, cast

from annealing.core.errors import ArgumentError
from annealing.curves.curve import Curve
from annealing.curves.rates import RateLike, curve_of


def read_trainer_state(path: str | Path, *, loss: str = "loss", rate: RateLike = None, before: str | None = None) -> Curve:
    """Read a curve from a Hugging Face `trainer_state.json`, or from the checkpoint folder that holds it.

    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "trainer_state.json"
    >>> _ = path.write_text('{"log_history": [{"step": 1, "loss": 4.0, "learning_rate": 0.1}, {"step": 2, "loss": 3.0}]}')
    >>> read_trainer_state(path)
    Curve('trainer_state', 2 points, updates 0 to 1 of 2)

    The Trainer counts updates that are done, so its step 1 is update 0 here. It logs the mean loss since the last log.
    Arguments: `loss`, its name in the log ("eval_loss" for the validation loss); `rate` and `before` as for `read_csv`.
    Raises `ArgumentError` for a file of another kind.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "trainer_state.json"
    try:
        state: object = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ArgumentError(f"{path} is not JSON: {error}.") from None
    history = cast("dict[str, Any]", state).get("log_history") if isinstance(state, dict) else None
    if not isinstance(history, list):
        raise ArgumentError(f"{path} has no log_history: give the trainer_state.json of a checkpoint.")
    rows = [row for row in cast("list[dict[str, Any]]", history) if loss in row and "step" in row]
    if not rows:
        names = sorted({str(name) for row in cast("list[dict[str, Any]]", history) for name in row})
        raise ArgumentError(f"{path} logs no {loss}, only {', '.join(names) or 'nothing'}: write loss='eval_loss', say.")
    return curve_of(
        [int(row["step"]) - 1 for row in rows],
        [float(row[loss]) for row in rows],
        [float(row.get("learning_rate", math.nan)) for row in rows],
        rate=rate,
        before=before,
        name=path.stem,
    )
