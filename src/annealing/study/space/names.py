"""The names that a run knows, and the one order in which names stand: whoever wrote them down in another has the same space."""

from __future__ import annotations

SHAPE_NAMES = ("warmup", "cooldown", "floor", "power")
"""What shapes a schedule: the lengths of its warm-up and its cooldown (a share of the run from 0 to 1, or with a whole number
updates), where it ends as a share of the peak, and the exponent of its decay."""

ORDER = ("optimizer", "lr", "schedule", *SHAPE_NAMES, "weight_decay", "momentum", "batch_size")
"""The names that a task's run knows, as people read them; every other is a hyper-parameter of the optimizer."""

_PLACES = {name: place for place, name in enumerate(ORDER)}


def place_of(name: str) -> tuple[int, str]:
    """Return what to sort names by: those that are known as people read them, others by the alphabet after them.

    >>> sorted(["eps", "betas[0]", "momentum", "lr"], key=place_of)
    ['lr', 'momentum', 'betas[0]', 'eps']
    """
    return _PLACES.get(name, len(_PLACES)), name
