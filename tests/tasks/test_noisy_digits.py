"""The built-in task: real digits, and noise that never repeats."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

from tests.conftest import require

torch = require("torch")
require("sklearn")

from annealing.tasks import digits
from annealing.tasks.noisy_digits import NOISE


def rows(inputs):
    return {tuple(row.tolist()) for row in inputs}


def test_every_seed_trains_on_1000_digits_and_validates_four_times_on_the_797_others():
    task = digits()
    inputs, targets = task.data("train", seed=0)
    held_out, held_out_targets = task.data("valid", seed=0)
    assert inputs.shape == (1000, 64)
    assert held_out.shape == (4 * 797, 64)
    assert targets.bincount().min() > 80
    assert torch.equal(held_out_targets[:797], held_out_targets[797 : 2 * 797])
    noise = held_out[:797] - held_out[797 : 2 * 797]  # of the same digits, so this is the difference of two draws
    assert abs(noise.std() / (NOISE * 2**0.5) - 1) < 0.01


def test_no_digit_is_both_trained_on_and_held_out(monkeypatch):
    monkeypatch.setattr("annealing.tasks.noisy_digits.NOISE", 0.0)
    task = digits()
    for seed in (0, 7):
        trained, held_out = task.data("train", seed)[0], task.data("valid", seed)[0]
        assert not rows(trained) & rows(held_out)
        assert len(rows(torch.cat([trained, held_out]))) == 1797


def test_pixels_go_from_0_to_1_around_the_mean_of_the_training_split():
    inputs = digits().data("train", seed=3)[0]
    assert abs(inputs.mean()) < 1e-6
    assert abs(inputs.max() - inputs.min() - 1) < 1e-6


def test_the_same_seed_gives_the_same_data_and_another_seed_another_split():
    first, again, other = (digits().data("valid", seed) for seed in (1, 1, 2))
    assert torch.equal(first[0], again[0])
    assert not torch.equal(first[1], other[1])


def test_the_noise_of_training_is_fresh_at_every_batch():
    task = digits()
    assert task.augment is not None
    generator = torch.Generator().manual_seed(0)
    clean = torch.zeros(2000, 64)
    first, second = task.augment(clean, generator), task.augment(clean, generator)
    assert not torch.equal(first, second)
    assert abs(first.std() - NOISE) < 0.005


def test_the_network_is_64_64_64_10_and_new_at_every_call():
    model, other = digits().model(), digits().model()
    assert [tuple(p.shape) for p in model.parameters()] == [(64, 64), (64,), (64, 64), (64,), (10, 64), (10,)]
    assert not torch.equal(model[0].weight, other[0].weight)
