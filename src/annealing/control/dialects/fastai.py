"""fastai.callback.tracker, in our words. Unverified: written from its source, not run beside it."""

from __future__ import annotations

from annealing.control.dialects.arguments import single, whole
from annealing.control.plateau import Plateau
from annealing.core.checks import positive
from annealing.core.errors import ArgumentError


def ReduceLROnPlateau(  # noqa: N802 - fastai's name
    monitor: str = "valid_loss",
    comp: object = None,
    min_delta: float = 0.0,
    patience: int = 1,
    factor: float = 10.0,
    min_lr: float = 0.0,
    reset_on_fit: bool = True,
    *,
    lr: float,
) -> Plateau:
    """Return the `Plateau` whose gain times `lr` is the rate that fastai's callback sets (unverified).

    >>> ReduceLROnPlateau(lr=0.1, patience=3)
    Plateau(patience=3, rtol=0, nonfinite="compare", peak=0.1)

    What is odd about it: `factor` divides. A metric without "loss" or "error" in its name is taken to rise. Every fit
    forgets the best (unless `reset_on_fit=False`) and the counter: `plateau.reset(state)` does the same. A `min_lr` above
    `lr` would raise the rate at the first plateau, and is refused. Ours: `Plateau(factor=0.1, patience=1)`.

    `comp` is None (decided by the name), `numpy.less` or `numpy.greater`. Raises `ArgumentError` for any other.
    """
    word = getattr(comp, "__name__", None) or ("less" if "loss" in monitor or "error" in monitor else "greater")
    if word not in ("less", "greater"):
        raise ArgumentError(f"comp={comp!r} is unknown: write numpy.less or numpy.greater.")
    floor, peak = single("min_lr", min_lr), positive("lr", lr)
    if floor > peak:
        raise ArgumentError(f"min_lr={floor:g} lies above lr={peak:g}: fastai would raise the rate at the first plateau.")
    return Plateau(
        factor=1 / positive("factor", factor),
        patience=max(1, whole("patience", patience)),
        floor=floor,
        mode="min" if word == "less" else "max",
        rtol=0.0,
        atol=min_delta,
        nonfinite="compare",
        peak=peak,
    )
