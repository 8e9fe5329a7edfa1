"""What a comparison of growing batches found, as values."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, final

from annealing.study.result import Run

MARGIN = 0.10
"""Two arms are the same when they differ by less than this share of what the decay gains over the constant rate."""

GrowthVerdict = Literal["baseline", "reference", "the same", "apart", "undecided", "diverged", "not finished"]


@final
@dataclass(frozen=True)
class GrowthRow:
    """One arm: how its batch went, what it cost in updates, and how far it ended from the decay.

    `mean` is the final validation loss and `interval` the 90 % interval of that mean; `difference` is this arm minus
    the decay, paired by seed, with its 90 % interval; `share` and `share_interval` are the same as shares of the gap
    between the constant rate and the decay. `apart` is the largest gap between the mean training curves of this arm and
    the decay, over epochs. None where there is nothing to say.
    """

    name: str
    rate: str
    batches: tuple[int, int]
    updates: int
    mean: float | None
    interval: tuple[float, float] | None
    difference: float | None
    difference_interval: tuple[float, float] | None
    share: float | None
    share_interval: tuple[float, float] | None
    apart: float | None
    diverged: int
    verdict: GrowthVerdict


@final
@dataclass(frozen=True)
class GrowthComparison:
    """The outcome of `compare_growth()`: one row per arm in a fixed order, the verdict in words, every run behind it.

    `sizes` are the samples of every update of an arm, by its name; `schedule` is the decay that was traded, from a peak
    of `lr`; `epoch` the samples of one pass over the data.
    """

    task: str
    optimizer: str
    schedule: str
    lr: float
    batch: int
    epoch: int
    epochs: int
    rows: tuple[GrowthRow, ...]
    gap: float | None
    verdict: str
    runs: tuple[Run, ...]
    sizes: dict[str, tuple[int, ...]]
    seeds: tuple[int, ...]
    seconds: float
    interrupted: bool

    @property
    def samples(self) -> int:
        """The samples that every run sees."""
        return self.epoch * self.epochs

    def row(self, name: str) -> GrowthRow:
        """Return the row of an arm: "constant", "decay", "hybrid", "growth", "raised rate" or "control"."""
        return next(row for row in self.rows if row.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Return what `result.json` holds: everything but curves and sizes, with NaN and infinity as None."""
        told = {key: value for key, value in vars(self).items() if key not in ("rows", "runs", "sizes")}
        runs = [{key: value for key, value in vars(run).items() if key != "curve"} for run in self.runs]
        return _plain({**told, "rows": [asdict(row) for row in self.rows], "runs": runs})


def _plain(value: Any) -> Any:
    """Turn tuples into lists and numbers that JSON cannot hold into None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
