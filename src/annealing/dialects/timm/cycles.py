"""timm's schedulers that come round again: cosine, tanh, polynomial."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

from annealing.core.checks import number, positive
from annealing.core.errors import ArgumentError
from annealing.core.length import compact
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.timm.common import Common
from annealing.dialects.timm.noise import NoiseRange
from annealing.dialects.timm.restarts import Shape, cycling

_CYCLES = "without warmup_prefix the warm-up replaces the beginning of the curve, and the peak is never reached"


@dialect("timm.CosineLRScheduler", odd=_CYCLES, example="lr=0.1, t_initial=90, warmup_t=5, warmup_prefix=True")
def CosineLRScheduler(
    lr: float,
    t_initial: int,
    lr_min: float = 0.0,
    cycle_mul: float = 1.0,
    cycle_decay: float = 1.0,
    cycle_limit: int = 1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = False,
    t_in_epochs: bool = True,
    noise_range_t: NoiseRange = None,
    noise_pct: float = 0.67,
    noise_std: float = 1.0,
    noise_seed: int = 42,
    k_decay: float = 1.0,
    initialize: bool = True,
) -> Plan:
    """Fall to `lr_min` along half a cosine, `cycle_limit` times, and stay there.

    >>> from annealing.dialects import timm
    >>> timm.CosineLRScheduler(lr=0.1, t_initial=90, warmup_t=5, warmup_prefix=True)
    chain(warmup(5, to=0.1, start=0), cosine()).every("1ep").over(95, unit="epochs")

    The clock counts epochs and the rate changes between them only; with t_in_epochs=False it counts updates. Cycle i is
    `cycle_mul`^i times as long and starts at `cycle_decay`^i times the rate; `k_decay` bends the cosine, cos(π·progress^k);
    noise is drawn as theirs draws it. `initialize` changes nothing here.
    Odd: without `warmup_prefix` the warm-up replaces the first `warmup_t` of the curve and ends in a jump down, so the peak is
    never reached; a `cycle_mul` below 1 fails some time after the last cycle. Raises `ArgumentError` for cycle_limit below 1.
    Ours: `lr * chain(warmup("5ep"), cosine())`. Source: Loshchilov & Hutter 2016, arXiv:1608.03983; k: arXiv:2004.05909.
    """
    noise = noise_range_t, noise_pct, noise_std, noise_seed
    common = Common.of(lr, warmup_t, warmup_lr_init, warmup_prefix, t_in_epochs, noise)
    k = positive("k_decay", k_decay)
    shape = Shape("cosine") if k == 1 else Shape("timm.cosine", (("k", k),))
    return cycling(common, shape, t_initial, lr_min, cycle_mul, cycle_decay, cycle_limit)


@dialect("timm.PolyLRScheduler", odd=_CYCLES, example="lr=0.1, t_initial=90, power=0.9, warmup_t=5, warmup_prefix=True")
def PolyLRScheduler(
    lr: float,
    t_initial: int,
    power: float = 0.5,
    lr_min: float = 0.0,
    cycle_mul: float = 1.0,
    cycle_decay: float = 1.0,
    cycle_limit: int = 1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = False,
    t_in_epochs: bool = True,
    noise_range_t: NoiseRange = None,
    noise_pct: float = 0.67,
    noise_std: float = 1.0,
    noise_seed: int = 42,
    k_decay: float = 1.0,
    initialize: bool = True,
) -> Plan:
    """Fall to `lr_min` along (1 − progress^k)^power, `cycle_limit` times, and stay there.

    >>> from annealing.dialects import timm
    >>> timm.PolyLRScheduler(lr=0.1, t_initial=90, power=2, t_in_epochs=False)
    polynomial(start=0.1).over(90)

    Arguments, oddities and errors are those of `CosineLRScheduler`. Ours: `lr * chain(warmup("5ep"), polynomial(power=2))`.
    """
    noise = noise_range_t, noise_pct, noise_std, noise_seed
    common = Common.of(lr, warmup_t, warmup_lr_init, warmup_prefix, t_in_epochs, noise)
    k, exponent = positive("k_decay", k_decay), positive("power", power)
    shape = Shape(f"1-(1-u)^{compact(exponent)}") if k == 1 else Shape("timm.poly", (("k", k), ("power", exponent)))
    return cycling(common, shape, t_initial, lr_min, cycle_mul, cycle_decay, cycle_limit)


@dialect(
    "timm.TanhLRScheduler",
    odd="the first value is the rate itself, not the curve's; the last step of a cycle is well above lr_min",
    example="lr=0.1, t_initial=90, warmup_t=5, warmup_prefix=True",
)
def TanhLRScheduler(
    lr: float,
    t_initial: int,
    lb: float = -7.0,
    ub: float = 3.0,
    lr_min: float = 0.0,
    cycle_mul: float = 1.0,
    cycle_decay: float = 1.0,
    cycle_limit: int = 1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = False,
    t_in_epochs: bool = True,
    noise_range_t: NoiseRange = None,
    noise_pct: float = 0.67,
    noise_std: float = 1.0,
    noise_seed: int = 42,
    initialize: bool = True,
) -> Plan:
    """Fall along 1 − tanh, taken from `lb` to `ub`, `cycle_limit` times, and go to `lr_min` at once.

    >>> from annealing.dialects import timm
    >>> timm.TanhLRScheduler(lr=0.1, t_initial=90, t_in_epochs=False).values()[[0, 45, 89]].round(6)
    array([0.1     , 0.098201, 0.000309])

    Arguments are those of `CosineLRScheduler`; without `warmup_prefix` this one's warm-up meets the curve where it enters it.
    Odd: the curve begins a little below the rate, so update 0 and update 1 are not on the same one, and ends above `lr_min`.
    Raises `ArgumentError` unless `lb` is below `ub`. Ours: `lr * chain(warmup("5ep"), cosine())` has the same outline.
    Source: Hsueh et al. 2018, arXiv:1806.01593.
    """
    noise = noise_range_t, noise_pct, noise_std, noise_seed
    common = Common.of(lr, warmup_t, warmup_lr_init, warmup_prefix, t_in_epochs, noise)
    if not number("lb", lb) < number("ub", ub):
        raise ArgumentError(f"lb={lb!r} must be below ub={ub!r}: write lb=-7, ub=3.")
    shape = Shape("timm.tanh", (("lb", lb), ("ub", ub)))
    return cycling(common, shape, t_initial, lr_min, cycle_mul, cycle_decay, cycle_limit, meets=True)
