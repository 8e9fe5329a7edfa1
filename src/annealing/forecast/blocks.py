"""A run compressed for the laws: what the loss at an update remembers of every earlier change of the rate.

The laws sum over all changes of the rate before update `t`, each weighted by how long ago it was. Far away only the order of
magnitude matters, so the past is cut into blocks that grow with their distance (by `_GROWTH`). A block keeps what telescopes
exactly, the rate at its two ends, and where within it the rate changed (the centre of mass, so that a jump stays where it is).
Blocks without any change vanish. A cosine of 24 000 updates looked at 171 times has 12 000 blocks instead of 2 million terms;
sums over blocks agree with sums over updates to about 1e-4 of a noise of 1, a few 1e-5 in a loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from annealing.forecast.cells import FLOOR, Cells, Floats, Powers, Whole, cells_of, powers

_GROWTH = 0.15  # length of a block over its distance
_TURNS = 200  # at most so many turning points are cuts of their own
_WARMUP_CUTS = 8


@dataclass(frozen=True, eq=False)
class Sampled:
    """One run or several, looked at after some of their updates."""

    cells: Cells
    updates: Floats  # 1-based count of updates behind each sample
    cell: Whole  # where each sample is
    inside: Floats
    start: Whole  # the first cell of each sample's run
    node_sample: Whole  # which sample each block belongs to
    node_begin: Whole  # the first block of each sample
    node_cell: Whole  # where the rate changed
    node_inside: Floats
    log_before: Floats  # logarithm of the relative rate before a block, its mean where the rate changed, and at its end
    log_centre: Floats
    log_after: Floats

    def progress(self, powers: Powers) -> tuple[Floats, Floats]:
        """`Σ rate^p` up to each sample, and its derivative with respect to `p`."""
        return (
            powers.upto(self.cell, self.inside) - powers.total[self.start],
            powers.slope_upto(self.cell, self.inside) - powers.total_slope[self.start],
        )

    def since(self, powers: Powers) -> Floats:
        """`Σ rate^m` from each block's centre to its sample."""
        here = powers.upto(self.cell, self.inside)
        return here[self.node_sample] - powers.upto(self.node_cell, self.node_inside)

    def slope_since(self, powers: Powers) -> Floats:
        """The derivative of `since` with respect to `m`."""
        here = powers.slope_upto(self.cell, self.inside)
        return here[self.node_sample] - powers.slope_upto(self.node_cell, self.node_inside)

    @cached_property
    def plain(self) -> tuple[Floats, Floats, Floats]:
        """For laws without exponents: `Σ rate` up to each sample, `Σ rate` since each block, and each block's change."""
        sums = powers(self.cells, 1.0)
        return self.progress(sums)[0], self.since(sums), self.rates[1] - self.rates[0]

    @cached_property
    def rates(self) -> tuple[Floats, Floats]:
        """The relative rate before and at the end of each block."""
        return np.exp(self.log_before), np.exp(self.log_after)

    @cached_property
    def age(self) -> Floats:
        """Updates from each block's centre to its sample."""
        return self.since(powers(self.cells, 0.0))

    def sums(self, terms: Floats) -> Floats:
        """Add up the blocks of each sample."""
        return np.add.reduceat(terms, self.node_begin)


def sampled(rate: Floats, at: Whole, reference: float) -> Sampled:
    """Compress one run: its rate at every update, looked at after the updates `at` (0-based, rising)."""
    relative = np.maximum(rate / reference, FLOOR)
    log_rate = np.log(relative)
    cells = cells_of(log_rate)
    count = at.astype(np.float64) + 1
    cell, inside = cells.find(count)
    sample, begin, end = _blocks(relative, at)
    change = np.abs(np.diff(relative, prepend=0.0))
    weight = np.concatenate(([0.0], np.cumsum(change)))
    moment = np.concatenate(([0.0], np.cumsum(change * np.arange(change.size))))
    logs = np.concatenate(([0.0], np.cumsum(change * log_rate)))
    moved = weight[end] - weight[begin]
    kept = moved > 1e-13 * weight[-1]
    kept[np.flatnonzero(np.diff(sample, prepend=-1))] = True  # every sample keeps its earliest block
    sample, begin, end, moved = sample[kept], begin[kept], end[kept], moved[kept]
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = (moment[end] - moment[begin]) / moved
        log_centre = (logs[end] - logs[begin]) / moved
    centre = np.clip(np.where(np.isfinite(centre), centre, begin), begin, end - 1)
    log_centre = np.where(np.isfinite(log_centre), log_centre, log_rate[begin])
    node_cell, node_inside = cells.find(centre)
    log_padded = np.concatenate(([np.log(FLOOR)], log_rate))
    return Sampled(
        cells=cells,
        updates=count,
        cell=cell,
        inside=inside,
        start=np.zeros(at.size, dtype=np.int64),
        node_sample=sample,
        node_begin=np.flatnonzero(np.diff(sample, prepend=-1)),
        node_cell=node_cell,
        node_inside=node_inside,
        log_before=log_padded[begin],
        log_centre=log_centre,
        log_after=log_padded[end],
    )


def together(runs: Sequence[Sampled]) -> Sampled:
    """Put several runs into one, so that a law evaluates all of them at once."""
    cells = np.cumsum([0, *(run.cells.count.size for run in runs)])
    samples = np.cumsum([0, *(run.updates.size for run in runs)])
    nodes = np.cumsum([0, *(run.node_sample.size for run in runs)])

    def reals(name: str) -> Floats:
        return np.concatenate([getattr(run, name) for run in runs])

    def places(name: str, offsets: Whole) -> Whole:
        return np.concatenate([getattr(run, name) + offset for run, offset in zip(runs, offsets.tolist(), strict=False)])

    return Sampled(
        cells=Cells(
            np.concatenate([run.cells.log_rate for run in runs]),
            np.concatenate([run.cells.count for run in runs]),
            np.concatenate([run.cells.first for run in runs]),
        ),
        updates=reals("updates"),
        cell=places("cell", cells),
        inside=reals("inside"),
        start=places("start", cells),
        node_sample=places("node_sample", samples),
        node_begin=places("node_begin", nodes),
        node_cell=places("node_cell", cells),
        node_inside=reals("node_inside"),
        log_before=reals("log_before"),
        log_centre=reals("log_centre"),
        log_after=reals("log_after"),
    )


def _blocks(relative: Floats, at: Whole) -> tuple[Whole, Whole, Whole]:
    """Return (sample, first update, one past the last) of every block that is not empty, sample by sample."""
    cuts = cuts_of(relative)
    edges = np.concatenate(
        (
            np.maximum(at[:, None] + 1 - _distances(int(at[-1]) + 1)[None, :], 0),
            np.minimum(cuts[None, :], at[:, None] + 1),
        ),
        axis=1,
    )
    edges.sort(axis=1)
    begin, end = edges[:, :-1].ravel(), edges[:, 1:].ravel()
    sample = np.repeat(np.arange(at.size), edges.shape[1] - 1)
    kept = end > begin
    return sample[kept], begin[kept], end[kept]


def _distances(total: int) -> Whole:
    """Distances from a sample at which blocks are cut: each block is about a seventh as long as it is far."""
    found = [0]
    while found[-1] < total:
        found.append(found[-1] + max(1, int(_GROWTH * found[-1])))
    return np.array(found)


def cuts_of(relative: Floats) -> Whole:
    """Return the updates at which the rate turns, and eighths of the warm-up: no block reaches across."""
    change = np.diff(relative, prepend=0.0)
    direction = np.sign(change)
    turns = np.flatnonzero(direction[1:] != direction[:-1]) + 1
    if turns.size > _TURNS:  # a jagged run: the turns between which the rate moves most
        turns = np.sort(turns[np.argsort(-np.abs(np.diff(relative[turns], append=relative[-1])), kind="stable")[:_TURNS]])
    top = int(np.argmax(relative >= 0.999 * relative.max()))
    eighths = (top * np.arange(1, _WARMUP_CUTS + 1)) // _WARMUP_CUTS
    return np.unique(np.concatenate((turns, eighths)))
