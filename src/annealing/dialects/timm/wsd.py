"""timm's warm-up, stay, decay."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from typing import Any

from annealing.core.checks import number, positive
from annealing.core.combine import maximum
from annealing.core.composition import chain
from annealing.core.errors import ArgumentError, KindError
from annealing.core.length import compact
from annealing.core.phases import cooldown, geometric, hold, inverse_time, power
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, fraction, one_of, rate
from annealing.dialects.pieces import Given, Piece, flat
from annealing.dialects.timm.common import Common
from annealing.dialects.timm.noise import NoiseRange

_EASES = {"linear": "linear", "1-sqrt": "sqrt", "cosine": "cosine"}


@dialect(
    "timm.WSDLRScheduler",
    odd="lr_min is reached one step after the last, so a decay of a few epochs ends well above it",
    example="lr=0.1, t_initial=95, decay_t=20, warmup_t=5",
)
def WSDLRScheduler(
    lr: float,
    t_initial: int,
    decay_t: int,
    lr_min: float = 0.0,
    stable_fn: str = "constant",
    stable_timescale: float | None = None,
    stable_power: float = 0.5,
    decay_fn: Any = "1-sqrt",
    decay_power: float = 0.5,
    decay_ratio: float = 0.1,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    t_in_epochs: bool = True,
    noise_range_t: NoiseRange = None,
    noise_pct: float = 0.67,
    noise_std: float = 1.0,
    noise_seed: int = 42,
    initialize: bool = True,
) -> Plan:
    """Warm up, stay, and fall to `lr_min` over the last `decay_t` of the `t_initial` epochs after the warm-up.

    >>> from annealing.dialects import timm
    >>> timm.WSDLRScheduler(lr=0.1, t_initial=95, decay_t=20, warmup_t=5)
    chain(warmup(5, to=0.1, start=0), hold(75), cooldown()).every("1ep").over(100, unit="epochs")

    Meanwhile the rate stays ("constant") or falls as (1 + t/timescale)^-p ("rsqrt" with p = 0.5, "power" with
    `stable_power`; the timescale is `warmup_t` by default), and it goes on falling during the decay. That is "linear",
    "1-sqrt", "cosine", "power" (1 − progress^decay_power) or "exp" (to `decay_ratio`, moved down to `lr_min`).
    `initialize` changes nothing here. Ours: `lr * wsd("5ep", "20ep")`, counted in updates.
    Raises `ArgumentError` for what does not fit, and where theirs would jump up to an `lr_min` above the rate; `KindError` for
    a decay of your own, which has no name: `lr * chain(warmup(5), hold(75), formula("mine", 20))`.
    Source: Hu et al. 2024, arXiv:2404.06395; Hägele et al. 2024, arXiv:2405.18392.
    """
    noise = noise_range_t, noise_pct, noise_std, noise_seed
    common = Common.of(lr, warmup_t, warmup_lr_init, True, t_in_epochs, noise)
    length, down, low = count("t_initial", t_initial, 1), count("decay_t", decay_t, 1), rate("lr_min", lr_min)
    if down > length or low > common.lr:
        raise ArgumentError(
            f"decay_t={decay_t!r} must fit into t_initial={t_initial!r}, and lr_min={lr_min!r} be at most lr={lr!r}."
        )
    if callable(decay_fn):
        raise KindError("decay_fn is a function without a name: register it and write lr * chain(hold(75), formula('mine', 20)).")
    one_of("decay_fn", decay_fn, *_EASES, "power", "exp")
    ease = _EASES.get(decay_fn) or f"u^{compact(positive('decay_power', decay_power))}"
    if not 0 < fraction("decay_ratio", decay_ratio) < 1:
        raise ArgumentError(f"decay_ratio={decay_ratio!r} must lie between 0 and 1: write decay_ratio=0.1.")
    begin = length - down
    if one_of("stable_fn", stable_fn, "constant", "rsqrt", "power") != "constant":
        per = positive("stable_timescale", common.warmup_t if stable_timescale is None else stable_timescale)
        slow = common.lr * _slow(0.5 if stable_fn == "rsqrt" else positive("stable_power", stable_power), per)
        fall = _exponential(decay_ratio, down) if decay_fn == "exp" else cooldown(down, start=1.0, ease=ease)
        both = chain(hold(begin), fall) if begin else fall
        shape = low + (maximum(slow, low) - low) * both if low else slow * both
        return common.plan([Given(0, length, common.lr, lambda _: shape), flat(length, math.inf, low)], length)
    last: Piece | Given = Piece(begin, length, (begin, common.lr), (length, low), ease)
    if decay_fn == "exp":
        fall = (common.lr - low) * _exponential(decay_ratio, down)
        last = Given(begin, length, common.lr, lambda _: low + fall if low else fall)
    return common.plan([flat(0, begin, common.lr), last, flat(length, math.inf, low)], length)


def _slow(exponent: float, per: float) -> Schedule:
    if per == int(per):
        return power(-exponent, per=int(per))
    return inverse_time(1 / per, per=1) ** exponent


def _exponential(ratio: float, length: int) -> Schedule:
    """(ratio^progress − ratio)/(1 − ratio)."""
    r = number("decay_ratio", ratio)
    return (geometric(r, per=length, length=length, start=1.0) - r) / (1 - r)
