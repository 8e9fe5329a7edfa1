"""How a batch is cut where memory holds no larger one: into as few parts as it takes, as even as they can be."""

from __future__ import annotations

from annealing.core.checks import whole
from annealing.core.errors import ArgumentError


def part_sizes(size: int, largest: int, *, rank: int = 0, ranks: int = 1) -> tuple[int, ...]:
    """Return the samples in each part of a batch, on one rank; every rank has as many parts as the others.

    >>> part_sizes(10, 4)
    (4, 3, 3)
    >>> part_sizes(10, 4, rank=1, ranks=4)
    (3,)

    Arguments: `size`, the samples of the batch on all ranks together, dealt to them in turn; `largest`, what fits into memory
    at once. Raises `ArgumentError` where some rank would be left with an empty part.
    """
    most, own = -(-size // ranks), len(range(rank, size, ranks))
    count = -(-most // whole("largest", largest))
    if size // ranks < count:
        raise ArgumentError(
            f"{size} samples on {ranks} ranks in parts of {largest} leave a rank a part with none: write largest=2 or more."
        )
    least, more = divmod(own, count)
    return (least + 1,) * more + (least,) * (count - more)
