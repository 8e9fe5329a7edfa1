"""Curves in tables: CSV with a line of names, and JSON lines."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from annealing.core.errors import ArgumentError
from annealing.curves.curve import Curve
from annealing.curves.rates import RateLike, curve_of

UPDATE_NAMES = ("step", "update", "iteration", "iter", "_step", "global_step", "trainer/global_step")
RATE_NAMES = ("lr", "rate", "learning_rate", "train/learning_rate", "train_lr", "train/lr")


def read_csv(path: str | Path, *, loss: str = "loss", rate: RateLike = None, before: str | None = None) -> Curve:
    r"""Read a curve from a CSV file with columns `step`, `loss` and, where the rate was logged, `lr`.

    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "run.csv"
    >>> _ = path.write_text("step,lr,loss\n0,0.1,4.0\n2,0.3,3.0\n")
    >>> read_csv(path).rates
    array([0.1, 0.2, 0.3])

    Arguments: `loss`, the name of the loss's column; `rate`, a plan, its text, or one rate per update, in place of the logged
    rate, which is joined by straight lines otherwise; `before`, what the rate was before the first logged update: "linear" for
    a straight warm-up from 0, "hold" for the first logged rate. Lines without a loss are passed over; the points of a restart
    are averaged. Raises `ArgumentError` for a file that holds no such curve.
    """
    path = Path(path)
    with path.open(newline="", encoding="utf-8-sig") as lines:
        return _curve(csv.DictReader(lines), path, loss, rate, before)


def read_json_lines(path: str | Path, *, loss: str = "loss", rate: RateLike = None, before: str | None = None) -> Curve:
    r"""Read a curve from a file with one JSON object per line, such as `{"step": 100, "loss": 3.2, "lr": 0.001}`.

    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "run.jsonl"
    >>> _ = path.write_text('{"step": 0, "loss": 4.0, "lr": 0.1}\n{"step": 1, "loss": NaN, "lr": 0.1}\n')
    >>> read_json_lines(path).diverged
    True

    Arguments and errors as for `read_csv`.
    """
    path = Path(path)
    rows: list[Mapping[str, Any]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row: object = json.loads(line)
        except ValueError as error:
            raise ArgumentError(f"line {number} of {path} is not JSON: {error}.") from None
        if not isinstance(row, dict):
            raise ArgumentError(f'line {number} of {path} is not an object: write {{"step": 100, "loss": 3.2, "lr": 0.001}}.')
        rows.append(cast("dict[str, Any]", row))
    return _curve(rows, path, loss, rate, before)


def write_csv(curve: Curve, path: str | Path) -> None:
    """Write a curve as CSV: `step,lr,loss`, or `step,loss` where the rate is not known.

    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "run.csv"
    >>> write_csv(Curve([0, 1], [4.0, 3.5], [0.1, 0.2]), path)
    >>> read_csv(path) == Curve([0, 1], [4.0, 3.5], [0.1, 0.2], name="run")
    True
    """
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        rows = list(_rows(curve))
        out.writerow(rows[0].keys())
        out.writerows([repr(value) for value in row.values()] for row in rows)


def write_json_lines(curve: Curve, path: str | Path) -> None:
    r"""Write a curve as JSON lines: `{"step": 0, "lr": 0.1, "loss": 4.0}`; NaN and infinity as Python's json writes them.

    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "run.jsonl"
    >>> write_json_lines(Curve([0, 1], [4.0, float("inf")]), path)
    >>> path.read_text()
    '{"step": 0, "loss": 4.0}\n{"step": 1, "loss": Infinity}\n'
    """
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in _rows(curve)), encoding="utf-8")


def _rows(curve: Curve) -> Iterable[dict[str, float]]:
    for update, loss in zip(curve.updates.tolist(), curve.losses.tolist(), strict=True):
        yield {"step": update} | ({} if curve.rate is None else {"lr": float(curve.rates[update])}) | {"loss": loss}


def _curve(rows: Iterable[Mapping[str, Any]], path: Path, loss: str, rate: RateLike, before: str | None) -> Curve:
    updates: list[float] = []
    losses: list[float] = []
    rates: list[float] = []
    seen: set[str] = set()
    for row in rows:
        seen |= {str(name) for name in row}
        update = next((row[name] for name in UPDATE_NAMES if row.get(name) not in (None, "")), None)
        if update is None or row.get(loss) in (None, ""):
            continue
        updates.append(_number(update, "step", path))
        losses.append(_number(row[loss], loss, path))
        logged = next((row[name] for name in RATE_NAMES if row.get(name) not in (None, "")), None)
        rates.append(math.nan if logged is None else _number(logged, "lr", path))
    if not updates:
        raise ArgumentError(
            f"{path} has no line with a step and a {loss}; its columns are {', '.join(sorted(seen)) or 'none'}: "
            f"name the update {' or '.join(UPDATE_NAMES[:2])}, and write loss='…' for another name of the loss."
        )
    return curve_of(updates, losses, rates, rate=rate, before=before, name=path.stem)


def _number(value: Any, column: str, path: Path) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ArgumentError(f"{value!r} in column {column} of {path} is not a number.") from None
