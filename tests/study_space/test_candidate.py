"""Candidates: the schedule and the setting that their values make, and spaces that a task could not train."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import json
import pickle

import numpy as np
import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")

from annealing.core.errors import AnnealingError
from annealing.lockstep.alone import prepare
from annealing.study.space import (
    Candidate,
    Choice,
    Log,
    Space,
    Uniform,
    Whole,
    baselines_of,
    check_space,
    default_space,
    schedule_of,
    setting,
)
from annealing.study.space.shapes import FAMILIES
from annealing.study.train import train
from annealing.tasks import Task
from annealing.tasks.optimizers import OPTIMIZERS, PACKAGED

NAMES = (*OPTIMIZERS, *PACKAGED)


@pytest.mark.parametrize(
    ("values", "schedule"),
    [
        ({"lr": 0.1}, 0.1 * an.hold()),
        ({"lr": 0.1, "schedule": "constant", "warmup": 0.05}, 0.1 * an.chain(an.warmup("5%"), an.hold())),
        ({"lr": 0.1, "schedule": "linear", "floor": 0.1}, 0.1 * an.linear(to=0.1)),
        ({"lr": 0.1, "schedule": "cosine", "warmup": 20}, 0.1 * an.chain(an.warmup(20), an.cosine())),
        ({"lr": 0.1, "schedule": "polynomial", "power": 3}, 0.1 * an.polynomial(power=3)),
        ({"lr": 0.1, "schedule": "exponential", "floor": 0.02}, 0.1 * an.exponential(to=0.02)),
        ({"lr": 0.1, "schedule": "wsd", "warmup": 0.1, "cooldown": 0.3}, 0.1 * an.wsd("10%", "30%")),
        ({"lr": 0.1, "schedule": "trapezoid", "warmup": 0.1}, 0.1 * an.trapezoid("10%")),
        ({"lr": 0.1, "schedule": "inverse_sqrt", "warmup": 50}, 0.1 * an.chain(an.warmup(50), an.inverse_sqrt(50))),
        ({"lr": 0.1, "schedule": "onecycle"}, 0.1 * an.onecycle()),
        ({"schedule": "3e-4 * cosine"}, 3e-4 * an.cosine()),
        ({"lr": 2.0, "schedule": "step(30%, {factor})", "factor": 0.2}, 2.0 * an.step("30%", 0.2)),
        ({"lr": 1.0, "schedule": "chain(warmup({warmup}), hold())", "warmup": 0.25}, an.chain(an.warmup("25%"), an.hold())),
    ],
)
def test_the_schedule_is_the_one_that_the_algebra_writes(values, schedule):
    assert (schedule_of(Candidate(0, values)).over(400).values() == schedule.over(400).values()).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_makes_a_rate_from_whatever_its_parameters_may_be(family):
    for warmup in (0, 0.0, 0.05, 7):
        values = {"warmup": warmup, "cooldown": 0.3, "floor": 0.05, "power": 1.5}
        taken = {name: values[name] for name in FAMILIES[family].takes}
        plan = schedule_of(Candidate(0, {"lr": 0.1, "schedule": family, **taken})).over(100)
        assert 0 < plan.values().max() <= 0.1
        assert plan.values().min() > 0 or family != "constant"


@pytest.mark.parametrize(
    ("values", "taught"),
    [
        ({"lr": 0.1, "schedule": "cosin"}, "did you mean cosine"),
        ({"lr": 0.1, "schedule": "cosine", "cooldown": 0.2}, r"cooldown means nothing to the schedule cosine: write only=.*wsd"),
        ({"lr": 0.1, "schedule": "cosine().over(100)"}, r"leave .over\(…\) away"),
        ({"lr": 0.1, "schedule": "chain(warmup({rise}), hold())"}, "give the space a dimension 'rise'"),
        ({"lr": 0.1, "schedule": "cosine", "warmup": 1.5}, "neither a share of the run nor a count"),
        ({"lr": 0.1, "schedule": "cosine", "warmup": -3}, "warmup"),
        ({"lr": -0.1}, "lr=-0.1 must be above 0"),
        ({"lr": "fast"}, "not a number"),
    ],
)
def test_values_that_make_no_schedule_are_refused_in_one_line(values, taught):
    with pytest.raises(AnnealingError, match=taught) as refused:
        schedule_of(Candidate(0, values)).over(100)
    assert "\n" not in str(refused.value)


def test_a_candidate_survives_json_pickle_and_any_order_of_its_values():
    one = Candidate(3, {"momentum": 0.9, "lr": 0.1, "optimizer": "sgd", "batch_size": 16, "eps": 1e-8})
    assert list(one.values) == ["optimizer", "lr", "momentum", "batch_size", "eps"]
    assert Candidate.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    assert pickle.loads(pickle.dumps(one)) == one
    assert hash(Candidate(3, dict(reversed(one.values.items())))) == hash(one)
    assert Candidate(4, one.values) != one


@pytest.mark.parametrize("name", NAMES)
def test_every_candidate_of_a_default_space_can_be_trained(name):
    if name in PACKAGED:
        require("prodigyopt" if name == "prodigy" else "schedulefree")
    space = default_space([name])
    check_space(space)
    x = torch.linspace(-1, 1, 32).reshape(32, 1)
    task = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, 3 * x), (x, 3 * x), optimizer="adadelta")
    for number in range(8):
        candidate = Candidate(number, space.sample(np.random.default_rng(number)))
        made = setting(candidate, 50, seed=0)
        _, optimizer = prepare(task, made.member)
        usual = setting(Candidate(0, baselines_of([name])["default"]), 50, seed=0)
        assert type(optimizer) is type(prepare(task, usual.member)[1])
        assert optimizer.param_groups[0]["weight_decay"] == candidate.values["weight_decay"]
        assert float(made.plan.values().max()) <= candidate.values["lr"] * (1 + 1e-9)


def test_an_optimizer_that_is_made_for_a_constant_rate_gets_no_cosine_as_a_baseline():
    require("schedulefree")

    assert list(baselines_of(["schedulefree_sgd"])) == ["default"]
    assert list(baselines_of(["schedulefree_sgd", "sgd"])) == ["default schedulefree_sgd", "default sgd", "default sgd + cosine"]
    assert baselines_of(["schedulefree_sgd", "sgd"])["default sgd + cosine"]["optimizer"] == "sgd"
    assert baselines_of([]) == {}


def test_a_default_space_of_several_optimizers_gives_each_what_is_its_own():
    space = default_space(["sgd", "nesterov", "adamw", "schedulefree_sgd"])
    check_space(space)
    for number in range(60):
        values = space.sample(np.random.default_rng(number))
        assert ("momentum" in values) == (values["optimizer"] == "nesterov")
        alone = default_space([values["optimizer"]])
        alone.check(values)
        assert values["optimizer"] != "schedulefree_sgd" or values["schedule"] == "constant"


def test_the_run_of_a_candidate_is_that_of_the_same_setting_written_by_hand():
    x = torch.linspace(-1, 1, 64).reshape(64, 1)
    data = (x, 3 * x)
    task = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, data, data, optimizer="sgd", batch_size=8)
    values = {"optimizer": "nesterov", "lr": 0.05, "schedule": "linear", "momentum": 0.8, "weight_decay": 0.01, "batch_size": 16}
    found = train(task, setting(Candidate(0, values), 40, seed=2), lambda updates, loss: None)

    def nesterov(parameters, lr):
        return torch.optim.SGD(parameters, lr=lr, momentum=0.8, nesterov=True, weight_decay=0.01, foreach=True)

    by_hand = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, data, data, optimizer=nesterov, batch_size=16)
    expected = train(by_hand, setting(Candidate(0, {"lr": 0.05, "schedule": "linear"}), 40, seed=2), lambda updates, loss: None)
    assert found.curve == expected.curve
    assert len(found.curve.update) > 20


@pytest.mark.parametrize(
    ("space", "optimizer", "taught"),
    [
        (Space({"floor": 0.1, "schedule": "cosine"}), "sgd", "the space has no lr"),
        (
            Space({"lr": Log(0.1, 1), "weight_decy": 0.1}),
            "sgd",
            "weight_decy is nothing that a run of sgd has: did you mean weight_decay",
        ),
        (Space({"lr": Log(0.1, 1), "momentum": 0.9}), "adamw", r'adamw has no "momentum": write "betas\[0\]"'),
        (Space({"lr": Log(0.1, 1), "optimizer": "adamm"}), None, "did you mean adam"),
        (Space({"lr": Log(0.1, 1), "schedule": "cosin"}), "sgd", "did you mean cosine"),
        (Space({"lr": Log(0.1, 1), "schedule": Choice(["cosine", "wsd"]), "cooldown": 0.2}), "sgd", "cooldown means nothing to"),
        (Space({"lr": Uniform(-1, 1)}), "sgd", "must be above 0"),
        (Space({"lr": Log(0.1, 1), "batch_size": Uniform(8, 16)}), "sgd", "batch_size=8.0 is not one: write a whole number"),
        (Space({"lr": Log(0.1, 1), "optimizer": Uniform(0, 1)}), "sgd", "optimizer is a range of numbers"),
        (Space({"lr": Log(0.1, 1), "schedule": "cosine(to={end})"}), "sgd", "dimension 'end'"),
        (Space({"lr": Log(0.1, 1), "betas[2]": 0.9}), "adamw", r'no "betas\[2\]"'),
        (Space({"lr": Log(0.1, 1), "warmup": Whole(1, 2000)}), "sgd", r"warmup\(1001\), hold\(\)\)\: the phases need 1001"),
    ],
)
def test_a_space_that_a_task_could_not_train_is_refused_before_any_training(space, optimizer, taught):
    with pytest.raises(AnnealingError, match=taught) as refused:
        check_space(space, optimizer)
    assert "\n" not in str(refused.value)


def test_a_space_may_move_any_number_of_the_optimizer_and_any_place_in_the_text_of_a_schedule():
    check_space(Space({"lr": Log(0.1, 1), "betas[1]": Uniform(0.9, 0.999), "eps": Log(1e-10, 1e-6)}), "adamw")
    check_space(Space({"schedule": "{top} * cosine(to={end})", "top": Log(1e-4, 1e-2), "end": Uniform(0, 0.1)}), "adamw")
    check_space(Space({"lr": Log(0.1, 1), "anything": Uniform(0, 1)}), torch.optim.SGD)
