"""timm.scheduler, in our words."""

from __future__ import annotations

from dataclasses import replace

from annealing.control.better import Mode
from annealing.control.dialects.arguments import whole
from annealing.control.dialects.torch import ReduceLROnPlateau
from annealing.control.plateau import Plateau
from annealing.core.errors import ArgumentError


def PlateauLRScheduler(  # noqa: N802 - timm's name
    lr: float,
    decay_rate: float = 0.1,
    patience_t: int = 10,
    threshold: float = 1e-4,
    cooldown_t: int = 0,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    lr_min: float = 0.0,
    mode: Mode = "max",
    noise_range_t: object = None,
    noise_type: str = "normal",
    noise_pct: float = 0.67,
    noise_std: float = 1.0,
    noise_seed: int | None = None,
    initialize: bool = True,
) -> Plateau:
    """Return the `Plateau` of timm's scheduler, called with epoch + 1 and the metric after each epoch.

    The first `warmup_t` observations are skipped, and the warm-up itself is the plan's:
    `chain(warmup(warmup_t, start=warmup_lr_init / lr), hold())`, counted in epochs.

    >>> PlateauLRScheduler(lr=0.1, warmup_t=3)
    Plateau(patience=11, mode="max", nonfinite="compare", skip=3, margin="signed", smallest_cut=1e-8, peak=0.1)

    What is odd about it: everything that is odd about torch's, which it drives; its mode is "max"; its saved state
    holds the best and no counters, so that a resumed run starts its patience and cooldown again, and building it on a
    loaded optimizer undoes the cuts. timm is about to remove it. Ours: `Plateau(mode="max")`, resumed by `state_from_json`.

    Raises `ArgumentError` for noise, which is no feedback.
    """
    if noise_range_t is not None:
        raise ArgumentError(f"noise_range_t={noise_range_t!r} shakes the rate at random, which no metric asks for: leave it out.")
    plateau = ReduceLROnPlateau(
        lr, mode, decay_rate, whole("patience_t", patience_t), threshold, "rel", whole("cooldown_t", cooldown_t), lr_min
    )
    return replace(plateau, skip=whole("warmup_t", warmup_t))
