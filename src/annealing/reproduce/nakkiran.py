"""A large rate at first generalises better, even in linear regression with two weights, exactly computed.

Inputs are one of two unit vectors, each half of the time, and labels have no noise. Of three samples, with probability 3/4
two show one direction and one the other, so the training loss is steep in one direction and flat in the other. Descent with a
rate of 3/2 wipes out the flat direction at once and bounces in the steep one; a small rate does the steep one first, and is
stopped, at the same training loss, with the flat one unlearnt.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from annealing.core.composition import chain
from annealing.core.phases import hold, jump
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.reproduce.finding import Curves, Finding, Line, Scale, below, between, holds, noted
from annealing.reproduce.study import Study

Floats = NDArray[np.float64]
LOSSES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
SMALL = 1e-3
LARGE_THEN_SMALL: Schedule = chain(1.5 * hold(1), jump(SMALL), hold())
SMALL_ONLY: Schedule = SMALL * hold()


def train_loss(shares: Floats, off: Floats) -> float:
    """The training loss where `shares` of the samples show each direction and the weights are `off` by so much."""
    return float(shares @ off**2)


def test_loss(off: Floats) -> float:
    """The loss over the whole population, in which both directions are as common."""
    return float(off @ off / 2)


def steps(shares: Floats, off: Floats, rates: Any) -> Floats:
    """Descend by the gradient of the training loss with one rate per update."""
    for rate in rates:
        off = off - rate * 2 * shares * off
    return off


def flow(shares: Floats, off: Floats, loss: float) -> Floats:
    """Follow the gradient with a vanishing rate until the training loss is `loss`: the limit of small rates, exactly."""

    def at(time: float) -> Floats:
        return off * np.exp(-2 * shares * time)

    seen = shares > 0
    longest = math.log(max(train_loss(shares, off) / loss, 1.0)) / (2 * shares[seen].min()) + 1.0
    time: Any = brentq(lambda t: math.log(train_loss(shares, at(t)) / loss), 0.0, longest, xtol=1e-13)
    return at(time)


def descent(shares: Floats, plan: Plan, loss: float) -> Floats:
    """Descend with the rates of a plan until the training loss is at most `loss`, and return where that is."""
    off = np.ones(2)
    for rate in plan.values():
        off = steps(shares, off, [rate])
        if train_loss(shares, off) <= loss:
            break
    return off


def closed_form(loss: float) -> float:
    """What the small rate ends at, as a multiple of the training loss, in the split of two to one."""
    square = (-1 / 3 + math.sqrt(1 / 9 + 8 * loss / 3)) / (4 / 3)  # of the flat weight; the steep one is that, squared
    return (square**2 + square) / 2 / loss


def ratio(shares: Floats, loss: float) -> float:
    """By what factor the test loss is larger with the small rate alone than with the large one before it."""
    first = steps(shares, np.ones(2), LARGE_THEN_SMALL.over(2)(np.arange(1)))
    return test_loss(flow(shares, np.ones(2), loss)) / test_loss(flow(shares, first, loss))


def run(scale: Scale, seed: int) -> Finding:
    """Compare flow with closed forms over training losses, then draw samples of three."""
    typical = np.array([2 / 3, 1 / 3])
    small = [test_loss(flow(typical, np.ones(2), loss)) / loss for loss in LOSSES]
    first = steps(typical, np.ones(2), LARGE_THEN_SMALL.over(2)(np.arange(1)))
    large = [test_loss(flow(typical, first, loss)) / loss for loss in LOSSES]
    draws = 2_000 if scale == "full" else 200
    counts = np.random.default_rng(seed).binomial(3, 0.5, draws)
    by_count = {count: ratio(np.array([count, 3 - count]) / 3, 1e-3) for count in range(4)}
    ratios = np.array([by_count[int(count)] for count in counts])
    share, error = float(np.mean(ratios > 1.9)), math.sqrt(0.75 * 0.25 / draws)
    rest = ratios[ratios <= 1.9]
    updates = 12_000
    finite = [test_loss(descent(typical, schedule.over(updates), 1e-3)) / 1e-3 for schedule in (SMALL_ONLY, LARGE_THEN_SMALL)]
    statistics = (
        below(
            "small rate: largest relative distance from the closed form",
            max(abs(found / closed_form(loss) - 1) for found, loss in zip(small, LOSSES, strict=True)),
            1e-3,
        ),
        below(
            "large, then small: largest relative distance from 3/4 of the training loss",
            max(abs(found / 0.75 - 1) for found in large),
            1e-3,
        ),
        between("test loss of the small rate ÷ large, then small, at training loss 1e-6", small[-1] / large[-1], 1.999, 2.001),
        between(
            "share of draws of three samples with a ratio above 1.9",
            share,
            0.75 - 3 * error,
            0.75 + 3 * error,
            interval=(share - 1.645 * error, share + 1.645 * error),
        ),
        holds("every other draw has a ratio of 1", float(np.mean(np.abs(rest - 1) < 1e-9))),
        noted("descent at a rate of 0.001 to training loss 1e-3: test loss ÷ training loss", finite[0]),
        noted("the same after one update at 1.5", finite[1], detail="a finite step overshoots the training loss a little"),
    )
    figure = Curves(
        "Test loss at equal training loss",
        "A first update at a large rate halves it.",
        "training loss",
        "test loss ÷ training loss",
        (Line("large, then small", LOSSES, tuple(large)), Line("small", LOSSES, tuple(small))),
        log="x",
    )
    return Finding(statistics, f"seed {seed}, {draws} draws; all else has no chance in it", figure)


STUDY = Study(
    name="nakkiran",
    title="A large rate before a small one halves the test loss of a linear regression, at equal training loss",
    source="Nakkiran 2020, arXiv:2005.07360",
    shows=("C3", "C4", "F4"),
    criterion=(
        "At training losses from 1e-1 to 1e-6 the test loss of the small rate equals the closed form, and that of a large "
        "then a small rate 3/4 of the training loss, to 1e-3; their ratio at 1e-6 is 1.999 to 2.001; among 2000 draws of "
        "three samples the share with a ratio above 1.9 is within three binomial standard errors of 3/4, and the ratio of all"
        " others is 1."
    ),
    run=run,
    exact=True,
)
