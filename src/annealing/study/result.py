"""What a comparison found: arms, curves, runs and the final table, as values."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

Role = Literal["range", "tuning", "evaluation"]
RowVerdict = Literal["reference", "worse", "better", "cannot be told apart", "diverged", "not finished"]


@final
@dataclass(frozen=True)
class Arm:
    """One schedule under comparison: the name it goes by, and its canonical text.

    >>> Arm("wsd", "wsd()")
    Arm(name='wsd', schedule='wsd()')
    """

    name: str
    schedule: str


@final
@dataclass(frozen=True, eq=False)
class Curve:
    """How the losses of one run went, at some 25 points; all four arrays have the same length.

    `update` counts finished updates (int64); `train_loss` is the mean training loss over the updates since
    the point before; `valid_loss` the loss on the validation data; `rate` the learning rate that the last
    finished update used (all float64). Two curves are equal when they hold the same bits.

    >>> point = np.array([1.0])
    >>> Curve(np.array([40]), point, point, point) == Curve(np.array([40]), point, point, point)
    True
    """

    update: NDArray[np.int64]
    train_loss: NDArray[np.float64]
    valid_loss: NDArray[np.float64]
    rate: NDArray[np.float64]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Curve):
            return NotImplemented
        return all(a.tobytes() == b.tobytes() for a, b in zip(self._arrays(), other._arrays(), strict=True))

    def __hash__(self) -> int:
        return hash(tuple(a.tobytes() for a in self._arrays()))

    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return self.update, self.train_loss, self.valid_loss, self.rate


@final
@dataclass(frozen=True)
class Run:
    """One setting, trained: which arm, at which rate, from which seed, and what came of it.

    `loss` is the final validation loss (NaN or infinite when the run diverged), `metrics` the task's own
    metrics on the validation data at the end, `seconds` the time it took in its worker.
    """

    arm: str
    lr: float
    seed: int
    role: Role
    curve: Curve
    loss: float
    metrics: dict[str, float]
    diverged: bool
    seconds: float


@final
@dataclass(frozen=True)
class Row:
    """One line of the final table, about one arm at its tuned rate, over the evaluation seeds.

    `mean` is the final validation loss and `interval` the 90 % interval of that mean; `difference` is this
    arm minus the reference arm, paired by seed, and `difference_interval` is at the level that Holm's
    procedure used for this arm, so it excludes 0 exactly when the verdict is "better" or "worse". They are
    None where there is nothing to say: for the reference arm itself, and where a run diverged.
    `metrics` are means over the evaluation seeds; `edge` says that the tuned rate lies at an end of the grid.
    """

    name: str
    schedule: str
    lr: float
    mean: float | None
    interval: tuple[float, float] | None
    difference: float | None
    difference_interval: tuple[float, float] | None
    seeds: int
    diverged: int
    rank: int
    verdict: RowVerdict
    metrics: dict[str, float]
    edge: bool


@final
@dataclass(frozen=True)
class Comparison:
    """The outcome of `compare()`: the table best first, the verdict in words, and every run behind it.

    `best` is the arm to use: the reference, which was best on the *tuning* seeds, unless another arm beat it
    on the evaluation seeds. The ranks come from the evaluation seeds alone, so the first row may be another
    arm that cannot be told apart from it. `notes` say in a line each what a user should know about how it was
    trained: why nothing was stacked.
    """

    task: str
    optimizer: str
    updates: int
    rows: tuple[Row, ...]
    best: str
    verdict: str
    runs: tuple[Run, ...]
    tuning_seeds: tuple[int, ...]
    evaluation_seeds: tuple[int, ...]
    seconds: float
    interrupted: bool
    notes: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """The arm that the differences are taken to."""
        return next((row.name for row in self.rows if row.verdict == "reference"), self.best)

    def to_dict(self) -> dict[str, Any]:
        """Return what `result.json` holds: everything but the curves, with NaN and infinity as None."""
        runs = [{key: value for key, value in vars(run).items() if key != "curve"} for run in self.runs]
        return plain(
            {
                "task": self.task,
                "optimizer": self.optimizer,
                "updates": self.updates,
                "rows": [asdict(row) for row in self.rows],
                "best": self.best,
                "reference": self.reference,
                "verdict": self.verdict,
                "tuning_seeds": self.tuning_seeds,
                "evaluation_seeds": self.evaluation_seeds,
                "seconds": self.seconds,
                "interrupted": self.interrupted,
                "notes": self.notes,
                "runs": runs,
            }
        )


def plain(value: Any) -> Any:
    """Turn tuples into lists and numbers that JSON cannot hold into None."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
