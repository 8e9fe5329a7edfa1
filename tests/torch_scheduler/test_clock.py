"""What counts as an update, and what does not, however often anybody calls step()."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from annealing.torch import Scheduler
from tests.torch_scheduler.training import PLAN, UPDATES, USED, parameter, prepare, rate_used, sgd, train

Build = Callable[[Optimizer], LRScheduler]


def ours(optimizer: Optimizer) -> LRScheduler:
    return Scheduler(optimizer, lr=PLAN)


def torchs(optimizer: Optimizer) -> LRScheduler:
    """The control: the same curve, counted in scheduler.step()."""
    for group in optimizer.param_groups:
        group["lr"] = 1.0
    return LambdaLR(optimizer, PLAN)


def once_per_update(build: Build) -> list[float]:
    optimizer = sgd()
    scheduler = build(optimizer)
    return train(optimizer, UPDATES, scheduler.step)


def twice_per_update(build: Build) -> list[float]:
    optimizer = sgd()
    scheduler = build(optimizer)

    def after() -> None:
        scheduler.step()
        scheduler.step()

    return train(optimizer, UPDATES, after)


def once_per_epoch(build: Build) -> list[float]:
    optimizer = sgd()
    scheduler = build(optimizer)
    used: list[float] = []
    for _ in range(4):
        used += train(optimizer, UPDATES // 4)
        scheduler.step()
    return used


def never(build: Build) -> list[float]:
    optimizer = sgd()
    build(optimizer)
    return train(optimizer, UPDATES)


def per_micro_batch(build: Build) -> list[float]:
    """Gradient accumulation, with step() where it does not belong."""
    optimizer = sgd()
    scheduler = build(optimizer)
    used: list[float] = []
    for batch in range(2 * UPDATES):
        if batch % 2:
            used.append(rate_used(optimizer))
        scheduler.step()
    return used


WRONG_WITH_TORCH = [twice_per_update, once_per_epoch, never, per_micro_batch]


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
@pytest.mark.parametrize("habit", [once_per_update, *WRONG_WITH_TORCH])
def test_step_may_be_called_at_any_habit(habit: Callable[[Build], list[float]]) -> None:
    assert habit(ours) == USED
    assert (habit(torchs) == pytest.approx(USED)) == (habit is once_per_update)


def scaled(build: Build, *, fused: bool, overflows: tuple[int, ...]) -> list[float]:
    """Train under a GradScaler whose gradients overflow at some batches; the rates of the updates that happened."""
    weight = torch.nn.Parameter(torch.zeros(1))  # fused kernels want float32
    optimizer = torch.optim.SGD([weight], lr=0.1, fused=fused)
    scheduler = build(optimizer)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    used: list[float] = []
    for batch in range(UPDATES + len(overflows)):
        weight.data.zero_()
        optimizer.zero_grad()
        loss = weight.sum() * (float("inf") if batch in overflows else 1.0)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        scheduler.step()
        if batch not in overflows:
            used.append(-weight.item())
        else:
            assert weight.item() == 0.0
    return used


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
@pytest.mark.parametrize("fused", [False, True])
def test_a_step_that_amp_skips_does_not_count(fused: bool) -> None:
    """R44: torch's scheduler moves on; a fused optimizer is even called, and says so only in found_inf."""
    assert scaled(ours, fused=fused, overflows=(0, 7, 8)) == pytest.approx(USED, rel=1e-6)
    assert scaled(torchs, fused=fused, overflows=(0, 7, 8)) != pytest.approx(USED, rel=1e-3)


def test_the_fused_control_really_calls_the_optimizer_on_a_skip() -> None:
    """Without this the fused row above would test the same as the other one."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.1, fused=True)
    calls: list[float] = []
    optimizer.register_step_post_hook(lambda opt, args, kwargs: calls.append(float(opt.found_inf)))
    scaler = torch.amp.GradScaler("cpu")
    scaler.scale(weight.sum() * float("inf")).backward()
    scaler.step(optimizer)
    assert calls == [1.0]


def test_lbfgs_counts_one_update_however_often_it_calls_the_closure() -> None:
    weight = parameter()
    optimizer = torch.optim.LBFGS([weight], lr=1.0, max_iter=5)
    scheduler = Scheduler(optimizer, lr=PLAN)
    calls: list[float] = []

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = ((weight - 3) ** 4).sum()
        loss.backward()
        calls.append(optimizer.param_groups[0]["lr"])
        return loss

    for _ in range(3):
        optimizer.step(closure)
    assert scheduler.update == 3
    assert len(calls) > 6
    assert list(dict.fromkeys(calls)) == USED[:3]


def test_a_closure_that_raises_does_not_count() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN)

    def fails() -> float:
        raise ZeroDivisionError

    for t in range(5):
        with pytest.raises(ZeroDivisionError):
            optimizer.step(fails)
        assert scheduler.update == t
        assert rate_used(optimizer) == USED[t]


def test_a_step_without_any_gradient_counts() -> None:
    """Optimizers that free gradients inside step() would freeze the clock otherwise."""
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN)
    for _ in range(3):
        optimizer.step()
    assert scheduler.update == 3


class Calls(torch.optim.SGD):
    """An optimizer that extends another one in the usual way."""

    def step(self, closure: Any = None) -> Any:
        return super().step(closure)


class CallsDeeper(Calls):
    """And one that extends that."""

    def step(self, closure: Any = None) -> Any:
        return super().step(closure)


@pytest.mark.parametrize("kind", [Calls, CallsDeeper])
def test_a_subclass_that_calls_super_step_counts_once(kind: type[torch.optim.SGD]) -> None:
    """torch runs the hooks once per level, but only where plain instances of the base classes existed before."""
    sgd()
    Calls([parameter()], lr=0.1)
    optimizer = kind([parameter()], lr=0.1)
    hooks: list[int] = []
    optimizer.register_step_post_hook(lambda *_: hooks.append(1))
    Scheduler(optimizer, lr=PLAN)
    assert train(optimizer, UPDATES) == USED
    assert len(hooks) > UPDATES, "torch runs the hooks once now: open_steps() can go"


def test_a_subclass_whose_closure_raised_inside_super_step_counts_on() -> None:
    sgd()
    optimizer = Calls([parameter()], lr=0.1)
    Scheduler(optimizer, lr=PLAN)

    def fails() -> float:
        raise ZeroDivisionError

    used: list[float] = []
    for _ in range(6):
        with pytest.raises(ZeroDivisionError):
            optimizer.step(fails)
        used.append(rate_used(optimizer))
    assert used == USED[:6]


def test_another_optimizer_that_steps_inside_a_closure_has_a_clock_of_its_own() -> None:
    outer, inner = sgd(), sgd()
    first, second = Scheduler(outer, lr=PLAN), Scheduler(inner, lr=PLAN)

    def fails() -> float:
        raise ZeroDivisionError

    def closure() -> float:
        with pytest.raises(ZeroDivisionError):
            inner.step(fails)
        for _ in range(2):
            prepare(inner)
            inner.step()
        return 0.0

    for _ in range(3):
        outer.step(closure)
    assert (first.update, second.update) == (3, 6)


def test_a_hundred_calls_of_step_without_an_update_are_reported_once() -> None:
    scheduler = Scheduler(sgd(), lr=PLAN)
    for _ in range(99):
        scheduler.step()
    with pytest.warns(UserWarning, match="no optimizer.step") as caught:
        scheduler.step()
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(300):
            scheduler.step()


def test_many_micro_batches_after_the_first_update_are_not_reported() -> None:
    optimizer = sgd()
    scheduler = Scheduler(optimizer, lr=PLAN)
    train(optimizer, 1)
    for _ in range(300):
        scheduler.step()
    assert scheduler.update == 1


def test_count_step_counts_the_calls_of_step_where_hooks_do_not_run() -> None:
    """A replayed CUDA graph runs no Python: here an unhooked function stands for the replay."""
    rate = torch.tensor(0.1, dtype=torch.float64)
    optimizer = sgd(rate)
    scheduler = Scheduler(optimizer, lr=PLAN, count="step")
    used: list[float] = []
    for _ in range(UPDATES):
        used.append(rate.item())
        scheduler.step()
    assert used == USED

    train(optimizer, 3)  # capturing and warming up do run the hooks, and do not count
    assert scheduler.update == UPDATES
