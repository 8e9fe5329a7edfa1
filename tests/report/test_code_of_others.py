"""From another library's scheduler to code for any framework: `code(translate(theirs), target)` gives the values of the plan."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import annealing as an
from annealing.dialects import everything
from annealing.dialects import parse as parse_any
from annealing.report.code import code
from tests.conftest import require
from tests.parity.alone import timm_schedulers

torch = require("torch")
theirs = torch.optim.lr_scheduler

UPDATES = 130


def sgd(lr: float = 0.1) -> Any:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr, momentum=0.9)


def sequence() -> Any:
    optimizer = sgd()
    parts = [theirs.LinearLR(optimizer, 0.1, total_iters=5), theirs.CosineAnnealingLR(optimizer, 40), theirs.StepLR(optimizer, 9)]
    return theirs.SequentialLR(optimizer, parts, [5, 60])


def chain() -> Any:
    optimizer = sgd()
    return theirs.ChainedScheduler([theirs.LinearLR(optimizer, 0.1, total_iters=5), theirs.ExponentialLR(optimizer, 0.98)])


def of_transformers(name: str, **more: Any) -> Any:
    module = require("transformers").optimization
    return module.get_scheduler(name, sgd(), 10, 100, more)


OTHERS: dict[str, Callable[[], Any]] = {
    "StepLR": lambda: theirs.StepLR(sgd(), 30, 0.5),
    "MultiStepLR": lambda: theirs.MultiStepLR(sgd(), [30, 70]),
    "ConstantLR": lambda: theirs.ConstantLR(sgd()),
    "LinearLR": lambda: theirs.LinearLR(sgd()),
    "ExponentialLR": lambda: theirs.ExponentialLR(sgd(), 0.97),
    "PolynomialLR": lambda: theirs.PolynomialLR(sgd(), 90, 1.5),
    "CosineAnnealingLR": lambda: theirs.CosineAnnealingLR(sgd(), 50, 0.01),
    "CosineAnnealingWarmRestarts": lambda: theirs.CosineAnnealingWarmRestarts(sgd(), 20),
    "CosineAnnealingWarmRestarts, growing": lambda: theirs.CosineAnnealingWarmRestarts(sgd(), 20, 2, 0.01),
    "CyclicLR": lambda: theirs.CyclicLR(sgd(), 0.01, 0.1, 12, 7, cycle_momentum=False),
    "CyclicLR, triangular2": lambda: theirs.CyclicLR(sgd(), 0.01, 0.1, 12, 7, "triangular2", cycle_momentum=False),
    "CyclicLR, exp_range": lambda: theirs.CyclicLR(sgd(), 0.0, 0.1, 12, 7, "exp_range", 0.98, cycle_momentum=False),
    "OneCycleLR": lambda: theirs.OneCycleLR(sgd(), 0.1, 90, cycle_momentum=False),
    "SWALR": lambda: torch.optim.swa_utils.SWALR(sgd(), 0.05),
    "SequentialLR": sequence,
    "ChainedScheduler": chain,
    "linear": lambda: of_transformers("linear"),
    "cosine": lambda: of_transformers("cosine"),
    "cosine_with_restarts": lambda: of_transformers("cosine_with_restarts", num_cycles=3),
    "polynomial": lambda: of_transformers("polynomial", power=2.0),
    "constant": lambda: of_transformers("constant"),
    "constant_with_warmup": lambda: of_transformers("constant_with_warmup"),
    "inverse_sqrt": lambda: of_transformers("inverse_sqrt"),
    "cosine_with_min_lr": lambda: of_transformers("cosine_with_min_lr", min_lr_rate=0.1),
    "cosine_warmup_with_min_lr": lambda: of_transformers("cosine_warmup_with_min_lr", min_lr_rate=0.1),
    "warmup_stable_decay": lambda: of_transformers("warmup_stable_decay", num_decay_steps=30),
    "timm cosine": lambda: timm_schedulers().CosineLRScheduler(sgd(), 30, cycle_limit=3, warmup_t=5, t_in_epochs=False),
    "timm wsd": lambda: timm_schedulers().WSDLRScheduler(sgd(), 90, 20, warmup_t=5, t_in_epochs=False),
    "timm multi-step": lambda: timm_schedulers().MultiStepLRScheduler(sgd(), [30, 60], 0.5, warmup_t=5, t_in_epochs=False),
    "keras CosineDecay": lambda: require("keras").optimizers.schedules.CosineDecay(0.0, 90, warmup_target=0.1, warmup_steps=9),
    "keras InverseTimeDecay": lambda: require("keras").optimizers.schedules.InverseTimeDecay(0.1, 30, 0.5),
    "keras PiecewiseConstantDecay": lambda: require("keras").optimizers.schedules.PiecewiseConstantDecay([30], [0.1, 0.02]),
}


def plan_of(name: str) -> an.Plan:
    plan = an.translate(OTHERS[name]())
    assert isinstance(plan, an.Plan)
    return plan


def run(text: str, **given: Any) -> dict[str, Any]:
    names = dict(given)
    exec(compile(text, "<pasted>", "exec"), names)  # noqa: S102 - to paste it is the point
    return names


def used_by(optimizer: Any, scheduler: Any) -> list[float]:
    used: list[float] = []
    for _ in range(UPDATES):
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return used


def by_python(plan: an.Plan) -> list[float]:
    learning_rate = run(code(plan, "python"))["learning_rate"]
    return [learning_rate(t) for t in range(UPDATES)]


def by_torch(plan: an.Plan) -> list[float]:
    optimizer = sgd(1.0)
    return used_by(optimizer, run(code(plan, "torch"), optimizer=optimizer)["scheduler"])


def by_transformers(plan: an.Plan, folder: Path) -> list[float]:
    arguments = require("transformers").TrainingArguments(str(folder), report_to=[], use_cpu=True)
    trainer = run(code(plan, "transformers"), model=torch.nn.Linear(1, 1), arguments=arguments, dataset=[])["trainer"]
    return used_by(trainer.optimizer, trainer.lr_scheduler)


def by_optax(plan: an.Plan) -> np.ndarray:
    jax, optax = require("jax"), require("optax")
    descent = optax.sgd(run(code(plan, "optax"))["plan"])  # plain descent shows the rate itself

    def step(state: Any, _: Any) -> tuple[Any, Any]:
        change, state = descent.update(jax.numpy.ones(()), state)
        return state, -change

    return np.asarray(jax.lax.scan(step, descent.init(jax.numpy.zeros(())), length=UPDATES)[1])


def by_keras(plan: an.Plan) -> list[float]:
    require("keras")
    names = run(code(plan, "keras").rpartition("optimizer =")[0], plan=plan)
    schedule = names["PlanSchedule"](plan) if "self.plan" in code(plan, "keras") else names["PlanSchedule"]()
    return [float(schedule(t)) for t in range(UPDATES)]


def agree(values: Any, plan: an.Plan, within: float) -> None:
    expected = plan(np.arange(UPDATES))
    np.testing.assert_allclose(np.asarray(values, dtype=float), expected, rtol=0, atol=within * np.abs(expected).max())


@pytest.mark.parametrize("name", OTHERS)
def test_python_and_torch_give_the_values_of_the_plan(name: str) -> None:
    plan = plan_of(name)

    agree(by_python(plan), plan, 1e-12)
    agree(by_torch(plan), plan, 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_optax_and_keras_give_the_values_of_the_plan_in_float32(name: str) -> None:
    """Also where a run has no end, or goes on past it."""
    plan = plan_of(name)

    agree(by_optax(plan), plan, 2e-6)
    agree(by_keras(plan), plan, 2e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["CosineAnnealingLR", "SequentialLR", "cosine", "timm wsd"])
def test_the_trainer_gives_the_values_of_the_plan(name: str, tmp_path: Path) -> None:
    plan = plan_of(name)

    agree(by_transformers(plan, tmp_path), plan, 1e-12)


def test_a_recipe_that_moves_momentum_too_is_written_for_torch_and_python() -> None:
    plan = an.translate(theirs.OneCycleLR(sgd(), 0.1, 90))
    assert isinstance(plan, an.RecipePlan)
    functions = run(code(plan, "python"))
    optimizer = sgd()
    scheduler = run(code(plan, "torch"), optimizer=optimizer)["scheduler"]
    for t in range(90):
        group = optimizer.param_groups[0]
        assert [group["lr"], group["momentum"]] == pytest.approx(list(plan(t)["*"].values()), abs=1e-12)
        assert [functions["learning_rate"](t), functions["momentum"](t)] == pytest.approx(list(plan(t)["*"].values()), abs=1e-12)
        optimizer.step()
        scheduler.step()


WORKED_OUT = """
import json, sys
import keras
for text in json.loads(sys.argv[1]):
    names = {}
    exec(compile(text, "<pasted>", "exec"), names)
    rate = names["PlanSchedule"]()
    kept = keras.optimizers.schedules.serialize(rate)
    descent = keras.optimizers.SGD(learning_rate=keras.optimizers.schedules.deserialize(kept))
    weight = keras.Variable([0.0])
    descent.build([weight])
    used = []
    for _ in range(int(sys.argv[2])):
        weight.assign([0.0])
        descent.apply([keras.ops.ones(1)], [weight])
        used.append(-float(keras.ops.convert_to_numpy(weight)[0]))
    print(json.dumps(used))
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_what_keras_works_out_is_the_plan_on_every_backend(backend: str) -> None:
    require("keras")
    require(backend)
    plans = [
        plan_of(name) for name in ("CosineAnnealingWarmRestarts", "CyclicLR, triangular2", "cosine", "inverse_sqrt", "StepLR")
    ]
    texts = json.dumps([code(plan, "keras") for plan in plans])
    done = subprocess.run(  # a backend is chosen when keras is imported
        [sys.executable, "-c", WORKED_OUT, texts, str(UPDATES)],
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for plan, line in zip(plans, done.stdout.splitlines()[-len(plans) :], strict=True):
        agree(json.loads(line), plan, 2e-6)


def test_every_plan_of_a_dialect_that_has_a_formula_is_written_for_keras_and_python() -> None:
    """What remains is refused with what to write: curves known by a name only, other clocks, other hyper-parameters."""
    refused: dict[str, set[str]] = {"python": set(), "keras": set()}
    for row in everything():
        plan = parse_any(row.example)
        for target, names in refused.items():
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    code(plan, target)
            except an.AnnealingError as error:
                assert any(word in str(error) for word in ("known by its name only", "no formula", "counts", "lr alone")), error
                names.add(row.name)

    assert refused["python"] == {
        "deepspeed.WarmupCosineLR",
        "deepspeed.WarmupDecayLR",
        "deepspeed.WarmupLR",
        "pytorch_warmup.RAdamWarmup",
        "timm.StepLRScheduler",
        "timm.TanhLRScheduler",
    }
    own = {"deepspeed.WarmupLR", "pytorch_warmup.RAdamWarmup"}
    assert {name for name in refused["keras"] if isinstance(parse_any(_example(name)), an.Plan) and _counts_updates(name)} == own


def _example(name: str) -> str:
    return next(row.example for row in everything() if row.name == name)


def _counts_updates(name: str) -> bool:
    plan = parse_any(_example(name))
    assert isinstance(plan, an.Plan | an.RecipePlan)
    return plan.unit == "updates"
