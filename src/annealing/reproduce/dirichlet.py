"""Dirichlet process mixtures of Gaussians for several chains at once, all of whose parameters are integrated out.

A group's columns are independent, each with a normal inverse χ² prior around 0, so a row's density under a group is a product
of Student's t. Rows come into a group and leave it one at a time, which is all that a sampler of assignments needs.
"""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

CONCENTRATION = 1.0
DEGREES, PULL, SPREAD = 4.0, 0.1, 0.1
"""Prior of a column of unit variance: a group's variance is near a tenth of it, and its mean spreads as the column does."""


@final
class Mixtures:
    """Chains over the same data. Row by row each chain assigns its own row; a slot without rows is a group that may begin."""

    def __init__(self, data: Floats, chains: int, rng: np.random.Generator, *, slots: int = 32) -> None:
        """Begin without any row. Arguments: `data`, one row each, with columns of mean 0 and variance 1."""
        self.data, self.rng, self.chain = data, rng, np.arange(chains)
        self.group = np.full((chains, len(data)), -1)
        self.count = np.zeros((chains, slots), dtype=np.int64)
        self.sum = np.zeros((chains, slots, data.shape[1]))
        self.square = np.zeros_like(self.sum)
        sizes = np.arange(len(data) + 1)
        self._log_size = np.log(np.maximum(sizes, 1))
        halves = (DEGREES + sizes) / 2
        self._constant = data.shape[1] * (gammaln(halves + 0.5) - gammaln(halves) - np.log(np.pi) / 2)
        self._remember(np.s_[:, :])

    def log_weights(self, values: Floats) -> Floats:
        """The log density of one row per chain under each of its slots, times the slot's prior weight: [chains, slots]."""
        far = 1 + (values[:, None] - self._mean) ** 2 / self._width
        return self.log_prior() + self._log_height - (DEGREES + self.count + 1) / 2 * np.log(far.prod(-1))

    def log_prior(self) -> Floats:
        """The log weight of each slot before its data are looked at; empty slots share the concentration."""
        empty = self.count == 0
        return self._log_size[self.count] + empty * np.log(CONCENTRATION / empty.sum(1))[:, None]

    def add(self, rows: Whole, *, blind: bool = False) -> None:
        """Draw a group for one row per chain given all rows that are there; `blind` ones are drawn from the prior."""
        if (self.count > 0).all(1).any():
            self._widen()
        logs = self.log_prior() if blind else self.log_weights(self.data[rows])
        shares = np.exp(logs - logs.max(1, keepdims=True)).cumsum(1)
        self.put(rows, (shares < self.rng.random((len(rows), 1)) * shares[:, -1:]).sum(1))

    def put(self, rows: Whole, slot: Whole) -> None:
        """Put one row per chain into a slot."""
        self.group[self.chain, rows] = slot
        self._count(rows, slot, 1)

    def remove(self, rows: Whole) -> None:
        """Take one row per chain out of its group."""
        slot = self.group[self.chain, rows]
        self.group[self.chain, rows] = -1
        self._count(rows, slot, -1)

    def log_joint(self) -> Floats:
        """The log probability of each chain's assignments together with the rows that are there."""
        held, counts = self.count > 0, self.count.sum(1)
        groups = held * (np.log(CONCENTRATION) + gammaln(np.maximum(self.count, 1)))
        prior = groups.sum(1) + gammaln(CONCENTRATION) - gammaln(CONCENTRATION + counts)
        after, pull = DEGREES + self.count, PULL + self.count
        columns = self.data.shape[1]
        scales = DEGREES / 2 * np.log(DEGREES * SPREAD) - after[..., None] / 2 * np.log(self._scale(np.s_[:, :]))
        shapes = gammaln(after / 2) - gammaln(DEGREES / 2) + np.log(PULL / pull) / 2 - self.count / 2 * np.log(np.pi)
        return prior + (columns * shapes + scales.sum(-1)).sum(1)

    def _count(self, rows: Whole, slot: Whole, sign: int) -> None:
        at, values = (self.chain, slot), self.data[rows]
        self.count[at] += sign
        self.sum[at] += sign * values
        self.square[at] += sign * values**2
        self._mean[at], self._width[at], self._log_height[at] = self._density(at)

    def _scale(self, at: tuple[Whole, Whole] | tuple[slice, slice]) -> Floats:
        return DEGREES * SPREAD + self.square[at] - self.sum[at] ** 2 / (PULL + self.count[at])[..., None]

    def _density(self, at: tuple[Whole, Whole] | tuple[slice, slice]) -> tuple[Floats, Floats, Floats]:
        """Where the t of each column lies, its squared width times its degrees of freedom, and the log of its height."""
        pull = (PULL + self.count[at])[..., None]
        width = self._scale(at) * (1 + 1 / pull)
        return self.sum[at] / pull, width, self._constant[self.count[at]] - np.log(width).sum(-1) / 2

    def _remember(self, at: tuple[slice, slice]) -> None:
        self._mean, self._width, self._log_height = self._density(at)

    def _widen(self) -> None:
        """Double the slots."""
        self.count = np.concatenate([self.count, np.zeros_like(self.count)], axis=1)
        self.sum, self.square = (np.concatenate([one, np.zeros_like(one)], axis=1) for one in (self.sum, self.square))
        self._remember(np.s_[:, :])
