"""torch.optim's optimizers by name."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import sys

import pytest

from tests.conftest import require

torch = require("torch")

from annealing.core.errors import TaskError
from annealing.tasks import OPTIMIZERS, optimizer_named
from annealing.tasks.optimizers import PACKAGED

NAMES = ("sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "nadam", "radam", "adamax")


def test_the_eleven_names_of_torch_are_there():
    assert tuple(OPTIMIZERS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_name_makes_an_optimizer_that_learns_at_its_usual_rate(name):
    torch.manual_seed(0)
    weights = torch.nn.Parameter(torch.ones(4))
    target = torch.zeros(4)
    optimizer = optimizer_named(name)([weights], optimizer_named(name).usual)
    for _ in range(50):
        optimizer.zero_grad()
        (weights - target).square().sum().backward()
        optimizer.step()
    assert weights.square().sum() < 3.9


@pytest.mark.parametrize("name", NAMES)
def test_the_first_rates_to_try_surround_the_usual_one(name):
    low, usual, high = optimizer_named(name).grid
    assert 0 < low < usual < high
    assert usual == optimizer_named(name).usual


def test_momentum_and_nesterov_are_what_they_say():
    weights = [torch.nn.Parameter(torch.ones(1))]
    plain, heavy, looking_ahead = (
        optimizer_named(name)(weights, 0.1).param_groups[0] for name in ("sgd", "momentum", "nesterov")
    )
    assert [group["momentum"] for group in (plain, heavy, looking_ahead)] == [0, 0.9, 0.9]
    assert [group["nesterov"] for group in (plain, heavy, looking_ahead)] == [False, False, True]


def test_an_unknown_name_is_answered_with_the_names_there_are():
    with pytest.raises(TaskError, match=r"optimizer='adamm' is unknown: write one of sgd, .*adamax.* did you mean adam\?"):
        optimizer_named("adamm")


@pytest.mark.parametrize("name", PACKAGED)
def test_those_with_a_package_of_their_own_learn_at_their_usual_rate(name):
    require("prodigyopt" if name == "prodigy" else "schedulefree")
    weights = [torch.nn.Parameter(torch.ones(4)), torch.nn.Parameter(torch.ones(2, 2))]
    optimizer = optimizer_named(name)(weights, optimizer_named(name).usual)
    if hasattr(optimizer, "train"):
        optimizer.train()
    for _ in range(100):
        optimizer.zero_grad()
        sum(weight.square().sum() for weight in weights).backward()
        optimizer.step()
    assert sum(weight.square().sum() for weight in weights) < 7.9


def test_a_package_that_is_missing_is_asked_for_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "prodigyopt", None)
    with pytest.raises(TaskError, match="pip install prodigyopt"):
        optimizer_named("prodigy")([torch.nn.Parameter(torch.ones(1))], 1.0)
