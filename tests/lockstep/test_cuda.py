"""On a GPU a member goes where it would have gone alone there, through recorded updates as well."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

from functools import partial

import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")

from annealing.lockstep import Halving, Member, train
from annealing.lockstep.alone import guarded, train_alone
from annealing.lockstep.blueprint import blueprint
from annealing.lockstep.graphed import Graphed
from annealing.lockstep.stack import Stack
from tests.lockstep import problems
from tests.lockstep.problems import problem
from tests.lockstep.test_agreement import MODELS, furthest, members

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")


def agrees(task, settings, within=1e-12, **options):
    trained = train(task, settings, device="cuda", keep_state=True, **({"compile": "never"} | options))
    assert trained.notes == ()
    expected = [train_alone(task, own, lambda updates, loss: None, device="cuda", keep_state=True) for own in settings]
    found, expected = (
        [type(o)(**(vars(o) | {"state": {name: value.cpu() for name, value in o.state.items()}})) for o in outcomes]
        for outcomes in (trained.outcomes, expected)
    )
    assert furthest(found, expected) <= within
    return trained


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adamw", "rmsprop", "nadam"])
def test_after_300_updates_members_are_within_1e_12(optimizer):
    rates = (0.01, 0.1, 0.3) if optimizer in ("sgd", "nesterov") else (0.001, 0.003, 0.01)
    assert agrees(problem(problems.mlp(width=32), optimizer=optimizer), members(updates=300, rates=rates)).chunk == 6


@pytest.mark.filterwarnings("ignore:Flash attention", "ignore:.*nested")
@pytest.mark.parametrize("model", [model for name, model in MODELS.items() if name != "recurrence"])
def test_every_kind_of_model_agrees(model):
    agrees(problem(model), members(updates=15))


def test_everything_may_be_a_members_own():
    plan = (0.1 * an.cosine()).over(24)
    own = [{}, {"options": {"weight_decay": 0.1}}, {"clip_norm": 0.05}, {"clip_norm": 0.5}, {"batch_size": 5}]
    agrees(problem(train=partial(problems.data, samples=29)), [Member(plan, seed=2, **each) for each in own])


def test_updates_are_recorded_and_smaller_batches_are_not():
    task, settings = problem(train=partial(problems.data, samples=29)), members(updates=24)
    with guarded():
        stack = Stack.build(blueprint(task, settings[0], "cuda"), settings)
        stack.advance(10, lambda update: None)
    assert isinstance(stack.program, Graphed)
    assert stack.program.recorded


def test_single_precision_stays_within_the_rounding_of_ordinary_runs():
    single = problem(
        problems.mlp(torch.float32, width=32),
        train=partial(problems.data, dtype=torch.float32),
        valid=lambda seed: problems.data(seed + 1000, torch.float32),
    )
    agrees(single, members(updates=60), within=3e-5)


def test_a_nan_stays_in_its_member():
    task, settings = problem(), members()
    wild = Member((1e30 * an.hold()).over(24), seed=3)
    found = train(task, [wild, *settings], device="cuda", compile="never").outcomes
    expected = train(task, settings, device="cuda", compile="never").outcomes
    assert found[0].diverged
    assert [o.loss for o in found[1:]] == pytest.approx([o.loss for o in expected], rel=1e-12)


def test_halving_gives_the_same_members_up():
    task, settings = problem(), members(updates=40, rates=(0.001, 0.01, 0.1, 0.3))
    on_device, on_host = (
        train(task, settings, device=device, compile="never", chunk=4, halving=Halving()).outcomes for device in ("cuda", "cpu")
    )
    assert [o.cut for o in on_device] == [o.cut for o in on_host]
    assert [o.loss for o in on_device] == pytest.approx([o.loss for o in on_host], rel=1e-9)


@pytest.mark.slow
def test_compiled_members_agree_to_rounding():
    trained = agrees(problem(problems.mlp(width=32)), members(updates=60), within=1e-9, compile="always")
    assert trained.compiled
