"""paddle.optimizer.lr, in our words. Unverified: written from its source, not run beside it."""

from __future__ import annotations

from typing import cast

from annealing.control.better import Mode
from annealing.control.dialects.arguments import single, threshold_of, whole
from annealing.control.plateau import Plateau
from annealing.core.checks import positive


def ReduceOnPlateau(  # noqa: N802 - Paddle's name
    learning_rate: float,
    mode: str = "min",
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    threshold_mode: str = "rel",
    cooldown: int = 0,
    min_lr: float = 0.0,
    epsilon: float = 1e-8,
    verbose: bool = False,
) -> Plateau:
    """Return the `Plateau` whose gain times `learning_rate` is the rate that Paddle's class sets (unverified).

    >>> ReduceOnPlateau(0.1, cooldown=2).resting
    'ignore'

    What is odd about it: it looks at nothing during the cooldown, not even for a new best. A first NaN becomes a best
    that nothing beats. The rest is torch's: `patience` + 1, worse beats a negative best in mode "rel", cuts of `epsilon`
    or less are left out. Ours: `Plateau(factor=0.1, patience=11)`.

    `verbose` changes nothing here. Raises `ArgumentError` and `KindError` for arguments out of their range.
    """
    direction, peak = cast("Mode", mode.lower()), positive("learning_rate", learning_rate)
    return Plateau(
        factor=factor,
        patience=whole("patience", patience) + 1,
        cooldown=cooldown,
        floor=min(single("min_lr", min_lr), peak),
        mode=direction,
        **threshold_of(direction, threshold, threshold_mode.lower()),
        nonfinite="first",
        resting="ignore",
        smallest_cut=epsilon,
        peak=peak,
    )
