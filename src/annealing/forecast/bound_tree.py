"""`Σ_{k<t} w_k / Σ_{k<i≤t} eta_i` for many t at once, with w = (eta G)²: what makes a whole curve of the bound cheap.

All earlier updates act on update t by the reciprocal of a distance, as masses do. So blocks of updates are kept with their
mass, mean place and second to fifth moments, and act as one wherever they are short for their distance (a tree code, Barnes and
Hut 1986). A block that is not is asked in two halves, the smallest ones update by update. Distances are put together from sums
of positive rates, never from differences, so that a rate that falls by twelve orders of magnitude loses no digit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from annealing.forecast.cells import Floats, Whole

_SHORT = 0.18  # half the length of a block over the distance to its middle, at most
_LEAF = 16  # updates in the smallest block
_AT_ONCE = 1 << 14  # updates asked for at once: what they need stays in the processor's cache


class Leaves(NamedTuple):
    """The smallest blocks, one row each."""

    rates: Floats
    places: Floats  # distance from each update to the block's end: the sum of the later rates
    weights: Floats


class Level(NamedTuple):
    """All blocks of one size."""

    length: Floats  # Σ eta
    width: Floats  # distance between the first and the last place
    packed: Floats  # a row each: mass, mean distance to the block's end, second to fifth central moment


def interactions(rates: Floats, norms: Floats, asked: Whole) -> Floats:
    """Return the sum for each of the updates `asked`; every rate is above 0."""
    leaves = _leaves(rates, norms)
    tree = [_first(leaves)]
    while tree[-1].length.size > 1:
        tree.append(_joined(tree[-1]))
    parts = [_asked(leaves, tree, asked[begin : begin + _AT_ONCE]) for begin in range(0, asked.size, _AT_ONCE)]
    return np.concatenate([np.zeros(0), *parts])


def _leaves(rates: Floats, norms: Floats) -> Leaves:
    rows = 1 << max(0, int(-(-rates.size // _LEAF) - 1).bit_length())
    padded = np.zeros((2, rows * _LEAF))
    padded[:, : rates.size] = rates, (rates * norms) ** 2
    own, weights = padded.reshape(2, rows, _LEAF)
    places = np.zeros((rows, _LEAF))
    np.cumsum(own[:, :0:-1], axis=1, out=places[:, -2::-1])
    return Leaves(own, places, weights)


def _first(leaves: Leaves) -> Level:
    mass = leaves.weights.sum(axis=1)
    share = leaves.weights / np.maximum(mass, 1e-300)[:, None]
    mean = np.sum(share * leaves.places, axis=1)
    away = leaves.places - mean[:, None]
    packed = np.empty((mass.size, 6))
    packed[:, 0], packed[:, 1] = mass, mean
    power: Floats = share * away
    for order in range(2, 6):
        power *= away
        packed[:, order] = power.sum(axis=1)
    return Level(leaves.places[:, 0] + leaves.rates[:, 0], leaves.places[:, 0], packed)


def _joined(below: Level) -> Level:
    """Two neighbours as one block. Places are distances from a block's end, so the left one's grow by the right one's length."""
    left, right = slice(0, None, 2), slice(1, None, 2)
    first, second = below.packed[left].T, below.packed[right].T
    mass = first[0] + second[0]
    heavy = np.maximum(mass, 1e-300)
    share, other = first[0] / heavy, second[0] / heavy
    apart = first[1] + below.length[right] - second[1]
    moments = share * _about(first[2:], other * apart) + other * _about(second[2:], -share * apart)
    packed = np.concatenate((mass[None, :], (second[1] + share * apart)[None, :], moments)).T.copy()
    return Level(below.length[left] + below.length[right], below.width[left] + below.length[right], packed)


def _about(moments: Floats, away: Floats) -> Floats:
    """Second to fifth central moment, about a place that is `away` from the mean: the binomial theorem."""
    two, three, four, five = moments
    square: Floats = away * away
    in_third: Floats = away * (3.0 * two + square)
    in_fourth: Floats = 4.0 * three + away * (6.0 * two + square)
    in_fifth: Floats = 10.0 * three + away * (10.0 * two + square)
    last: Floats = five + away * (5.0 * four + away * in_fifth)
    return np.stack((two + square, three + in_third, four + away * in_fourth, last))


class Front(NamedTuple):
    """Pairs of an update and an earlier block that has yet to act on it."""

    who: Whole
    block: Whole
    gap: Floats  # from the block's end to the update

    def where(self, chosen: NDArray[np.bool_]) -> Front:
        return Front(self.who[chosen], self.block[chosen], self.gap[chosen])

    def halves(self, below: Level) -> Front:
        """The same pairs with both halves of each block."""
        left = 2 * self.block
        gap: Floats = np.concatenate((self.gap + below.length[left + 1], self.gap))
        return Front(np.concatenate((self.who, self.who)), np.concatenate((left, left + 1)), gap)

    def joined(self, other: Front) -> Front:
        return Front(
            np.concatenate((self.who, other.who)),
            np.concatenate((self.block, other.block)),
            np.concatenate((self.gap, other.gap)),
        )


def _asked(leaves: Leaves, tree: list[Level], asked: Whole) -> Floats:
    """From the largest blocks down: those that are short for their distance act, the others are asked in halves."""
    found, begun = _own(leaves, tree, asked)
    front = begun[-1]
    for level in range(len(tree) - 1, -1, -1):
        half: Floats = tree[level].width[front.block] / 2.0
        acts: NDArray[np.bool_] = half <= _SHORT * (front.gap + half)
        acting = front.where(acts)
        found += np.bincount(acting.who, _pull(tree[level].packed[acting.block], acting.gap), asked.size)
        front = front.where(~acts)
        if level:
            front = front.halves(tree[level - 1]).joined(begun[level - 1])
    one_by_one: Floats = np.sum(leaves.weights[front.block] / (leaves.places[front.block] + front.gap[:, None]), axis=1)
    return found + np.bincount(front.who, one_by_one, asked.size)


def _own(leaves: Leaves, tree: list[Level], asked: Whole) -> tuple[Floats, list[Front]]:
    """What each one's own leaf adds to it, and the blocks of all earlier updates, by level."""
    block: Whole = asked // _LEAF
    place: Whole = asked % _LEAF
    rates: Floats = np.where(np.arange(_LEAF) <= place[:, None], leaves.rates[block], 0.0)
    upto: Floats = np.cumsum(rates[:, ::-1], axis=1)[:, ::-1]  # from each update to the one asked for, both included
    earlier: NDArray[np.bool_] = np.arange(_LEAF - 1) < place[:, None]
    own: Floats = np.where(earlier, leaves.weights[block, :-1], 0.0) / np.where(earlier, upto[:, 1:], 1.0)
    begun: list[Front] = []
    gap = upto[:, 0].copy()
    for level, now in enumerate(tree):
        mine: Whole = block >> level
        who: Whole = np.flatnonzero(mine & 1)
        begun.append(Front(who, mine[who] - 1, gap[who]))
        gap[who] += now.length[mine[who] - 1]
    return np.asarray(own.sum(axis=1), dtype=np.float64), begun


def _pull(packed: Floats, gap: Floats) -> Floats:
    """`Σ w / distance` over the updates of a block, from its moments."""
    mass, mean, two, three, four, five = packed.T
    far: Floats = 1.0 / (gap + mean)
    higher: Floats = three - far * (four - far * five)
    spread: Floats = far * far * (two - far * higher)
    return mass * far * (1.0 + spread)
