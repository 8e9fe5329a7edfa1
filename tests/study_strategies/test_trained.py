"""What strategies propose is trained as it stands: rounds of a default space, in lockstep, with halving."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import math

import numpy as np
import pytest

from tests.conftest import require

torch = require("torch")

from annealing.lockstep import train
from annealing.study.importance import importance
from annealing.study.space import check_space, default_space, setting
from annealing.study.strategies import HalvingSearch, Sobol, Told
from annealing.tasks import Task

UPDATES = 80


def classes():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(256, 6, generator=generator)
    y = (x[:, 0] * x[:, 1] > 0).long() + (x[:, 2] > 0).long()
    return Task(
        lambda: torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.Tanh(), torch.nn.Linear(16, 3)),
        torch.nn.functional.cross_entropy,
        (x[:192], y[:192]),
        (x[192:], y[192:]),
        batch_size=32,
    )


def told(task, round_, halving):
    """Train every bracket as one call, as an engine would."""
    history = []
    for bracket in round_.brackets:
        settings = [setting(one, UPDATES, seed=seed) for one in bracket for seed in round_.seeds]
        trained = train(task, [one.member for one in settings], halving=halving, compile="never", points=8)
        for candidate, outcome in zip(bracket, trained.outcomes, strict=True):
            points = tuple(zip(outcome.update.tolist(), outcome.valid_loss.tolist(), strict=True))
            seed, end = round_.seeds[0], int(outcome.update[-1])
            history.append(Told(candidate, seed, outcome.loss, end, outcome.diverged, outcome.cut, points))
    return history


@pytest.mark.slow
def test_a_bracket_of_several_optimizers_trains_as_one_call_and_gives_the_worse_of_each_up():
    task, space = classes(), default_space(["sgd", "nesterov", "adamw"])
    check_space(space)
    round_ = HalvingSearch(Sobol(), size=32).propose(space, seed=0, budget=40, history=())
    whole, halved = (told(task, round_, halving) for halving in (None, round_.halving))
    assert [one.candidate for one in halved] == [one.candidate for one in whole] == list(round_.candidates)
    assert not any(one.cut for one in whole)
    assert sum(one.updates for one in halved) < 0.6 * sum(one.updates for one in whole)
    for one, all_the_way in zip(halved, whole, strict=True):
        assert one.diverged == all_the_way.diverged
        assert one.points == all_the_way.points[: len(one.points)]  # until the cut, to the bit
    ends = {one.candidate: one for one in halved}
    lower = []
    for bracket in round_.brackets:
        for gone in (ends[one] for one in bracket if ends[one].cut):
            alike = [ends[one] for one in bracket if one.values["optimizer"] == gone.candidate.values["optimizer"]]
            rivals = [dict(one.points)[gone.updates] for one in alike if one.updates > gone.updates and not one.diverged]
            assert rivals
            lower.append(max(rivals) <= gone.loss)
    assert np.mean(lower) > 0.8  # most: ranks are by what members promise, of which the loss is only a part
    by_name = {(one.name, one.where): one for one in importance(space, whole)}
    assert max(by_name.values(), key=lambda one: one.share or 0).name in ("lr", "optimizer")


def test_the_batch_the_options_and_the_schedule_of_a_candidate_reach_its_run():
    task, space = classes(), default_space(["nesterov"], batch_sizes=[16, 64])
    round_ = HalvingSearch(size=8).propose(space, seed=1, budget=8, history=())
    history = told(task, round_, None)
    assert all(math.isfinite(one.loss) or one.diverged for one in history)
    for one, candidate in zip(history, round_.candidates, strict=True):
        alone = train(task, [setting(candidate, UPDATES, seed=1).member], compile="never", points=8).outcomes[0]
        assert alone.loss == one.loss
        assert alone.member.batch_size == candidate.values["batch_size"]
