"""Every dialect's example run by the library that it is named after: what the page shows and what the tests measure again.

Each function runs one library's call for so many updates and returns the values that updates use, by group and
hyper-parameter. A library is loaded when its first example is run; where it is missing the test is skipped, in CI it fails.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

import annealing as an
from annealing import dialects
from annealing.dialects import Dialect
from tests.conftest import require
from tests.parity import alone, extracted
from tests.parity.calls import Call, called, read
from tests.parity.formulas import PADDLE

Values = dict[tuple[str, str], Any]
"""By group (mostly there is one, "") and hyper-parameter: a value for each update, from the first."""

ENDLESS, PAST, LONGEST = 300, 1.5, 150_000
"""Updates where a schedule has no end; how far past its end the others are followed; and at most."""


@dataclass(frozen=True)
class Measured:
    """How far ours is from theirs: at most, as a share of the largest value, over so many updates."""

    difference: float
    updates: int


def measured(row: Dialect) -> Measured:
    """Run a row's example beside the real library (beside its formula, where the library cannot be had)."""
    plan = dialects.parse(row.example)
    assert isinstance(plan, (an.Plan, an.RecipePlan))
    call = read(row.example)
    total = plan.total if math.isfinite(plan.total) else ENDLESS
    goes_on = call.library in GO_ON and math.isfinite(plan.total)
    updates = max(math.ceil(PAST * total), math.ceil(total) + 50) if goes_on else math.ceil(total)
    values = RUN[call.library](call, min(updates, LONGEST))
    differences = [_apart(plan, group, hyper, np.asarray(found, dtype=float), call) for (group, hyper), found in values.items()]
    return Measured(max(differences), max(len(found) for found in values.values()))


def _apart(plan: an.Plan | an.RecipePlan, group: str, hyper: str, expected: np.ndarray, call: Call) -> float:
    one = plan if isinstance(plan, an.Plan) else plan.plans_for(group)[hyper]
    updates = np.arange(expected.size) + (1 if call.name.endswith("StateScheduler") else 0)  # they count the event that is on
    return float(np.abs(one(updates) - expected).max() / max(np.abs(expected).max(), 1e-300))


def stepped(make: Callable[[Any], Any], updates: int, lr: float = 0.1, kind: str = "SGD", betas: bool = False) -> Values:
    """What each update of a real optimizer uses, `make` being what puts a scheduler on it."""
    torch = require("torch")
    moving = {"momentum": 0.9} if kind == "SGD" else {}
    optimizer = getattr(torch.optim, kind)([torch.nn.Parameter(torch.zeros(1))], lr=lr, **moving)
    scheduler = make(optimizer)
    rows: list[tuple[float, float]] = []
    for t in range(updates):
        if t:
            optimizer.step()
            try:
                scheduler.step()
            except ValueError:  # torch.OneCycleLR, one update past its end
                break
        group = optimizer.param_groups[0]
        rows.append((group["lr"], group["betas"][0] if kind != "SGD" else group["momentum"]))
    lrs, others = zip(*rows, strict=True)
    moved = {("", "betas[0]" if betas else "momentum"): others} if betas or len(set(others)) > 1 else {}
    return {("", "lr"): lrs, **moved}


def of_torch(call: Call, updates: int) -> Values:
    return stepped(lambda optimizer: torch_scheduler(call, optimizer), updates, call.named.get("lr", 0.1))


def torch_scheduler(call: Call, optimizer: Any) -> Any:
    """One of torch's schedulers on an optimizer, with those that stand in its arguments."""
    torch = require("torch")
    kind = torch.optim.swa_utils.SWALR if call.name == "SWALR" else getattr(torch.optim.lr_scheduler, call.name)
    args, named = called([list(call.args), call.without("lr")], lambda inner: torch_scheduler(inner, optimizer))
    if call.name == "OneCycleLR":
        named.setdefault("max_lr", call.named["lr"])
    if isinstance(named.get("lr_lambda"), float):  # a plain number is theirs as a function
        factor = named["lr_lambda"]
        named["lr_lambda"] = lambda t: factor
    return kind(*args, optimizer) if call.name == "ChainedScheduler" else kind(optimizer, *args, **named)


def of_optax(call: Call, updates: int) -> Values:
    optax = require("optax")

    def made(inner: Call) -> Any:
        args, named = called([list(inner.args), inner.named], made)
        return getattr(optax.schedules, inner.name)(*args, **named)

    schedule = require("jax").jit(made(call))
    return {("", "lr"): [float(schedule(count)) for count in range(updates)]}


def of_keras(call: Call, updates: int) -> Values:
    jax, schedules = require("jax"), require("keras").optimizers.schedules
    schedule = jax.jit(getattr(schedules, call.name)(*call.args, **call.named))
    return {("", "lr"): [float(schedule(count)) for count in range(updates)]}


def of_transformers(call: Call, updates: int) -> Values:
    torch, theirs = require("torch"), require("transformers.optimization")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=call.named["lr"])
    if call.name == "get_scheduler":
        scheduler = theirs.get_scheduler(*call.args, optimizer, **call.without("lr"))
    else:
        scheduler = getattr(theirs, call.name)(optimizer, **call.without("lr"))
    [factor], [base] = scheduler.lr_lambdas, scheduler.base_lrs  # a LambdaLR need not be stepped
    return {("", "lr"): [base * factor(t) for t in range(updates)]}


def of_timm(call: Call, updates: int) -> Values:
    torch, theirs = require("torch"), alone.timm_schedulers()
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=call.named["lr"])
    if call.name == "create_scheduler_v2":
        scheduler, _ = theirs.create_scheduler_v2(optimizer, **call.without("lr"))
    else:
        scheduler = getattr(theirs, call.name)(optimizer, **call.without("lr"))
    values = [optimizer.param_groups[0]["lr"]]
    for t in range(1, updates):
        scheduler.step(t)
        values.append(optimizer.param_groups[0]["lr"])
    return {("", "lr"): values}


def of_fvcore(call: Call, updates: int) -> Values:
    theirs = _fvcore()

    def made(inner: Call) -> Any:
        args, named = called([list(inner.args), inner.without("total")], made)
        return getattr(theirs, inner.name)(*args, **named)

    scheduler = made(call)
    return {("", "lr"): [scheduler(t / call.named["total"]) for t in range(updates)]}


@cache
def _fvcore() -> Any:
    return alone.fvcore_schedulers()


def of_pytorch_warmup(call: Call, updates: int) -> Values:
    torch, theirs = require("torch"), require("pytorch_warmup")
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], lr=call.named["lr"])
    warmup = getattr(theirs, call.name)(optimizer, **call.without("lr"))
    values: list[float] = []
    for _ in range(updates):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warmup.dampening():
            pass
    return {("", "lr"): values}


def of_deepspeed(call: Call, updates: int) -> Values:
    kind = getattr(extracted.deepspeed_schedules(), call.name)
    named = call.without("lr")
    return stepped(lambda optimizer: kind(optimizer, **named), updates, 0.1, "AdamW", betas=call.name == "OneCycle")


def of_torchtitan(call: Call, updates: int) -> Values:
    config = extracted.torchtitan_schedulers().LRSchedulersContainer.Config(**call.without("lr", "training_steps"))
    run = call.named["training_steps"]
    return stepped(lambda optimizer: config.build(optimizers=[optimizer], training_steps=run), updates, call.named["lr"], "AdamW")


def of_nanotron(call: Call, updates: int) -> Values:
    builder, kind = extracted.nanotron_scheduler()
    arguments, total = kind(**call.without("total_training_steps")), call.named["total_training_steps"]

    def make(optimizer: Any) -> Any:
        return builder(SimpleNamespace(get_base_optimizer=lambda: optimizer), arguments, total)

    return stepped(make, updates, call.named["learning_rate"], "AdamW")


def of_olmo_core(call: Call, updates: int) -> Values:
    theirs = extracted.olmo_core_schedulers()
    named = call.without("lr", "max_steps")
    if call.name == "ComposableScheduler":
        named["stages"] = [theirs.ComposableSchedulerStage(**stage) for stage in named["stages"]]
    if call.name == "SequentialScheduler":
        types = {"constant_with_warmup": theirs.ConstantWithWarmup, "cos_with_warmup": theirs.CosWithWarmup}
        named["schedulers"] = [types[one["type"]](**{k: v for k, v in one.items() if k != "type"}) for one in named["schedulers"]]
    scheduler, lr, total = getattr(theirs, call.name)(**named), call.named["lr"], call.named["max_steps"]
    counted = range(1, updates + 1)  # the trainer counts an update before it trains it
    return {("", "lr"): [float(scheduler.get_lr(lr, current, total)) for current in counted]}


def of_megatron(call: Call, updates: int) -> Values:
    if call.name == "RampupBatchsizeNumMicroBatchesCalculator":
        named = call.named
        ramp = extracted.megatron_batch_sizes().RampupBatchsizeNumMicroBatchesCalculator(
            named["global_batch_size"], 1, 1, False, 0, named["start_global_batch_size"], named["batch_size_increment"],
            named["ramup_samples"],
        )  # fmt: skip
        sizes: list[float] = []
        for consumed in range(updates):
            ramp.update(consumed, False)
            sizes.append(ramp.get_current_global_batch_size())
        return {("", "lr"): sizes}
    optimizer = SimpleNamespace(param_groups=[{}])
    scheduler = extracted.megatron_scheduler().OptimizerParamScheduler(optimizer, **call.named)
    rows: list[tuple[float, float]] = []
    for _ in range(updates):
        rows.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["weight_decay"]))
        scheduler.step(1)
    lrs, decays = zip(*rows, strict=True)
    return {("", "lr"): lrs, ("", "weight_decay"): decays}


def of_composer(call: Call, updates: int) -> Values:
    schedulers, time = extracted.composer_schedulers()
    batches = call.named.get("dataloader_len")
    duration = time.Time.from_timestring(call.named["max_duration"])

    def state(t: int) -> Any:
        stamp = time.Timestamp(epoch=t // batches if batches else 0, batch=t, sample=t, token=t)
        length = time.Time(batches, "ba") if batches else None
        return SimpleNamespace(timestamp=stamp, max_duration=duration, dataloader_len=length)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of warm-ups whose length is not counted in what the run is counted in
        scheduler = getattr(schedulers, call.name)(*call.args, **call.without("lr", "max_duration", "dataloader_len"))
        return {("", "lr"): [call.named["lr"] * scheduler(state(t)) for t in range(updates)]}


def of_fastai(call: Call, updates: int) -> Values:
    theirs = extracted.fastai_schedules()
    if call.name.startswith("fit") or call.name == "fine_tune":
        return _fitted(theirs, call)

    def made(inner: Call) -> Any:
        args, named = called([list(inner.args), inner.without("total")], made)
        return getattr(theirs, inner.name)(*(args[:2] if inner.name.startswith("Sched") else args), **named)

    if call.name == "LRFinder":
        finder = made(call)
        return {("", "lr"): [finder.scheds["lr"](k / finder.num_it) for k in range(updates)]}
    if call.name == "ParamScheduler":
        scheds = {"lr": made(call.named["scheds"]["lr"]), "momentum": made(call.named["scheds"]["mom"])}
        return {("", name): [float(sched(t / updates)) for t in range(updates)] for name, sched in scheds.items()}
    sched = made(call)
    return {("", "lr"): [float(sched(t / call.named["total"])) for t in range(updates)]}


def _fitted(theirs: Any, call: Call) -> Values:
    """What a learner's method does to one group, batch by batch, as its training loop counts."""
    batches = call.named["steps_per_epoch"]
    runs: list[dict[str, list[float]]] = []

    class Learner:
        moms = (0.95, 0.85, 0.95)
        opt = SimpleNamespace(hypers=[{"lr": 0.0}])

        def fit(self, n_epoch: int, cbs: Any, **_: Any) -> None:
            places = [e / n_epoch + i / (batches * n_epoch) for e in range(n_epoch) for i in range(batches)]
            scheds = cbs[0].scheds.items()
            runs.append({name: [float(np.ravel(sched(place))[-1]) for place in places] for name, sched in scheds})

        def freeze(self) -> None: ...

        def unfreeze(self) -> None: ...

        def fit_one_cycle(self, *args: Any, **named: Any) -> None:
            theirs.fit_one_cycle(self, *args, **named)

    def set_hyper(name: str, value: Any) -> None:
        Learner.opt.hypers = [{name: value.stop if isinstance(value, slice) else value}]  # of the last group, the head

    Learner.opt.set_hyper = set_hyper
    getattr(theirs, call.name)(Learner(), *call.args, **call.without("steps_per_epoch"))
    names = {"lr": "lr", "mom": "momentum"}
    return {("head", names[name]): [value for run in runs for value in run[name]] for name in runs[0] if name in names}


def of_ignite(call: Call, updates: int) -> Values:
    with warnings.catch_warnings():  # ignite imports torch.distributed.optim, which torch itself calls deprecated
        warnings.simplefilter("ignore", DeprecationWarning)
        engine, handlers = require("ignite.engine"), require("ignite.handlers")
    torch = require("torch")
    idle = engine.Engine(lambda engine, batch: None)
    if call.name.endswith("StateScheduler"):
        return _attributes(getattr(require("ignite.handlers.state_param_scheduler"), call.name), call, idle)
    if call.name == "BatchSizeScheduler":
        [sizes] = call.args
        pairs = handlers.BatchSizeScheduler.simulate_values(updates, scheduler_fn=lambda epoch: round(sizes(epoch)))
        return {("", "lr"): [size for _, size in pairs]}
    if call.name == "FastaiLRFinder":
        return {("", "lr"): ignite_finder(**call.named)}
    if call.name == "EMAHandler":
        used: list[Any] = []
        handler = handlers.EMAHandler(torch.nn.Linear(1, 1), **call.named)
        handler.attach(idle)
        idle.add_event_handler(engine.Events.ITERATION_COMPLETED, lambda e: used.append(e.state.ema_momentum))
        idle.run(range(updates), max_epochs=1)
        return {("", "lr"): used}
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(2 if call.name == "ParamGroupScheduler" else 1)]
    optimizer = torch.optim.SGD(groups, lr=0.1)
    scheduler = ignite_scheduler(call, optimizer, handlers)
    rows: list[list[float]] = []
    for _ in range(updates):
        scheduler(None)
        rows.append([group["lr"] for group in optimizer.param_groups])
    return {(str(i), "lr"): [row[i] for row in rows] for i in range(len(groups))}


def ignite_finder(lr: float, num_iter: int, **arguments: Any) -> list[float]:
    """The rate of every update that ignite's finder lets a trainer make."""
    torch, engine, handlers = require("torch"), require("ignite.engine"), require("ignite.handlers")
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    used: list[float] = []

    def update(trainer: Any, batch: Any) -> float:
        used.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        return 1.0 if len(used) <= num_iter else 1e6  # theirs warns of a sweep that never diverged

    trainer = engine.Engine(update)
    finder = handlers.FastaiLRFinder()
    with finder.attach(trainer, {"model": model, "optimizer": optimizer}, num_iter=num_iter, **arguments) as swept:
        swept.run(range(10 * num_iter), max_epochs=1)
    return used


def ignite_scheduler(call: Call, optimizer: Any, handlers: Any) -> Any:
    """One of ignite's schedulers on an optimizer, with those of ignite and of torch that stand in its arguments."""
    if call.library == "torch":
        return torch_scheduler(call, optimizer)
    args, named = called([list(call.args), call.named], lambda inner: ignite_scheduler(inner, optimizer, handlers))
    make = getattr(handlers, call.name)
    if call.name in ("ConcatScheduler", "ParamGroupScheduler", "LRScheduler", "create_lr_scheduler_with_warmup"):
        return make(*args, **named)
    return make(optimizer, *args, **named)


def _attributes(kind: Any, call: Call, idle: Any) -> Values:
    scheduler = kind(*call.args, **call.named)
    after: list[float] = []
    for _ in range(ENDLESS):
        scheduler(idle)
        after.append(float(idle.state.rate))
    return {("", "lr"): after}


def of_paddle(call: Call, updates: int) -> Values:
    rate = PADDLE[call.name]
    most = call.named["total_steps"] + 1 if call.name == "OneCycleLR" else updates  # theirs raises when it is asked for more
    return {("", "lr"): [rate(t) for t in range(min(updates, most))]}


RUN: dict[str, Callable[[Call, int], Values]] = {
    name.removeprefix("of_"): run for name, run in list(globals().items()) if name.startswith("of_")
}
"""What runs the call of each library."""

GO_ON = {"torch", "optax", "keras", "transformers", "timm", "ignite", "deepspeed", "megatron", "pytorch_warmup", "paddle"}
"""Libraries that can be asked for what comes after the end of a run."""
