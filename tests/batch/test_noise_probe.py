"""The noise scale measured in a loop that accumulates: exact parts, and its growth while digits are learnt."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

from typing import Any

import pytest

import annealing as an
from annealing.batch import noise_scale, noise_scale_of
from tests.conftest import require

torch = require("torch")

from annealing.torch import NoiseProbe


def watched(model: Any, loss: Any, parts: Any, probe: NoiseProbe) -> None:
    """One update's accumulation under the probe's eyes."""
    for inputs, targets in parts:
        (loss(model(inputs), targets) / len(parts)).backward()
        probe.part(model.parameters(), samples=len(inputs), weight=1 / len(parts))
    probe.update()


def test_it_sees_the_lengths_that_separate_backward_passes_would_give() -> None:
    torch.manual_seed(1)
    model, loss, probe = torch.nn.Linear(5, 3).double(), torch.nn.MSELoss(), NoiseProbe()
    pairs: list[tuple[float, float]] = []
    for _ in range(4):
        parts = [(torch.randn(6, 5).double(), torch.randn(6, 3).double()) for _ in range(3)]
        gradients = [
            torch.cat([g.flatten() for g in torch.autograd.grad(loss(model(x), y), list(model.parameters()))]) for x, y in parts
        ]
        pairs.append(noise_scale_of(gradients, micro_batch=6))
        watched(model, loss, parts, probe)
        model.zero_grad()
    expected = noise_scale(*zip(*pairs, strict=True), small_batch=6, big_batch=18)
    found = probe.noise_scale()

    assert found.samples == pytest.approx(expected.samples, rel=1e-9)
    assert found.interval == pytest.approx(expected.interval, rel=1e-9)


def test_the_noise_scale_grows_threefold_while_digits_are_learnt() -> None:
    require("sklearn")
    from annealing.tasks import load_task
    from annealing.tasks.batches import training_batches

    task = load_task("digits")
    torch.manual_seed(0)
    model, loss = task.model(), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.04, momentum=0.9)
    batches, scales = training_batches(task, 0), list[float]()
    for train, measure in ((0, 40), (1_000, 60)):
        for _ in range(train):
            inputs, targets = next(batches)
            optimizer.zero_grad()
            loss(model(inputs), targets).backward()
            optimizer.step()
        probe = NoiseProbe()
        for _ in range(measure):
            optimizer.zero_grad()
            watched(model, loss, [next(batches) for _ in range(10)], probe)  # nothing is stepped: one place is measured
        scales.append(probe.noise_scale().samples)

    assert scales[1] >= 3 * scales[0], scales


def test_a_batch_that_grows_begins_the_measurement_anew_and_a_rest_is_left_out() -> None:
    torch.manual_seed(0)
    model, loss, probe = torch.nn.Linear(2, 1), torch.nn.MSELoss(), NoiseProbe()

    def batch(size: int) -> tuple[Any, Any]:
        return torch.randn(size, 2), torch.randn(size, 1)

    for sizes in ((4, 4), (4, 4), (4, 2)):
        watched(model, loss, [batch(size) for size in sizes], probe)
        model.zero_grad()
    assert probe.noise_scale().observations == 2
    watched(model, loss, [batch(8), batch(8)], probe)
    with pytest.raises(an.AnnealingError, match="1 updates were measured"):
        probe.noise_scale()


def test_what_shows_no_noise_is_refused() -> None:
    model, probe = torch.nn.Linear(2, 1), NoiseProbe()
    with pytest.raises(an.AnnealingError, match="after backward"):
        probe.part(model.parameters(), samples=4)
    model(torch.ones(4, 2)).mean().backward()
    probe.part(model.parameters(), samples=4)
    with pytest.raises(an.AnnealingError, match="accumulate two or more"):
        probe.update()
