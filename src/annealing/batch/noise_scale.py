"""The gradient noise scale: how large a batch is worth its samples.

B_simple = tr(S) / |G|^2, where G is the mean gradient and S the covariance of one sample's. Two batch sizes are enough to
estimate both without bias (McCandlish, Kaplan, Amodei & OpenAI Dota Team 2018, arXiv:1812.06162, appendix A.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from annealing.core.checks import number, positive
from annealing.core.errors import ArgumentError

_RESAMPLES, _BLOCKS = 2_000, 300


@final
@dataclass(frozen=True)
class NoiseScale:
    """An estimate of the noise scale: its two parts, their ratio in samples, and an interval of that ratio.

    `signal` is |G|^2, the squared length of the true gradient; `noise` is tr(S), the variance of one sample's gradient;
    `interval` holds `level` of the resampled ratios, and reaches to infinity where the signal cannot be told from 0.
    """

    signal: float
    noise: float
    interval: tuple[float, float]
    level: float
    observations: int

    @property
    def samples(self) -> float:
        """The noise scale itself, tr(S) / |G|^2, in samples: infinite where no signal is left."""
        return self.noise / self.signal if self.signal > 0 else math.inf

    def efficiency(self, batch: float) -> float:
        """Return how much of its samples' worth a batch delivers: 1 for tiny ones, 1/2 at the noise scale.

        >>> NoiseScale(signal=1.0, noise=64.0, interval=(50.0, 80.0), level=0.9, observations=100).efficiency(64)
        0.5

        A batch B needs (1 + B/B_noise) times the samples of the smallest possible number, and (1 + B_noise/B) times the
        updates (equation 2.11 there).
        """
        return 1 / (1 + positive("batch", batch) / self.samples)

    def __str__(self) -> str:
        low, high = self.interval
        return f"critical batch about {self.samples:.3g} samples ({self.level:.0%} interval {low:.3g} to {high:.3g})"


def noise_scale(
    small: ArrayLike, big: ArrayLike, *, small_batch: float, big_batch: float, level: float = 0.9, seed: int = 0
) -> NoiseScale:
    """Estimate the noise scale from squared gradient lengths at two batch sizes.

    >>> rng = np.random.default_rng(0)
    >>> gradient = np.array([3.0, 4.0])
    >>> def lengths(batch):
    ...     return ((gradient + rng.normal(size=(4_000, 2)) * 10 / batch**0.5) ** 2).sum(1)
    >>> found = noise_scale(lengths(8), lengths(64), small_batch=8, big_batch=64)
    >>> round(found.samples, 1), round(200 / 25, 1)
    (8.0, 8.0)

    Arguments: `small` and `big`, |gradient|^2 of batches of `small_batch` and of `big_batch` samples, one number for each
    measurement and paired (in accumulation: the mean of the micro-batches' squared lengths, and that of their mean);
    `level` of the bootstrap interval; `seed` of its resampling.
    The means of both are unbiased parts, so measurements are averaged before the ratio is taken.

    Raises `ArgumentError` for fewer than two measurements, for lengths that are NaN or infinite, or for batches of one size.
    """
    pairs = _paired(small, big)
    ratio = positive("small_batch", small_batch), positive("big_batch", big_batch)
    if ratio[0] >= ratio[1]:
        raise ArgumentError(
            f"small_batch={small_batch:g} and big_batch={big_batch:g} tell nothing apart: the second must be larger."
        )
    if not 0 < number("level", level) < 1:
        raise ArgumentError(f"level={level!r} is not a share: write a number between 0 and 1, such as 0.9.")
    signal, noise = _parts(pairs.mean(0), *ratio)
    rng = np.random.default_rng(seed)
    resampled = _resampled_means(pairs, rng)
    signals, noises = _parts(resampled.T, *ratio)
    scales = np.where(signals > 0, np.maximum(noises, 0) / np.where(signals > 0, signals, 1), np.inf)
    edge = (1 - level) / 2
    low, high = np.quantile(scales, [edge, 1 - edge], method="nearest")
    return NoiseScale(float(signal), float(noise), (float(low), float(high)), level, len(pairs))


def noise_scale_of(gradients: Sequence[Any], *, micro_batch: float) -> tuple[float, float]:
    """Return (mean squared length of the micro-batches' gradients, squared length of their mean) for one update.

    >>> noise_scale_of([np.array([1.0, 0.0]), np.array([0.0, 1.0])], micro_batch=8)
    (1.0, 0.5)

    Arguments: `gradients`, one flat gradient per micro-batch of `micro_batch` samples each, arrays or tensors of equal size.
    Collect the pair at every update, then call `noise_scale(small, big, small_batch=micro_batch, big_batch=k * micro_batch)`.

    Raises `ArgumentError` for fewer than two micro-batches: one alone says nothing about the noise.
    """
    positive("micro_batch", micro_batch)
    if len(gradients) < 2:
        raise ArgumentError("one micro-batch shows no noise: accumulate at least two, or measure two batch sizes.")
    flat = np.stack([np.asarray(gradient, dtype=float).ravel() for gradient in gradients])
    return float((flat**2).sum(1).mean()), float((flat.mean(0) ** 2).sum())


def _parts(lengths: NDArray[np.float64], small: float, big: float) -> tuple[Any, Any]:
    of_small, of_big = lengths
    signal = (big * of_big - small * of_small) / (big - small)
    noise = (of_small - of_big) / (1 / small - 1 / big)
    return signal, noise


def _paired(small: ArrayLike, big: ArrayLike) -> NDArray[np.float64]:
    one, other = np.atleast_1d(np.asarray(small, dtype=float)), np.atleast_1d(np.asarray(big, dtype=float))
    if one.shape != other.shape or one.ndim != 1 or len(one) < 2:
        raise ArgumentError(
            f"small has {one.size} and big {other.size} measurements: pass two lists of equal length, of two or more."
        )
    pairs = np.stack([one, other], axis=1)
    if not np.isfinite(pairs).all():
        raise ArgumentError("a squared length is NaN or infinite: leave the updates out at which the gradient was.")
    return pairs


def _resampled_means(pairs: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    if len(pairs) > _BLOCKS:  # the mean of many is resampled as well by the means of blocks, at a hundredth of the cost
        pairs = np.stack([block.mean(0) for block in np.array_split(pairs, _BLOCKS)])
    counts = rng.multinomial(len(pairs), np.full(len(pairs), 1 / len(pairs)), size=_RESAMPLES)
    return counts @ pairs / len(pairs)
