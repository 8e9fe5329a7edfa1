"""Candidates are sifted by a forecast: a pure function of the history, and better than chance where a law holds."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import numpy as np
import pytest

from tests.conftest import require

require("torch")

from annealing.core.errors import ArgumentError
from annealing.study.space import Choice, Log, Space, schedule_of
from annealing.study.strategies import HalvingSearch, OptunaSearch, Random, Told
from annealing.study.strategies.forecasting import Forecasting

UPDATES = 400
SPACE = Space({"lr": Log(1e-3, 1e-1), "schedule": Choice(["constant", "linear", "cosine", "wsd"])})


def told(candidate):
    """What a run comes to where the loss falls with the area under the rate and rises with the rate in use."""
    rate = schedule_of(candidate).over(UPDATES)(np.arange(UPDATES))
    marks = np.arange(16, UPDATES + 1, 16)
    loss = 2 + 3 / (1 + np.cumsum(rate)) ** 0.5 + 3 * rate
    return Told(candidate, 0, float(loss[-1]), UPDATES, points=tuple((int(m), float(loss[m - 1])) for m in marks))


@pytest.mark.parametrize("inner", [Random(), HalvingSearch()], ids=lambda inner: inner.name)
def test_the_budget_is_kept_and_the_proposal_depends_on_the_history_alone(inner):
    strategy, history = Forecasting(inner, UPDATES), ()
    while (next_ := strategy.propose(SPACE, seed=1, budget=32, history=history)) is not None:
        again = strategy.propose(SPACE, seed=1, budget=32, history=tuple(reversed(history)))
        assert again == next_
        history += tuple(told(candidate) for candidate in next_.candidates)

    assert len(history) == len({one.candidate for one in history}) == 32
    assert len({one.candidate.number for one in history}) == 32


def test_what_is_tried_after_the_forecast_is_better_than_what_chance_draws():
    strategy = Forecasting(Random(), UPDATES)
    first = strategy.propose(SPACE, seed=0, budget=32, history=())
    history = tuple(told(candidate) for candidate in first.candidates)
    sifted = strategy.propose(SPACE, seed=0, budget=32, history=history)
    drawn = Random().propose(SPACE, seed=0, budget=32, history=history)

    assert np.median([told(one).loss for one in sifted.candidates]) < np.median([told(one).loss for one in drawn.candidates])


def test_without_runs_to_fit_everything_is_left_to_chance():
    strategy = Forecasting(Random(), UPDATES)
    first = strategy.propose(SPACE, seed=0, budget=16, history=())
    history = tuple(Told(candidate, 0, float("inf"), 3, diverged=True) for candidate in first.candidates)
    left = strategy.propose(SPACE, seed=0, budget=16, history=history)

    assert [one.number for one in left.candidates] == list(range(4, 16))


def test_a_strategy_that_learns_by_itself_is_refused():
    with pytest.raises(ArgumentError, match="tpe chooses by itself"):
        Forecasting(OptunaSearch(), UPDATES)
