"""keras.callbacks, in our words."""

from __future__ import annotations

from annealing.control.better import Mode
from annealing.control.dialects.arguments import single, whole
from annealing.control.plateau import Plateau
from annealing.core.checks import number, positive
from annealing.core.errors import ArgumentError


def ReduceLROnPlateau(  # noqa: N802 - keras' name
    monitor: str = "val_loss",
    factor: float = 0.1,
    patience: int = 10,
    verbose: int = 0,
    mode: str = "auto",
    min_delta: float = 1e-4,
    cooldown: int = 0,
    min_lr: float = 0.0,
    *,
    lr: float,
) -> Plateau:
    """Return the `Plateau` whose gain times `lr` is the rate that keras' callback sets.

    >>> from annealing.control import fold
    >>> plateau = ReduceLROnPlateau(factor=0.5, patience=2, lr=0.1)
    >>> plateau
    Plateau(factor=0.5, patience=2, rtol=0, atol=1e-4, nonfinite="first", peak=0.1)
    >>> 0.1 * fold(plateau, [1.0, 1.0, 1.0, 1.0])
    array([0.1 , 0.1 , 0.05, 0.05])

    What is odd about it: the observation that ends a cooldown is already counted, so `cooldown` n is our n - 1. A first
    NaN becomes a best that nothing beats. It compares in float32. Every call of fit() forgets the best and the counters,
    and keeps the rate: `state = plateau.reset(state)` between fits does the same; ours goes on.
    Ours: `Plateau(factor=0.1, patience=10)`.

    `monitor` and `verbose` change nothing here. Raises `ArgumentError` for mode "auto" and a metric that is no loss:
    keras asks the model for its direction, which only the model knows.
    """
    peak = positive("lr", lr)
    return Plateau(
        factor=factor,
        patience=max(1, whole("patience", patience)),
        cooldown=max(1, whole("cooldown", cooldown)) - 1,
        floor=min(single("min_lr", min_lr), peak),
        mode=_direction(mode, monitor),
        rtol=0.0,
        atol=abs(number("min_delta", min_delta)),
        nonfinite="first",
        peak=peak,
    )


def _direction(mode: str, monitor: str) -> Mode:
    if mode == "min" or (mode == "auto" and monitor.removeprefix("val_") == "loss"):
        return "min"
    if mode == "max":
        return "max"
    raise ArgumentError(f'mode={mode!r} does not say whether {monitor!r} should fall or rise: write mode="min" or mode="max".')
