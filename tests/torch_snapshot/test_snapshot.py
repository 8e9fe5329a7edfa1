"""The law of a snapshot: what trains afterwards, trains to the bit as if there had been none."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import annealing as an
from annealing.torch import Scheduler, snapshot
from tests.torch_snapshot.runs import OPTIMIZERS, Run, exact, make


def train(run: Run) -> None:
    run.step()


def add_a_group(run: Run) -> None:
    if not isinstance(run.optimizer, torch.optim.LBFGS):
        run.optimizer.add_param_group({"params": [nn.Parameter(torch.ones(2))]})


def write_rates(run: Run) -> None:
    run.optimizer.param_groups[0]["lr"] = 7.0
    run.optimizer.param_groups[0]["mine"] = "?"


def fill_rates(run: Run) -> None:
    for group in run.optimizer.param_groups:
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(7.0)


def load(run: Run) -> None:
    run.optimizer.load_state_dict(run.optimizer.state_dict())
    run.model.load_state_dict({name: torch.ones_like(value) for name, value in run.model.state_dict().items()})


def forget(run: Run) -> None:
    run.optimizer.state.clear()
    run.optimizer.zero_grad(set_to_none=True)


def evaluate(run: Run) -> None:
    run.model.eval()


def freeze(run: Run) -> None:
    run.model.requires_grad_(False)
    next(iter(run.model.parameters())).requires_grad_(True)


def hook(run: Run) -> None:
    run.model.register_forward_hook(lambda module, args, output: output * 0)
    run.model.again.register_full_backward_hook(lambda module, given, taken: None)
    for parameter in run.model.parameters():
        if parameter.requires_grad:
            parameter.register_hook(torch.zeros_like)
            parameter.register_post_accumulate_grad_hook(lambda weight: weight.grad.zero_())
    run.optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: None)


def swap_storage(run: Run) -> None:
    run.model.double()
    for parameter in run.model.parameters():
        parameter.data = torch.randn_like(parameter)


def rebuild(run: Run) -> None:
    run.model.first = nn.Linear(3, 4)
    run.model.more = nn.Linear(1, 1)
    del run.model.norm
    run.model.register_buffer("new", torch.ones(3))


def draw(run: Run) -> None:
    random.random()
    np.random.random()  # noqa: NPY002
    torch.rand(3)
    torch.rand(3, generator=run.generator)


def let_go(run: Run) -> None:
    run.scheduler.remove()
    Scheduler(run.optimizer, lr=an.hold().over(3))


def schedule_with_torch(run: Run) -> None:
    run.scheduler.remove()
    torch.optim.lr_scheduler.StepLR(run.optimizer, 1)  # leaves initial_lr in the groups, and a wrapper around optimizer.step


def overflow(run: Run) -> None:
    run.model.first.weight.data.fill_(torch.inf)
    run.step()


DEEDS: list[Callable[[Run], None]] = [
    train, add_a_group, write_rates, fill_rates, load, forget, evaluate, freeze, hook, swap_storage, rebuild, draw, let_go,
    schedule_with_torch, overflow,
]  # fmt: skip


# One deed may make another impossible, which is no matter here.
IMPOSSIBLE = (an.AnnealingError, RuntimeError, ValueError, AttributeError, TypeError)


class BoomError(Exception):
    pass


def vandalise(run: Run, deeds: list[Callable[[Run], None]], fails: bool) -> None:
    for deed in deeds:
        with suppress(*IMPOSSIBLE), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            deed(run)
    if fails:
        raise BoomError


def check_law(optimizer: str, warm: int, deeds: list[Callable[[Run], None]], fails: bool = False, nested: bool = False) -> None:
    plain, disturbed = make(optimizer, warm), make(optimizer, warm)
    plain = make(optimizer, warm)  # the global generators belong to the run made last
    before = plain.everything()
    expected = [(plain.step(), plain.everything()) for _ in range(3)]

    disturbed = make(optimizer, warm)
    with suppress(BoomError), snapshot(*disturbed):
        with snapshot(*disturbed) if nested else nullcontext():
            vandalise(disturbed, deeds, fails=False)
        assert not nested or disturbed.everything() == before
        vandalise(disturbed, deeds, fails)

    assert disturbed.everything() == before
    assert [(disturbed.step(), disturbed.everything()) for _ in range(3)] == expected


@pytest.mark.parametrize("warm", [0, 2])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on_to_the_bit(optimizer: str, warm: int) -> None:
    check_law(optimizer, warm, [train, train])


@pytest.mark.parametrize("optimizer", ["AdamW", "AdamW with a tensor rate"])
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__)
def test_every_deed_is_undone(deed: Callable[[Run], None], optimizer: str) -> None:
    check_law(optimizer, 2, [deed, train], fails=True)


@given(
    optimizer=st.sampled_from(list(OPTIMIZERS)),
    warm=st.integers(0, 2),
    deeds=st.lists(st.sampled_from(DEEDS), min_size=1, max_size=6),
    fails=st.booleans(),
    nested=st.booleans(),
)
@settings(max_examples=12)  # every example trains, and every pair of a deed and an optimizer is tested above
def test_it_holds_whatever_is_done_inside(optimizer: str, warm: int, deeds: list[Any], fails: bool, nested: bool) -> None:
    check_law(optimizer, warm, deeds, fails, nested)


def test_without_a_snapshot_the_same_deeds_are_seen() -> None:
    """The control: every deed leaves a trace, so that undoing it means something."""
    for deed in DEEDS:
        run = make("AdamW with a tensor rate", 2)
        before = run.everything()
        deed(run)
        assert run.everything() != before, deed.__name__


def test_tensors_keep_their_identity_and_their_storage() -> None:
    run = make("AdamW with a tensor rate", 2)
    tensors = [*run.model.parameters(), *run.model.buffers(), run.optimizer.param_groups[0]["lr"]]
    tensors += [value for state in run.optimizer.state.values() for value in state.values()]
    places = [tensor.data_ptr() for tensor in tensors]

    with snapshot(run.model, run.optimizer):
        vandalise(run, [train, swap_storage, load, train], fails=False)

    again = [*run.model.parameters(), *run.model.buffers(), run.optimizer.param_groups[0]["lr"]]
    again += [value for state in run.optimizer.state.values() for value in state.values()]
    assert all(a is b for a, b in zip(tensors, again, strict=True))
    assert [tensor.data_ptr() for tensor in again] == places


def test_the_scheduler_on_the_optimizer_is_restored_although_it_was_not_named() -> None:
    run = make("AdamW with a tensor rate", 3)

    with snapshot(run.model, run.optimizer):
        for _ in range(4):
            run.step()

    assert run.scheduler.update == 3
    run.step()  # which would raise ConflictError if the rates were not the Scheduler's own
    assert run.scheduler.update == 4


def test_nothing_is_left_on_the_optimizer() -> None:
    """A range test of another library leaves its initial_lr in the groups, and every later scheduler starts from there."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(2))], lr=0.1)
    before = {**optimizer.param_groups[0]}, sorted(vars(optimizer))

    with snapshot(optimizer):
        torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
        optimizer.param_groups[0]["initial_lr"] = 1e-7
    Scheduler(optimizer, factor=an.hold().over(4))

    assert before == ({k: v for k, v in optimizer.param_groups[0].items() if k != "annealing_base_lr"}, sorted(vars(optimizer)))
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_a_write_by_hand_from_before_is_still_refused_afterwards() -> None:
    run = make("AdamW", 2)
    run.optimizer.param_groups[0]["lr"] = 7.0

    with snapshot(*run):
        run.optimizer.param_groups[0]["lr"] = run.scheduler.get_lr()[0]
        run.step()

    assert run.optimizer.param_groups[0]["lr"] == 7.0
    with pytest.raises(an.AnnealingError, match="something else writes"):
        run.step()


def test_restoring_by_hand_starts_every_trial_from_the_same_place() -> None:
    run = make("AdamW", 2)
    losses = []

    with snapshot(*run) as restore:
        for _ in range(3):
            losses.append([run.step() for _ in range(2)])
            restore()

    assert losses[0] == losses[1] == losses[2]


def test_a_graph_from_before_can_still_be_differentiated() -> None:
    """Its tensors have their content back, and the version that autograd remembers."""
    plain, disturbed = make("SGD", 1), make("SGD", 1)
    x = torch.ones(6, 3)
    plain.model.eval()
    disturbed.model.eval()
    expected = torch.autograd.grad(plain.model(x).sum(), plain.model.first.weight)
    loss = disturbed.model(x).sum()

    with snapshot(*disturbed):
        disturbed.step()

    assert torch.equal(torch.autograd.grad(loss, disturbed.model.first.weight)[0], expected[0])


def test_a_loader_draws_the_same_batches_again() -> None:
    own = torch.Generator().manual_seed(5)
    loader = torch.utils.data.DataLoader(torch.arange(8.0), batch_size=4, shuffle=True, generator=own)

    with snapshot(loader):
        inside = [batch.tolist() for batch in loader]

    assert [batch.tolist() for batch in loader] == inside


def test_an_average_of_ones_own_is_restored() -> None:
    class Average:
        def __init__(self, model: nn.Module) -> None:
            self.shadow = {name: value.detach().clone() for name, value in model.named_parameters()}
            self.seen = 0

        def update(self, model: nn.Module) -> None:
            self.seen += 1
            for name, value in model.named_parameters():
                self.shadow[name].lerp_(value.detach(), 0.5)

    model = nn.Linear(2, 2)
    average = Average(model)
    before = exact(average.shadow)

    with snapshot(model, average):
        model.weight.data.fill_(3.0)
        average.update(model)

    assert (average.seen, exact(average.shadow)) == (0, before)


@pytest.mark.parametrize(
    "buffer", [torch.zeros(1).expand(5), torch.eye(3).to_sparse(), torch.ones(4)[::2], torch.tensor(2), torch.tensor([True])]
)
def test_odd_tensors_are_restored(buffer: torch.Tensor) -> None:
    model = nn.Module()
    model.register_buffer("odd", buffer)
    before = buffer.clone()

    with snapshot(model):
        model.odd = torch.ones(7)
        buffer._values().fill_(7) if buffer.is_sparse else buffer.reshape(-1)[:1].fill_(1)

    assert model.odd is buffer
    assert torch.equal(buffer.to_dense(), before.to_dense())


def test_arrays_lists_and_generators_of_a_models_own_are_restored() -> None:
    model = nn.Module()
    model.counts, model.log, model.drawer = np.zeros(3), ["a"], np.random.default_rng(1)
    model.choices, model.old = random.Random(2), np.random.RandomState(3)
    first = model.drawer.random(), model.choices.random(), model.old.rand()
    model.drawer, model.choices, model.old = np.random.default_rng(1), random.Random(2), np.random.RandomState(3)

    with snapshot(model):
        model.counts[:] = 1
        model.log.append("b")
        model.drawer.random(), model.choices.random(), model.old.rand()

    assert (model.counts.tolist(), model.log) == ([0, 0, 0], ["a"])
    assert (model.drawer.random(), model.choices.random(), model.old.rand()) == first


def test_one_failure_does_not_keep_the_rest_from_being_restored() -> None:
    class Stubborn(dict):
        def clear(self) -> None:
            raise BoomError

    model = nn.Linear(1, 1)
    before = exact(model.weight)

    with pytest.raises(BoomError), snapshot(Stubborn(a=1), model):
        model.weight.data.fill_(9.0)

    assert exact(model.weight) == before


@pytest.mark.parametrize(
    ("things", "error", "match"),
    [
        ((), TypeError, "was given nothing"),
        ((None,), TypeError, "was given nothing"),
        ((3,), TypeError, "cannot restore 3"),
        ((nn.Linear,), TypeError, "cannot restore <class"),
        ((nn.LazyLinear(3),), ValueError, "run one batch through it first"),
    ],
)
def test_what_cannot_be_restored_is_refused(things: tuple[object, ...], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match) as caught, snapshot(*things):
        raise BoomError

    assert isinstance(caught.value, an.AnnealingError)
