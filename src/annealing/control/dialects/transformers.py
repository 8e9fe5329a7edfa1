"""transformers.optimization, in our words."""

from __future__ import annotations

from typing import Any

from annealing.control.better import Mode
from annealing.control.dialects.arguments import single, threshold_of, whole
from annealing.control.dialects.torch import ReduceLROnPlateau
from annealing.control.greedy import Greedy
from annealing.control.plateau import Plateau
from annealing.core.checks import positive


def GreedyLR(  # noqa: N802 - transformers' name
    lr: float,
    mode: Mode = "min",
    factor: float = 0.95,
    patience: int = 10,
    threshold: float = 1e-6,
    threshold_mode: str = "abs",
    cooldown: int = 0,
    warmup: int = 0,
    min_lr: float = 1e-3,
    max_lr: float = 1.0,
    eps: float = 1e-8,
    verbose: bool = False,
    smooth: bool = False,
    window_size: int = 50,
    reset_start: int = 500,
) -> Greedy:
    """Return the `Greedy` whose gain times `lr` is the rate that transformers' class sets, for one group of that `lr`.

    >>> GreedyLR(lr=0.1, reset_start=20).restart_after
    20
    >>> GreedyLR(lr=0.1).outside, GreedyLR(lr=2e-5).outside
    (False, True)

    What is odd about it: its bounds are rates, and the default `min_lr` lies above the rates of fine-tuning, where it can
    raise the rate and never lower it. With `smooth`, one NaN stays in the running sum until it starts over. With
    threshold_mode "rel" worse observations beat a negative best. Changes of `eps` or less are left out.
    Ours: `Greedy(factor=0.95, patience=11)`, whose bounds are shares of the plan's value.

    `verbose` changes nothing here. Raises `ArgumentError` and `KindError` for arguments out of their range, and for lists:
    a gain is one number, so make one controller for each group.
    """
    peak, floor, ceiling = positive("lr", lr), single("min_lr", min_lr), single("max_lr", max_lr)
    return Greedy(
        factor=factor,
        patience=whole("patience", patience) + 1,
        cooldown=cooldown,
        warmup=warmup,
        floor=floor,
        ceiling=ceiling,
        mode=mode,
        **threshold_of(mode, threshold, threshold_mode),
        nonfinite="compare",
        window=whole("window_size", window_size, 1) if smooth else 0,
        restart_after=max(1, reset_start),
        smallest_change=eps,
        peak=peak,
        outside=not floor <= peak <= ceiling,
    )


def get_greedy_schedule(lr: float, **kwargs: Any) -> Greedy:
    """Return `GreedyLR` of the same arguments.

    >>> get_greedy_schedule(0.1) == GreedyLR(0.1)
    True
    """
    return GreedyLR(lr, **kwargs)


def get_reduce_on_plateau_schedule(lr: float, **kwargs: Any) -> Plateau:
    """Return torch's `ReduceLROnPlateau` of the same arguments, as transformers does.

    >>> get_reduce_on_plateau_schedule(0.1, patience=2).patience
    3
    """
    return ReduceLROnPlateau(lr, **kwargs)
