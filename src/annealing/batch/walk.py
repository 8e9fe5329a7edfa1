"""Which samples each update of a run uses, when the batch changes on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from annealing.core.checks import whole
from annealing.core.errors import ArgumentError, KindError
from annealing.core.plan import Plan


def update_sizes(batch: Plan, epoch: int | None = None, *, ranks: int = 1) -> NDArray[np.int64]:
    """Return how many samples each update of the run uses, from the first to the last.

    >>> import annealing as an
    >>> update_sizes((4 / an.stairs({"50%": 1 / 2})).over(20, unit="samples"))
    array([4, 4, 4, 8])
    >>> update_sizes((4 / an.stairs({"50%": 1 / 2})).over(20, unit="samples"), epoch=10)
    array([4, 4, 2, 8, 2])

    Arguments: `batch`, the samples per update as a plan of the samples seen; `epoch`, samples in one pass over the data,
    at whose end a batch is cut so that every sample is seen exactly once per pass (by default the data is one stream);
    `ranks`, processes that share each batch: a rest too small to give every one of them a sample joins the batch before.

    Raises `KindError` for a plan that does not count samples, `ArgumentError` for a batch below one sample, or for fewer
    samples in an epoch than ranks.
    """
    total = checked_total(batch)
    return np.fromiter(walk(batch, 0, total, epoch or total, ranks), np.int64)


def walk(batch: Plan, seen: int, until: int, epoch: int, ranks: int = 1) -> Iterator[int]:
    """Yield the size of every update from `seen` samples on, until that many are seen."""
    whole("epoch", epoch, at_least=1)
    if epoch < whole("ranks", ranks, at_least=1):
        raise ArgumentError(f"an epoch of {epoch} samples cannot give each of {ranks} ranks one: use fewer ranks or more data.")
    while seen < until:
        wanted = batch(seen)
        if not 1 <= wanted < math.inf:
            raise ArgumentError(
                f"the batch is {wanted:g} after {seen} samples: write .rounded(1, minimum=1) and .clip(high=…) around it."
            )
        left = min(epoch - seen % epoch, until - seen)
        size = min(max(int(wanted), ranks), left)
        if left - size < ranks:  # a rest that would leave a rank without a sample
            size = left
        yield size
        seen += size


def checked_total(batch: Plan) -> int:
    """Return the samples of the whole run, after checking that the plan counts them and that there is an end."""
    if not isinstance(batch, Plan) or batch.unit != "samples" or math.isinf(batch.total):
        raise KindError(
            f"{batch} must say the batch for a known number of samples: write .over(50_000 * epochs, unit='samples')."
        )
    return int(batch.total)
