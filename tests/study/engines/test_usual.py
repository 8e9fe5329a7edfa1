"""Where no engine is named, settings are stacked where that can be and pays."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

from dataclasses import replace

import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")
require("loky")
require("sqlalchemy")

from annealing.core.errors import TaskError
from annealing.study.engines.own import Own
from annealing.study.engines.usual import usual_engine
from annealing.study.tune import Asked


def lbfgs(parameters, lr):
    return torch.optim.LBFGS(parameters, lr=lr)


class Branches(torch.nn.Linear):
    """A model that looks at its data, so that it cannot be stacked."""

    def __init__(self):
        super().__init__(1, 1)

    def forward(self, inputs):
        outputs = super().forward(inputs)
        return outputs if outputs.sum() > 0 else -outputs


def test_a_small_model_is_stacked(line):
    assert usual_engine(line(), None, "cpu") == (True, ())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model": Branches}, "torch has no rule to stack it"),
        ({"optimizer": lbfgs}, "LBFGS"),
        ({"model": lambda: torch.nn.Sequential(torch.nn.Linear(1, 3000), torch.nn.Linear(3000, 1000), torch.nn.Linear(1000, 1))},
         "keeps the processor busy"),
    ],
)  # fmt: skip
def test_what_cannot_be_stacked_or_is_large_is_trained_one_at_a_time_and_it_is_said_why(changes, reason, line):
    found = usual_engine(line(**changes), None, "cpu")

    assert not found.stacks
    (note,) = found.notes
    assert note.startswith("task 'line' is trained one setting at a time: ")
    assert reason in note


def test_the_optimizer_that_is_named_decides_and_not_the_tasks_own(line):
    require("schedulefree")

    assert not usual_engine(line(), "schedulefree_sgd", "cpu").stacks
    assert usual_engine(line(optimizer=lbfgs), "sgd", "cpu").stacks


def test_a_function_is_never_stacked_and_needs_no_reason():
    assert usual_engine(Own(lambda run: None), None, "cpu") == (False, ())


def test_what_the_task_raises_is_one_line(line):
    def model():
        raise ValueError("no\nmodel")

    with pytest.raises(TaskError, match=r"task 'line' raised ValueError: no model \(test_usual.py, line \d+\)"):
        usual_engine(line(model=model), None, "cpu")


def test_who_names_an_engine_gets_it_and_a_cluster_does_as_this_machine_would(line):
    branching = line(model=Branches)

    assert Asked(branching, "lockstep", None, None, "cpu").stacks
    assert (Asked(branching, None, None, None, "cpu").name, Asked(line(), None, None, None, "cpu").name) == (
        "process",
        "lockstep",
    )
    assert not Asked(branching, "ray", None, None, "cpu").stacks
    assert Asked(line(), "ray", None, None, "cpu").stacks


@pytest.mark.slow
def test_a_task_that_cannot_be_stacked_is_tuned_with_the_worse_given_up_and_says_so(line):
    tuned = an.tune(replace(line(), model=Branches), updates=60, budget=40, seeds=2, find=False, workers=1)

    assert tuned.engine == "process"
    assert any("one setting at a time" in note for note in tuned.notes)
    assert any(one.cut for one in tuned.tried)
