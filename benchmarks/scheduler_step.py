"""What one update costs with a scheduler: a bare loop, ours with every slot verified, and torch's own, side by side.

Every contender is timed in turn, round after round, in one process. A figure is CPU time per update over many rounds, from
which that of an optimizer.step() that does nothing is subtracted: the least of all rounds, which other processes disturb
least, and in brackets the median. Targets are held against both.

    python benchmarks/scheduler_step.py [--quick] [--groups 1,10,100,1000] [--rounds 31]
"""

from __future__ import annotations

import importlib
import importlib.util
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Any, NamedTuple

import torch
import typer
from rich.console import Console
from rich.table import Table
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LinearLR, LRScheduler, OneCycleLR, SequentialLR

import annealing as an
from annealing.torch import Scheduler

# The same curve for all: a warm-up so short that everybody is timed in the cosine, where a run spends its time.
WARMUP, TOTAL = 10, 10_000_000
FACTOR = an.chain(an.warmup(WARMUP), an.cosine()).over(TOTAL)
LR = (0.1 * FACTOR.schedule).over(TOTAL)
TWO = an.Recipe(lr=LR.schedule, groups={"?": {"lr": 0.5 * LR.schedule}, "*[02468]": {"lr": 0.5 * LR.schedule}}).over(TOTAL)


@dataclass
class Contender:
    """One way to have the right rate at every update. `update` makes one: it steps an optimizer and moves the rate."""

    name: str
    update: Callable[[], object]


class Empty(torch.optim.Optimizer):
    """An optimizer whose step does nothing, so that only the scheduler is left."""

    def __init__(self, groups: int, *, tensor: bool = False, distinct: bool = False) -> None:
        rates = [0.1 + (i * 1e-4 if distinct else 0.0) for i in range(groups)]
        params = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": torch.tensor(r) if tensor else r} for r in rates]
        super().__init__(params, {"lr": 0.1})

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Do nothing."""


def contenders(groups: int, *, tensor: bool) -> list[Contender]:
    """Return the contenders for this number of groups, with float or tensor rates."""

    def made(optimizer: Empty, scheduler: LRScheduler) -> Callable[[], object]:
        def update() -> None:
            optimizer.step()
            scheduler.step()

        return update

    def build(name: str, make: Callable[[Empty], LRScheduler], *, distinct: bool = False) -> Contender:
        optimizer = Empty(groups, tensor=tensor, distinct=distinct)
        return Contender(name, made(optimizer, make(optimizer)))

    ours = [
        build("ours, lr=", lambda o: Scheduler(o, lr=LR)),
        build("ours, lr=, flat", lambda o: Scheduler(o, lr=LR, flat=True)) if tensor else None,
        build("ours, factor=, rates all distinct", lambda o: Scheduler(o, factor=FACTOR), distinct=True),
        build("ours, recipe of two plans", lambda o: Scheduler(o, TWO)) if groups > 9 else None,
    ]
    theirs = [
        build("torch LambdaLR", lambda o: LambdaLR(o, lambda t: 1 - t / TOTAL)),
        build("torch CosineAnnealingLR", lambda o: CosineAnnealingLR(o, TOTAL)),
        build(
            "torch SequentialLR", lambda o: SequentialLR(o, [LinearLR(o, 0.1, 1, WARMUP), CosineAnnealingLR(o, TOTAL)], [WARMUP])
        ),
        build("torch OneCycleLR", lambda o: OneCycleLR(o, 0.1, TOTAL, cycle_momentum=False)),
        *_others(groups, tensor=tensor),
    ]
    empty = Empty(groups, tensor=tensor)
    return [
        Contender("empty step", empty.step),
        Contender("bare loop", _bare_tensors(empty) if tensor else _bare(empty)),
        *(c for c in ours if c),
        *theirs,
    ]


def _others(groups: int, *, tensor: bool) -> list[Contender]:
    """Return transformers', timm's and ignite's schedulers, as far as they are installed and take such rates."""
    found: list[Contender] = []

    def add(name: str, make: Callable[[Empty], Callable[[], object]]) -> None:
        optimizer = Empty(groups, tensor=tensor)
        move = make(optimizer)

        def update() -> None:
            optimizer.step()
            move()

        found.append(Contender(name, update))

    def timm(optimizer: Empty) -> Callable[[], object]:
        scheduler = _timm().CosineLRScheduler(optimizer, TOTAL, warmup_t=WARMUP, t_in_epochs=False)
        updates = iter(range(TOTAL))
        return lambda: scheduler.step_update(next(updates))

    def ignite(optimizer: Empty) -> Callable[[], object]:
        handlers: Any = importlib.import_module("ignite.handlers")
        scheduler = handlers.CosineAnnealingScheduler(optimizer, "lr", 0.1, 0.0, TOTAL)
        return lambda: scheduler(None)

    def transformers(optimizer: Empty) -> Callable[[], object]:
        library: Any = importlib.import_module("transformers.optimization")
        return library.get_cosine_schedule_with_warmup(optimizer, WARMUP, TOTAL).step

    for name, make in (
        ("transformers cosine", transformers),
        ("timm cosine", timm),
        ("ignite cosine", ignite),
    ):
        if importlib.util.find_spec(name.partition(" ")[0]) is not None:
            add(name, make)
    return found


def _timm() -> Any:
    """Return `timm.scheduler` without the rest of timm, which asks for torchvision."""
    if "timm" not in sys.modules:
        spec = importlib.util.find_spec("timm")
        stub = ModuleType("timm")
        stub.__spec__ = spec
        stub.__path__ = list(spec.submodule_search_locations or ()) if spec else []
        sys.modules["timm"] = stub
    return importlib.import_module("timm.scheduler")


def _bare(optimizer: Empty) -> Callable[[], object]:
    value = LR(1_000)

    def update() -> None:
        optimizer.step()
        for group in optimizer.param_groups:
            group["lr"] = value

    return update


def _bare_tensors(optimizer: Empty) -> Callable[[], object]:
    value = LR(1_000)

    def update() -> None:
        optimizer.step()
        for group in optimizer.param_groups:
            group["lr"].fill_(value)

    return update


class Cost(NamedTuple):
    """Microseconds per update."""

    least: float
    median: float


def measure(these: list[Contender], rounds: int, seconds: float) -> dict[str, Cost]:
    """Return the cost of each contender, with that of the empty step subtracted; all are timed in every round."""
    calls = {c.name: _calls(c.update, seconds) for c in these}
    times: dict[str, list[float]] = {c.name: [] for c in these}
    for _ in range(rounds):
        for c in these:
            times[c.name].append(_timed(c.update, calls[c.name]) * 1e6)
    empty = Cost(min(times["empty step"]), statistics.median(times["empty step"]))
    return {
        name: Cost(min(spent) - empty.least, statistics.median(spent) - empty.median)
        for name, spent in times.items()
        if name != "empty step"
    }


def _calls(update: Callable[[], object], seconds: float) -> int:
    return max(10, int(seconds / max(1e-7, min(_timed(update, 20) for _ in range(3)))))


def _timed(update: Callable[[], object], calls: int) -> float:
    for _ in range(2):  # what the contender before it left in the processor's caches is not its fault
        update()
    start = time.process_time()
    for _ in range(calls):
        update()
    return (time.process_time() - start) / calls


def main(
    groups: Annotated[str, typer.Option(help="numbers of parameter groups, with commas")] = "1,10,100,1000",
    rounds: Annotated[int, typer.Option(help="interleaved rounds")] = 31,
    quick: Annotated[bool, typer.Option("--quick", help="a few seconds, with more noise")] = False,
) -> None:
    """Measure, and print a table of microseconds per update with the ratio to the bare loop."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # torch complains about steps of an optimizer without gradients
    console = Console(width=120)
    for tensor in (False, True):
        table = Table(title=f"{'tensor' if tensor else 'float'} rates: µs per update, least (median)")
        table.add_column("")
        sizes = [int(size) for size in groups.split(",")]
        columns = [measure(contenders(size, tensor=tensor), 9 if quick else rounds, 0.003 if quick else 0.006) for size in sizes]
        for size in sizes:
            table.add_column(f"{size} group{'s' if size > 1 else ''}", justify="right")
        for name in max(columns, key=len):
            cells = [f"{c[name].least:.2f} ({c[name].median:.2f})" if name in c else "" for c in columns]
            table.add_row(name, *cells)
        console.print(table)
        for size, column in zip(sizes, columns, strict=True):
            console.print(_verdict(size, column, tensor=tensor))


def _verdict(size: int, column: dict[str, Cost], *, tensor: bool) -> str:
    """Say for the least and for the median whether each target is met."""
    said: list[str] = []
    for kind in ("least", "median"):
        cost = {name: float(getattr(one, kind)) for name, one in column.items()}
        ours, bare = cost["ours, lr="], cost["bare loop"]
        checks = [("lr=", ours, 1.5 * bare if tensor else 2 * bare + 4)]
        if tensor and size == 1000:
            checks.append(("flat", cost["ours, lr=, flat"], 50.0))
        parts = [f"{name} {took:.1f} µs {'within' if took <= limit else 'MISSES'} {limit:.1f}" for name, took, limit in checks]
        said.append(f"{kind}: {', '.join(parts)}, SequentialLR {cost['torch SequentialLR'] / ours:.1f}x")
    return f"{size} group{'s' if size > 1 else ''}: {'; '.join(said)}"


if __name__ == "__main__":
    typer.run(main)
