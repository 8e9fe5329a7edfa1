"""One function per node, found by the node's class.

Every resolver has the same signature: the node, the sizes of its phases in order, the window that "%"
refers to, and the value to start from (None where nothing came before).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from annealing.core.errors import KindError
from annealing.core.schedule import Schedule
from annealing.core.split import Window
from annealing.core.track import Track, told

Resolver = Callable[[Schedule, Sequence[float], Window, float | None], Track]

R = TypeVar("R", bound=Callable[..., Track])

_RESOLVERS: dict[type, Callable[..., Track]] = {}


def resolves(*kinds: type) -> Callable[[R], R]:
    """Register the resolver of one or more node classes."""

    def register(function: R) -> R:
        for kind in kinds:
            _RESOLVERS[kind] = function
        return function

    return register


def resolve(node: Schedule, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Settle a schedule whose phases have these sizes, in this window, starting from this value."""
    try:
        resolver = _RESOLVERS[type(node)]
    except KeyError:
        raise KindError(f"{type(node).__name__} is not a schedule of this library.") from None
    return told(resolver(node, sizes, window, start), node)
