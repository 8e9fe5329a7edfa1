"""torch.optim.lr_scheduler, in our words. Lightning and transformers' "reduce_lr_on_plateau" use torch's class too."""

from __future__ import annotations

from annealing.control.better import Mode
from annealing.control.dialects.arguments import single, threshold_of, whole
from annealing.control.plateau import Plateau
from annealing.core.checks import positive


def ReduceLROnPlateau(  # noqa: N802 - torch's name
    lr: float,
    mode: Mode = "min",
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    threshold_mode: str = "rel",
    cooldown: int = 0,
    min_lr: float = 0.0,
    eps: float = 1e-8,
) -> Plateau:
    """Return the `Plateau` whose gain times `lr` is the rate that torch's class sets, for one group of that `lr`.

    >>> from annealing.control import fold
    >>> plateau = ReduceLROnPlateau(lr=0.1, factor=0.5, patience=1, min_lr=0.03)
    >>> plateau
    Plateau(factor=0.5, patience=2, floor=0.03, nonfinite="compare", margin="signed", smallest_cut=1e-8, peak=0.1)
    >>> 0.1 * fold(plateau, [1.0, 1.0, 1.0, 1.0, 1.0])
    array([0.1 , 0.1 , 0.05, 0.05, 0.03])

    What is odd about it: it fires one bad observation later than keras' and optax' (`patience` + 1). In mode "rel" a
    negative best is beaten by worse observations (pytorch#47513). A cut of `eps` or less is left out, so that rates below
    1e-8 never fall. An observation of -inf is a best that nothing beats. A `min_lr` above `lr` means no cut at all.
    Ours: `Plateau(factor=0.1, patience=11)`, whose floor is a share of the plan's value.

    Raises `ArgumentError` and `KindError` for what torch's class cannot use either, and for lists of `min_lr`: a gain is
    one number, so make one controller for each group.
    """
    peak = positive("lr", lr)
    return Plateau(
        factor=factor,
        patience=whole("patience", patience) + 1,
        cooldown=cooldown,
        floor=min(single("min_lr", min_lr), peak),
        mode=mode,
        **threshold_of(mode, threshold, threshold_mode),
        nonfinite="compare",
        smallest_cut=eps,
        peak=peak,
    )
