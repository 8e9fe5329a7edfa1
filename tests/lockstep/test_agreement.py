"""The law of lockstep: a member goes exactly where it would have gone alone."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")
from torch.utils.data import DataLoader, TensorDataset

from annealing.lockstep import Member, train
from annealing.lockstep.alone import train_alone
from annealing.tasks import OPTIMIZERS
from tests.lockstep import problems
from tests.lockstep.problems import problem


def members(updates=24, rates=(0.02, 0.1, 0.3), **changes):
    plans = [rate * an.chain(an.warmup(3), an.cosine()) for rate in rates]
    return [Member(plan.over(updates), seed=seed, **changes) for seed in (3, 4) for plan in plans]


def stacked(task, settings, **options):
    trained = train(task, settings, **({"compile": "never", "chunk": 16, "keep_state": True} | options))
    assert trained.notes == ()
    return trained.outcomes


def alone(task, settings):
    return [train_alone(task, setting, lambda updates, loss: None, keep_state=True) for setting in settings]


def furthest(found, expected):
    """The largest relative deviation of anything that was measured or trained."""
    worst = 0.0
    for a, b in zip(found, expected, strict=True):
        assert a.update.tolist() == b.update.tolist()
        assert a.rate.tolist() == b.rate.tolist()
        assert (a.diverged, a.metrics.keys(), a.state.keys()) == (b.diverged, b.metrics.keys(), b.state.keys())
        pairs = [(a.train_loss, b.train_loss), (a.valid_loss, b.valid_loss)]
        pairs += [(a.state[name].double().numpy(), b.state[name].double().numpy()) for name in a.state]
        for x, y in pairs:
            assert (np.isnan(x) == np.isnan(y)).all()
            gap, size = np.nan_to_num(np.abs(x - y)), max(1e-3, float(np.nan_to_num(np.abs(y)).max(initial=0.0)))
            worst = max(worst, float(gap.max(initial=0.0)) / size)
    return worst


def agrees(task, settings, within=1e-12):
    found = stacked(task, settings)
    assert furthest(found, alone(task, settings)) <= within
    return found


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_by_name_agrees_with_ordinary_runs(optimizer):
    usual = OPTIMIZERS[optimizer].usual
    found = agrees(problem(optimizer=optimizer), members(rates=(usual / 3, usual, 3 * usual)))
    assert len({outcome.loss for outcome in found}) == 6


OWN = {
    "weight decay": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.8, weight_decay=0.1),
    "dampening": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9, dampening=0.3),
    "uphill": lambda p, lr: torch.optim.SGD(p, lr=lr, maximize=True),
    "Adam with decay": lambda p, lr: torch.optim.Adam(p, lr=lr, weight_decay=0.1),
    "amsgrad": lambda p, lr: torch.optim.AdamW(p, lr=lr, amsgrad=True, betas=(0.8, 0.95), eps=1e-6),
    "centered": lambda p, lr: torch.optim.RMSprop(p, lr=lr, centered=True, momentum=0.5, weight_decay=0.01),
    "decaying Adagrad": lambda p, lr: torch.optim.Adagrad(p, lr=lr, lr_decay=0.1, initial_accumulator_value=0.2),
}


@pytest.mark.parametrize("optimizer", OWN.values(), ids=OWN)
def test_optimizers_of_ones_own_making_agree(optimizer):
    agrees(problem(optimizer=optimizer), members(rates=(0.001, 0.005)))


def lion(parameters, lr):
    """An optimizer that nobody listed: the sign of a mean, with decoupled decay."""

    class Lion(torch.optim.Optimizer):
        @torch.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    mean = self.state[p].setdefault("mean", torch.zeros_like(p))
                    p.mul_(1 - group["lr"] * 0.1).sub_(group["lr"] * torch.sign(0.9 * mean + 0.1 * p.grad))
                    mean.mul_(0.99).add_(p.grad, alpha=0.01)

    return Lion(parameters, {"lr": lr})


def test_an_optimizer_that_nobody_listed_agrees():
    agrees(problem(optimizer=lion), members(rates=(0.001, 0.01)))


def groups(parameters, lr):
    """No decay on biases, and a last layer with a name."""
    all_of_it = list(parameters)
    return torch.optim.AdamW(
        [
            {"params": [p for p in all_of_it if p.ndim == 2], "weight_decay": 0.3, "name": "matrices"},
            {"params": [p for p in all_of_it if p.ndim < 2], "weight_decay": 0.0, "name": "biases"},
        ],
        lr=lr,
    )


@pytest.mark.parametrize("optimizer", [groups, lambda p, lr: torch.optim.RMSprop(groups(p, lr).param_groups, lr=lr)])
def test_groups_and_recipes_reach_the_parameters_they_name(optimizer):
    def recipe(rate):
        lr = rate * an.cosine()
        return an.Recipe(lr=lr, weight_decay=0.2 * an.linear(), groups={"biases": {"lr": 0.1 * lr, "weight_decay": 0.01}}).over(
            24
        )

    settings = [Member(recipe(rate), seed=seed) for seed in (3, 4) for rate in (0.01, 0.1)]
    agrees(problem(optimizer=optimizer), settings)


def test_everything_may_be_a_members_own():
    plan = (0.1 * an.cosine()).over(24)
    cycled = an.Recipe(lr=0.1 * an.linear(), momentum=0.95 - 0.3 * an.linear()).over(24)
    settings = [
        Member(plan, seed=1),
        Member(plan, seed=1, options={"weight_decay": 0.1}),
        Member(plan, seed=1, options={"momentum": 0.5}),
        Member(plan, seed=2, clip_norm=0.05),
        Member(plan, seed=2, clip_norm=0.5),
        Member(cycled, seed=2),
        Member(plan, seed=2, batch_size=5),
        Member((0.1 * an.hold()).over(12), seed=2),
    ]
    found = agrees(problem(), settings)
    assert len({outcome.loss for outcome in found}) == len(settings)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_betas_and_decay_may_be_a_members_own(optimizer):
    options = [{}, {"weight_decay": 0.1}, {"eps": 1e-3}] + [{"betas[0]": 0.5}, {"betas[1]": 0.9}] * (optimizer == "adam")
    settings = [Member((0.05 * an.cosine()).over(20), seed=1, options=own) for own in options]
    found = agrees(problem(optimizer=optimizer), settings)
    assert len({outcome.loss for outcome in found}) == len(options)


MODELS = {
    "batch norm": problems.normalised,
    "convolution": problems.convolving,
    "tied weights": problems.tied,
    "frozen and unused": problems.half_frozen,
    "attention": problems.attending,
    "recurrence": problems.recurrent,
    "dropout": problems.dropping,
}


@pytest.mark.filterwarnings("ignore:Flash attention", "ignore:.*nested")
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_every_kind_of_model_agrees(model):
    agrees(problem(model), members(updates=15))


@pytest.mark.parametrize("model", ["convolution", "tied weights", "frozen and unused", "dropout"])
def test_models_agree_with_adam_too(model):
    """Not those with a parameter that has no gradient but rounding: Adam makes a full step of it."""
    agrees(problem(MODELS[model], optimizer="adamw"), members(updates=15, rates=(0.01, 0.03)))


def test_masks_belong_to_the_seed_and_not_to_the_place_in_the_stack():
    task, settings = problem(problems.dropping), members(updates=10)
    whole, reversed_ = stacked(task, settings), stacked(task, settings[::-1])[::-1]
    assert [o.loss for o in whole] == [o.loss for o in reversed_] == [stacked(task, [s])[0].loss for s in settings]
    same = stacked(task, [settings[0], settings[0]])
    assert same[0].loss == same[1].loss


SOURCES = {
    "tensors for all": lambda: problems.data(0),
    "augmented": lambda: problems.data,
    "a dataset": lambda: TensorDataset(*problems.data(0)),
    "a loader": lambda: DataLoader(TensorDataset(*problems.data(0)), batch_size=7, shuffle=True),
    "transforms that draw": lambda: Noisy(3),
    "a last batch that is smaller": lambda: partial(problems.data, samples=29),
}


class Noisy(torch.utils.data.Dataset):
    """Draws from every global generator there is."""

    def __init__(self, copies):
        self.copies = copies

    def __len__(self):
        return 7 * self.copies

    def __getitem__(self, index):
        import random

        x, y = problems.data(0)
        return x[index] + 0.1 * torch.randn(6) + np.random.rand() + random.random(), y[index]  # noqa: NPY002


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("model", [problems.mlp(), problems.dropping])
def test_batches_come_in_the_order_of_the_members_seed(source, model):
    augment = (lambda x, g: x + 0.1 * torch.randn(x.shape, generator=g)) if source is SOURCES["augmented"] else None
    agrees(problem(model, train=source(), augment=augment), members(updates=15, rates=(0.1, 0.2)))


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adamw", "rmsprop", "nadam"])
def test_after_300_updates_members_are_within_1e_12(optimizer):
    rates = (0.01, 0.1, 0.3) if optimizer in ("sgd", "nesterov") else (0.001, 0.003, 0.01)
    agrees(problem(problems.mlp(width=32), optimizer=optimizer), members(updates=300, rates=rates))


def test_single_precision_stays_within_the_rounding_of_ordinary_runs():
    """The yardstick: how far ordinary runs in float32 are from those in float64."""
    single, double = (
        problem(
            problems.mlp(dtype), train=partial(problems.data, dtype=dtype), valid=lambda s, d=dtype: problems.data(s + 1000, d)
        )
        for dtype in (torch.float32, torch.float64)
    )

    def copied():  # the weights of the float32 model, in float64
        return problems.mlp(torch.float32)().double()

    double = problem(copied)
    settings = members(updates=60)
    ordinary = alone(single, settings)
    rounding = furthest(ordinary, alone(double, settings))
    assert 0 < furthest(stacked(single, settings), ordinary) <= 3 * rounding


@pytest.mark.parametrize("optimizer", ["nesterov", "adamw", "rmsprop"])
def test_a_members_bits_do_not_depend_on_the_others(optimizer):
    """Where a member's matrices fill whole registers of 64 bytes; worker processes set MKL so that others do as well."""
    model = problems.mlp(torch.float32, width=16)
    sizes = partial(problems.data, dtype=torch.float32)
    task = problem(model, train=sizes, valid=lambda seed: sizes(seed + 1000), optimizer=optimizer)
    settings = members(updates=12, rates=(0.01, 0.1))
    whole = stacked(task, settings)
    for size in (1, 3):
        parts = stacked(task, settings, chunk=size)
        assert [o.valid_loss.tolist() for o in parts] == [o.valid_loss.tolist() for o in whole]
        assert all(torch.equal(a.state[name], b.state[name]) for a, b in zip(parts, whole, strict=True) for name in a.state)


def test_a_nan_stays_in_its_member():
    task, settings = problem(problems.normalised), members()
    wild, tame = (Member((rate * an.hold()).over(24), seed=3) for rate in (1e30, 0.1))
    beside_nan, beside_numbers = (stacked(task, [first, *settings[:3], first, *settings[3:]]) for first in (wild, tame))
    assert [(o.diverged, o.loss) for o in beside_nan if o.member is wild] == [(True, math.inf)] * 2
    for a, b in zip(beside_nan, beside_numbers, strict=True):
        assert a.member is wild or all(torch.equal(a.state[name], b.state[name]) for name in a.state)


def test_a_run_that_diverges_ends_where_it_would_have_ended_alone():
    plain = lambda p, lr: torch.optim.SGD(p, lr=lr)  # noqa: E731
    task = problem(lambda: torch.nn.Linear(6, 3).double(), loss=lambda o, t: (o**2).mean() * 10, optimizer=plain)
    settings = [Member((rate * an.hold()).over(200), seed=1) for rate in (0.01, 1.0, 3.0)]
    found, expected = stacked(task, settings), alone(task, settings)
    assert [(o.diverged, o.update[-1]) for o in found] == [(o.diverged, o.update[-1]) for o in expected]
    assert [o.diverged for o in found] == [False, True, True]
    assert found[1].train_loss[-1] == pytest.approx(expected[1].train_loss[-1], rel=1e-9)
    assert math.isnan(found[1].metrics["hits"])


def test_a_trained_member_can_be_loaded_into_its_model():
    task, settings = problem(problems.tied), members(updates=10)[:2]
    for outcome in stacked(task, settings):
        model = problems.tied()
        model.load_state_dict(outcome.state)
        x, y = task.valid(outcome.member.seed)
        assert float(torch.nn.functional.cross_entropy(model(x), y).detach()) == pytest.approx(outcome.loss, rel=1e-12)


def test_training_leaves_threads_and_generators_as_they_were():
    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    np.random.seed(5)  # noqa: NPY002
    drawn = np.random.get_state()[1].copy()  # noqa: NPY002
    stacked(problem(problems.dropping), members(updates=3))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert (np.random.get_state()[1] == drawn).all()  # noqa: NPY002


def test_members_with_optimizers_of_their_own_share_stacks_with_their_like_and_agree():
    named = ["adamw", None, "radam", "sgd", "momentum", lion]
    own = [replace(member, optimizer=maker) for maker in named for member in members(rates=(0.002, 0.01))]
    found = agrees(problem(optimizer="sgd"), own)
    plain, sgd = ([o.loss for o in found if o.member.optimizer == maker] for maker in (None, "sgd"))
    assert plain == sgd
