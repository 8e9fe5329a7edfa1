"""`annealing.translate`: what it cannot know it refuses with a line that teaches. tests/parity compares what it can."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import pytest

import annealing as an
from annealing import control
from annealing.dialects.translate import transformers as transformers_files
from annealing.dialects.translate.groups import together
from annealing.dialects.translate.torch import ROWS
from tests.conftest import require
from tests.parity.alone import timm_schedulers

torch = require("torch")
theirs = torch.optim.lr_scheduler


def optimizer_of(*rates: float, **more: Any) -> Any:
    return torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates], lr=1.0, **more)


def refused(scheduler: Any, says: str) -> str:
    with pytest.raises(an.AnnealingError, match=says) as caught:
        an.translate(scheduler)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_class_of_torch_is_read() -> None:
    assert set(theirs.__all__) - {"LRScheduler"} | {"SWALR"} == ROWS.keys()


def test_every_function_of_transformers_is_read() -> None:
    """Whatever LambdaLR the module makes, by the names that its functions of the step have."""
    module = require("transformers.optimization")
    functions = {name for name in vars(module) if name.startswith("_get_") and name.endswith("lambda")}

    assert functions == transformers_files._MAKE.keys()


def test_a_function_without_a_name_is_refused_and_told_to_be_registered() -> None:
    for scheduler in (
        theirs.LambdaLR(optimizer_of(0.1), lambda epoch: 0.5),
        theirs.MultiplicativeLR(optimizer_of(0.1), lambda epoch: 0.5),
        theirs.CyclicLR(
            optimizer_of(0.1), 0.1, 0.2, scale_fn=lambda x: 0.5, scale_mode="iterations", cycle_momentum=False, mode="mine"
        ),
    ):
        refused(scheduler, r"put @annealing\.register\('mine'\) above")
    refused(
        theirs.LambdaLR(optimizer_of(0.1), an.cosine().over(9, unit="samples")),
        "counts samples, and LambdaLR asks it for updates",
    )
    refused(lambda step: 0.1, r"put @annealing\.register\('mine'\) above it and write 0\.1 \* formula")


class Mine(theirs.StepLR):
    def get_lr(self) -> list[float]:
        return [0.5 for _ in self.base_lrs]


class Own(theirs.LRScheduler):
    def get_lr(self) -> list[float]:
        return [0.5 for _ in self.base_lrs]


def test_a_class_of_your_own_is_refused() -> None:
    refused(Mine(optimizer_of(0.1), 3), "Mine is a class of its own on top of torch's StepLR.*translate a plain StepLR")
    refused(Own(optimizer_of(0.1)), "Own is a class of its own on top of torch's LRScheduler.*or write its curve|write its curve")
    optimizer = optimizer_of(0.1)
    parts = [theirs.LinearLR(optimizer), Own(optimizer)]
    refused(theirs.SequentialLR(optimizer, parts, [5]), "Own, a part of the scheduler, cannot be translated")


def test_what_is_no_scheduler_is_refused() -> None:
    optimizer = optimizer_of(0.1)
    refused(optimizer, "SGD is no scheduler that can be translated: there are torch and transformers schedulers")
    refused(theirs.StepLR, "StepLR is a class: give translate a scheduler that it made")
    refused({"scheduler": theirs.StepLR(optimizer, 3)}, "dict is no scheduler")
    refused(None, "NoneType is no scheduler")


@pytest.mark.parametrize("ours", [an.cosine(), an.cosine().over(9), an.Recipe(lr=an.cosine()), an.Recipe(lr=an.cosine()).over(9)])
def test_what_is_ours_or_text_has_nothing_to_translate(ours: Any) -> None:
    refused(ours, r"is written in our words already: there is nothing to translate")
    refused(str(ours), r"is text: annealing\.dialects\.parse reads a call")


def test_a_function_of_optax_names_the_dialect_to_call() -> None:
    optax = require("optax")
    refused(optax.cosine_decay_schedule(0.1, 100), r"write annealing\.dialects\.optax\.cosine_decay_schedule\(…\)")


def test_wrappers_say_what_is_inside() -> None:
    accelerate = require("accelerate")
    from annealing.torch import Scheduler

    optimizer = optimizer_of(0.1)
    refused(
        accelerate.scheduler.AcceleratedScheduler(theirs.StepLR(optimizer, 3), [optimizer]),
        r"translate its \.scheduler",
    )
    refused(Scheduler(optimizer_of(0.1), lr=an.cosine().over(9)), r"the plan that it follows is its \.plan")


def called(message: str) -> Any:
    """The controller whose call a refusal holds."""
    start = message.index("annealing.control.dialects.") + len("annealing.")
    return eval(message[start : message.index(")", start) + 1], {"control": control})


def test_a_scheduler_that_follows_a_metric_names_its_controller_with_its_very_arguments() -> None:
    """What is pasted from the error is the controller of the same numbers."""
    there = control.dialects
    plateau = {
        "mode": "max",
        "factor": 0.5,
        "patience": 3,
        "threshold": 0.01,
        "threshold_mode": "abs",
        "cooldown": 2,
        "min_lr": 0.01,
    }
    message = refused(theirs.ReduceLROnPlateau(optimizer_of(0.1), **plateau), "follows a metric, so it is no plan")
    assert called(message) == there.torch.ReduceLROnPlateau(0.1, **plateau)
    message = refused(theirs.ReduceLROnPlateau(optimizer_of(0.1, 0.2)), "follows a metric")
    assert "of the first group; each needs its own" in message

    greedy = {"mode": "max", "patience": 3, "smooth": True, "window_size": 9, "min_lr": 0.01, "warmup": 2, "reset_start": 70}
    message = refused(require("transformers").optimization.GreedyLR(optimizer_of(0.1), **greedy), "follows a metric")
    assert called(message) == there.transformers.GreedyLR(0.1, **greedy)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        scheduler = timm_schedulers().PlateauLRScheduler(
            optimizer_of(0.1), 0.5, 3, cooldown_t=1, warmup_t=2, lr_min=0.001, mode="min"
        )
    message = refused(scheduler, "follows a metric")
    assert called(message) == there.timm.PlateauLRScheduler(0.1, 0.5, 3, cooldown_t=1, warmup_t=2, lr_min=0.001, mode="min")

    keras = require("keras")
    message = refused(keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=4, cooldown=1), "with your own rate for lr")
    assert called(message) == there.keras.ReduceLROnPlateau(factor=0.5, patience=4, cooldown=1, lr=0.1)


@pytest.mark.filterwarnings("ignore:Detected call of")  # the inner one is stepped by the constructor of the outer one
def test_a_sequence_that_begins_with_a_sequence_is_refused_since_theirs_runs_it_wrongly() -> None:
    """R08: it takes its first milestone one update early, and fails where it would be a later child."""
    optimizer = optimizer_of(0.1)

    def parts() -> list[Any]:
        return [theirs.LinearLR(optimizer, 0.1, total_iters=4), theirs.ExponentialLR(optimizer, 0.9)]

    nested = theirs.SequentialLR(optimizer, [theirs.SequentialLR(optimizer, parts(), [4]), theirs.ConstantLR(optimizer)], [8])
    refused(nested, "one update ahead of its milestones.*write one SequentialLR of all the children")
    for _ in range(3):
        optimizer.step()
        nested.step()
    assert optimizer.param_groups[0]["lr"] == 0.1  # the end of the warm-up of four, after three

    optimizer = optimizer_of(0.1)
    later = theirs.SequentialLR(
        optimizer, [theirs.ConstantLR(optimizer, 0.5, 9), theirs.SequentialLR(optimizer, parts(), [4])], [2]
    )
    plan = an.translate(later)
    assert isinstance(plan, an.Plan)
    assert plan.values(8) == pytest.approx([0.05, 0.05, 0.01, 0.0325, 0.055, 0.0775, 0.1, 0.09])
    optimizer.step()
    later.step()
    optimizer.step()
    with pytest.raises(NotImplementedError):
        later.step()


def test_what_depends_on_every_step_of_the_others_is_refused() -> None:
    """R09: a member that overwrites the rate in the middle of a chain."""
    optimizer = optimizer_of(0.1)
    parts = [theirs.CosineAnnealingWarmRestarts(optimizer, 9), theirs.ExponentialLR(optimizer, 0.9)]
    refused(theirs.ChainedScheduler(parts, optimizer), "CosineAnnealingWarmRestarts overwrites the rate for the members after it")


def test_a_group_that_came_later_is_refused() -> None:
    """R40: theirs fails at the next step."""
    optimizer = optimizer_of(0.1)
    scheduler = theirs.StepLR(optimizer, 3)
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))]})

    refused(scheduler, "has 2 parameter groups and the scheduler knows 1")


def test_groups_are_known_by_their_names() -> None:
    optimizer = optimizer_of(0.1, 0.2)
    optimizer.param_groups[0]["name"] = "a*"
    plan = an.translate(theirs.ExponentialLR(optimizer, 0.5))

    assert (
        str(plan)
        == 'Recipe(groups={"a[*]": {"lr": 0.1 * geometric(0.5, per=1)}, "1": {"lr": 0.2 * geometric(0.5, per=1)}}).over(inf)'
    )
    optimizer.param_groups[1]["name"] = "a*"
    refused(theirs.ExponentialLR(optimizer, 0.5), "two parameter groups are named 'a\\*' and have different rates")


def test_groups_whose_runs_end_at_different_times_share_the_longest() -> None:
    plan = together([{"lr": an.linear().over(9)}, {"lr": an.cosine().over(20)}, {"lr": an.hold().over(20)}], [{}, {}, {}])

    assert isinstance(plan, an.RecipePlan)
    assert plan.total == 20
    assert plan.plans_for("0")["lr"].values(30) == pytest.approx(an.linear().over(9).values(30))
    endless = together([{"lr": an.linear().over(9)}, {"lr": an.hold().over(an.inf)}], [{}, {}])
    assert endless.total == an.inf
    assert isinstance(endless, an.RecipePlan)
    assert endless.plans_for("0")["lr"].values(30) == pytest.approx(an.linear().over(9).values(30))
    with pytest.raises(an.AnnealingError, match="goes on past its end beside a group"):
        together([{"lr": an.cosine().over(9, after="continue")}, {"lr": an.cosine().over(20)}], [{}, {}])


def test_the_arguments_that_a_dialect_refuses_are_refused_in_its_words() -> None:
    optimizer = optimizer_of(0.1)
    module = require("transformers").optimization

    refused(module.get_linear_schedule_with_warmup(optimizer, 12.5, 100), r"num_warmup_steps=12\.5 is not a number of updates")


def test_translating_loads_no_framework() -> None:
    program = "import annealing, sys; annealing.translate; print({'torch', 'keras', 'timm', 'jax'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"


def test_a_scheduler_that_has_lost_what_it_wrote_is_refused() -> None:
    """OneCycleLR keeps its bounds in the optimizer's groups, which a loaded state may have replaced."""
    optimizer = optimizer_of(0.1, momentum=0.9)
    scheduler = theirs.OneCycleLR(optimizer, 0.1, 50)
    del optimizer.param_groups[0]["max_lr"]
    refused(scheduler, r"OneCycleLR does not hold what its class wrote .*\(KeyError\('max_lr'\)\)")

    keras = require("keras")
    schedules = keras.optimizers.schedules
    refused(schedules.CosineDecay(schedules.CosineDecay(0.1, 10), 10), "CosineDecay does not hold what its class wrote")
