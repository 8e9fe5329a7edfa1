"""Member-updates per second: settings stacked in lockstep beside a plain loop, Optuna, joblib and Ray, in one run.

First one core: the processor time of an update of one member, each contender in turn, medians over the rounds. Then a whole
job on two worker processes by the clock, every pool warm: 64 settings of the MLP.

    python benchmarks/lockstep.py [--problems mlp,cnn,transformer] [--rounds 5] [--size 16] [--device cpu] [--no-compile]

On a GPU: `--device cuda --size 1024` (written on a machine without one, and not tested).
"""

from __future__ import annotations

import importlib
import statistics
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.table import Table

import annealing as an
from annealing.lockstep import Member, train
from annealing.lockstep.blueprint import blueprint
from annealing.lockstep.chunk import pace
from annealing.lockstep.compiled import Compiler
from annealing.lockstep.stack import Stack
from annealing.tasks import Task, load_task

MEMBERS = 64
TARGETS = {"mlp": (2.2, 4.5), "cnn": (None, 1.4), "transformer": (None, 1.2)}  # eager, compiled: times the plain loop


def mlp() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))


def cnn() -> torch.nn.Module:
    nn = torch.nn
    first = [nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*first, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 10))


@cache
def problem(name: str) -> Task:
    if name == "transformer":
        return load_task("text")
    x, y = load_task("digits").data("train", 0)  # type: ignore[misc]
    make = {"mlp": mlp, "cnn": cnn}[name]
    return Task(make, torch.nn.functional.cross_entropy, (x, y), (x[:64], y[:64]), batch_size=64, optimizer="momentum", name=name)


def settings(count: int, updates: int) -> list[Member]:
    return [Member((0.001 * 1.05**i * an.cosine()).over(updates), seed=i // 8) for i in range(count)]


class Plain:
    """What people write: one model, one optimizer of torch, one scheduler of torch, one update after the other."""

    def __init__(self, name: str, lr: float, seed: int, updates: int, device: str = "cpu") -> None:
        task = problem(name)
        torch.manual_seed(seed)
        self.model, self.loss, self.size = task.model().to(device), task.loss, task.batch_size
        x, y = task.data("train", seed)  # type: ignore[misc]
        self.x, self.y = x.to(device), y.to(device)
        assert task.named_optimizer is not None
        self.optimizer = task.named_optimizer(self.model.parameters(), lr)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, updates)
        self.order: list[torch.Tensor] = []

    def update(self) -> float:
        if not self.order:
            self.order = [part for part in torch.randperm(len(self.x)).split(self.size) if len(part) == self.size]
        chosen = self.order.pop()
        self.optimizer.zero_grad()
        loss = self.loss(self.model(self.x[chosen]), self.y[chosen])
        loss.backward()
        self.optimizer.step()
        self.scheduler.step()
        return loss.item()


def plain_run(name: str, index: int, updates: int) -> float:
    """Train one setting to its end."""
    torch.set_num_threads(1)
    own = Plain(name, 0.001 * 1.05**index, index // 8, updates)
    return [own.update() for _ in range(updates)][-1]


def stacked_run(name: str, begin: int, size: int, updates: int, compile_: str) -> float:
    """Train one stack of settings to its end."""
    members = settings(MEMBERS, updates)[begin : begin + size]
    return train(problem(name), members, chunk=size, compile=compile_, points=1).outcomes[-1].loss  # type: ignore[arg-type]


def called(what: str, *arguments: Any) -> Any:
    """Call a function of this file in a worker that has imported it once, so that it keeps what it knows."""
    sys.path.insert(0, str(Path(__file__).parent)) if str(Path(__file__).parent) not in sys.path else None
    return getattr(importlib.import_module("lockstep"), what)(*arguments)


def per_core(name: str, size: int, rounds: int, device: str, *, compiled: bool) -> tuple[dict[str, float], str]:
    """Return microseconds of an update of one member for each contender, and what compiling took."""
    task, members = problem(name), settings(size, 100_000)
    plan = blueprint(task, members[0], device)
    contenders: dict[str, tuple[Callable[[], object], int]] = {}
    plain = Plain(name, 0.01, 0, 100_000, device)
    contenders["plain loop"] = plain.update, 1
    eager = Stack.build(plan, members)
    contenders[f"lockstep, {size}"] = (lambda: eager.advance(eager.update + 1, lambda update: None)), size
    said = ""
    if compiled:
        compiler, begun = Compiler(plan, size, "always", seconds=0), time.perf_counter()
        compiler.decide(members, pace(plan, members))
        said = f"compiled in {time.perf_counter() - begun:.0f} s" if compiler.used else " ".join(compiler.notes)
        fast = Stack.build(plan, members)
        compiler.apply(fast)
        contenders[f"lockstep, {size}, compiled"] = (lambda: fast.advance(fast.update + 1, lambda update: None)), size
    clock = time.thread_time if device == "cpu" else time.perf_counter
    times: dict[str, list[float]] = {each: [] for each in contenders}
    for _ in range(rounds):
        for each, (update, members_at_once) in contenders.items():
            update()
            repeats = max(3, 48 // members_at_once)
            begun = clock()
            for _ in range(repeats):
                update()
            times[each].append((clock() - begun) / repeats / members_at_once * 1e6)
    return {each: statistics.median(spent) for each, spent in times.items()}, said


def whole_job(rounds: int, size: int, updates: int, *, compiled: bool) -> tuple[dict[str, float], list[str]]:
    """Return seconds by the clock of 64 runs of the MLP for each contender, and who was absent."""
    contenders: dict[str, Callable[[], object]] = {}
    contenders["plain loop, 1 core"] = lambda: [plain_run("mlp", i, updates) for i in range(MEMBERS)]
    absent: list[str] = []
    try:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        contenders["Optuna, n_jobs=1"] = lambda: optuna.create_study().optimize(
            lambda trial: plain_run("mlp", int(trial.suggest_int("index", 0, MEMBERS - 1)), updates), n_trials=MEMBERS, n_jobs=1
        )
    except ImportError:
        absent.append("Optuna")
    try:
        from joblib import Parallel, delayed

        pool = Parallel(n_jobs=2)
        contenders["joblib, 2 processes"] = lambda: pool(delayed(called)("plain_run", "mlp", i, updates) for i in range(MEMBERS))

        def ours(compile_: str) -> Callable[[], object]:
            return lambda: pool(
                delayed(called)("stacked_run", "mlp", begin, size, updates, compile_) for begin in range(0, MEMBERS, size)
            )

        contenders["lockstep, 2 processes"] = ours("never")
        if compiled:
            contenders["lockstep, 2 processes, compiled"] = ours("always")
    except ImportError:
        absent.append("joblib")
    try:
        import ray

        ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
        remote = ray.remote(called)
        contenders["Ray, 2 workers"] = lambda: ray.get([remote.remote("plain_run", "mlp", i, updates) for i in range(MEMBERS)])
    except ImportError:
        absent.append("Ray")
    times: dict[str, list[float]] = {each: [] for each in contenders}
    for turn in range(rounds + 1):
        for each, job in contenders.items():
            begun = time.perf_counter()
            job()
            if turn:  # the first turn starts pools and compiles
                times[each].append(time.perf_counter() - begun)
    return {each: statistics.median(spent) for each, spent in times.items()}, absent


def main(
    problems: Annotated[str, typer.Option(help="which, with commas")] = "mlp,cnn,transformer",
    rounds: Annotated[int, typer.Option(help="interleaved rounds, of which the median counts")] = 5,
    size: Annotated[int, typer.Option(help="members in a stack of the MLP; the others get a quarter")] = 16,
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
    compile_: Annotated[bool, typer.Option("--compile/--no-compile", help="whether to compile as well")] = True,
    updates: Annotated[int, typer.Option(help="of each of the 64 settings of the whole job")] = 300,
    job: Annotated[bool, typer.Option("--job/--no-job", help="whether to time the whole job on two processes")] = True,
) -> None:
    """Measure, and print both tables with what was aimed at."""
    torch.set_num_threads(1)
    console = Console(width=130)
    table = Table("problem", "contender", "µs", "times the plain loop", "target", title=f"one update of one member, {device}")
    for name in problems.split(","):
        measured, said = per_core(name, size if name == "mlp" else max(2, size // 4), rounds * 3, device, compiled=compile_)
        for (each, spent), target in zip(measured.items(), (None, *TARGETS[name]), strict=False):
            ratio = measured["plain loop"] / spent
            table.add_row(name, each, f"{spent:.0f}", f"{ratio:.2f}", "" if target is None else f"{target}")
        console.print(f"{name}: {said}" if said else name)
    console.print(table)
    if job and device == "cpu":
        times, absent = whole_job(rounds, size, updates, compiled=compile_)
        title = f"the whole job: {MEMBERS} settings x {updates} updates of the MLP"
        table = Table("contender", "seconds", "member-updates a second", "times Ray", title=title)
        for each, spent in times.items():
            against = f"{times['Ray, 2 workers'] / spent:.2f}" if "Ray, 2 workers" in times else ""
            table.add_row(each, f"{spent:.2f}", f"{MEMBERS * updates / spent:.0f}", against)
        console.print(table)
        console.print(f"absent: {', '.join(absent) or 'nobody'}")


if __name__ == "__main__":
    typer.run(main)
