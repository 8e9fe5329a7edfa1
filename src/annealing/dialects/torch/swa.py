"""torch's SWALR, for stochastic weight averaging."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math

from annealing.core.phases import cosine, hold, linear
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, one_of, rate, whole_curve


@dialect(
    "torch.SWALR",
    odd="starts from whatever rate the optimizer has at its first step(), not from lr",
    example="lr=0.1, swa_lr=0.05",
)
def SWALR(lr: float, swa_lr: float, anneal_epochs: int = 10, anneal_strategy: str = "cos", last_epoch: int = -1) -> Plan:
    """Go from `lr` to `swa_lr` in `anneal_epochs` updates, and stay.

    >>> from annealing.dialects import torch
    >>> torch.SWALR(lr=0.1, swa_lr=0.05)
    cosine(to=0.05, start=0.1).over(10)

    Odd: theirs is recursive, so it leaves from the rate that another scheduler left behind.
    Ours: say so, `plan.branch(at=8_000, tail=chain(cosine(10, to=0.05), hold()), absolute=True)`.
    Source: Izmailov et al. 2018, arXiv:1803.05407.
    """
    whole_curve(last_epoch)
    start, to, length = rate("lr", lr), rate("swa_lr", swa_lr), count("anneal_epochs", anneal_epochs)
    ramp = cosine if one_of("anneal_strategy", anneal_strategy, "cos", "linear") == "cos" else linear
    if not length:
        return (to * hold()).over(math.inf)
    return ramp(to=to, start=start).over(length)
