"""The noise scale of the gradient, measured while a model trains: from the micro-batches that are accumulated anyway."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, final

import torch
from torch import Tensor

from annealing.batch import NoiseScale, noise_scale
from annealing.core.checks import whole
from annealing.core.errors import ArgumentError


@final
class NoiseProbe:
    """Watches gradients that accumulate, and says how large a batch is worth its samples.

    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> weight, probe = torch.nn.Parameter(torch.zeros(2)), NoiseProbe()
    >>> for update in range(500):
    ...     for part in range(4):  # 16 samples each, whose gradients scatter around (3, 4)
    ...         gradient = torch.tensor([3.0, 4.0]) + 10 * torch.randn(16, 2).mean(0)
    ...         (weight @ gradient / 4).backward()
    ...         probe.part([weight], samples=16, weight=1 / 4)
    ...     probe.update()
    ...     weight.grad = None
    >>> found = probe.noise_scale()
    >>> round(found.samples), found.interval[0] < 200 / 25 < found.interval[1]
    (8, True)

    In a loop: call `part(model.parameters(), samples=…, weight=…)` after each `backward()` of a micro-batch, and `update()`
    before `optimizer.step()`; then `noise_scale()` at any time. All micro-batches of all updates that are measured have one
    size; an update with a smaller rest in it is left out. Gradients are read as they are: before clipping, after the
    scaler's `unscale_`.

    Arguments: `keep`, how many of the latest updates are remembered: the noise scale grows while a model learns.
    """

    def __init__(self, keep: int = 500) -> None:
        self._keep = whole("keep", keep, at_least=2)
        self._pairs: list[tuple[float, float]] = []
        self._shape: tuple[int, int] | None = None  # samples of a micro-batch, and how many make an update
        self._before: Tensor | None = None
        self._parts: list[tuple[int, Tensor]] = []

    def part(self, parameters: Iterable[Tensor], *, samples: int, weight: float = 1.0) -> None:
        """Look at the gradient after the `backward()` of one micro-batch.

        Arguments: `parameters`, those that are trained; `samples` in the micro-batch; `weight`, what its mean loss was
        multiplied by (1/4 where four are accumulated).
        """
        if not weight > 0:
            raise ArgumentError(f"weight={weight!r} is not what a loss is multiplied by: write a share, such as 1 / 4.")
        now = _flat(parameters)
        own = now if self._before is None else now - self._before
        self._before = now
        self._parts.append((whole("samples", samples), (own / weight).square().sum(dtype=torch.float64)))

    def update(self) -> None:
        """Close an update: what was accumulated so far is its gradient."""
        parts, total, self._parts, self._before = self._parts, self._before, [], None
        if len(parts) < 2 or total is None:
            raise ArgumentError(f"an update of {len(parts)} micro-batches shows no noise: accumulate two or more.")
        sizes = {samples for samples, _ in parts}
        if len(sizes) > 1:
            return  # a rest at the end of an epoch
        shape = sizes.pop(), len(parts)
        if self._shape not in (None, shape):
            self._pairs = []  # the batch has grown: lengths of other sizes cannot be averaged with these
        self._shape = shape
        small = float(torch.stack([length for _, length in parts]).mean())
        self._pairs = [*self._pairs, (small, float(total.square().sum(dtype=torch.float64)))][-self._keep :]

    def noise_scale(self, *, level: float = 0.9) -> NoiseScale:
        """Return the noise scale over the updates remembered, whose `samples` is the critical batch, with its interval.

        Raises `ArgumentError` before two updates of one size were seen.
        """
        if self._shape is None or len(self._pairs) < 2:
            raise ArgumentError(f"{len(self._pairs)} updates were measured: the noise scale needs two of one size or more.")
        small, big = zip(*self._pairs, strict=True)
        micro, count = self._shape
        return noise_scale(small, big, small_batch=micro, big_batch=micro * count, level=level)


def _flat(parameters: Iterable[Any]) -> Tensor:
    gradients = [parameter.grad.detach().flatten() for parameter in parameters if parameter.grad is not None]
    if not gradients:
        raise ArgumentError("no parameter has a gradient: call part(…) after backward().")
    return torch.cat(gradients)
