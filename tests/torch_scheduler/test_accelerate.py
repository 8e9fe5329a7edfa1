"""accelerate: its wrapper of the optimizer, its clock, its checkpoints, and more processes than one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

import annealing as an
from annealing.torch import Scheduler
from tests.conftest import require
from tests.torch_scheduler.training import PLAN, UPDATES, USED, rate_used, sgd

accelerate = require("accelerate")
from accelerate.optimizer import AcceleratedOptimizer  # noqa: E402
from accelerate.scheduler import AcceleratedScheduler  # noqa: E402
from accelerate.state import AcceleratorState, GradientState, PartialState  # noqa: E402

Build = Callable[[Optimizer], LRScheduler]


@pytest.fixture(autouse=True)
def _fresh_accelerator() -> Iterator[None]:
    yield
    for state in (AcceleratorState, GradientState, PartialState):
        state._reset_state()


def ours(optimizer: Optimizer) -> LRScheduler:
    return Scheduler(optimizer, lr=PLAN)


def torchs(optimizer: Optimizer) -> LRScheduler:
    return LambdaLR(optimizer, lambda t: PLAN(t) / 0.1)


@pytest.mark.parametrize("tensor", [False, True])
@pytest.mark.parametrize("built", ["before prepare", "after prepare", "and prepared"])
def test_prepare_may_come_before_or_after(built: str, tensor: bool) -> None:
    """prepare() replaces the groups and their tensors, and wraps the optimizer in one without hooks."""
    accelerator = accelerate.Accelerator(cpu=True)
    inner = sgd(torch.tensor(0.1, dtype=torch.float64) if tensor else 0.1)
    if built == "before prepare":
        scheduler = ours(inner)
        optimizer = accelerator.prepare(inner)
    elif built == "after prepare":
        optimizer = accelerator.prepare(inner)
        scheduler = ours(optimizer)
    else:
        optimizer, scheduler = accelerator.prepare(inner, ours(inner))
    used: list[float] = []
    for _ in range(UPDATES):
        used.append(rate_used(inner, optimizer.step))
        scheduler.step()
    assert used == USED


def accumulated(build: Build, *, prepared: bool) -> list[float]:
    """Four micro-batches an update, with step() after each of them."""
    accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=4)
    inner = sgd()
    scheduler = build(inner)
    optimizer, model = accelerator.prepare(inner, torch.nn.Linear(1, 1))
    if prepared:
        scheduler = accelerator.prepare(scheduler)
    used: list[float] = []
    for _ in range(4 * UPDATES):
        with accelerator.accumulate(model):
            moved = rate_used(inner, optimizer.step)
            scheduler.step()
            if accelerator.sync_gradients:
                used.append(moved)
    return used


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
@pytest.mark.parametrize("prepared", [False, True])
def test_accumulated_micro_batches_count_once(prepared: bool) -> None:
    assert accumulated(ours, prepared=prepared) == USED
    if not prepared:
        assert accumulated(torchs, prepared=False) != pytest.approx(USED)


@pytest.mark.filterwarnings("ignore:Seems like `optimizer.step", "ignore:Detected call of `lr_scheduler.step")
@pytest.mark.parametrize("fused", [False, True])
def test_steps_that_amp_skips_do_not_count_fused_or_not(fused: bool) -> None:
    """accelerate's own flag of a skipped step is blind for fused optimizers, which are called all the same."""

    def trained(build: Build) -> list[float]:
        accelerate.Accelerator(cpu=True)
        weight = torch.nn.Parameter(torch.zeros(1))
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
        optimizer = AcceleratedOptimizer(torch.optim.SGD([weight], lr=0.1, fused=fused), scaler=scaler)
        scheduler = AcceleratedScheduler(build(optimizer.optimizer), optimizer)
        used: list[float] = []
        for batch in range(20):
            weight.data.zero_()
            optimizer.zero_grad()
            overflow = batch in (0, 7, 8)
            scaler.scale(weight.sum() * (float("inf") if overflow else 1.0)).backward()
            optimizer.step()
            scheduler.step()
            if not overflow:
                used.append(-weight.item())
        return used

    assert trained(ours) == pytest.approx(USED[:17], rel=1e-6)
    assert (trained(torchs) == pytest.approx(USED[:17], rel=1e-6)) == (not fused)


def test_its_checkpoints_resume_exactly(tmp_path: Path) -> None:
    def started() -> tuple[object, Optimizer, Optimizer, LRScheduler]:
        for state in (AcceleratorState, GradientState, PartialState):
            state._reset_state()
        accelerator = accelerate.Accelerator(cpu=True)
        inner = sgd()
        optimizer, scheduler = accelerator.prepare(inner, ours(inner))
        return accelerator, inner, optimizer, scheduler

    accelerator, inner, optimizer, scheduler = started()
    used: list[float] = []
    for _ in range(9):
        used.append(rate_used(inner, optimizer.step))
        scheduler.step()
    accelerator.save_state(tmp_path, safe_serialization=False)
    accelerator, inner, optimizer, scheduler = started()
    accelerator.load_state(tmp_path)
    assert scheduler.scheduler.update == 9
    for _ in range(9, UPDATES):
        used.append(rate_used(inner, optimizer.step))
        scheduler.step()
    assert used == USED


def test_the_pretended_step_of_a_distributed_checkpoint_is_known_through_the_wrapper() -> None:
    """accelerate's passes the closure=None by position; another one may pass none at all."""

    class PassesNothing(AcceleratedOptimizer):
        def step(self, closure: None = None) -> None:
            self.optimizer.step()

    accelerate.Accelerator(cpu=True)
    model = torch.nn.Linear(1, 1, dtype=torch.float64)
    forgetful = PassesNothing(torch.optim.SGD(model.parameters(), lr=0.1))
    scheduler = Scheduler(forgetful, lr=PLAN)
    get_optimizer_state_dict(model, forgetful)
    assert scheduler.update == 0

    optimizer = AcceleratedOptimizer(torch.optim.SGD(model.parameters(), lr=0.1))
    first = Scheduler(optimizer, lr=PLAN)
    second = Scheduler(optimizer, an.Recipe(dampening=an.linear()).over(UPDATES))
    get_optimizer_state_dict(model, optimizer)
    assert (first.update, second.update) == (0, 0)
    optimizer.step()
    assert (first.update, second.update) == (1, 1)


@pytest.mark.slow
def test_r07_the_schedule_takes_as_long_on_two_processes_as_on_one(tmp_path: Path) -> None:
    """accelerate steps an inner scheduler once per process: with torch's, the schedule is over halfway."""
    script = Path(__file__).with_name("two_ranks.py")
    environment = {**os.environ, "WORLD_SIZE": "2", "ACCELERATE_USE_CPU": "true", "GLOO_SOCKET_IFNAME": "lo"}
    environment["PYTHONPATH"] = os.pathsep.join([str(script.parents[2]), *sys.path])
    environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}  # asked for, and not used
    ranks = [
        subprocess.Popen(
            [sys.executable, str(script), str(tmp_path)],
            env={**environment, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    outputs = [rank.communicate(timeout=100) for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0], outputs
    for out, _ in outputs:
        result = json.loads(out.splitlines()[-1])
        assert result["processes"] == 2, "a second process that is only pretended changes nothing, and the control would pass"
        assert result["ours"] == USED
        right = [used == pytest.approx(expected) for used, expected in zip(result["torchs"], USED, strict=True)]
        assert right == [True] + [False] * (UPDATES - 1)
