"""ignite's FastaiLRFinder: the sweep of rates that it makes a trainer go through."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

from annealing.core.checks import positive
from annealing.core.composition import chain
from annealing.core.errors import ArgumentError
from annealing.core.phases import exponential, hold, jump, linear
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, one_of, rate


@dialect(
    "ignite.FastaiLRFinder",
    odd="the first update ignores start_lr; num_iter of them follow it, whose line in steps begins one update late",
    example="lr=0.1, num_iter=100, start_lr=1e-4, end_lr=1.0",
)
def FastaiLRFinder(
    lr: float,
    num_iter: int | None = None,
    start_lr: float | None = None,
    end_lr: float = 10.0,
    step_mode: str = "exp",
    smooth_f: float = 0.05,
    diverge_th: float = 5.0,
) -> Plan:
    """Raise the rate from `start_lr` to `end_lr`, by equal ratios or (step_mode="linear") in equal steps.

    >>> from annealing.dialects import ignite
    >>> ignite.FastaiLRFinder(lr=0.1, num_iter=4, start_lr=1e-4, end_lr=1.0).values().round(4)
    array([0.1778, 0.001 , 0.01  , 0.1   , 1.    ])

    The arguments are those of their `attach`, after the trainer; `lr` is the optimizer's own rate. `smooth_f` and
    `diverge_th` smooth the loss and end the sweep early, and move no rate.
    Odd: the first update is made at lr·(end_lr/lr)^(1/num_iter), wherever the sweep starts, or at `lr` in equal steps; the
    other `num_iter` follow start·(end/start)^(t/num_iter), or a line that begins at update 1 and never reaches `end_lr`.
    Raises `ArgumentError` for a start that is not below the end, and without `num_iter`.
    Ours: `annealing.find`, or `rangetest.ramp(1e-4, 1.0, 100)`.
    """
    del smooth_f, diverge_th
    if num_iter is None:
        raise ArgumentError("num_iter is theirs to take from the trainer's data: write num_iter=100, or the batches of the run.")
    own, end, updates = positive("lr", rate("lr", lr)), positive("end_lr", end_lr), count("num_iter", num_iter, 1)
    start = own if start_lr is None else positive("start_lr", start_lr)
    if start >= end:
        raise ArgumentError(f"start_lr={start:g} is not below end_lr={end:g}: write a start such as 1e-6.")
    if one_of("step_mode", step_mode, "exp", "linear") == "linear":
        return chain(jump(own), hold(1), linear(updates, to=end, start=start)).over(updates + 1)
    first, second = (value * (end / value) ** (1 / updates) for value in (own, start))
    return chain(jump(first), hold(1), jump(second), exponential(to=end, length=updates - 1), hold()).over(updates + 1)
