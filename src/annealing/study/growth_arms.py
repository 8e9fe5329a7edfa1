"""The arms of a comparison of growing batches: one decay, and what may stand in for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from annealing.batch import TradePlan, trade
from annealing.core.errors import ArgumentError
from annealing.core.horizon import Horizon
from annealing.core.marks import stairs
from annealing.core.phases import hold
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule

DECAY = stairs({"30%": 1 / 5, "60%": 1 / 25, "80%": 1 / 125})
"""A fifth of the rate after 30, 60 and 80 % of the run, as Smith et al. 2018 have it."""

RAISED = 2.0
LARGEST = 10
"""The batch of the hybrid and of the raised rate grows to one part in so many of the data, and from there on the rate decays.

Smith et al. grow it that far: the noise is rate * (data / batch - 1), which is inversely proportional to the batch for as long
as the batch is a small part of the data. The arm "growth" goes on to the whole of the data, where no noise is left.
"""


@final
@dataclass(frozen=True)
class GrowthArm:
    """An arm: the rate of every update, as a plan over updates, and the samples that it uses."""

    name: str
    rate: Plan
    sizes: tuple[int, ...]


def growth_arms(schedule: Schedule, lr: float, batch: int, epoch: int, epochs: int) -> tuple[GrowthArm, ...]:
    """Return constant, decay, hybrid, growth, raised rate and control, all over the same samples from the same rate.

    >>> [(arm.name, len(arm.sizes)) for arm in growth_arms(DECAY, 0.03, batch=8, epoch=1_000, epochs=40)]
    [('constant', 5000), ('decay', 5000), ('hybrid', 1960), ('growth', 1848), ('raised rate', 1072), ('control', 1848)]

    The control decays the rate and grows the batch at once, which anneals twice: whatever tells arms apart must tell it.

    Raises `ArgumentError` where the batch has no room to grow, or where the schedule does not decay.
    """
    if batch * RAISED * LARGEST > epoch:
        raise ArgumentError(
            f"batch={batch} leaves no room to grow in an epoch of {epoch} samples: write {max(1, epoch // 125)} or so."
        )
    over = Horizon.of(epoch, epochs=epochs, batch_size=batch)
    decay = (lr * schedule).over(over, unit="samples")
    pairs = {
        "hybrid": traded(decay, batch, epoch // LARGEST),
        "growth": traded(decay, batch, epoch),
        "raised rate": traded(decay, batch, epoch // LARGEST, RAISED),
    }
    growth = pairs["growth"]
    before = TradePlan(decay, (batch * hold()).over(over, unit="samples"), decay, batch)
    constant = TradePlan((lr * hold()).over(over, unit="samples"), before.batch, decay, batch)
    control = TradePlan(decay, growth.batch, decay, batch)
    everything = {"constant": constant, "decay": before, **pairs, "control": control}
    if growth.updates() == before.updates():
        raise ArgumentError(f"{schedule} does not decay, so there is nothing to grow the batch for: write one that does.")
    return tuple(GrowthArm(name, pair.rate_by_update(), tuple(pair.sizes.tolist())) for name, pair in everything.items())


def traded(decay: Plan, batch: int, largest: int, raised: float = 1.0) -> TradePlan:
    """Return the trade of a plan over samples."""
    return trade(decay, batch=batch, max_batch=largest, raise_rate=raised)
