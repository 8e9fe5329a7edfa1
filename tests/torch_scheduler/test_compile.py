"""torch.compile around optimizer.step(): hooks are not traced, values are not constants."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch._dynamo.testing import CompileCounter

from annealing.torch import Scheduler
from tests.torch_scheduler.test_clock import Calls
from tests.torch_scheduler.training import PLAN, USED, parameter, rate_used, sgd

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def compiled(optimizer: torch.optim.Optimizer, counter: CompileCounter) -> Any:
    torch._dynamo.reset()
    return torch.compile(optimizer.step, backend=counter)


@pytest.mark.parametrize("scheduled_first", [False, True])
@pytest.mark.parametrize("tensor", [False, True])
def test_a_compiled_step_uses_every_value_and_adds_no_graph(tensor: bool, scheduled_first: bool) -> None:
    def run(*, schedule: bool) -> tuple[list[float], int]:
        optimizer = sgd(torch.tensor(0.1, dtype=torch.float64) if tensor else 0.1)
        counter = CompileCounter()
        if schedule and scheduled_first:
            Scheduler(optimizer, lr=PLAN)
        step = compiled(optimizer, counter)
        if schedule and not scheduled_first:
            Scheduler(optimizer, lr=PLAN)
        used: list[float] = []
        for t in range(6):
            if not schedule:  # the bare loop that ours is compared with
                group = optimizer.param_groups[0]
                group["lr"] = group["lr"].fill_(USED[t]) if tensor else USED[t]
            used.append(rate_used(optimizer, step))
        return used, counter.frame_count

    used, graphs = run(schedule=True)
    assert used == USED[:6]
    assert graphs <= run(schedule=False)[1]


def test_super_step_inside_a_compiled_step_counts_once() -> None:
    sgd()
    optimizer = Calls([parameter()], lr=0.1)
    scheduler = Scheduler(optimizer, lr=PLAN)
    step = compiled(optimizer, CompileCounter())
    assert [rate_used(optimizer, step) for _ in range(5)] == USED[:5]
    assert scheduler.update == 5


def test_the_hooks_are_kept_out_of_the_trace() -> None:
    optimizer = sgd()
    Scheduler(optimizer, lr=PLAN)
    hooks = [*optimizer._optimizer_step_pre_hooks.values(), *optimizer._optimizer_step_post_hooks.values()]
    assert [hook._torchdynamo_disable for hook in hooks] == [True, True]


@pytest.mark.parametrize("tensor", [False, True])
def test_nothing_that_the_hooks_call_is_compiled(tensor: bool) -> None:
    """Where a compiled function is running, they call what does the work hidden from it."""
    optimizer = sgd(torch.tensor(0.1, dtype=torch.float64) if tensor else 0.1)
    Scheduler(optimizer, lr=PLAN)
    traced: list[str] = []

    def backend(graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Any:
        traced.append(graph.print_readable(print_output=False))
        return graph.forward

    torch._dynamo.reset()
    step = torch.compile(optimizer.step, backend=backend)
    assert [rate_used(optimizer, step) for _ in range(4)] == USED[:4]
    assert traced
    assert not any("annealing" in graph or "fill_" in graph for graph in traced)


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # dynamo looks at the loss that is returned
def test_a_whole_training_step_can_be_compiled_around_it() -> None:
    model = torch.nn.Linear(2, 1, dtype=torch.float64)
    optimizer = torch.optim.AdamW(model.parameters(), lr=torch.tensor(0.1), foreach=False)
    scheduler = Scheduler(optimizer, lr=PLAN)
    torch._dynamo.reset()

    @torch.compile(backend="eager")
    def train_step(x: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    for t in range(4):
        assert optimizer.param_groups[0]["lr"].item() == pytest.approx(USED[t])
        train_step(torch.ones(3, 2, dtype=torch.float64))
    assert scheduler.update == 4
