"""A task is checked when it is written down, with errors that say what to write instead."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

from dataclasses import replace
from functools import partial

import pytest

from tests.conftest import require

torch = require("torch")
from torch.utils.data import DataLoader, TensorDataset

from annealing.core.errors import TaskError
from annealing.tasks import Task

X = torch.linspace(-1, 1, 12).reshape(12, 1)


def line(**changes):
    arguments = {
        "model": partial(torch.nn.Linear, 1, 1),
        "loss": torch.nn.functional.mse_loss,
        "train": (X, 2 * X),
        "valid": (X, 2 * X),
    }
    return Task(**{**arguments, **changes})


@pytest.mark.parametrize(
    ("wrong", "taught"),
    [
        ({"model": torch.nn.Linear(1, 1)}, "write model=lambda"),
        ({"model": "mlp"}, "model is a str: write a function"),
        ({"loss": torch.nn.MSELoss}, "write loss=MSELoss()"),
        ({"loss": 0.1}, "write a function of (output, target)"),
        ({"train": X}, "train is a Tensor: write (inputs, targets)"),
        ({"train": (X.numpy(), X)}, "train holds a ndarray where a tensor belongs: write torch.as_tensor"),
        ({"valid": (X, X[:5])}, "valid has inputs (12, 1) and targets (5, 1): their first dimensions must agree"),
        ({"train": (X[:0], X[:0])}, "train is empty"),
        ({"batch_size": 0}, "batch_size=0 is not a number of samples"),
        ({"batch_size": 2.5}, "batch_size=2.5 is not a number of samples"),
        ({"batch_size": True}, "batch_size=True is not a number of samples"),
        ({"optimizer": "adamm"}, "sgd, momentum, nesterov, adam, adamw"),
        ({"optimizer": torch.optim.SGD([X.clone().requires_grad_()], lr=1)}, "a function of (parameters, lr)"),
        ({"optimizer": 3}, "optimizer is an int: write a function of (parameters, lr)"),
        ({"metrics": [abs]}, "write metrics={"),
        ({"metrics": {"accuracy": 1.0}}, "metrics['accuracy'] is a float"),
        ({"name": " "}, "is not a name"),
        ({"augment": 0.35}, "augment is a float: write a function of (inputs, generator)"),
    ],
)
def test_what_could_not_be_trained_is_refused_at_once(wrong, taught):
    with pytest.raises(TaskError) as refused:
        line(**wrong)
    assert taught in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "data", [(X, 2 * X), [X, 2 * X], TensorDataset(X, 2 * X), DataLoader(TensorDataset(X, 2 * X), batch_size=4)]
)
def test_tensors_datasets_and_loaders_are_data(data):
    assert line(train=data).data("train", seed=3) is data
    assert line(valid=lambda seed: data).data("valid", seed=3) is data


def test_data_made_from_the_seed_is_asked_for_with_that_seed_and_checked():
    task = line(train=lambda seed: (X + seed, X))
    assert torch.equal(task.data("train", seed=5)[0], X + 5)
    with pytest.raises(TaskError, match=r"train\(1\) is a NoneType: write \(inputs, targets\)"):
        line(train=lambda seed: None).data("train", seed=1)


def test_a_task_is_changed_by_making_another():
    task = line()
    other = replace(task, optimizer="sgd", batch_size=3)
    assert (task.optimizer, other.optimizer, other.batch_size) == ("adamw", "sgd", 3)
    assert other.named_optimizer is not None
    assert other.named_optimizer.name == "sgd"
    with pytest.raises(TaskError):
        replace(task, optimizer="sdg")


def test_an_optimizer_of_ones_own_has_no_usual_rate_but_a_name():
    def lion(parameters, lr):
        return torch.optim.SGD(parameters, lr=lr)

    task = line(optimizer=lion)
    assert (task.named_optimizer, task.optimizer_name) == (None, "lion")
