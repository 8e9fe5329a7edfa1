"""torch's OneCycleLR, whose phases end between two updates."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from annealing.core.errors import ArgumentError
from annealing.core.marks import knots
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, divisor, fraction, one_of, rate, whole_curve

Phase = tuple[float, float, float]  # the time it ends at, the value it starts from, the value it goes to


@dialect(
    "torch.OneCycleLR",
    odd="ends exactly at the last update; one more is allowed, where cosine rises again and linear is negative",
    example="lr=0.1, total_steps=1000",
)
def OneCycleLR(
    lr: float | None = None,
    max_lr: float | None = None,
    total_steps: int | None = None,
    epochs: int | None = None,
    steps_per_epoch: int | None = None,
    pct_start: float = 0.3,
    anneal_strategy: str = "cos",
    cycle_momentum: bool = True,
    base_momentum: float = 0.85,
    max_momentum: float = 0.95,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    three_phase: bool = False,
    last_epoch: int = -1,
) -> Plan | RecipePlan:
    """Rise from `max_lr / div_factor` to `max_lr`, then fall to a `final_div_factor`-th of where it began.

    >>> from annealing.dialects import torch
    >>> torch.OneCycleLR(lr=0.1, total_steps=1000, cycle_momentum=False).keyframes()[:2]
    ((0.0, 0.004), (299.0, 0.1))
    >>> torch.OneCycleLR(lr=0.1, total_steps=1000)(999)
    {'*': {'lr': 4e-07, 'momentum': 0.95}}

    Arguments: `lr` stands for their optimizer, whose rate is replaced by `max_lr` (and is used where that is not
    given). The result is a recipe plan of lr and momentum, a plan with cycle_momentum=False; for Adam, momentum is
    `betas[0]`. Phases end at pct_start·T − 1 (and 2·pct_start·T − 2, T − 1), between two updates if need be.
    Odd: the end is at update T − 1, the last one; update T is allowed, and there a cosine bounces up and a line goes
    below zero (here too; past it theirs fails and this holds). With pct_start·T < 1 there is no warm-up at all.
    Raises `ArgumentError` for pct_start·T = 1, where theirs divides by zero.
    Ours: `(lr * onecycle("30%")).over(T, endpoint=True)`. Source: Smith & Topin 2017, arXiv:1708.07120.
    """
    whole_curve(last_epoch)
    peak, total = rate("max_lr", lr if max_lr is None else max_lr), _total(total_steps, epochs, steps_per_epoch)
    share, ease = fraction("pct_start", pct_start), one_of("anneal_strategy", anneal_strategy, "cos", "linear")
    begin = 1 / divisor("div_factor", div_factor)
    end = begin / divisor("final_div_factor", final_div_factor)
    rates = peak * _curve(total, share, [begin, 1.0, begin, end] if three_phase else [begin, 1.0, end], ease)
    if not cycle_momentum:
        return rates.over(total)
    top, low = rate("max_momentum", max_momentum), rate("base_momentum", base_momentum)
    return Recipe(lr=rates, momentum=_curve(total, share, [top, low, top, top] if three_phase else [top, low, top], ease)).over(
        total
    )


def _total(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    if total_steps is not None:
        return count("total_steps", total_steps, 1)
    if epochs is None or steps_per_epoch is None:
        raise ArgumentError("OneCycleLR needs its length: write total_steps=1000, or epochs=10, steps_per_epoch=100.")
    return count("epochs", epochs, 1) * count("steps_per_epoch", steps_per_epoch, 1)


def _curve(total: int, share: float, values: list[float], ease: str) -> Schedule:
    """The phases as knots, as far as an update falls on them, with the update after the last one for a knot of its own."""
    ends = [share * total - 1, 2 * share * total - 2, total - 1.0] if len(values) == 4 else [share * total - 1, total - 1.0]
    phases = [(end, a, b) for end, (a, b) in zip(ends, pairwise(values), strict=True)]
    if ends[0] == 0:
        raise ArgumentError(
            f"pct_start={share:g} of {total} is one update, where OneCycleLR divides by zero: write another pct_start, "
            "or onecycle(), which may be of any length."
        )
    points: dict[float, float] = {}
    for (end, first, last), before in zip(phases, [0.0, *ends], strict=False):
        if end <= before:  # a phase that was over before it began is never seen
            continue
        points.setdefault(before, first)
        points[end] = last
        if end >= total - 1:
            break
    beyond = _after_the_end(total, phases, ease)
    if beyond is not None and max(points) < total:
        points[total] = beyond
    return knots(points, ease="cosine" if ease == "cos" else "linear")


def _after_the_end(total: int, phases: list[Phase], ease: str) -> float | None:
    """The value of update `total`, the last phase run past its end; nothing where theirs divides by zero."""
    before = 0.0
    for i, (end, first, last) in enumerate(phases):
        if total <= end or i == len(phases) - 1:
            if end == before:
                return None
            done = (total - before) / (end - before)
            return last + (first - last) / 2 * (1 + math.cos(math.pi * done)) if ease == "cos" else first + (last - first) * done
        before = end
    raise AssertionError("the last phase is the last")
