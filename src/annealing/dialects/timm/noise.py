"""The noise on timm's rates: the very numbers that torch's generator draws for its seed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from annealing.core.checks import number
from annealing.core.errors import ArgumentError
from annealing.core.marks import formula
from annealing.core.registry import register
from annealing.core.schedule import Schedule

NoiseRange = Sequence[float] | float | None


def shaking(noise_range_t: NoiseRange, noise_pct: float, noise_std: float, noise_seed: int) -> tuple[Schedule | None, float]:
    """Return the factor that stands for their noise, if any, and the first time without it."""
    if noise_range_t is None:
        return None, 0.0
    ends = [number("noise_range_t", t) for t in (noise_range_t if isinstance(noise_range_t, Sequence) else [noise_range_t])]
    if not 1 <= len(ends) <= 2:
        raise ArgumentError(f"noise_range_t={noise_range_t!r} is no range: write (first, last), or the first alone.")
    if not number("noise_pct", noise_pct) > 0:
        raise ArgumentError(f"noise_pct={noise_pct!r} leaves no noise that is small enough: write a share above 0.")
    named = dict(zip(("first", "last"), ends, strict=False))
    factor = formula("timm.noise", pct=noise_pct, std=noise_std, seed=noise_seed, **named)
    return factor, math.inf if len(ends) == 1 else ends[1]


@register("timm.noise")
def noise(t: float, first: float, pct: float, std: float, seed: float, last: float = math.inf) -> float:
    """1 + n while first ≤ t < last, n normal and drawn again until it is smaller than `pct`; else 1.

    Each update has a generator of its own, seeded with seed + t. The first value is set by the constructor, without noise.
    """
    step = math.floor(t)
    if step == 0 or not first <= step < last:
        return 1.0
    return 1.0 + next(n for z in normals(int(seed) + step) if abs(n := z * std) < pct)


def normals(seed: int) -> Iterator[float]:
    """The numbers of `torch.randn(1, generator=g)`, called again and again after `g.manual_seed(seed)`.

    >>> import itertools
    >>> [round(z, 4) for z in itertools.islice(normals(42), 3)]
    [0.3367, 0.1288, 0.2345]

    Box and Muller's transform of 53-bit uniforms from a Mersenne twister, rounded to float32.
    """
    bits = np.random.RandomState(seed & 0xFFFFFFFF)  # torch's generator is this very one
    while True:
        angle, radius = _uniform(bits), _uniform(bits)
        size = math.sqrt(-2.0 * math.log1p(-radius))
        yield float(np.float32(size * math.cos(2.0 * math.pi * angle)))
        yield float(np.float32(size * math.sin(2.0 * math.pi * angle)))


def _uniform(bits: np.random.RandomState) -> float:
    high, low = (int(x) for x in bits.randint(0, 2**32, size=2, dtype=np.uint32))
    return (((high << 32) | low) & (2**53 - 1)) * 2.0**-53
