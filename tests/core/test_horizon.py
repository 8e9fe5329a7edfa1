"""A horizon knows one run in updates, epochs, samples and tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import annealing as an
from annealing.core.errors import LengthError
from tests.conftest import require
from tests.core.refusals import refused


@pytest.mark.parametrize(
    ("given", "updates", "samples"),
    [
        ({"epochs": 1, "batch_size": 10}, 100, 1000),
        ({"epochs": 3, "batch_size": 128}, 3 * 8, 3000),  # 7 full batches and one of 104
        ({"epochs": 3, "batch_size": 128, "drop_last": True}, 3 * 7, 3 * 7 * 128),
        ({"epochs": 2.5, "batch_size": 100}, 25, 2500),
        ({"epochs": 3, "batch_size": 128, "accumulation": 3}, 3 * 3, 3000),  # 3 + 3 + 2 batches
        ({"epochs": 1, "batch_size": 10, "ranks": 4}, 25, 1000),
        ({"epochs": 2, "batch_size": 16, "ranks": 4, "accumulation": 2}, 2 * 8, 2000),  # 250 each, 16 batches
        ({"epochs": 1, "batch_size": 300, "ranks": 2, "drop_last": True}, 1, 600),
    ],
)
def test_a_run_is_counted_from_a_thousand_samples(given: dict[str, Any], updates: int, samples: int) -> None:
    for data in (1000, range(1000), np.zeros(1000)):
        horizon = an.Horizon.of(data, **given)
        assert (horizon.updates, horizon.epochs, horizon.samples) == (updates, given["epochs"], samples)


def test_tokens_are_counted_from_samples() -> None:
    horizon = an.Horizon.of(1000, epochs=2, batch_size=10, tokens_per_sample=512)

    assert horizon.tokens == 2000 * 512
    assert horizon.total("tokens") == horizon.total("tok") == 1_024_000


def test_a_loader_brings_its_own_batch_and_remainder() -> None:
    torch = require("torch")
    data = torch.utils.data.TensorDataset(torch.zeros(1000))

    keeping = torch.utils.data.DataLoader(data, batch_size=128)
    dropping = torch.utils.data.DataLoader(data, batch_size=128, drop_last=True)

    assert an.Horizon.of(keeping, epochs=3) == an.Horizon(24, epochs=3, samples=3000)
    assert an.Horizon.of(dropping, epochs=3) == an.Horizon(21, epochs=3, samples=2688)
    assert an.Horizon.of(keeping, epochs=1, ranks=3).updates == 3
    with refused(LengthError, "batch_size=64", "128", "leave it out"):
        an.Horizon.of(keeping, epochs=1, batch_size=64)


def test_a_loader_whose_sampler_splits_the_data_is_not_split_again() -> None:
    torch = require("torch")
    data = torch.utils.data.TensorDataset(torch.zeros(1000))
    share = torch.utils.data.distributed.DistributedSampler(data, num_replicas=4, rank=0)
    loader = torch.utils.data.DataLoader(data, batch_size=10, sampler=share)

    assert an.Horizon.of(loader, epochs=2, ranks=4).updates == 50


def test_a_horizon_is_a_total_that_knows_epochs_and_tokens() -> None:
    horizon = an.Horizon(1000, epochs=10, samples=64_000, tokens=2e9)
    schedule = an.chain(an.warmup("1ep"), an.hold("500e6tok"), an.hold("6400sam"), an.hold("50up"), an.jump(0.5), an.hold())

    assert schedule.over(horizon).total == 1000
    assert schedule.over(horizon).keyframes()[-2] == (100 + 250 + 100 + 50, 0.5)


@pytest.mark.parametrize(("unit", "per_update"), [("samples", 64), ("tokens", 2e6), ("epochs", 0.01)])
def test_a_plan_over_a_horizon_can_count_in_another_unit(unit: str, per_update: float) -> None:
    """The same curve, as a function of what was seen instead of how often was stepped."""
    horizon = an.Horizon(1000, epochs=10, samples=64_000, tokens=2e9)
    schedule = an.chain(an.warmup("1ep", start=0), an.hold("25%"), an.cosine())

    updates, seen = schedule.over(horizon), schedule.over(horizon, unit=unit)

    assert seen.total == pytest.approx(1000 * per_update)
    t = np.arange(0, 1001, 25)
    np.testing.assert_allclose(seen(t * per_update), updates(t), atol=1e-9)


def test_a_length_in_an_unknown_unit_says_what_is_missing() -> None:
    with refused(LengthError, '"3ep"', "needs a Horizon"):
        an.chain(an.warmup("3ep"), an.hold()).over(100)
    with refused(LengthError, '"2e9tok"', "tokens are not known", "Horizon(updates=100, tokens="):
        an.chain(an.warmup("2e9tok"), an.hold()).over(an.Horizon(100, epochs=2))
    with refused(LengthError, "tokens are not known"):
        an.hold().over(an.Horizon(100), unit="tokens")


def test_a_horizon_prints_as_it_is_read() -> None:
    horizon = an.Horizon(11_730, epochs=2.5, tokens=2_000_000_000)
    plan = an.cosine().over(horizon)

    assert str(plan) == "cosine().over(Horizon(updates=11730, epochs=2.5, tokens=2000000000))"
    assert an.parse(str(plan)) == plan


@pytest.mark.parametrize(
    ("wrong", "teaching"),
    [
        (lambda: an.Horizon(0), "above 0"),
        (lambda: an.Horizon(-5), "above 0"),
        (lambda: an.Horizon(10.5), "whole number"),  # type: ignore[arg-type]
        (lambda: an.Horizon(10, epochs=float("nan")), "above 0"),
        (lambda: an.Horizon(10).total("steps"), "updates, epochs, samples, tokens"),
        (lambda: an.Horizon.of(1000, epochs=1), "batch_size"),
        (lambda: an.Horizon.of(1000, epochs=0, batch_size=10), "epochs=0"),
        (lambda: an.Horizon.of(1000, epochs=1, batch_size=0), "batch_size=0"),
        (lambda: an.Horizon.of(1000, epochs=1, batch_size=10, accumulation=0), "accumulation=0"),
        (lambda: an.Horizon.of(10, epochs=1, batch_size=20, drop_last=True), "drop_last=False"),
    ],
)
def test_a_run_that_cannot_be_counted_is_refused(wrong: Any, teaching: str) -> None:
    with refused(LengthError, teaching):
        wrong()


def test_counts_of_numpy_are_counts() -> None:
    """A number of samples often comes out of NumPy; being told to "write a number above 0" helps nobody then."""
    assert an.Horizon(np.int64(100)) == an.Horizon(100)  # type: ignore[arg-type]
    assert an.Horizon.of(np.int64(1000), epochs=1, batch_size=10).updates == 100


@pytest.mark.parametrize("odd", [{"batch_size": 2.5}, {"ranks": 1.5}, {"accumulation": 1.5}])
def test_half_a_batch_is_refused(odd: dict[str, float]) -> None:
    """A broken batch size, number of ranks or accumulation is a mistake, not a number of updates."""
    with refused(LengthError, next(iter(odd))):
        an.Horizon.of(1000, epochs=1, **{"batch_size": 10, **odd})  # type: ignore[arg-type]


@pytest.mark.parametrize("endless", [iter([1, 2]), 1000.0])
def test_data_without_a_length_is_refused_as_ours(endless: object) -> None:
    """A stream cannot be counted: its number of updates has to be written."""
    with refused(Exception, "updates"):
        an.Horizon.of(endless, epochs=1, batch_size=2)
