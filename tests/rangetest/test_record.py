"""Sweeps and scans in one's own loop: what they record, and that nobody can tell afterwards that they were made."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import mse_loss
from torch.utils.data import DataLoader, TensorDataset

from annealing.core.errors import ArgumentError, KindError
from annealing.rangetest import around, decide, ramp, record, scan, suggest

X = torch.linspace(-1, 1, 64).reshape(64, 1)


def made(optimizer: Any = torch.optim.SGD, **options: Any) -> tuple[nn.Module, DataLoader[Any], torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Dropout(0.1), nn.Linear(4, 1))
    loader = DataLoader(TensorDataset(X, 3 * X), batch_size=16, shuffle=True, generator=torch.Generator().manual_seed(1))
    return model, loader, optimizer(model.parameters(), **({"lr": 0.1} | options))


def trained_on(model: nn.Module, loader: DataLoader[Any], optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    """What an epoch of ordinary training makes of it."""
    for x, y in loader:
        optimizer.zero_grad()
        mse_loss(model(x), y).backward()
        optimizer.step()
    return [value.clone() for value in model.state_dict().values()]


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.AdamW])
def test_r42_nothing_is_left_and_training_goes_on_as_if_nothing_had_happened(optimizer: Any) -> None:
    expected = trained_on(*made(optimizer))
    things = model, loader, own = made(optimizer)
    keys = set(own.param_groups[0])

    record(model, mse_loss, loader, own, updates=20)
    scan(model, mse_loss, loader, own, loader, rates=[0.01, 0.1, 1.0], updates=3)

    assert set(own.param_groups[0]) == keys
    assert "initial_lr" not in own.param_groups[0]
    assert own.param_groups[0]["lr"] == 0.1
    assert len(own.state) == 0
    assert all(torch.equal(a, b) for a, b in zip(trained_on(*things), expected, strict=True))


def test_everything_is_restored_after_an_exception_too() -> None:
    expected = trained_on(*made())
    things = model, loader, own = made()
    calls = 0

    def breaks(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls > 5:
            raise RuntimeError("of the user")
        return mse_loss(output, target)

    with pytest.raises(RuntimeError, match="of the user"):
        record(model, breaks, loader, own)

    assert all(torch.equal(a, b) for a, b in zip(trained_on(*things), expected, strict=True))


def test_the_losses_are_those_of_a_loop_by_hand() -> None:
    model, loader, optimizer = made(torch.optim.AdamW)
    sweep = record(model, mse_loss, loader, optimizer, start=1e-3, end=0.1, updates=6)

    by_hand: list[float] = []
    batches = [batch for _ in range(2) for batch in loader]
    for rate, (x, y) in zip(ramp(1e-3, 0.1, 6).values(), batches, strict=False):
        optimizer.param_groups[0]["lr"] = float(rate)
        optimizer.zero_grad()
        loss = mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        by_hand.append(loss.item())

    assert sweep.loss.tolist() == by_hand
    np.testing.assert_array_equal(sweep.rate, ramp(1e-3, 0.1, 6).values())


def test_batches_of_one_update_are_one_loss_and_one_rate() -> None:
    model, batches = nn.Linear(1, 1), [(X[i : i + 8], 3 * X[i : i + 8]) for i in range(0, 64, 8)]
    pairs = [(torch.cat([a, b]), torch.cat([c, d])) for (a, c), (b, d) in zip(batches[::2], batches[1::2], strict=True)]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    options = {"start": 1e-3, "end": 0.5, "updates": 10}

    apart = record(model, mse_loss, batches, optimizer, accumulate=2, **options)  # pyright: ignore[reportArgumentType]
    together = record(model, mse_loss, pairs, optimizer, **options)  # pyright: ignore[reportArgumentType]

    np.testing.assert_allclose(apart.loss, together.loss, rtol=1e-5)


def test_groups_keep_their_ratio_and_tensor_rates_their_tensor() -> None:
    model = nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 1))
    own = torch.tensor(0.2)
    optimizer = torch.optim.SGD([{"params": model[0].parameters(), "lr": 0.02}, {"params": model[1].parameters(), "lr": own}])
    seen: list[tuple[float, float]] = []

    def noted(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        seen.append((float(optimizer.param_groups[0]["lr"]), float(optimizer.param_groups[1]["lr"])))
        return mse_loss(output, target)

    record(model, noted, [(X, 3 * X)], optimizer, start=1e-4, end=1e-2, updates=3)

    assert [large for _, large in seen] == pytest.approx([1e-4, 1e-3, 1e-2], rel=1e-6)
    assert [small / large for small, large in seen] == pytest.approx([0.1] * 3, rel=1e-6)
    assert optimizer.param_groups[1]["lr"] is own
    assert float(own) == pytest.approx(0.2)


def test_a_sweep_ends_where_it_diverges_and_rules_read_it() -> None:
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    sweep = record(model, mse_loss, [(X, 3 * X + torch.sin(40 * X))], optimizer, start=1e-3, end=1e6, updates=200)

    assert len(sweep.loss) < 200
    assert not sweep.loss[-1] < 1e4 * sweep.loss[0]
    rate = suggest(sweep, "minimum").rate
    assert rate is not None
    assert 1e-3 < rate < 2


def test_a_scan_starts_every_rate_from_the_same_weights_on_the_same_batches() -> None:
    model, loader, optimizer = made()
    seen: list[list[torch.Tensor]] = []

    def noted(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if output.requires_grad:
            seen[-1].append(target)
        elif not seen or seen[-1]:
            seen.append([])
        return mse_loss(output, target)

    valid = [(X, 3 * X)]
    found = scan(model, noted, loader, optimizer, valid, rates=[1e-9, 0.01, 0.1, 1e9], updates=6)

    runs = [run for run in seen if run]
    assert len(runs) == 4
    assert all(torch.equal(a, b) for run in runs[1:3] for a, b in zip(run, runs[0], strict=True))
    assert math.isinf(found.loss[-1])
    assert found.edge_of_divergence == 1e9
    answer = decide(found, around(0.1), [0.5, 0.42, 0.4, 0.43, 0.6])
    assert answer.rate == pytest.approx(0.1, rel=0.15)


def once() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    yield X, 3 * X


def test_what_cannot_be_swept_is_refused() -> None:
    model, loader, optimizer = made()
    with pytest.raises(ArgumentError, match="can be read only once"):
        record(model, mse_loss, once(), optimizer)
    with pytest.raises(ArgumentError, match="loader gives no batch"):
        record(model, mse_loss, [], optimizer)
    with pytest.raises(ArgumentError, match="a sweep rises"):
        record(model, mse_loss, loader, optimizer, start=1.0, end=0.1)
    with pytest.raises(KindError, match="is not an optimizer"):
        record(model, mse_loss, loader, torch.optim.SGD)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ArgumentError, match="rates=-1"):
        scan(model, mse_loss, loader, optimizer, loader, rates=[-1.0, 0.1, 1.0])
