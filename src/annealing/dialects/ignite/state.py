"""ignite's schedulers of anything else: attributes of the engine's state, the batch size, the momentum of an average."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from annealing.core.checks import number
from annealing.core.composition import chain
from annealing.core.errors import ArgumentError
from annealing.core.length import LengthLike
from annealing.core.marks import stairs
from annealing.core.phases import hold, linear
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, named
from annealing.dialects.decays import decay
from annealing.dialects.ignite.together import through

_UNSET = "before the first event the attribute is None, whatever the schedule says"


@dialect(
    "ignite.LambdaStateScheduler",
    odd=_UNSET,
    example='chain(linear(100), hold()), param_name="rate"',
)
def LambdaStateScheduler(lambda_obj: Any, param_name: str, save_history: bool = False, create_new: bool = False) -> Plan:
    """Set an attribute of the engine's state to a function of the number of events.

    >>> import annealing as an
    >>> from annealing.dialects import ignite
    >>> ignite.LambdaStateScheduler(an.knots({0: 1.0, 9: 0.0}), "rate")(3)
    0.6666666666666666

    The plan of t is the attribute after t events, in all the state schedulers; `create_new` changes nothing here.
    Arguments: `lambda_obj`, a schedule, or the name of a registered function. Raises `KindError` for a bare function.
    """
    return named("lambda_obj", lambda_obj).over(math.inf)


@dialect("ignite.PiecewiseLinearStateScheduler", odd=_UNSET, example='milestones_values=[(5, 1.0), (15, 0.6)], param_name="rate"')
def PiecewiseLinearStateScheduler(
    milestones_values: Sequence[tuple[int, float]], param_name: str, save_history: bool = False, create_new: bool = False
) -> Plan:
    """Set an attribute of the engine's state to what lies on the lines through (event, value) pairs.

    >>> from annealing.dialects import ignite
    >>> ignite.PiecewiseLinearStateScheduler([(5, 1.0), (15, 0.6)], "rate")(10)
    0.8
    """
    return through(milestones_values).over(math.inf)


@dialect("ignite.ExpStateScheduler", odd=_UNSET, example='initial_value=1.0, gamma=0.9, param_name="rate"')
def ExpStateScheduler(
    initial_value: float, gamma: float, param_name: str, save_history: bool = False, create_new: bool = False
) -> Plan:
    """Multiply an attribute of the engine's state by `gamma` at every event.

    >>> from annealing.dialects import ignite
    >>> ignite.ExpStateScheduler(initial_value=1.0, gamma=0.9, param_name="rate")
    (1 * geometric(0.9, per=1)).over(inf)
    """
    return (number("initial_value", initial_value) * decay(gamma, 1, staircase=False)).over(math.inf)


@dialect("ignite.StepStateScheduler", odd=_UNSET, example='initial_value=1.0, gamma=0.9, step_size=5, param_name="rate"')
def StepStateScheduler(
    initial_value: float, gamma: float, step_size: int, param_name: str, save_history: bool = False, create_new: bool = False
) -> Plan:
    """Multiply an attribute of the engine's state by `gamma` every `step_size` events.

    >>> from annealing.dialects import ignite
    >>> ignite.StepStateScheduler(initial_value=1.0, gamma=0.9, step_size=5, param_name="rate")
    (1 * geometric(0.9, per=5).every(5)).over(inf)
    """
    return (number("initial_value", initial_value) * decay(gamma, count("step_size", step_size, 1), staircase=True)).over(
        math.inf
    )


@dialect(
    "ignite.MultiStepStateScheduler", odd=_UNSET, example='initial_value=1.0, gamma=0.9, milestones=[3, 6], param_name="rate"'
)
def MultiStepStateScheduler(
    initial_value: float,
    gamma: float,
    milestones: Sequence[int],
    param_name: str,
    save_history: bool = False,
    create_new: bool = False,
) -> Plan:
    """Multiply an attribute of the engine's state by `gamma` at every milestone.

    >>> from annealing.dialects import ignite
    >>> ignite.MultiStepStateScheduler(initial_value=1.0, gamma=0.5, milestones=[3, 6], param_name="rate")
    (1 * stairs({3: 0.5, 6: 0.25})).over(inf)

    Raises `ArgumentError` for milestones that fall.
    """
    marks, factor = [count("milestone", mark, 1) for mark in milestones], number("gamma", gamma)
    if marks != sorted(marks):
        raise ArgumentError(f"milestones={list(milestones)} must rise: write [3, 6].")
    values: dict[LengthLike, float] = {mark: factor ** (i + 1) for i, mark in enumerate(marks)}  # of equal marks the last stands
    return (number("initial_value", initial_value) * (stairs(values) if values else hold())).over(math.inf)


@dialect("ignite.BatchSizeScheduler", example="10 * step(30, 2.0)")
def BatchSizeScheduler(scheduler_fn: Any, save_history: bool = False) -> Plan:
    """Set the batch size at the start of every epoch to a function of the epochs done.

    >>> import annealing as an
    >>> from annealing.dialects import ignite
    >>> @an.register("docs.batch")
    ... def batch(epoch: float) -> float:
    ...     return 10 + 10 * epoch
    >>> ignite.BatchSizeScheduler("docs.batch")(2.5)
    30.0

    Arguments: `scheduler_fn`, the name of a registered function, or a schedule. Theirs refuses, at the epoch itself, a size
    that is not a whole number above 0. Raises `KindError` for a bare function. Ours: `(32 * step("30ep", 2)).rounded(32)`.
    """
    return named("scheduler_fn", scheduler_fn).every("1ep").over(math.inf, unit="epochs")


@dialect(
    "ignite.EMAHandler",
    odd="attached under another name, the warm-up still writes engine.state.ema_momentum, which nothing reads",
    example="momentum=0.002, momentum_warmup=0.2, warmup_iters=100",
)
def EMAHandler(
    momentum: float = 0.0002,
    momentum_warmup: float | None = None,
    warmup_iters: int | None = None,
    handle_buffers: str = "copy",
) -> Plan:
    """Return the momentum with which an average of the weights follows them: the share of the new ones, at every update.

    >>> from annealing.dialects import ignite
    >>> ignite.EMAHandler(momentum=0.002, momentum_warmup=0.2, warmup_iters=100)
    chain(linear(99, to=0.002, start=0.2), hold()).over(inf)

    Odd: `attach(name=…)` with a name of your own leaves the warm-up without effect. `handle_buffers` changes nothing here.
    Raises `ArgumentError` for a momentum that does not lie between 0 and 1.
    """
    last = number("momentum", momentum)
    if not 0 < last < 1:
        raise ArgumentError(f"momentum={momentum!r} must lie between 0 and 1: write momentum=0.002.")
    if momentum_warmup is None or warmup_iters is None:
        return (last * hold()).over(math.inf)
    rise = linear(max(1, count("warmup_iters", warmup_iters) - 1), last, start=number("momentum_warmup", momentum_warmup))
    return chain(rise, hold()).over(math.inf)
