"""nanotron's one schedule: warm up, stay, decay, stay.

Read from nanotron 0.4, whose own code the tests run beside it; "1-sqrt" came later and is checked by its formula.
"""

from __future__ import annotations

import math

from annealing.core.errors import ArgumentError
from annealing.core.phases import hold
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, one_of, rate
from annealing.dialects.pieces import Piece, curve, flat, joined

_EASES = {"linear": "linear", "cosine": "cosine", "1-sqrt": "sqrt"}


@dialect(
    "nanotron.lr_scheduler_builder",
    odd="with lr_decay_starting_step the decay ends lr_warmup_steps early; without warm-up and decay the rate is lr²",
    example="learning_rate=3e-4, lr_warmup_steps=20, lr_warmup_style='linear', lr_decay_style='cosine', min_decay_lr=3e-5, "
    "total_training_steps=1000",
)
def lr_scheduler_builder(
    learning_rate: float,
    lr_warmup_steps: int = 0,
    lr_warmup_style: str = "linear",
    lr_decay_style: str = "linear",
    lr_decay_steps: int | None = None,
    lr_decay_starting_step: int | None = None,
    min_decay_lr: float | None = None,
    *,
    total_training_steps: int,
) -> Plan:
    """Rise to `learning_rate`, stay until `lr_decay_starting_step`, fall to `min_decay_lr`, and stay there.

    >>> from annealing.dialects import nanotron
    >>> nanotron.lr_scheduler_builder(3e-4, 20, lr_decay_style="cosine", min_decay_lr=3e-5, total_training_steps=1000)
    chain(warmup(20, to=3e-4, start=0), cosine(to=3e-5)).over(1000)

    Arguments: `lr_warmup_style` is "linear" or "constant"; `lr_decay_style` "linear", "cosine" or "1-sqrt";
    `lr_decay_starting_step` counts from the start of the run, and is the end of the warm-up unless written;
    `min_decay_lr` is the learning rate itself unless written, so that nothing decays.
    Odd: the first update uses 0, even with a linear warm-up of no steps. Where a starting step is written and
    lr_decay_steps is not, the warm-up is subtracted once too often and the decay ends that much early. A decay that
    begins inside the warm-up shows in its middle. With neither warm-up nor decay theirs forgets to divide: lr².
    Ours: `lr * chain(warmup(20), cosine(to=0.1))`.
    """
    peak, total = rate("learning_rate", learning_rate), count("total_training_steps", total_training_steps, 1)
    if not peak:
        raise ArgumentError("learning_rate=0 is what theirs divides by: write a learning rate above 0.")
    warm, ramp = count("lr_warmup_steps", lr_warmup_steps), one_of("lr_warmup_style", lr_warmup_style, "linear", "constant")
    ease = _EASES[one_of("lr_decay_style", lr_decay_style, *_EASES)]
    floor = peak if min_decay_lr is None else rate("min_decay_lr", min_decay_lr)
    begin = warm if lr_decay_starting_step is None else count("lr_decay_starting_step", lr_decay_starting_step)
    left = total - warm - (0 if lr_decay_starting_step is None else begin)
    length = left if lr_decay_steps is None else count("lr_decay_steps", lr_decay_steps)
    if warm == 0 and length == 0:
        return (peak * peak * hold()).over(total)
    rise, reached = _rise(warm, ramp, peak)
    at_once = begin > warm or (begin == warm and length > 0)  # otherwise update `warm` still belongs to the warm-up
    first = max(begin if at_once else warm + 1, reached)
    end = begin + max(length, 0)
    fall = Piece(first, end, (begin, peak), (end, floor), ease)
    return joined([*rise, flat(reached, first, peak), fall, flat(max(first, end), math.inf, floor)], total).over(total)


def _rise(warm: int, style: str, peak: float) -> tuple[list[Piece], int]:
    """The warm-up, and the update that is at the peak after it: of a linear one of no steps only the zero is left."""
    if style == "constant":
        return [flat(0, warm, peak)], warm
    return ([curve(0, warm, 0.0, peak)], warm) if warm else ([flat(0, 1, 0.0)], 1)
