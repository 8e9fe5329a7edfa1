"""timm's schedulers by name, as its training script asks for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from annealing.core.checks import number
from annealing.core.errors import ArgumentError
from annealing.core.phases import hold
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, one_of, rate
from annealing.dialects.timm.cycles import CosineLRScheduler, PolyLRScheduler, TanhLRScheduler
from annealing.dialects.timm.noise import NoiseRange
from annealing.dialects.timm.steps import MultiStepLRScheduler, StepLRScheduler
from annealing.dialects.timm.wsd import WSDLRScheduler

_NAMES = ("cosine", "tanh", "step", "constant", "multistep", "poly", "wsd", "rsqrt", "none")


@dialect(
    "timm.create_scheduler_v2",
    odd="cycles fall by cycle_decay=0.1 by default; decay_rate is the power of poly",
    example='lr=0.1, sched="cosine", num_epochs=100, warmup_epochs=5',
)
def create_scheduler_v2(
    lr: float,
    sched: str = "cosine",
    num_epochs: int = 300,
    decay_epochs: float | None = None,
    decay_milestones: Sequence[int] = (90, 180, 270),
    cooldown_epochs: int = 0,
    patience_epochs: int = 10,
    decay_rate: float = 0.1,
    min_lr: float = 0.0,
    warmup_lr: float = 1e-5,
    warmup_epochs: int = 0,
    warmup_prefix: bool = False,
    noise: NoiseRange = None,
    noise_pct: float = 0.67,
    noise_std: float = 1.0,
    noise_seed: int = 42,
    cycle_mul: float = 1.0,
    cycle_decay: float = 0.1,
    cycle_limit: int = 1,
    k_decay: float = 1.0,
    decay_fn: str | None = None,
    stable_timescale: float | None = None,
    plateau_mode: str = "max",
    step_on_epochs: bool = True,
    updates_per_epoch: int = 0,
) -> Plan:
    """Return the plan of the scheduler that timm's training script makes for `--sched`.

    >>> from annealing.dialects import timm
    >>> timm.create_scheduler_v2(0.1, "wsd", num_epochs=100, warmup_epochs=5, step_on_epochs=False, updates_per_epoch=10)
    chain(warmup(50, to=0.1, start=1e-5), hold(760), cooldown()).over(1000)

    Lengths are epochs; with step_on_epochs=False they become updates, `updates_per_epoch` each. `noise` is given in shares of
    `num_epochs`, a `decay_epochs` below 1 in a share of what wsd and rsqrt run after the warm-up. Theirs also returns how many
    epochs to train: the plan's total and `cooldown_epochs` more, in which the last value stays.
    Raises `ArgumentError` for an unknown name and for "plateau", which follows a metric.
    """
    if sched == "plateau":
        raise ArgumentError("'plateau' follows a metric: use annealing.control.dialects.timm.PlateauLRScheduler.")
    one_of("sched", sched, *_NAMES)
    if not step_on_epochs and updates_per_epoch < 1:
        raise ArgumentError("step_on_epochs=False needs updates_per_epoch: write the number of updates in an epoch.")
    each = 1 if step_on_epochs else count("updates_per_epoch", updates_per_epoch)
    total, warm = num_epochs * each, warmup_epochs * each
    shared: dict[str, Any] = {
        "warmup_lr_init": warmup_lr,
        "warmup_t": warm,
        "t_in_epochs": step_on_epochs,
        "noise_range_t": _noise_range(noise, total),
        "noise_pct": noise_pct,
        "noise_std": noise_std,
        "noise_seed": noise_seed,
    }
    if sched == "none":
        return (rate("lr", lr) * hold()).over(math.inf, unit="epochs" if step_on_epochs else "updates")
    if sched in ("wsd", "rsqrt"):
        after = total if warmup_prefix else total - warm
        share = 0.2 if decay_epochs is None else number("decay_epochs", decay_epochs)
        down = round(share * after if 0 < share < 1 else share * each)
        own = ("rsqrt", "linear") if sched == "rsqrt" else ("constant", "1-sqrt")
        timescale = None if stable_timescale is None else stable_timescale * each
        named = {"stable_fn": own[0], "stable_timescale": timescale, "decay_fn": decay_fn or own[1]}
        return WSDLRScheduler(lr, after, down, min_lr, **named, **shared)
    shared["warmup_prefix"] = warmup_prefix
    if sched == "step":
        return StepLRScheduler(lr, (90 if decay_epochs is None else decay_epochs) * each, decay_rate, **shared)
    if sched == "constant":
        return StepLRScheduler(lr, 1, 1.0, **shared)
    if sched == "multistep":
        return MultiStepLRScheduler(lr, [mark * each for mark in decay_milestones], decay_rate, **shared)
    shared |= {"lr_min": min_lr, "cycle_mul": cycle_mul, "cycle_decay": cycle_decay, "cycle_limit": cycle_limit}
    if sched == "tanh":
        return TanhLRScheduler(lr, total, **shared)
    if sched == "poly":
        return PolyLRScheduler(lr, total, power=decay_rate, k_decay=k_decay, **shared)
    return CosineLRScheduler(lr, total, k_decay=k_decay, **shared)


def _noise_range(noise: NoiseRange, total: int) -> NoiseRange:
    if noise is None:
        return None
    if not isinstance(noise, Sequence):
        return noise * total
    ends = [share * total for share in noise]
    return ends[0] if len(ends) == 1 else ends
