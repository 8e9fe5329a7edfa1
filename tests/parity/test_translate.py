"""The schedulers of transformers, timm and keras as they live in a program, translated, beside the values they then give."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import annealing as an
from tests.conftest import require
from tests.parity import test_keras as keras_cases
from tests.parity import test_timm as timm_cases
from tests.parity import test_transformers as transformers_cases

torch = require("torch")


def same(plan: an.Plan, expected: np.ndarray) -> None:
    assert float(np.abs(plan(np.arange(expected.size)) - expected).max()) <= 1e-12 * max(np.abs(expected).max(), 1e-300), plan


def for_group(plan: an.Plan | an.RecipePlan, name: str) -> an.Plan:
    return plan if isinstance(plan, an.Plan) else plan.plans_for(name)["lr"]


# transformers


@pytest.mark.parametrize("name", transformers_cases.CASES)
@given(data=st.data(), lr=transformers_cases.rates)
@settings(max_examples=50)
def test_every_schedule_of_transformers_agrees_in_every_group(name: str, data: st.DataObject, lr: float) -> None:
    arguments = data.draw(transformers_cases.CASES[name])
    scheduler = transformers_cases.scheduler_of(name, lr, arguments)
    plan = an.translate(scheduler)
    updates = 3 * arguments["num_training_steps"] + 10 if "num_training_steps" in arguments else transformers_cases.ENDLESS

    assert an.parse(str(plan)) == plan
    for row, expected in enumerate(transformers_cases.rates_of(scheduler, updates)):
        same(for_group(plan, str(row)), expected)


def test_every_name_of_transformers_is_translated_or_names_its_controller() -> None:
    theirs = transformers_cases.theirs
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    special = {
        "cosine_with_min_lr": {"min_lr": 0.01},
        "cosine_warmup_with_min_lr": {"min_lr": 0.01},
        "warmup_stable_decay": {"num_decay_steps": 10},
    }
    for kind in transformers_cases.SchedulerType:
        scheduler = theirs.get_scheduler(kind, optimizer, 10, 50, special.get(kind.value))
        if kind.value in ("reduce_lr_on_plateau", "greedy"):
            with pytest.raises(an.AnnealingError, match=r"annealing\.control\.dialects\.t\w+\.\w+\("):
                an.translate(scheduler)
        else:
            assert an.translate(scheduler)(30) == pytest.approx(0.1 * scheduler.lr_lambdas[0](30), rel=1e-12)


def test_a_schedule_of_transformers_may_be_part_of_a_sequence_of_torch() -> None:
    """The last child goes on as it would alone, here up again; one in the middle must be done in its time."""
    theirs, schedulers = transformers_cases.theirs, torch.optim.lr_scheduler

    def optimizer_and(*makes: Any) -> tuple[Any, list[Any]]:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        return optimizer, [make(optimizer) for make in makes]

    def cosine(optimizer: Any) -> Any:
        return theirs.get_cosine_schedule_with_warmup(optimizer, 3, 40)

    optimizer, parts = optimizer_and(lambda o: schedulers.LinearLR(o, 0.2, total_iters=9), cosine)
    scheduler = schedulers.SequentialLR(optimizer, parts, [9])
    plan = an.translate(scheduler)
    assert an.parse(str(plan)) == plan
    used = [0.02]
    for _ in range(120):
        optimizer.step()
        scheduler.step()
        used.append(optimizer.param_groups[0]["lr"])
    same(for_group(plan, ""), np.array(used))
    for turn, within in ((30, True), (40, True), (41, False)):
        optimizer, parts = optimizer_and(cosine, lambda o: schedulers.StepLR(o, 5))
        scheduler = schedulers.SequentialLR(optimizer, parts, [turn])
        if within:
            assert an.translate(scheduler)(turn) == pytest.approx(0.1)
            continue
        with pytest.raises(an.AnnealingError, match="goes on past its end"):
            an.translate(scheduler)


# timm


def two_groups(lr: float, scale: float) -> Any:
    groups: list[dict[str, Any]] = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in (lr, 2 * lr)]
    groups[1]["lr_scale"] = scale
    return torch.optim.SGD(groups, lr=lr)


@pytest.mark.parametrize("name", timm_cases.CASES)
@given(data=st.data(), lr=timm_cases.rates, scale=st.sampled_from([1.0, 0.75]))
@settings(max_examples=40)
def test_every_scheduler_of_timm_agrees_in_every_group(name: str, data: st.DataObject, lr: float, scale: float) -> None:
    arguments = data.draw(st.fixed_dictionaries(timm_cases.CASES[name]))
    timm_cases.accepted(name, arguments)
    lr = max(lr, arguments.get("lr_min", 0.0))
    try:
        scheduler = getattr(timm_cases.theirs, name)(two_groups(lr, scale), **arguments)
    except ValueError:  # the warm-up of a tanh is longer than cycles that shrink can ever be
        reject()
    before = copy.deepcopy({key: value for key, value in vars(scheduler).items() if key != "optimizer"})
    plan = an.translate(scheduler)

    assert an.parse(str(plan)) == plan
    assert {key: value for key, value in vars(scheduler).items() if key != "optimizer"} == before
    rows = [[group["lr"] for group in scheduler.optimizer.param_groups]]
    for t in range(1, timm_cases.PAST):
        try:
            scheduler.step(t) if scheduler.t_in_epochs else scheduler.step_update(t)
        except ValueError:  # cycles that shrink come to the logarithm of a negative number
            break
        rows.append([group["lr"] for group in scheduler.optimizer.param_groups])
    for row, expected in enumerate(np.array(rows).T):
        same(for_group(plan, str(row)), expected)


@pytest.mark.parametrize("sched", ["cosine", "tanh", "step", "multistep", "poly", "wsd", "rsqrt", "constant"])
@pytest.mark.parametrize("on_epochs", [True, False])
def test_what_timm_makes_by_name_is_translated(sched: str, on_epochs: bool) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    factory = timm_cases.theirs.create_scheduler_v2
    scheduler, epochs = factory(
        optimizer, sched, 50, 20, warmup_epochs=3, step_on_epochs=on_epochs, updates_per_epoch=1 if not on_epochs else 0
    )
    plan = an.translate(scheduler)

    assert isinstance(plan, an.Plan)
    assert plan.unit == ("epochs" if on_epochs else "updates")
    same(plan, timm_cases.stepped(scheduler, epochs + 5))


# keras


@pytest.mark.parametrize("name", [name for name in keras_cases.CASES if name != "CosineDecayRestarts"])
@given(data=st.data())
@settings(max_examples=25)
def test_every_schedule_of_keras_agrees(name: str, data: st.DataObject) -> None:
    schedule = getattr(keras_cases.theirs, name)(**data.draw(st.fixed_dictionaries(keras_cases.CASES[name])))
    plan = an.translate(schedule)

    assert isinstance(plan, an.Plan)
    keras_cases.agree(plan, schedule)


@given(
    boundaries=st.lists(st.integers(0, 100), min_size=1, max_size=5), values=st.lists(keras_cases.rates, min_size=6, max_size=6)
)
@settings(max_examples=15)
def test_the_pieces_of_keras_agree(boundaries: list[int], values: list[float]) -> None:
    schedule = keras_cases.theirs.PiecewiseConstantDecay(sorted(boundaries), values[: len(boundaries) + 1])
    keras_cases.agree(for_group(an.translate(schedule), ""), schedule)


def test_the_restarts_of_keras_agree_and_numbers_may_be_arrays_of_theirs() -> None:
    schedule = keras_cases.theirs.CosineDecayRestarts(0.1, 10, t_mul=1.5, m_mul=0.9, alpha=0.1)
    keras_cases.agree(for_group(an.translate(schedule), ""), schedule, share=1e-5)
    schedule = keras_cases.theirs.CosineDecay(
        keras_cases.jax.numpy.float32(0.25), 30, warmup_target=np.float32(0.5), warmup_steps=9
    )
    keras_cases.agree(for_group(an.translate(schedule), ""), schedule)
