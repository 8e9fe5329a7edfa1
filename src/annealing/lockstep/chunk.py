"""How many members a stack should hold: measured, since it depends on the model, the batch and the machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch

from annealing.lockstep.blueprint import Blueprint
from annealing.lockstep.member import Member
from annealing.lockstep.stack import Stack

_USUAL = {"cpu": 16}  # of members; more than fit the processor's cache are slower again
_CANDIDATES = {"cpu": (4, 8, 32)}
_USUAL_ON_DEVICE, _ON_DEVICE = 256, (64, 1024, 4096)  # not measured: there was no such device
_SHORT = 5.0  # seconds of a job that ends before a measurement would have paid
_SLICE = 0.25  # seconds per candidate
_BETTER = 0.97  # of the time: a gain smaller than the noise is none
_MOST_WORK = {"cpu": 100e6}  # floating-point operations of an update that keep one core busy by themselves
_MOST_WORK_ON_DEVICE = 100e9
_MEMORY = 2 << 30  # bytes of a stack on a processor, by its parameters and what an optimizer and a gradient add


def pays(plan: Blueprint) -> bool:
    """Whether an update is so small that members are faster together: by its operations, so that the answer never changes."""
    return plan.work <= _MOST_WORK.get(plan.device, _MOST_WORK_ON_DEVICE)


def chunk_size(plan: Blueprint, members: Sequence[Member], wanted: int | None, *, measure: bool) -> tuple[int, float]:
    """Return how many members a stack holds, and the seconds that a member's update takes in one.

    `wanted` is taken as it is, its pace being measured only with `measure`. Else sizes are tried for a second in
    all, or only the usual one where the job is short.
    """
    most = min(len(members), wanted or _most(plan, members[0]))
    if wanted is not None:
        return most, pace(plan, members[:most]) if measure else 0.0
    usual = min(most, _USUAL.get(plan.device, _USUAL_ON_DEVICE))
    found = {usual: pace(plan, members[:usual])}
    if found[usual] * len(members) * members[0].updates > _SHORT:
        for size in _CANDIDATES.get(plan.device, _ON_DEVICE):
            if size <= most and size not in found:
                found[size] = pace(plan, members[:size])
    best = min(found.values())
    size = min(size for size, spent in found.items() if spent <= best / _BETTER)
    return size, found[size]


def pace(
    plan: Blueprint, members: Sequence[Member], prepare: Callable[[Stack], object] = lambda stack: None, seconds: float = _SLICE
) -> float:
    """Return the seconds that one member's update takes in a stack of these, which is thrown away."""
    stack = Stack.build(plan, members)
    prepare(stack)
    clock = time.thread_time if plan.device == "cpu" else time.perf_counter  # what neighbours do does not count
    end, spent = time.perf_counter() + seconds, list[float]()
    stack.advance(1, _nothing)
    while (len(spent) < 3 or time.perf_counter() < end) and stack.update < members[0].updates:
        begun = clock()
        stack.advance(stack.update + 1, _nothing)  # what it returns comes from the device, so the device is done
        spent.append(clock() - begun)
    return sorted(spent)[len(spent) // 4] / len(members) if spent else 0.0


def _most(plan: Blueprint, member: Member) -> int:
    numbers = sum(parameter.numel() for parameter in plan.model.parameters())
    size = 5 * 4 * max(1, numbers)  # parameters, their copy, gradients, and two that an optimizer keeps
    memory = _MEMORY if plan.device == "cpu" else torch.cuda.mem_get_info(plan.device)[0] // 2
    return max(1, int(memory // size))


def _nothing(update: int) -> None:
    pass
