"""`Σ_{k<t} w_k / Σ_{k<i≤t} eta_i` for many t at once, with w = (eta G)²: what makes a whole curve of the bound cheap.

All earlier updates act on update t by the reciprocal of a distance, as masses do. So blocks of updates are kept with their
mass, mean place and second to fifth moments, and act as one wherever they are short for their distance (a tree code, Barnes and
Hut 1986). A block that is not is asked in two halves, the smallest ones update by update. Distances are put together from sums
of positive rates, never from differences, so that a rate that falls by twelve orders of magnitude loses no digit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

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
    for order in range(2, 6):
        share = share * away if order > 2 else share * away**2
        packed[:, order] = share.sum(axis=1)
    return Level(leaves.places[:, 0] + leaves.rates[:, 0], leaves.places[:, 0], packed)


def _joined(below: Level) -> Level:
    """Two neighbours as one block. Places are distances from a block's end, so the left one's grow by the right one's length."""
    left, right = slice(0, None, 2), slice(1, None, 2)
    mass1, mean1, two1, three1, four1, five1 = below.packed[left].T
    mass2, mean2, two2, three2, four2, five2 = below.packed[right].T
    mass = mass1 + mass2
    share1, share2 = mass1 / np.maximum(mass, 1e-300), mass2 / np.maximum(mass, 1e-300)
    apart = mean1 + below.length[right] - mean2
    a, b = share2 * apart, -share1 * apart  # from the common mean to each one's own
    packed = np.stack(
        (
            mass,
            mean2 + share1 * apart,
            share1 * (two1 + a**2) + share2 * (two2 + b**2),
            share1 * (three1 + a * (3 * two1 + a**2)) + share2 * (three2 + b * (3 * two2 + b**2)),
            share1 * (four1 + a * (4 * three1 + a * (6 * two1 + a**2)))
            + share2 * (four2 + b * (4 * three2 + b * (6 * two2 + b**2))),
            share1 * (five1 + a * (5 * four1 + a * (10 * three1 + a * (10 * two1 + a**2))))
            + share2 * (five2 + b * (5 * four2 + b * (10 * three2 + b * (10 * two2 + b**2)))),
        ),
        axis=1,
    )
    return Level(below.length[left] + below.length[right], below.width[left] + below.length[right], packed)


def _asked(leaves: Leaves, tree: list[Level], asked: Whole) -> Floats:
    """From the largest blocks down: those that are short for their distance act, the others are asked in halves."""
    found, begun = _own(leaves, tree, asked)
    who, block, gap = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    for level in range(len(tree) - 1, -1, -1):
        who, block, gap = (np.concatenate(pair) for pair in zip((who, block, gap), begun[level], strict=True))
        half = tree[level].width[block] / 2
        acts = half <= _SHORT * (gap + half)
        found += np.bincount(who[acts], _pull(tree[level].packed[block[acts]], gap[acts]), asked.size)
        near = ~acts
        who, block, gap = who[near], block[near], gap[near]
        if level:
            left = 2 * block
            gap = np.concatenate((gap + tree[level - 1].length[left + 1], gap))
            who, block = np.concatenate((who, who)), np.concatenate((left, left + 1))
    one_by_one = np.sum(leaves.weights[block] / (leaves.places[block] + gap[:, None]), axis=1)
    return found + np.bincount(who, one_by_one, asked.size)


def _own(leaves: Leaves, tree: list[Level], asked: Whole) -> tuple[Floats, list[tuple[Whole, Whole, Floats]]]:
    """What each one's own leaf adds to it, and the blocks of all earlier updates: (who, block, distance to its end)."""
    block, place = asked // _LEAF, asked % _LEAF
    rates = np.where(np.arange(_LEAF) <= place[:, None], leaves.rates[block], 0.0)
    upto = np.cumsum(rates[:, ::-1], axis=1)[:, ::-1]  # from each update to the one asked for, both included
    earlier = np.arange(_LEAF - 1) < place[:, None]
    own = np.where(earlier, leaves.weights[block, :-1], 0.0) / np.where(earlier, upto[:, 1:], 1.0)
    gap = upto[:, 0]
    begun: list[tuple[Whole, Whole, Floats]] = []
    for level, now in enumerate(tree):
        mine = block >> level
        who = np.flatnonzero(mine & 1)
        begun.append((who, mine[who] - 1, gap[who]))
        gap = gap.copy()
        gap[who] += now.length[mine[who] - 1]
    return own.sum(axis=1), begun


def _pull(packed: Floats, gap: Floats) -> Floats:
    """`Σ w / distance` over the updates of a block, from its moments."""
    mass, mean, two, three, four, five = packed.T
    far = 1 / (gap + mean)
    return mass * far * (1 + far * far * (two - far * (three - far * (four - far * five))))
