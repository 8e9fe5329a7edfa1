"""torch's schedulers, as they live on an optimizer, to plans."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from annealing.core.errors import KindError
from annealing.core.marks import formula, stairs
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.core.registry import name_of
from annealing.dialects import torch as dialect
from annealing.dialects.checks import count
from annealing.dialects.translate import transformers
from annealing.dialects.translate.groups import Moves, moves_of, together
from annealing.dialects.translate.refuse import follows_a_metric
from annealing.dialects.translate.together import chained, sequence

Row = Callable[[Any, int, float], Moves]
"""Of a scheduler, the number of a parameter group and that group's base rate: what it moves there."""


def whole(scheduler: Any) -> Plan | RecipePlan:
    """Read a scheduler for all groups of its optimizer."""
    return together([as_made(scheduler, row) for row in range(groups_of(scheduler))], scheduler.optimizer.param_groups)


def groups_of(scheduler: Any) -> int:
    """How many groups there were when a scheduler, or the first one inside it, was made."""
    if type(scheduler).__name__ == "ReduceLROnPlateau":
        return 1  # it is refused for the first
    inside = getattr(scheduler, "_schedulers", None)
    return groups_of(inside[0]) if inside else len(scheduler.base_lrs)


def moves(scheduler: Any, row: int, base: float | None = None) -> Moves:
    """Read a scheduler for one group; `base` is another base rate than the scheduler has noted."""
    kind: type[Any] = scheduler.__class__
    if kind.__name__ not in ROWS or not kind.__module__.startswith("torch.optim."):
        raise KindError(
            f"{kind.__name__}, a part of the scheduler, cannot be translated: it is a class of its own, or new in torch; "
            "translate the other parts and join them by chain(…)."
        )
    if base is None and kind.__name__ not in _OF_OTHERS:
        base = float(scheduler.base_lrs[row])
    return ROWS[kind.__name__](scheduler, row, 0.0 if base is None else base)


def as_made(scheduler: Any, row: int, base: float | None = None) -> Moves:
    """Read a scheduler that nothing has reset since its constructor ran.

    CyclicLR's sets the first rate before it knows its own `base_lr`: where another scheduler was made before it, update 0
    uses the initial rate that this one has noted.
    """
    plans = moves(scheduler, row, base)
    if type(scheduler).__name__ == "CyclicLR":
        extra = float(scheduler.optimizer.param_groups[row]["initial_lr"]) - float(scheduler.base_lrs[row])
        if extra:
            plans = {**plans, "lr": (plans["lr"].schedule + stairs({0: extra, 1: 0.0})).over(math.inf)}
    return plans


def _step(s: Any, row: int, base: float) -> Moves:
    return {"lr": dialect.StepLR(base, s.step_size, s.gamma)}


def _multi_step(s: Any, row: int, base: float) -> Moves:
    return {"lr": dialect.MultiStepLR(base, list(s.milestones.elements()), s.gamma)}


def _constant(s: Any, row: int, base: float) -> Moves:
    return {"lr": dialect.ConstantLR(base, s.factor, s.total_iters)}


def _linear(s: Any, row: int, base: float) -> Moves:
    return {"lr": dialect.LinearLR(base, s.start_factor, s.end_factor, s.total_iters)}


def _exponential(s: Any, row: int, base: float) -> Moves:
    return {"lr": dialect.ExponentialLR(base, s.gamma)}


def _polynomial(s: Any, row: int, base: float) -> Moves:
    return {"lr": dialect.PolynomialLR(base, s.total_iters, s.power)}


def _cosine(s: Any, row: int, base: float) -> Moves:
    return {"lr": dialect.CosineAnnealingLR(base, s.T_max, s.eta_min)}


def _restarts(s: Any, row: int, base: float) -> Moves:
    return {"lr": dialect.CosineAnnealingWarmRestarts(base, s.T_0, s.T_mult, s.eta_min)}


def _swa(s: Any, row: int, base: float) -> Moves:
    group = s.optimizer.param_groups[row]
    to, now = float(group["swa_lr"]), float(group["lr"])
    start = now if s._step_count <= 1 else _left_from(s, now, to, base)
    return {"lr": dialect.SWALR(start, to, s.anneal_epochs, s._anneal_strategy)}


def _left_from(s: Any, now: float, to: float, base: float) -> float:
    """The rate that a SWALR found before its first step, worked out from the one that its steps have led to."""
    left = dialect.SWALR(1.0, 0.0, s.anneal_epochs, s._anneal_strategy)(s._step_count - 1)
    if left < 1e-6:
        raise KindError(
            f"this SWALR has arrived at {to:g} and keeps no note of where it left from: translate it before its first step, or "
            f"write annealing.dialects.torch.SWALR(lr={base:g}, swa_lr={to:g}) with the rate it found."
        )
    found = (now - to * (1 - left)) / left
    return base if abs(found - base) * left <= 1e-9 * max(abs(base), abs(to)) else found


def _lambda(s: Any, row: int, base: float) -> Moves:
    function = s.lr_lambdas[row]
    if isinstance(function, Plan):
        if function.unit != "updates":
            raise KindError(f"{function} counts {function.unit}, and LambdaLR asks it for updates: write it over updates.")
        return {"lr": base * function}
    if transformers.knows(function):
        return {"lr": transformers.of_function(function, base)}
    if isinstance(function, functools.partial) and not function.args and (name := name_of(function.func)) is not None:
        return {"lr": dialect.LambdaLR(base, formula(name, **function.keywords))}
    return {"lr": dialect.LambdaLR(base, function)}


def _multiplicative(s: Any, row: int, base: float) -> Moves:
    return {"lr": dialect.MultiplicativeLR(base, s.lr_lambdas[row])}


def _cyclic(s: Any, row: int, base: float) -> Moves:
    up = _count("step_size_up", s.total_size * s.step_ratio)
    down = _count("step_size_down", s.total_size - up)
    named: dict[str, Any] = {"mode": s.mode, "gamma": s.gamma, "cycle_momentum": s.cycle_momentum}
    if s._scale_fn_custom is not None:
        named |= {"mode": "triangular", "scale_fn": s._scale_fn_custom, "scale_mode": s.scale_mode}
    if s.cycle_momentum:
        named |= {"base_momentum": float(s.base_momentums[row]), "max_momentum": float(s.max_momentums[row])}
    plan = dialect.CyclicLR(base_lr=base, max_lr=float(s.max_lrs[row]), step_size_up=up, step_size_down=down, **named)
    return moves_of(plan, _momentum(s))


def _one_cycle(s: Any, row: int, base: float) -> Moves:
    group, total = s.optimizer.param_groups[row], s.total_steps
    top, first, last = (float(group[name]) for name in ("max_lr", "initial_lr", "min_lr"))
    named: dict[str, Any] = {"div_factor": top / first, "final_div_factor": first / last} if last else {}
    if s.cycle_momentum:
        named |= {"base_momentum": float(group["base_momentum"]), "max_momentum": float(group["max_momentum"])}
    plan = dialect.OneCycleLR(
        max_lr=top,
        total_steps=total,
        pct_start=min(1.0, max(0.0, (s._schedule_phases[0]["end_step"] + 1) / total)),
        anneal_strategy=s._anneal_func_type,
        cycle_momentum=s.cycle_momentum,
        three_phase=len(s._schedule_phases) == 3,
        **named,
    )
    return moves_of(plan, _momentum(s))


def _momentum(s: Any) -> str:
    """Where an optimizer keeps the momentum that cycles: Adam calls it the first of its betas."""
    return "betas[0]" if getattr(s, "use_beta1", False) else "momentum"


def _count(name: str, size: float) -> int:
    """A number of updates that a division has rounded."""
    return count(name, round(size) if abs(size - round(size)) < 1e-9 * max(1.0, size) else size)


def _plateau(s: Any, row: int, base: float) -> Moves:
    rates = [float(g.get("initial_lr", g["lr"])) for g in s.optimizer.param_groups]
    raise follows_a_metric(
        "torch.ReduceLROnPlateau",
        rates[row],
        zip(rates, s.min_lrs, strict=False),
        mode=s.mode,
        factor=s.factor,
        patience=s.patience,
        threshold=s.threshold,
        threshold_mode=s.threshold_mode,
        cooldown=s.cooldown,
        min_lr=float(s.min_lrs[row]),
        eps=s.eps,
    )


def _sequence(s: Any, row: int, base: float) -> Moves:
    return sequence(s, row, moves)


def _chained(s: Any, row: int, base: float) -> Moves:
    return chained(s, row, as_made)


ROWS: dict[str, Row] = {
    "ChainedScheduler": _chained,
    "ConstantLR": _constant,
    "CosineAnnealingLR": _cosine,
    "CosineAnnealingWarmRestarts": _restarts,
    "CyclicLR": _cyclic,
    "ExponentialLR": _exponential,
    "LambdaLR": _lambda,
    "LinearLR": _linear,
    "MultiStepLR": _multi_step,
    "MultiplicativeLR": _multiplicative,
    "OneCycleLR": _one_cycle,
    "PolynomialLR": _polynomial,
    "ReduceLROnPlateau": _plateau,
    "SWALR": _swa,
    "SequentialLR": _sequence,
    "StepLR": _step,
}
"""How each class is read for one group."""

READ = dict.fromkeys(ROWS, whole)
"""How each class is read."""

_OF_OTHERS = {"SequentialLR", "ChainedScheduler", "ReduceLROnPlateau"}  # they note no base rates
