"""How long a run is, in every unit it can be counted in."""

from __future__ import annotations

import math
import operator
from collections.abc import Sized
from dataclasses import dataclass
from numbers import Real
from typing import Any, SupportsIndex, final

from annealing.core.errors import LengthError

PLAN_UNITS = ("updates", "epochs", "samples", "tokens")
_SHORT = {"up": "updates", "ep": "epochs", "sam": "samples", "tok": "tokens"}


@final
@dataclass(frozen=True)
class Horizon:
    """A run's length in updates and, where known, in epochs, samples and tokens.

    It can be given wherever a total can, and lets lengths be written as `"3ep"` or `"2e9tok"`.

    >>> Horizon.of(50_000, epochs=30, batch_size=128)
    Horizon(updates=11730, epochs=30, samples=1500000)

    Arguments: `updates`, the optimizer updates of the whole run; `epochs`, `samples`, `tokens`, the
    same run in those units. Raises `LengthError` for a total that is not positive.
    """

    updates: int
    epochs: float | None = None
    samples: int | None = None
    tokens: float | None = None

    def __post_init__(self) -> None:
        for unit in PLAN_UNITS:
            value = getattr(self, unit)
            if value is None:
                continue
            amount = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
            if not 0 < amount < math.inf:
                raise LengthError(f"Horizon({unit}={value!r}) is not a length: write a number above 0.")
            if unit == "updates" and amount != int(amount):
                raise LengthError(f"Horizon(updates={value!r}) must be a whole number: write {round(amount)}.")
            object.__setattr__(self, unit, int(amount) if amount == int(amount) else amount)  # also from NumPy's numbers

    @classmethod
    def of(
        cls,
        data: Any,
        *,
        epochs: float,
        batch_size: int | None = None,
        accumulation: int = 1,
        drop_last: bool | None = None,
        ranks: int = 1,
        tokens_per_sample: int | None = None,
    ) -> Horizon:
        """Count a run from its data: a loader, a sized dataset, or the number of samples.

        Arguments: `data`, a `DataLoader`-like object (its own `batch_size` and `drop_last` are used), a
        dataset with a length, or an int; `epochs`, passes over it; `batch_size`, samples per micro-batch
        on one rank; `accumulation`, micro-batches per update (an epoch's last update may hold fewer);
        `drop_last`, whether an incomplete batch is left out; `ranks`, processes that share the data (a
        loader whose sampler already splits it is not split again); `tokens_per_sample`.

        >>> Horizon.of(1_000, epochs=2, batch_size=16, accumulation=4, ranks=2).updates
        16
        """
        _positive("epochs", epochs)
        accumulation, ranks = _count("accumulation", accumulation), _count("ranks", ranks)
        samples, batches, size, dropped = _one_epoch(data, batch_size, drop_last, ranks)
        if batches == 0:
            raise LengthError(
                f"{samples} samples give no full batch of {size} on {ranks} rank(s) with drop_last: "
                "use a smaller batch or drop_last=False."
            )
        updates = max(1, round(epochs * math.ceil(batches / accumulation)))
        seen = batches * size * ranks if dropped else samples
        total = round(seen * epochs)
        return cls(updates, epochs, total, None if tokens_per_sample is None else total * tokens_per_sample)

    def total(self, unit: str) -> float:
        """Return the whole run in `unit` (`"updates"`, `"epochs"`, `"samples"`, `"tokens"`, or their short forms)."""
        unit = _SHORT.get(unit, unit)
        if unit not in PLAN_UNITS:
            raise LengthError(f"unit={unit!r} is unknown: write one of {', '.join(PLAN_UNITS)}.")
        value = getattr(self, unit)
        if value is None:
            raise LengthError(f"this run's {unit} are not known: write Horizon(updates={self.updates}, {unit}=…).")
        return value

    def __repr__(self) -> str:
        from annealing.core.length import compact  # only to print: keeps `length` free to use horizons

        given = [(u, getattr(self, u)) for u in PLAN_UNITS if getattr(self, u) is not None]
        return "Horizon(" + ", ".join(f"{u}={v if isinstance(v, int) else compact(v)}" for u, v in given) + ")"


def _positive(name: str, value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value) or value <= 0:
        raise LengthError(f"{name}={value!r} must be a number above 0.")


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, SupportsIndex) or operator.index(value) < 1:
        raise LengthError(f"{name}={value!r} must be a whole number above 0.")
    return operator.index(value)


def _one_epoch(data: Any, batch_size: int | None, drop_last: bool | None, ranks: int) -> tuple[int, int, int, bool]:
    """Samples, batches per rank, batch size, and whether an incomplete batch is dropped."""
    if hasattr(data, "batch_size") and isinstance(data, Sized):
        return _one_epoch_of_loader(data, batch_size, drop_last, ranks)
    if not isinstance(data, (Sized, SupportsIndex)):
        raise LengthError(
            f"{data!r} has no length: give a loader, a dataset, a whole number of samples, or write Horizon(updates=…)."
        )
    samples = _count("samples", len(data) if isinstance(data, Sized) else data)
    if batch_size is None:
        raise LengthError("batch_size is needed to count updates from samples: write batch_size=….")
    batch_size = _count("batch_size", batch_size)
    share = samples // ranks if drop_last else math.ceil(samples / ranks)
    batches = share // batch_size if drop_last else math.ceil(share / batch_size)
    return samples, batches, batch_size, bool(drop_last)


def _one_epoch_of_loader(loader: Any, batch_size: int | None, drop_last: bool | None, ranks: int) -> tuple[int, int, int, bool]:
    if batch_size is not None and loader.batch_size not in (None, batch_size):
        raise LengthError(f"batch_size={batch_size} but the loader's is {loader.batch_size}: leave it out.")
    size = loader.batch_size or batch_size or 1
    dropped = bool(getattr(loader, "drop_last", False)) if drop_last is None else drop_last
    already_split = getattr(getattr(loader, "sampler", None), "num_replicas", 1) > 1
    batches = (
        len(loader) if already_split or ranks == 1 else (len(loader) // ranks if dropped else math.ceil(len(loader) / ranks))
    )
    dataset = getattr(loader, "dataset", None)
    samples = len(dataset) if isinstance(dataset, Sized) else len(loader) * size
    return samples, batches, size, dropped
