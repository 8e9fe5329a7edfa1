"""Member-updates per second: settings stacked in lockstep beside a plain loop, Optuna, joblib and Ray, in one run.

First one core: the processor time of an update of one member, each contender in turn, medians over the rounds.

    python benchmarks/lockstep.py [--problems mlp,cnn,transformer] [--rounds 5] [--sizes 16] [--device cpu] [--no-compile]

Then a whole job by the clock: 64 settings of the MLP on two worker processes, every pool warm. With `--device cuda` one core
becomes one GPU, times are by the clock, stacks hold hundreds to thousands of members, and the job is thousands of settings,
from the making of their weights to their last validation.
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
SPAN = 24  # updates that are timed together, as members train between two points of a curve
TARGETS = {"mlp": (2.2, 4.5), "cnn": (None, 1.4), "transformer": (None, 1.2)}  # eager, compiled: times the plain loop
ON_DEVICE = {"mlp": (100, 100)}


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
    plans = [(0.001 * 1.05**i * an.cosine()).over(updates) for i in range(min(count, MEMBERS))]
    return [Member(plans[i % MEMBERS], seed=i // 8) for i in range(count)]


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


def per_core(name: str, sizes: list[int], rounds: int, device: str, *, compiled: bool) -> tuple[dict[str, list[float]], str]:
    """Return microseconds of an update of one member for each contender in each round, and what compiling took."""
    contenders: dict[str, tuple[Callable[[], object], int]] = {}
    plain, said = Plain(name, 0.01, 0, 100_000, device), ""
    contenders["plain loop"] = lambda: [plain.update() for _ in range(SPAN)], 1
    for size in sizes:
        contenders[f"lockstep, {size}"] = advancing(name, size, device, None), size
    if compiled:
        task, members = problem(name), settings(sizes[-1], 100_000)
        plan, begun = blueprint(task, members[0], device), time.perf_counter()
        compiler = Compiler(plan, sizes[-1], "always", seconds=0)
        compiler.decide(members, pace(plan, members))
        said = f"compiled in {time.perf_counter() - begun:.0f} s" if compiler.used else " ".join(compiler.notes)
        if compiler.used:
            contenders[f"lockstep, {sizes[-1]}, compiled"] = advancing(name, sizes[-1], device, compiler), sizes[-1]
    clock = time.thread_time if device == "cpu" else time.perf_counter
    times: dict[str, list[float]] = {each: [] for each in contenders}
    for _ in range(rounds):
        for each, (update, members_at_once) in contenders.items():
            begun = clock()
            update()  # the losses come back at the end, so the device is done
            times[each].append((clock() - begun) / SPAN / members_at_once * 1e6)
    return times, said


def advancing(name: str, size: int, device: str, compiler: Compiler | None) -> Callable[[], object]:
    """Return what moves a stack of settings on by some updates, warm."""
    members = settings(size, 100_000)
    plan = blueprint(problem(name), members[0], device)
    plan.gradients.patience = 0
    stack = Stack.build(plan, members)
    if compiler is not None:
        compiler.apply(stack)
    update = lambda: stack.advance(stack.update + SPAN, lambda update: None)  # noqa: E731
    for _ in range(3):
        update()
    return update


def on_device(count: int, updates: int, device: str) -> dict[str, float]:
    """Return member-updates a second of a whole job on a GPU, beside a few runs of the plain loop on it and on one core."""
    rates: dict[str, float] = {}
    for where in (device, "cpu"):
        begun = time.perf_counter()
        for own in (Plain("mlp", 0.01, seed, updates, where) for seed in range(4)):
            for _ in range(updates):
                own.update()
        rates[f"plain loop, {where}"] = 4 * updates / (time.perf_counter() - begun)
    for turn in ("first", "second"):
        begun = time.perf_counter()
        trained = train(problem("mlp"), settings(count, updates), device=device, compile="never", points=4)
        spent = time.perf_counter() - begun
        rates[f"lockstep, {count} settings in stacks of {trained.chunk}, {turn} time"] = count * updates / spent
    return rates


def whole_job(rounds: int, size: int, updates: int, *, compiled: bool) -> tuple[dict[str, list[float]], list[str]]:
    """Return seconds by the clock of 64 runs of the MLP for each contender, and who was absent."""
    contenders: dict[str, Callable[[], object]] = {}
    absent: list[str] = []
    try:
        import ray

        ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
        remote = ray.remote(called)
        contenders["Ray, 2 workers"] = lambda: ray.get([remote.remote("plain_run", "mlp", i, updates) for i in range(MEMBERS)])
    except ImportError:
        absent.append("Ray")
    contenders["plain loop, 1 core"] = lambda: [plain_run("mlp", i, updates) for i in range(MEMBERS)]
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
    times: dict[str, list[float]] = {each: [] for each in contenders}
    for turn in range(rounds + 1):
        for each, job in contenders.items():
            begun = time.perf_counter()
            job()
            if turn:  # the first turn starts pools and compiles
                times[each].append(time.perf_counter() - begun)
    if "Ray" not in absent:
        ray.shutdown()
    return times, absent


def main(
    problems: Annotated[str, typer.Option(help="which, with commas")] = "mlp,cnn,transformer",
    rounds: Annotated[int, typer.Option(help="interleaved rounds, of which the median counts")] = 5,
    sizes: Annotated[str, typer.Option(help="members in a stack of the MLP, with commas; the others get a quarter")] = "",
    device: Annotated[str, typer.Option(help="cpu or cuda")] = "cpu",
    compile_: Annotated[bool, typer.Option("--compile/--no-compile", help="whether to compile as well")] = True,
    updates: Annotated[int, typer.Option(help="of each setting of the whole job")] = 300,
    job: Annotated[bool, typer.Option("--job/--no-job", help="whether to time the whole job")] = True,
) -> None:
    """Measure, and print both tables with what was aimed at."""
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False  # float32 on both sides of every ratio
    console = Console(width=130)
    wanted = [int(size) for size in (sizes or ("16" if device == "cpu" else "256,1024,4096")).split(",")]
    where = "one core" if device == "cpu" else torch.cuda.get_device_name()
    table = Table(
        "problem", "contender", "µs", "least", "times the plain loop", "target", title=f"one update of one member, {where}"
    )
    for name in filter(None, problems.split(",")):
        own = wanted if name == "mlp" else [max(2, size // 4) for size in wanted]
        measured, said = per_core(name, own, rounds * 3, device, compiled=compile_)
        targets = (TARGETS if device == "cpu" else ON_DEVICE).get(name, (None, None))
        for each, spent in measured.items():
            middle = statistics.median(spent)
            ratio = statistics.median(measured["plain loop"]) / middle
            target = None if each == "plain loop" else targets[each.endswith("compiled")]
            digits = 0 if middle > 10 else 3
            row = name, each, f"{middle:.{digits}f}", f"{min(spent):.{digits}f}", f"{ratio:.2f}"
            table.add_row(*row, "" if target is None else f"{target}")
        console.print(f"{name}: {said}" if said else name)
    console.print(table)
    if job and device != "cpu":
        table = Table("contender", "member-updates a second", title=f"the whole job, {updates} updates of the MLP, {where}")
        for each, rate in on_device(wanted[-1], updates, device).items():
            table.add_row(each, f"{rate:.0f}")
        console.print(table)
    elif job:
        times, absent = whole_job(rounds, wanted[0], updates, compiled=compile_)
        title = f"the whole job: {MEMBERS} settings x {updates} updates of the MLP"
        table = Table("contender", "seconds", "least", "member-updates a second", "times Ray", title=title)
        for each, spent in times.items():
            middle = statistics.median(spent)
            pairs = [theirs / own for own, theirs in zip(spent, times.get("Ray, 2 workers", []), strict=False)]
            against = f"{statistics.median(pairs):.2f}, best pair {max(pairs):.2f}" if pairs else ""
            table.add_row(each, f"{middle:.2f}", f"{min(spent):.2f}", f"{MEMBERS * updates / middle:.0f}", against)
        console.print(table)
        console.print(f"absent: {', '.join(absent) or 'nobody'}")


if __name__ == "__main__":
    typer.run(main)
