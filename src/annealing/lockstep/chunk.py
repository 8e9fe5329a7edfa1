"""How many members a stack should hold: measured, since it depends on the model, the batch and the machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch

from annealing.lockstep.blueprint import Blueprint
from annealing.lockstep.member import Member
from annealing.lockstep.stack import Stack

_USUAL, _TINY = 16, 64  # members of a stack on a processor from which a measurement begins, or that a short job gets
_STEADY = 32  # members where nothing is measured: on none of the processors tried so far was it far from the best
_FEW_NUMBERS = 1000  # of a tiny model's parameters
_LARGEST = 128  # members that are tried on a processor
_ON_DEVICE = 4096  # members of a stack on a GPU, where its memory holds them: the more, the better it is used
_SHORT = 5.0  # seconds of a job that ends before a measurement would have paid
_SLICE = 0.2  # seconds per candidate
_BETTER = 0.97  # of the time: a gain smaller than the noise is none
_SPAN = 4  # updates that are timed together
_MOST_WORK = 100e6  # floating-point operations of an update that keep one core busy by themselves
_MOST_WORK_ON_DEVICE = 100e9
_MEMORY = 2 << 30  # bytes of a stack on a processor, by its parameters and what an optimizer and a gradient add
_SHARE = 0.4  # of a device's free memory: what grows faster than the members has room


def pays(plan: Blueprint, device: str | None = None) -> bool:
    """Whether an update is so small that members are faster together: by its operations, so that the answer never changes.

    `device` stands in for the one that the blueprint was made on.
    """
    return plan.work <= (_MOST_WORK if (device or plan.device) == "cpu" else _MOST_WORK_ON_DEVICE)


def steady_size(plan: Blueprint) -> int:
    """Return how many members a stack holds on a processor where nothing is measured, so that the answer never changes.

    It is 32, or 64 of a model of at most 1000 parameters: of tiny ones the most go into a cache.
    """
    return _TINY if _parameters(plan) <= _FEW_NUMBERS else _STEADY


def chunk_size(plan: Blueprint, members: Sequence[Member], wanted: int | None, *, measure: bool) -> tuple[int, float]:
    """Return how many members a stack holds, and the seconds that a member's update takes in one.

    `wanted` is taken as it is, its pace being measured only with `measure`. Else a processor tries sizes for a second in
    all, or only the usual one where the job is short; on a GPU a stack holds what its memory holds.
    """
    if wanted is not None:
        size = min(len(members), wanted)
        return size, pace(plan, members[:size]) if measure else 0.0
    if plan.device != "cpu":
        return _on_device(plan, members)
    numbers = max(1, _parameters(plan))
    most = min(len(members), max(1, _MEMORY // (5 * 4 * numbers)))  # parameters, a copy, gradients, and two of an optimizer
    usual = min(most, _TINY if numbers <= _FEW_NUMBERS else _USUAL)
    found = {usual: pace(plan, members[:usual])}
    if found[usual] * len(members) * members[0].updates > _SHORT:
        _climb(found, usual, 2, min(most, _LARGEST), lambda size: pace(plan, members[:size]))
        if min(found, key=lambda size: found[size]) == usual:
            _climb(found, usual, 0.5, 4, lambda size: pace(plan, members[:size]))
    best = min(found.values())
    size = min(size for size, spent in found.items() if spent <= best / _BETTER)
    return size, found[size]


def _climb(found: dict[int, float], size: int, factor: float, last: int, measured: Callable[[int], float]) -> None:
    """Try larger or smaller stacks as long as each is faster than the one before."""
    while size != last:
        following = int(size * factor)
        following = min(following, last) if factor > 1 else max(following, last)
        if factor < 1 and following >= size:
            return
        found[following] = measured(following)
        if found[following] >= found[size]:
            return
        size = following


def _parameters(plan: Blueprint) -> int:
    return sum(parameter.numel() for parameter in plan.model.parameters())


def _on_device(plan: Blueprint, members: Sequence[Member]) -> tuple[int, float]:
    """Return what fits a GPU's memory by what a few members take, and their pace there: a stack of many is no quicker."""
    few = members[:_TINY]
    torch.cuda.synchronize(plan.device)
    before = torch.cuda.memory_allocated(plan.device)
    torch.cuda.reset_peak_memory_stats(plan.device)
    spent = pace(plan, few) * len(few)
    each = (torch.cuda.max_memory_allocated(plan.device) - before) / len(few)
    room = torch.cuda.mem_get_info(plan.device)[0] * _SHARE
    size = max(1, min(len(members), _ON_DEVICE, int(room // max(1.0, each))))
    return size, spent / size


def pace(
    plan: Blueprint, members: Sequence[Member], prepare: Callable[[Stack], object] = lambda stack: None, seconds: float = _SLICE
) -> float:
    """Return the seconds that one member's update takes in a stack of these, which is thrown away."""
    plan.gradients.patience = 0  # a job that is long enough to be measured is long enough to be written down
    stack, updates = Stack.build(plan, members), members[0].updates
    prepare(stack)
    clock = time.thread_time if plan.device == "cpu" else time.perf_counter  # what neighbours do does not count
    span = _SPAN if updates > 5 * _SPAN else 1
    stack.advance(min(span, updates), _nothing)
    end, spent = time.perf_counter() + seconds, list[float]()
    while (len(spent) < 3 or time.perf_counter() < end) and stack.update + span <= updates:
        begun = clock()
        stack.advance(stack.update + span, _nothing)  # what it returns comes from the device, so the device is done
        spent.append((clock() - begun) / span)
    return sorted(spent)[len(spent) // 4] / len(members) if spent else 0.0


def _nothing(update: int) -> None:
    pass
