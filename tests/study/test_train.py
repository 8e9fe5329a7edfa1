"""Training one setting: the same bits from the same seed, the plan's rates, and divergence as a result."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import math
from dataclasses import replace

import numpy as np
import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")
from torch.utils.data import DataLoader, TensorDataset

from annealing.core.errors import TaskError
from annealing.study.train import Setting, train
from annealing.tasks.measure import check_points

X = torch.linspace(-1, 1, 24).reshape(24, 1)
Y = 3 * X + 1


def setting(schedule=None, *, updates=50, lr=0.1, seed=0):
    schedule = an.cosine() if schedule is None else schedule
    return Setting("arm", (lr * schedule).over(updates), lr, seed, "tuning")


def trained(task, which=None):
    return train(task, which or setting(), lambda updates, loss: None)


def facts(run):
    return run.loss, run.curve, run.metrics, run.diverged


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_the_same_seed_gives_the_same_bits_and_another_seed_other_ones(line, optimizer):
    def dropout():
        return torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1))

    task = line(model=dropout, optimizer=optimizer, augment=lambda x, g: x + 0.1 * torch.randn(x.shape, generator=g))
    first = trained(task)
    torch.rand(7)  # what the process drew before does not matter
    assert facts(trained(task)) == facts(first)
    assert trained(task, setting(seed=1)).loss != first.loss


def test_update_t_uses_the_value_of_the_plan_at_t(line):
    """By hand: plain gradient descent on one weight, every update with its own rate."""
    plan = (0.2 * an.chain(an.warmup(5), an.cosine())).over(20)
    task = line(model=zero, train=(X, Y), valid=(X, Y), batch_size=24)
    run = train(task, Setting("arm", plan, 0.2, 0, "tuning"), lambda updates, loss: None)
    weight = bias = 0.0
    x, y = X.numpy().astype(float), Y.numpy().astype(float)
    for t in range(20):
        residual = weight * x + bias - y
        weight, bias = weight - plan(t) * 2 * np.mean(residual * x), bias - plan(t) * 2 * np.mean(residual)
    assert run.loss == pytest.approx(np.mean((weight * x + bias - y) ** 2), rel=1e-5)
    assert run.curve.rate.tolist() == [plan(int(update) - 1) for update in run.curve.update]


def zero():
    model = torch.nn.Linear(1, 1)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    return model


def test_tensors_a_dataset_and_a_loader_with_the_same_data_train_alike(line):
    """In one batch of everything there is no order, so the numbers agree as well."""
    pairs = TensorDataset(X, Y)
    datas = [(X, Y), pairs, DataLoader(pairs, batch_size=24), lambda seed: pairs]
    losses = [trained(line(model=zero, train=data, valid=data, batch_size=24)).loss for data in datas]
    assert losses == pytest.approx([losses[0]] * 4, rel=1e-5)
    assert losses[0] < 0.5


def test_the_curve_has_some_25_points_the_last_after_the_last_update(line):
    ticks = []
    run = train(line(), setting(updates=60), lambda updates, loss: ticks.append((updates, loss)))
    assert [updates for updates, _ in ticks] == list(range(1, 61))
    assert len(run.curve.update) == 25
    assert run.curve.update[-1] == 60
    assert run.loss == run.curve.valid_loss[-1]
    begins = np.concatenate([[0], run.curve.update[:-1]])
    means = [np.mean([loss for _, loss in ticks[a:b]]) for a, b in zip(begins, run.curve.update, strict=True)]
    assert run.curve.train_loss.tolist() == means


@pytest.mark.parametrize("updates", [1, 2, 24, 25, 26, 999, 1000])
def test_points_are_distinct_and_end_with_the_run(updates):
    points = check_points(updates)
    assert len(points) == min(25, updates)
    assert max(points) == updates
    assert min(points) >= 1


def test_the_validation_loss_is_per_sample_and_with_the_model_in_evaluation_mode(line):
    modes = []

    class Noted(torch.nn.Linear):
        def forward(self, x):
            modes.append((self.training, len(x)))
            return super().forward(x)

    pairs = TensorDataset(X[:10], Y[:10])
    losses = [trained(line(model=lambda: Noted(1, 1), valid=data), setting(updates=1)).loss for data in (pairs, (X[:10], Y[:10]))]
    assert modes[:3] == [(True, 8), (False, 8), (False, 2)]  # an update, then ten samples in batches of eight
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_metrics_are_of_the_whole_validation_data_at_the_end(line):
    def worst(outputs, targets):
        return (outputs - targets).abs().max()

    def count(outputs, targets):
        return len(outputs)

    run = trained(line(valid=TensorDataset(X, Y), batch_size=5, metrics={"worst": worst, "count": count}))
    assert run.metrics["count"] == 24
    assert run.metrics["worst"] ** 2 >= run.loss


@pytest.mark.parametrize(("lr", "why"), [(1e30, "infinite"), (30.0, "10 000 times the first loss")])
def test_a_run_that_diverges_ends_there_with_an_infinite_loss(line, lr, why):
    ticks = []
    run = train(line(metrics={"zero": lambda o, t: 0.0}), setting(lr=lr, updates=500), lambda updates, loss: ticks.append(loss))
    assert run.diverged, why
    assert run.loss == math.inf
    assert math.isnan(run.metrics["zero"])
    assert len(ticks) < 100
    assert run.curve.update[-1] == len(ticks)
    assert math.isnan(run.curve.valid_loss[-1])
    assert run.curve.rate[-1] == pytest.approx(setting(lr=lr, updates=500).plan(len(ticks) - 1))


def test_a_loss_that_is_not_a_number_is_divergence_from_the_first_update_on(line):
    run = trained(line(loss=lambda output, target: (output - target).sum() * float("nan")))
    assert (run.diverged, run.loss, run.curve.update.tolist()) == (True, math.inf, [1])


def test_only_the_validation_loss_may_diverge(line):
    run = trained(line(valid=(X, Y * float("inf"))))
    assert (run.diverged, run.loss) == (True, math.inf)


@pytest.mark.parametrize(
    ("wrong", "taught"),
    [
        ({"model": lambda: 3}, r"model\(\) gave a int: it must return a torch\.nn\.Module"),
        ({"optimizer": lambda parameters, lr: None}, r"optimizer\(parameters, lr\) gave a NoneType"),
        (
            {"loss": lambda output, target: (output - target) ** 2},
            r"loss\(output, target\) gave \(8, 1\): it must return one number",
        ),
        ({"loss": lambda output, target: 0.5}, r"loss\(output, target\) gave float: it must return one number"),
        ({"valid": DataLoader(TensorDataset(X, Y), batch_size=50, drop_last=True)}, "valid is empty"),
    ],
)
def test_functions_that_give_the_wrong_thing_are_answered_with_the_right_one(line, wrong, taught):
    with pytest.raises(TaskError, match=taught):
        trained(line(**wrong))


def test_every_optimizer_of_ones_own_is_given_the_peak_and_then_follows_the_plan(line):
    given = []

    def own(parameters, lr):
        given.append(lr)
        return torch.optim.SGD(parameters, lr=lr)

    by_name, by_function = (trained(replace(line(), optimizer=optimizer)) for optimizer in ("sgd", own))
    assert given == [0.1]
    assert by_function.loss == pytest.approx(by_name.loss, rel=1e-6)
