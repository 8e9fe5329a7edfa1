"""The operations written down once give the bits of those found anew at every update."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")

from annealing.lockstep import Member
from annealing.lockstep.alone import guarded
from annealing.lockstep.blueprint import blueprint
from annealing.lockstep.stack import Stack
from annealing.lockstep.traced import Traced
from tests.lockstep import problems
from tests.lockstep.problems import problem

MODELS = {
    "multilayer perceptron": problems.mlp(),
    "batch norm": problems.normalised,
    "convolution": problems.convolving,
    "tied weights": problems.tied,
    "frozen and unused": problems.half_frozen,
    "attention": problems.attending,
    "dropout": problems.dropping,
}


def trained(task, patience):
    """The losses and all that is held after 8 updates of 3 members, and what is known by then."""
    members = [Member((rate * an.cosine()).over(8), seed=seed) for rate, seed in ((0.02, 3), (0.1, 3), (0.1, 4))]
    with guarded():
        plan = blueprint(task, members[0], "cpu")
        plan.gradients.patience = patience
        stack = Stack.build(plan, members)
        losses = stack.advance(8, lambda update: None)
    return losses.tolist(), [*stack.parameters, *stack.rest], plan.gradients


@pytest.mark.filterwarnings("ignore:Flash attention", "ignore:.*nested")
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_what_is_written_down_gives_the_same_bits(model):
    losses, held, _ = trained(problem(model), patience=1000)
    found, moved, gradients = trained(problem(model), patience=1)
    assert found == losses
    assert all(map(torch.equal, moved, held))
    (used,) = gradients._known.values()
    assert used is not gradients._ordinary


def test_a_loss_that_is_another_at_every_call_is_not_written_down():
    calls = []

    def loss(outputs, targets):
        calls.append(None)
        return torch.nn.functional.mse_loss(outputs, targets) * len(calls)

    def gradients(parameters, rest, inputs, targets, masks):
        value = loss(parameters[0] * inputs, targets)
        return [parameters[0] * value], (value, rest)

    traced = Traced(gradients)
    traced.patience = 0
    one = torch.ones(2, 3)
    values = [float(traced([one], [], 2 * one, one, [])[1][0]) for _ in range(5)]
    assert values == sorted(set(values))


def test_where_shapes_are_many_they_are_not_written_down_at_first_sight():
    def gradients(parameters, rest, inputs, targets, masks):
        return [parameters[0] * inputs.sum()], (inputs.sum(), rest)

    traced, one = Traced(gradients, patience=0), torch.ones(2)
    for length in range(1, 41):
        traced([one], [], torch.ones(length), one, [])

    assert len(traced._tried) + len(traced._known) == 16
