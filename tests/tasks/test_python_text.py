"""The built-in task `text`: a small transformer that learns Python's own documentation."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import math

import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")

from annealing.lockstep import Member, train
from annealing.lockstep.alone import train_alone
from annealing.study.compare import compare
from annealing.tasks import load_task


def test_every_seed_has_windows_of_its_own_and_never_sees_the_validation_text():
    task = load_task("text")
    (x, y), (other, _), (valid, _) = task.data("train", 0), task.data("train", 1), task.data("valid", 0)
    assert torch.equal(x[:, 1:], y[:, :-1])
    assert not torch.equal(x, other)
    assert torch.equal(x, load_task("text").data("train", 0)[0])
    seen = {tuple(row.tolist()) for row in x}
    assert sum(tuple(row.tolist()) in seen for row in valid) < len(valid) / 25  # the documentation repeats itself


def test_a_character_is_predicted_from_those_before_it_alone():
    torch.manual_seed(0)
    model = load_task("text").model().eval()
    x = torch.randint(0, 90, (2, 32))
    later = x.clone()
    later[:, 20:] = 0
    with torch.no_grad():
        assert torch.allclose(model(x)[:, :20], model(later)[:, :20], atol=1e-6)
        assert not torch.allclose(model(x)[:, 20:], model(later)[:, 20:], atol=1e-2)


def test_it_learns_and_stacks():
    task = load_task("text")
    members = [Member((rate * an.chain(an.warmup(5), an.linear())).over(25), seed=0) for rate in (1e-3, 1e-2)]
    trained = train(task, members, compile="never", chunk=2)
    assert trained.notes == ()
    slow, fast = (outcome.loss for outcome in trained.outcomes)
    assert fast < slow < math.log(97)
    alone = train_alone(task, members[1], lambda updates, loss: None)
    assert fast == pytest.approx(alone.loss, rel=1e-4)


@pytest.mark.slow
def test_its_schedules_are_compared():
    outcome = compare("text", ["constant", "linear"], updates=40, seeds=2, lr=[1e-3, 1e-2], workers=1)
    assert len(outcome.runs) == 2 * 2 * len(outcome.tuning_seeds) + 2 * 2
    assert all(row.mean is not None and row.mean < math.log(97) for row in outcome.rows)
    assert outcome.best in {"constant", "linear"}
