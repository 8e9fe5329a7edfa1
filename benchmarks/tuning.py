"""Tuning: our default beside Optuna's TPE with Hyperband, Ray Tune's ASHA and random search, at equal updates, in one run.

Every contender looks through the same space on one worker, and may train as many updates in all as ours did, range test and
repeats included. What each chose is trained again from seeds that none of them saw: that is the confirmed loss. Everything
that ours held for the best on the way is confirmed as well, which says after how many seconds it was as good as what another
had chosen in all its time. Last, Ray's efficiency: two workers against one.

    python benchmarks/tuning.py [--quick] [--tasks digits,diabetes,wine] [--seeds 5] [--budget 256] [--forecast] [--no-ray]

The task `text`, a transformer, can be named too: an update of it takes ten times as long as one of the others.
"""

from __future__ import annotations

import importlib.util
import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table
from scipy.stats import t

import annealing as an
from annealing.lockstep import train as train_in_lockstep
from annealing.lockstep.alone import train_alone
from annealing.lockstep.member import Point
from annealing.study.space import Candidate, Space, default_space, setting
from annealing.study.strategies.optuna_space import suggested
from annealing.study.train import Setting
from annealing.tasks import Task, load_task

sys.path.insert(0, str(Path(__file__).parent))

CONFIRM = tuple(range(200, 210))  # seeds that no search sees
UPDATES = {"text": 300}
USUAL_UPDATES = 1_000
TASKS = "digits,diabetes,wine"
RAY_TUNE = "absent: pip install 'annealing[bench]', which brings ray[tune]"


@dataclass
class Found:
    """What a search came to: its choice, when it knew of which loss, and the updates it took."""

    candidate: Candidate | None = None
    loss: float = math.inf
    updates: int = 0
    seconds: float = 0.0
    trace: list[tuple[float, Candidate]] = field(default_factory=list)

    def tell(self, candidate: Candidate, loss: float, seconds: float) -> None:
        """Note a run that was trained to its end."""
        if loss < self.loss:
            self.loss = loss
            self.choose(candidate, seconds)

    def choose(self, candidate: Candidate, seconds: float) -> None:
        """Hold a candidate for the best from now on."""
        self.candidate = candidate
        self.trace.append((seconds, candidate))


@dataclass
class Confirmed:
    """A search, the loss of its choice on fresh seeds, and when it held what for the best: pairs of (seconds, that loss)."""

    found: Found
    loss: float
    known: list[tuple[float, float]]

    def reached(self, loss: float) -> float:
        """After how many seconds it held something for the best that is as good, and never again anything worse."""
        after = math.inf
        for seconds, known in reversed(self.known):
            if known > loss:
                break
            after = seconds
        return after


def problem(name: str) -> Task:
    if name in ("digits", "text"):
        return load_task(name)
    import rangetest_tasks

    return next(case.task for case in rangetest_tasks.held_out() if case.task.name.startswith(name))


def ours(task: Task, space: Space, updates: int, budget: int, seed: int, allowed: int, *, forecast: bool = False) -> Found:
    """Search as `anneal tune` does, its judging left out."""
    found, begun = Found(), time.perf_counter()

    def hear(moment: Any) -> None:
        for run in moment.new:
            if run.role == "evaluation":
                continue
            whole = run.role == "tuning" and run.seed == seed and not run.cut and not run.diverged
            found.updates += round(run.metrics["cost"] * updates) if run.role == "range" else run.updates
            found.seconds = time.perf_counter() - begun
            if whole:
                found.tell(Candidate(run.candidate["number"], run.candidate["values"]), run.loss, found.seconds)

    tuned = an.tune(
        task, space=space, updates=updates, budget=budget, seed=seed, workers=1, finalists=1, seeds=1, baselines={},
        progress=hear, forecast=forecast,
    )  # fmt: skip
    found.choose(Candidate(0, tuned.values), found.seconds)
    return found


def random_search(task: Task, space: Space, updates: int, budget: int, seed: int, allowed: int) -> Found:
    """Train settings drawn by chance one after the other, each to its end."""
    found, begun, rng, number = Found(), time.perf_counter(), np.random.default_rng(seed), 0
    while found.updates < allowed:
        candidate = Candidate(number, space.sample(rng))
        outcome = plainly(task, candidate, updates, seed, lambda point: False)
        found.updates += int(outcome.update[-1])
        found.seconds = time.perf_counter() - begun
        if not outcome.diverged:
            found.tell(candidate, outcome.loss, found.seconds)
        number += 1
    return found


def optuna_hyperband(task: Task, space: Space, updates: int, budget: int, seed: int, allowed: int) -> Found:
    """Let Optuna's TPE choose and its Hyperband pruner stop, around a plain loop, as its users do."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruner = optuna.pruners.HyperbandPruner(min_resource=max(1, updates // 16), max_resource=updates, reduction_factor=4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True)
    study = optuna.create_study(sampler=sampler, pruner=pruner)
    found, begun = Found(), time.perf_counter()
    while found.updates < allowed:
        trial = study.ask()
        candidate = Candidate(trial.number, suggested(space, trial))

        def stop(point: Point, trial: Any = trial) -> bool:
            trial.report(point[2], point[0])
            return bool(trial.should_prune())

        outcome = plainly(task, candidate, updates, seed, stop)
        found.updates += int(outcome.update[-1])
        found.seconds = time.perf_counter() - begun
        if outcome.cut:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        elif outcome.diverged:
            study.tell(trial, 1e9)
        else:
            study.tell(trial, outcome.loss)
            found.tell(candidate, outcome.loss, found.seconds)
    return found


def ray_asha(task: Task, space: Space, updates: int, budget: int, seed: int, allowed: int) -> Found:
    """Let Ray Tune's ASHA stop random settings, one trial at a time."""
    from ray import tune

    found, begun = Found(), time.perf_counter()

    def trainable(config: dict[str, Any]) -> None:
        torch.set_num_threads(1)
        candidate = Candidate(config["number"], space.sample(np.random.default_rng([seed, config["number"]])))
        plainly(task, candidate, updates, seed, lambda point: bool(tune.report({"loss": point[2], "update": point[0]})))

    class Allowed(tune.Stopper):
        """End when all trials together have made the updates that are allowed."""

        def __init__(self) -> None:
            self.spent: dict[str, int] = {}

        def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
            self.spent[trial_id] = result["update"]
            return False

        def stop_all(self) -> bool:
            return sum(self.spent.values()) >= allowed

    scheduler = tune.schedulers.ASHAScheduler(time_attr="update", max_t=updates, grace_period=max(1, updates // 16))
    settings = tune.TuneConfig(metric="loss", mode="min", scheduler=scheduler, max_concurrent_trials=1, reuse_actors=True)
    enough = {"number": tune.grid_search(list(range(4 * budget)))}  # more than are ever begun
    run = tune.RunConfig(stop=Allowed(), verbose=0)
    tuner = tune.Tuner(trainable, param_space=enough, tune_config=settings, run_config=run)
    for result in tuner.fit():
        frame = result.metrics_dataframe
        spent = 0 if frame is None or "update" not in frame else int(frame["update"].max())
        found.updates += spent
        found.seconds = time.perf_counter() - begun
        if spent >= updates:
            number = result.config["number"]
            candidate = Candidate(number, space.sample(np.random.default_rng([seed, number])))
            found.tell(candidate, float(frame["loss"].iloc[-1]), found.seconds)
    return found


def plainly(task: Task, candidate: Candidate, updates: int, seed: int, stop: Callable[[Point], bool]) -> Any:
    torch.set_num_threads(1)
    member = setting(candidate, updates, seed=seed).member
    return train_alone(task, member, lambda update, loss: None, hear=stop)


def confirmed(task: Task, found: Found, updates: int) -> Confirmed:
    """Train what a search chose, and all that it held for the best before, from fresh seeds; infinite where one diverges."""
    chosen = [candidate for _, candidate in found.trace]
    members = [setting(candidate, updates, seed=seed).member for candidate in chosen for seed in CONFIRM]
    if not members:
        return Confirmed(found, math.inf, [])
    outcomes = train_in_lockstep(task, members, compile="never", points=1).outcomes
    losses = [outcome.loss if not outcome.diverged else math.inf for outcome in outcomes]
    means = [statistics.fmean(losses[i : i + len(CONFIRM)]) for i in range(0, len(losses), len(CONFIRM))]
    return Confirmed(found, means[-1], [(seconds, mean) for (seconds, _), mean in zip(found.trace, means, strict=True)])


def efficiency(jobs: int, updates: int, rounds: int) -> float:
    """Return how near two Ray workers come to twice one, by the least of several rounds: warm, on stacks of 16."""
    task = load_task("digits")
    rates = [0.01 * 1.1**i for i in range(16)]
    stack = tuple(setting(Candidate(i, {"lr": rate}), updates, seed=0) for i, rate in enumerate(rates))
    spent = [[_seconds_on_ray(task, workers, jobs, stack) for workers in (1, 2)] for _ in range(rounds)]
    one, two = map(min, zip(*spent, strict=True))
    return one / two / 2


def _seconds_on_ray(task: Task, workers: int, jobs: int, stack: tuple[Setting, ...]) -> float:
    from annealing.study.engines.job import Finished, Job
    from annealing.study.engines.ray import cluster

    seconds = 0.0
    with cluster(task, workers, None, stacks=True) as engine:
        for count in (workers, jobs):  # the first time warms them up
            begun = time.perf_counter()
            for number in range(count):
                engine.submit(Job(number, stack))
            done = 0
            while done < count:
                done += sum(isinstance(event, Finished) for event in engine.events(0.5))
            seconds = time.perf_counter() - begun
    return seconds


CONTENDERS: dict[str, Callable[..., Found]] = {
    "ours": ours,
    "ours, forecast": lambda *given: ours(*given, forecast=True),
    "Optuna TPE + Hyperband": optuna_hyperband,
    "Ray Tune ASHA": ray_asha,
    "random search": random_search,
}


def main(
    tasks: Annotated[str, typer.Option(help="Which tasks, with commas.")] = TASKS,
    seeds: Annotated[int, typer.Option(help="Searches of each contender on each task.")] = 5,
    first: Annotated[int, typer.Option(help="The seed of the first search.")] = 10,
    budget: Annotated[int, typer.Option(help="Settings that ours tries.")] = 256,
    quick: Annotated[bool, typer.Option("--quick", help="One task, one seed, short runs: whether it works.")] = False,
    forecast: Annotated[bool, typer.Option("--forecast", help="Ours with a forecast as well.")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Ours alone, without and with a forecast.")] = False,
    no_ray: Annotated[bool, typer.Option("--no-ray", help="Leave Ray's efficiency out.")] = False,
) -> None:
    """Print one table per task, and Ray's efficiency."""
    names = ["digits"] if quick else tasks.split(",")
    seeds, budget = (1, 16) if quick else (seeds, budget)
    absent = ([] if _has_ray_tune() else ["Ray Tune ASHA"]) + ([] if forecast or mine else ["ours, forecast"])
    there = {name: run for name, run in CONTENDERS.items() if name not in absent and (not mine or name.startswith("ours"))}
    console = Console(markup=False, width=150)
    for name in names:
        task, updates = problem(name), UPDATES.get(name, USUAL_UPDATES) // (4 if quick else 1)
        space = default_space([task.optimizer_name])
        results: dict[str, list[Confirmed]] = {contender: [] for contender in there}
        for seed in range(first, first + seeds):
            allowed = 0
            for contender, run in there.items():
                found = run(task, space, updates, budget, seed, allowed)
                allowed = found.updates if contender == "ours" else allowed
                results[contender].append(confirmed(task, found, updates))
                loss, spent = results[contender][-1].loss, f"{found.updates} updates in {found.seconds:.0f} s"
                print(f"{name}, seed {seed}, {contender}: {loss:.4f}, {spent}", file=sys.stderr)
        console.print(_table(name, updates, results))
    if mine:
        return
    if "Ray Tune ASHA" not in there:
        console.print(f"Ray Tune ASHA is {RAY_TUNE}")
    if importlib.util.find_spec("ray") is not None and not no_ray:
        share = efficiency(*((8, 200, 1) if quick else (12, 1_000, 4)))
        console.print(f"Ray: two workers make {share:.0%} of twice one (target 85 %)")


def interval(differences: list[float]) -> str:
    """The mean of paired differences with its 95 % interval by Student's t."""
    mean, count = statistics.fmean(differences), len(differences)
    if count < 2 or not all(map(math.isfinite, differences)):
        return f"{mean:+.4f}"
    half = float(t.ppf(0.975, count - 1)) * statistics.stdev(differences) / math.sqrt(count)
    return f"{mean:+.4f} ({mean - half:+.4f} to {mean + half:+.4f})"


def _has_ray_tune() -> bool:
    return all(importlib.util.find_spec(library) is not None for library in ("ray", "pandas", "pyarrow"))


def _table(name: str, updates: int, results: dict[str, list[Confirmed]]) -> Table:
    table = Table(title=f"{name}: {updates} updates, {len(results['ours'])} searches each", title_justify="left")
    for column in (
        "",
        "confirmed loss, mean",
        "difference to ours, paired, and its 95 % interval",
        "updates",
        "seconds",
        "ours as good after, share of its time, median (most)",
        "the same, within 1 %",
    ):
        table.add_column(column, justify="left" if not column else "right")
    mine = results["ours"]
    for contender, all_ in results.items():
        apart = interval([one.loss - own.loss for one, own in zip(all_, mine, strict=True)])
        spent, took = (statistics.fmean(getattr(one.found, what) for one in all_) for what in ("updates", "seconds"))
        table.add_row(
            contender,
            f"{statistics.fmean(one.loss for one in all_):.4f}",
            "–" if contender == "ours" else apart,
            f"{spent:.0f}",
            f"{took:.1f}",
            *("–" if contender == "ours" else _shares(mine, all_, slack) for slack in (1.0, 1.01)),
        )
    return table


def _shares(mine: list[Confirmed], others: list[Confirmed], slack: float) -> str:
    """Say after which share of another's time ours was as good as its choice, but for `slack`; infinite: it never was."""
    shares = [own.reached(one.loss * slack) / one.found.seconds for own, one in zip(mine, others, strict=True)]
    return f"{statistics.median(shares):.2f} ({max(shares):.2f})"


if __name__ == "__main__":
    typer.run(main)
