"""optax.contrib, in our words."""

from __future__ import annotations

from annealing.control.dialects.arguments import whole
from annealing.control.plateau import Plateau


def reduce_on_plateau(
    factor: float = 0.1,
    patience: int = 10,
    rtol: float = 1e-4,
    atol: float = 0.0,
    cooldown: int = 0,
    accumulation_size: int = 1,
    min_scale: float = 0.0,
) -> Plateau:
    """Return the `Plateau` whose gain is the scale of optax' transformation.

    >>> from annealing.control import fold
    >>> plateau = reduce_on_plateau(factor=0.5, patience=2)
    >>> plateau
    Plateau(factor=0.5, patience=2, nonfinite="compare", margin="signed")
    >>> fold(plateau, [1.0, 1.0, 1.0])
    array([1. , 1. , 0.5])

    What is odd about it: with `rtol`, worse observations beat a negative best, so that it never fires there
    (optax#1767). One NaN spoils its whole block of `accumulation_size`, and -inf is a best that nothing beats. Its
    patience=0, which cuts at every improvement, is refused, as are rtol=1 and min_scale above 1, which raise the rate.
    Ours: `Plateau(factor=0.1, patience=10)`.

    Raises `ArgumentError` and `KindError` for arguments out of their range.
    """
    return Plateau(
        factor=factor,
        patience=whole("patience", patience, 1),
        cooldown=cooldown,
        floor=min_scale,
        rtol=rtol,
        atol=atol,
        nonfinite="compare",
        average=whole("accumulation_size", accumulation_size, 1),
        margin="signed",
    )
