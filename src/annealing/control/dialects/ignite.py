"""ignite.handlers, in our words."""

from __future__ import annotations

from typing import Any

from annealing.control.dialects.torch import ReduceLROnPlateau
from annealing.control.plateau import Plateau


def ReduceLROnPlateauScheduler(  # noqa: N802 - ignite's name
    lr: float,
    metric_name: str,
    trainer: object = None,
    save_history: bool = False,
    param_group_index: int | None = None,
    **scheduler_kwargs: Any,
) -> Plateau:
    """Return the `Plateau` whose gain times `lr` is the rate that ignite's handler sets.

    >>> ReduceLROnPlateauScheduler(0.1, "loss", min_lr=0.01, patience=3)
    Plateau(patience=4, nonfinite="compare", margin="signed", smallest_cut=1e-8, peak=0.1)

    What is odd about it: `min_lr` is dropped, as seen above, unless `param_group_index` is 0 (any other index reads the
    floor of group 0 as well, which is 0). The rest is torch's. Ours: `Plateau(floor=0.1)`.

    `metric_name`, `trainer` and `save_history` change nothing here; the other arguments are those of torch's class.
    """
    unused = {"verbose"} if param_group_index == 0 else {"verbose", "min_lr"}
    return ReduceLROnPlateau(lr, **{name: value for name, value in scheduler_kwargs.items() if name not in unused})
