"""transformers' warm-up, stay, decay."""

from __future__ import annotations

import math

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, one_of, rate, whole_curve
from annealing.dialects.pieces import Given, Piece, curve, flat, joined
from annealing.dialects.transformers.common import ZERO
from annealing.dialects.waves import waves

_SHAPES = {"linear": ("linear", "linear"), "cosine": ("cosine", "cosine"), "1-sqrt": ("1-(1-u)^0.5", "sqrt")}  # up, down


@dialect(
    "transformers.get_wsd_schedule",
    odd=f"{ZERO}; phases longer than the run make a jump instead of an error",
    example="lr=3e-4, num_warmup_steps=100, num_decay_steps=200, num_training_steps=1000",
)
def get_wsd_schedule(
    lr: float,
    num_warmup_steps: int,
    num_decay_steps: int,
    num_training_steps: int | None = None,
    num_stable_steps: int | None = None,
    warmup_type: str = "linear",
    decay_type: str = "cosine",
    min_lr_ratio: float = 0.0,
    num_cycles: float = 0.5,
    last_epoch: int = -1,
) -> Plan:
    """Rise from `min_lr_ratio * lr`, stay, and fall to it again ("warmup_stable_decay").

    >>> from annealing.dialects import transformers
    >>> transformers.get_wsd_schedule(3e-4, 100, 200, 1000, decay_type="1-sqrt", min_lr_ratio=0.1)
    (3e-4 * chain(warmup(100, start=0.1), hold(700), cooldown(to=0.1))).over(1000)

    Types are "linear", "cosine" and "1-sqrt". Odd: where warm-up and decay do not fit the run, the decay has begun before the
    warm-up is over, and the rate jumps; with `num_stable_steps`, `num_training_steps` is ignored.
    Raises `ArgumentError` for other types, and when neither length is given.
    Ours: `lr * wsd(100, 200)`, which refuses what does not fit.
    """
    whole_curve(last_epoch)
    up, down = count("num_warmup_steps", num_warmup_steps), count("num_decay_steps", num_decay_steps)
    rise, fall = (_SHAPES[one_of("type", kind, *_SHAPES)] for kind in (warmup_type, decay_type))
    if num_stable_steps is not None:
        stay = count("num_stable_steps", num_stable_steps, -up - down)
    elif num_training_steps is not None:
        stay = count("num_training_steps", num_training_steps) - up - down
    else:
        raise ArgumentError("get_wsd_schedule needs num_training_steps or num_stable_steps: write num_training_steps=1000.")
    low, begin, end = rate("min_lr_ratio", min_lr_ratio), up + stay, up + stay + down
    drawn = max(up, begin), end  # the updates that use the decay; where it begins during the warm-up, its opening is lost
    decay = Piece(*drawn, (begin, 1.0), (end, low), fall[1])
    if decay_type == "cosine" and num_cycles != 0.5:
        decay = Given(*drawn, 1.0, lambda _: waves(num_cycles, down, low, end - drawn[0], ahead=drawn[0] - begin))
    pieces = [curve(0, up, low, 1.0, rise[0]), flat(up, begin, 1.0), decay, flat(end, math.inf, low)]
    return (rate("lr", lr) * joined(pieces, end)).over(end)
