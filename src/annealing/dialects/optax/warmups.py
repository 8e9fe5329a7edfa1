"""optax's schedules in several phases: warm-up and decay, restarts, joins."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from annealing.core.checks import number
from annealing.core.composition import chain
from annealing.core.errors import ArgumentError
from annealing.core.phases import cosine, jump, linear
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count
from annealing.dialects.optax.decays import decaying, linear_schedule, powered_cosine
from annealing.dialects.sequence import in_sequence


@dialect(
    "optax.warmup_constant_schedule",
    odd="warmup_steps=0 stays at init_value for ever: with the usual 0.0 it never trains",
    example="init_value=0.0, peak_value=0.1, warmup_steps=10",
)
def warmup_constant_schedule(init_value: float, peak_value: float, warmup_steps: int) -> Plan:
    """Rise from `init_value` to `peak_value` in a straight line, and stay.

    >>> from annealing.dialects import optax
    >>> optax.warmup_constant_schedule(0.0, 0.1, warmup_steps=10)
    linear(to=0.1, start=0).over(10)

    Odd: without a warm-up theirs stays at init_value for ever, and so does this; from 0 the first update is wasted.
    Ours: `0.1 * chain(warmup(10), hold())`, of which a warm-up of 0 is over at once.
    """
    return linear_schedule(init_value, peak_value, warmup_steps)


@dialect(
    "optax.warmup_cosine_decay_schedule",
    odd="decay_steps includes the warm-up; from init_value=0 the first update is wasted",
    example="init_value=0.0, peak_value=0.1, warmup_steps=10, decay_steps=100",
)
def warmup_cosine_decay_schedule(
    init_value: float, peak_value: float, warmup_steps: int, decay_steps: int, end_value: float = 0.0, exponent: float = 1.0
) -> Plan:
    """Rise in a straight line, then fall to `end_value` along half a cosine; `decay_steps` is the length of both.

    >>> from annealing.dialects import optax
    >>> optax.warmup_cosine_decay_schedule(0.0, 0.1, warmup_steps=10, decay_steps=100, end_value=0.01)
    chain(linear(10, to=0.1, start=0), cosine(90, to=0.01)).over(100)

    Odd: decay_steps holds the warm-up as well (keras' does not). Raises `ArgumentError` where nothing is left after it.
    Ours: `(0.1 * chain(warmup(10), cosine(to=0.1))).over(100)`, which wastes no update at 0.
    """
    phases = _warm_cosine(init_value, peak_value, warmup_steps, decay_steps, end_value, exponent)
    return chain(*phases).over(count("decay_steps", decay_steps))


def _warm_cosine(
    init_value: float, peak_value: float, warmup_steps: int, decay_steps: int, end_value: float = 0.0, exponent: float = 1.0
) -> list[Schedule]:
    peak, up = number("peak_value", peak_value), count("warmup_steps", warmup_steps)
    length = count("decay_steps", decay_steps) - up
    if length <= 0:
        raise ArgumentError(
            f"decay_steps={decay_steps!r} includes the warm-up of {up}: write decay_steps={up} + the decay's length."
        )
    end, power = number("end_value", end_value) if peak else 0.0, number("exponent", exponent)
    falling = cosine(length, end) if power == 1 else peak * powered_cosine(end / peak if peak else 0.0, power, length)
    rise = linear(up, peak, start=number("init_value", init_value)) if up else jump(peak)
    return [rise, falling]


@dialect(
    "optax.warmup_exponential_decay_schedule",
    odd="transition_steps excludes the warm-up, which warmup_cosine_decay_schedule's decay_steps includes",
    example="init_value=0.0, peak_value=0.1, warmup_steps=10, transition_steps=100, decay_rate=0.5",
)
def warmup_exponential_decay_schedule(
    init_value: float,
    peak_value: float,
    warmup_steps: int,
    transition_steps: int,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Plan:
    """Rise in a straight line, then decay as `exponential_decay`, whose times count from the end of the warm-up.

    >>> from annealing.dialects import optax
    >>> optax.warmup_exponential_decay_schedule(0.0, 0.1, 10, transition_steps=100, decay_rate=0.5)
    chain(linear(10, to=0.1, start=0), 0.1 * geometric(0.5, per=100)).over(inf)

    Odd: a peak beyond `end_value` is clipped to it. Ours: `0.1 * chain(warmup(10), geometric(0.5, per=100))`.
    """
    peak, up = number("peak_value", peak_value), count("warmup_steps", warmup_steps)
    rise = [linear(up, peak, start=number("init_value", init_value))] if up else []
    falling = decaying(peak, transition_steps, decay_rate, transition_begin, staircase, end_value)
    return chain(*rise, falling).over(math.inf)


@dialect(
    "optax.sgdr_schedule",
    example="[{'init_value': 0.0, 'peak_value': 0.1, 'warmup_steps': 10, 'decay_steps': 100}]",
)
def sgdr_schedule(cosine_kwargs: Iterable[Mapping[str, Any]]) -> Plan:
    """Join several `warmup_cosine_decay_schedule`s, each given by its arguments; the last one's end is held.

    >>> from annealing.dialects import optax
    >>> cycle = {"init_value": 0.0, "peak_value": 0.1, "warmup_steps": 2, "decay_steps": 10}
    >>> optax.sgdr_schedule([cycle, {**cycle, "decay_steps": 20}]).keyframes()[-3:]
    ((10, 0.0), (12, 0.1), (30, 0.0))

    Ours: `repeat(chain(linear("20%", to=1, start=0), cosine()), first=10, growth=2)`.
    Source: Loshchilov & Hutter 2016, arXiv:1608.03983.
    """
    cycles = [dict(cycle) for cycle in cosine_kwargs]
    if not cycles:
        raise ArgumentError("sgdr_schedule([]) has no cycle: give it the arguments of at least one.")
    phases = [phase for cycle in cycles for phase in _warm_cosine(**cycle)]
    return chain(*phases).over(sum(count("decay_steps", cycle["decay_steps"]) for cycle in cycles))


@dialect(
    "optax.join_schedules",
    odd="every schedule is called at every count, negative ones too; with boundaries missing the last ones are never used",
    example="[optax.constant_schedule(0.1), optax.linear_schedule(0.1, 0.0, 50)], boundaries=[50]",
)
def join_schedules(schedules: Sequence[Plan | RecipePlan], boundaries: Sequence[int]) -> Plan | RecipePlan:
    """Follow one plan after another, each from its own beginning; plan k is on from update `boundaries[k - 1]`.

    >>> from annealing.dialects import optax
    >>> optax.join_schedules([optax.constant_schedule(0.1), optax.linear_schedule(0.1, 0.0, 50)], boundaries=[50])
    chain(0.1 * hold(50), linear(50, start=0.1)).over(100)

    Arguments: `schedules`, plans of any library. Raises `ArgumentError` when boundaries are not one fewer than plans
    (theirs silently drops plans), or do not rise. Ours: `0.1 * chain(hold(50), linear(50))`.
    """
    return in_sequence("join_schedules", schedules, boundaries)
