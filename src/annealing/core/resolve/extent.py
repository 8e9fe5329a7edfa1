"""How long a schedule asks to be, as the list of its phases' lengths in order.

A chain inside a chain adds its phases to the outer list, so nesting never changes how a run is divided.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from annealing.core.errors import LengthError
from annealing.core.length import REST, Extent, Length, total_of
from annealing.core.schedule import Chain, Clip, Constant, Every, Jump, Lasting, Pointwise, Repeat, Rounded, Schedule
from annealing.core.split import Window, divide_anew

FILL = (Extent.of(REST),)
"""What a phase asks for that was given no length: whatever is left."""


@lru_cache(maxsize=4096)
def extents_of(node: Schedule) -> tuple[Extent, ...]:
    """Return one extent per phase; arithmetic, clip and rounding ask for what they hold asks for."""
    match node:
        case Jump():
            return (Extent.of(Length(0)),)
        case Chain():
            return tuple(extent for phase in node.phases for extent in extents_of(phase))
        case Clip() | Rounded() | Every():
            return extents_of(node.body)
        case Pointwise():
            return shared_extents(node)
        case Repeat():
            return (repeat_extent(node),)
        case Lasting():
            return (Extent.of(node.length),)
        case _:
            length: Length = getattr(node, "length")  # noqa: B009 - every other phase has one
            return (Extent.of(length),)


def shared_extents(node: Pointwise) -> tuple[Extent, ...]:
    """What both sides of an arithmetic ask for together; two different written lengths are refused."""
    if isinstance(node.left, Constant):
        return extents_of(node.right)
    if isinstance(node.right, Constant):
        return extents_of(node.left)
    left, right = extents_of(node.left), extents_of(node.right)
    if right in (left, FILL):
        return left
    if left == FILL:
        return right
    a, b = total_of(left), total_of(right)
    if a.fills and b.fills:
        return FILL  # both fill what they are given; each divides it among its own phases
    if a.fills:
        return (b,)
    if b.fills or a == b:
        return (a,)
    raise LengthError(
        f"{node} joins two different lengths, {a} and {b}: "
        "give both the same, leave one without a length, or wrap one in lasting(…)."
    )


def sizes_within(
    node: Schedule, sizes: Sequence[float], asked: tuple[Extent, ...], window: Window
) -> tuple[Sequence[float], int | None]:
    """Hand the sizes settled for an arithmetic to one of its sides, dividing anew where its phases differ.

    Returns the sizes and which of them is one update short, if any.
    """
    own = extents_of(node)
    return (sizes, window.early) if own == asked else divide_anew(sum(sizes), own, window, slack=1.0)


def repeat_extent(node: Repeat) -> Extent:
    """The length of all cycles: what was written, what the cycles add up to, or whatever is left."""
    if node.length != REST:
        return Extent.of(node.length)
    first = first_cycle(node)
    if first is None or node.times is None:
        return Extent.of(REST)
    if node.growth == 1:
        return Extent(tuple((unit, amount * node.times) for unit, amount in first.amounts))
    ((unit, amount),) = first.amounts  # growing cycles have a written first length, which has one unit
    grown = (
        cycle_edges(amount, node.growth, node.times)[-1]
        if unit == ""
        else sum(amount * node.growth**i for i in range(node.times))
    )
    return Extent(((unit, grown),))


def first_cycle(node: Repeat) -> Extent | None:
    """The first cycle's length: written as `first=`, or the body's own where it has one."""
    if node.first is not None:
        return Extent.of(node.first)
    own = total_of(extents_of(node.body))
    return None if own.fills or any(unit == "%" for unit, _ in own.amounts) else own


def cycle_edges(first: float, growth: float, times: int) -> list[float]:
    """Where cycles of growing length begin and end, on whole updates."""
    edges, reached, length = [0.0], 0.0, first
    for _ in range(times):
        reached += length
        length *= growth
        edges.append(float(round(reached)))
    return edges
