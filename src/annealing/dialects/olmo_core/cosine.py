"""OLMo-core's cosines with a warm-up."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from typing import Any

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, rate
from annealing.dialects.olmo_core.run import Pieces, Run, length_of, linear_tail, shape, until, warm_up
from annealing.dialects.pieces import Piece, curve, flat


@dialect("olmo_core.CosWithWarmup", example="warmup=20, lr=3e-4, max_steps=1000")
def CosWithWarmup(
    *,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    alpha_f: float = 0.1,
    t_max: int | None = None,
    warmup_min_lr: float = 0.0,
    lr: float = 1.0,
    max_steps: int | None = None,
    max_tokens: int | None = None,
) -> Plan:
    """Rise to `lr`, then fall to `alpha_f` of it along half a cosine until `t_max`, by default the end of the run.

    >>> from annealing.dialects import olmo_core
    >>> olmo_core.CosWithWarmup(warmup=20, lr=3e-4, max_steps=1000)
    (3e-4 * chain(warmup(19), cosine(980, to=0.1), hold())).over(1000)

    Ours: `(lr * chain(warmup(19), cosine(to=0.1))).over(1000, endpoint=True)`.
    """
    fields = {"warmup": warmup, "warmup_fraction": warmup_fraction, "warmup_min_lr": warmup_min_lr}
    return Run.of(lr, max_steps, max_tokens).draw("cos_with_warmup", alpha_f=alpha_f, t_max=t_max, **fields)


@shape("cos_with_warmup")
def cos_with_warmup(
    run: Run,
    initial: float,
    total: int,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    alpha_f: float = 0.1,
    t_max: int | None = None,
    warmup_min_lr: float = 0.0,
) -> Pieces:
    """The stretches of CosWithWarmup."""
    end, to = total if t_max is None else count("t_max", t_max), initial * rate("alpha_f", alpha_f)
    warm = length_of("warmup", warmup, warmup_fraction, end)
    rise = warm_up(run, warm, initial, warmup_min_lr)
    return [*rise, curve(warm, end, initial, to, "cosine"), flat(max(warm, end), math.inf, to)]


@dialect(
    "olmo_core.HalfCosWithWarmup",
    odd="the peak is half way between lr and its floor: only the second half of the cosine is used",
    example="warmup=20, lr=3e-4, max_steps=1000",
)
def HalfCosWithWarmup(
    *,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    alpha_f: float = 0.1,
    t_max: int | None = None,
    warmup_min_lr: float = 0.0,
    lr: float = 1.0,
    max_steps: int | None = None,
    max_tokens: int | None = None,
) -> Plan:
    """Rise to the middle between `lr` and `alpha_f` of it, then follow the second half of the cosine.

    >>> from annealing.dialects import olmo_core
    >>> olmo_core.HalfCosWithWarmup(warmup=20, alpha_f=0.0, lr=1.0, max_steps=100)
    chain(warmup(19, to=0.5), knots({-80: 1, 80: 0}, length=80, ease="cosine"), hold()).over(100)

    Ours: `lr * chain(warmup(19, to=0.5), cooldown(ease="cosine"))`, a whole cosine from the middle.
    """
    fields = {"warmup": warmup, "warmup_fraction": warmup_fraction, "warmup_min_lr": warmup_min_lr}
    return Run.of(lr, max_steps, max_tokens).draw("half_cos_with_warmup", alpha_f=alpha_f, t_max=t_max, **fields)


@shape("half_cos_with_warmup")
def _half_cos_with_warmup(
    run: Run,
    initial: float,
    total: int,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    alpha_f: float = 0.1,
    t_max: int | None = None,
    warmup_min_lr: float = 0.0,
) -> Pieces:
    end, to = total if t_max is None else count("t_max", t_max), initial * rate("alpha_f", alpha_f)
    warm = length_of("warmup", warmup, warmup_fraction, end)
    rise = warm_up(run, warm, to + (initial - to) / 2, warmup_min_lr) if warm else []
    fall = Piece(warm, end, (2 * warm - end, initial), (end, to), "cosine")
    return [*rise, fall, flat(max(warm, end), math.inf, to)]


@dialect(
    "olmo_core.CosWithWarmupAndLinearDecay",
    odd="the cosine is cut off in the middle of its fall, so the rate bends there",
    example="warmup=20, decay_fraction=0.1, lr=3e-4, max_steps=1000",
)
def CosWithWarmupAndLinearDecay(
    *,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    alpha_f: float = 0.1,
    t_max: int | None = None,
    warmup_min_lr: float = 0.0,
    decay: int | None = None,
    decay_fraction: float | None = 0.1,
    decay_min_lr: float = 0.0,
    lr: float = 1.0,
    max_steps: int | None = None,
    max_tokens: int | None = None,
) -> Plan:
    """Follow `CosWithWarmup`, and a straight line from wherever it is to `decay_min_lr` over the last part of the run.

    >>> from annealing.dialects import olmo_core
    >>> plan = olmo_core.CosWithWarmupAndLinearDecay(warmup=20, lr=3e-4, max_steps=1000)
    >>> plan(899) / plan(949)
    2.0

    Arguments: `decay` instead of `decay_fraction` needs decay_fraction=None, as in theirs.
    Ours: `lr * chain(warmup(19), cosine(to=0.1))` and `plan.branch(900, linear())`.
    """
    fields = {"warmup": warmup, "warmup_fraction": warmup_fraction, "warmup_min_lr": warmup_min_lr}
    fields |= {"alpha_f": alpha_f, "t_max": t_max, "decay": decay, "decay_fraction": decay_fraction, "decay_min_lr": decay_min_lr}
    return Run.of(lr, max_steps, max_tokens).draw("cos_with_warmup_and_linear_decay", **fields)


@shape("cos_with_warmup_and_linear_decay")
def _cos_with_warmup_and_linear_decay(
    run: Run,
    initial: float,
    total: int,
    decay: int | None = None,
    decay_fraction: float | None = 0.1,
    decay_min_lr: float = 0.0,
    **fields: Any,
) -> Pieces:
    begin = total - length_of("decay", decay, decay_fraction, total)
    if begin < 0:
        raise ArgumentError(f"a decay of {total - begin} is longer than the run, {total}: write a shorter one.")
    whole = cos_with_warmup(run, initial, total, **fields)
    reached = run.value(whole, begin)
    return [*until(begin, whole), *linear_tail(run, begin, total, reached, decay_min_lr)]
