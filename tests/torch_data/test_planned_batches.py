"""Batches that follow a plan: nothing dropped, nothing repeated, wherever training stops and however many share it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, TensorDataset

import annealing as an
from annealing.batch import trade
from annealing.core.errors import ArgumentError, KindError, PlanMismatchError
from annealing.torch import PlannedBatches


@st.composite
def runs(draw: st.DrawFn) -> tuple[int, an.Plan]:
    epoch, epochs = draw(st.integers(4, 120)), draw(st.integers(1, 3))
    early, late = draw(st.integers(1, 50)), draw(st.integers(1, 50))
    mark = draw(st.integers(1, 99))
    return epoch, an.stairs({0: float(early), f"{mark}%": float(late)}).over(epoch * epochs, unit="samples")


def train(sampler: PlannedBatches) -> Iterator[list[int]]:
    """Every batch until the end of the run, counted as a training loop would."""
    while sampler.seen < sampler.total:
        for indices, size in zip(list(sampler), list(sampler.sizes()), strict=True):
            yield indices
            sampler.trained(size)


@given(runs(), st.integers(0, 5))
def test_every_sample_is_seen_exactly_once_per_epoch(run: tuple[int, an.Plan], seed: int) -> None:
    epoch, plan = run
    seen = [index for batch in train(PlannedBatches(epoch, plan, seed=seed)) for index in batch]

    assert len(seen) == plan.total
    for begin in range(0, len(seen), epoch):
        assert sorted(seen[begin : begin + epoch]) == list(range(epoch))


@given(runs(), st.integers(2, 4))
def test_ranks_together_see_what_one_would(run: tuple[int, an.Plan], ranks: int) -> None:
    epoch, plan = run
    shares = [list(train(PlannedBatches(epoch, plan, rank=rank, ranks=ranks))) for rank in range(ranks)]

    assert len({len(share) for share in shares}) == 1
    together = [sorted(index for part in parts for index in part) for parts in zip(*shares, strict=True)]
    order = [index for batch in together for index in batch]
    for begin in range(0, len(order), epoch):
        assert sorted(order[begin : begin + epoch]) == list(range(epoch))
    assert all(parts for share in shares for parts in share)


def test_two_ranks_make_the_batches_of_one_where_no_rest_is_too_small() -> None:
    plan = an.stairs({0: 4, 8: 8}).over(48, unit="samples")

    one = list(train(PlannedBatches(24, plan)))
    halves = [list(train(PlannedBatches(24, plan, rank=rank, ranks=2))) for rank in (0, 1)]

    assert [sorted(a + b) for a, b in zip(*halves, strict=True)] == [sorted(batch) for batch in one]


@given(runs(), st.data())
def test_resuming_anywhere_equals_never_stopping(run: tuple[int, an.Plan], data: st.DataObject) -> None:
    epoch, plan = run
    whole = list(train(PlannedBatches(epoch, plan, seed=3)))
    stop = data.draw(st.integers(0, len(whole)))

    stopped = PlannedBatches(epoch, plan, seed=3)
    before = [batch for batch, _ in zip(train(stopped), range(stop), strict=False)]
    stopped.seen = sum(map(len, before))  # a generator left in the middle has not counted its last batch
    fresh = PlannedBatches(epoch, plan, seed=3)
    fresh.load_state_dict(json.loads(json.dumps(stopped.state_dict())))

    assert before + list(train(fresh)) == whole


def test_a_loader_with_workers_gives_the_same_batches_and_runs_ahead_of_nothing() -> None:
    plan = an.stairs({0: 4, 24: 8}).over(48, unit="samples")
    data = TensorDataset(torch.arange(24))

    def batches(**workers: Any) -> list[list[int]]:
        sampler, seen = PlannedBatches(data, plan, seed=1), list[list[int]]()
        loader = DataLoader(data, batch_sampler=sampler, **workers)
        while sampler.seen < sampler.total:
            for (indices,) in loader:
                seen.append(indices.tolist())
                sampler.trained(len(indices))
        return seen

    alone = batches()
    # Spawned, since JAX may be loaded here, which does not survive a fork.
    assert batches(num_workers=2, persistent_workers=True, multiprocessing_context="spawn") == alone
    assert [len(batch) for batch in alone] == [4] * 6 + [8] * 3


def test_the_length_is_what_is_left_of_the_epoch() -> None:
    sampler = PlannedBatches(10, (4 * an.hold()).over(20, unit="samples"))
    assert len(sampler) == 3
    sampler.trained(4)
    assert len(sampler) == len(list(sampler)) == 2


def test_the_sizes_are_the_ones_that_the_trade_counted() -> None:
    pair = trade((0.1 * an.stairs({"50%": 0.2})).over(an.Horizon(updates=500, epochs=4, samples=4_000), unit="samples"), batch=8)
    batches = list(train(PlannedBatches(1_000, pair.batch)))

    assert [len(batch) for batch in batches] == pair.sizes.tolist()


@pytest.mark.parametrize("change", [{"seed": 4}, {"data": 12}, {"batch": (5 * an.hold()).over(20, unit="samples")}])
def test_a_run_that_would_drop_or_repeat_samples_is_refused(change: dict[str, object]) -> None:
    made: dict[str, object] = {"data": 10, "batch": (4 * an.hold()).over(20, unit="samples"), "seed": 3}
    saved = PlannedBatches(**made).state_dict()  # pyright: ignore[reportArgumentType]

    with pytest.raises(PlanMismatchError, match="dropped or repeated"):
        PlannedBatches(**{**made, **change}).load_state_dict(saved)  # pyright: ignore[reportArgumentType]


def test_what_cannot_be_is_refused() -> None:
    plan = (4 * an.hold()).over(20, unit="samples")
    with pytest.raises(ArgumentError, match="counted from 0"):
        PlannedBatches(10, plan, rank=2, ranks=2)
    with pytest.raises(KindError, match="not the state"):
        PlannedBatches(10, plan).load_state_dict({"epoch": 3})
    with pytest.raises(ArgumentError, match="past the end"):
        PlannedBatches(10, plan).trained(21)


@settings(max_examples=20)
@given(st.integers(1, 30), st.integers(1, 12))
def test_a_batch_in_parts_has_the_gradient_of_the_whole(size: int, largest: int) -> None:
    from annealing.torch import in_parts

    torch.manual_seed(size)
    inputs, targets = torch.randn(size, 3, dtype=torch.float64), torch.randn(size, 1, dtype=torch.float64)
    model = torch.nn.Linear(3, 1).double()

    def gradient(parts: list[tuple[float, torch.Tensor, torch.Tensor]]) -> torch.Tensor:
        model.zero_grad()
        for weight, x, y in parts:
            (weight * torch.nn.functional.mse_loss(model(x), y)).backward()
        assert model.weight.grad is not None
        return model.weight.grad.clone()

    pieces = list(in_parts({"x": inputs, "y": targets}, largest))

    assert [piece.last for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert max(len(piece.batch["x"]) for piece in pieces) <= largest
    whole = gradient([(1.0, inputs, targets)])
    torch.testing.assert_close(gradient([(p.weight, p.batch["x"], p.batch["y"]) for p in pieces]), whole, rtol=1e-10, atol=1e-12)


def test_a_batch_of_unequal_tensors_cannot_be_cut() -> None:
    from annealing.torch import in_parts

    with pytest.raises(KindError, match="lengths 2, 3"):
        list(in_parts((torch.zeros(2), torch.zeros(3)), 1))


@given(runs(), st.integers(2, 20), st.integers(1, 4))
def test_the_parts_of_all_ranks_are_one_batch_and_their_weights_its_mean(
    run: tuple[int, an.Plan], largest: int, ranks: int
) -> None:
    epoch, plan = run
    of_ranks = [
        PlannedBatches(epoch, plan, rank=rank, ranks=ranks).whole_run(lambda: 0, largest=largest) for rank in range(ranks)
    ]
    streams = [iter(share) for share in of_ranks]
    for update, size in enumerate(of_ranks[0].sizes):
        weights = [share.weights(update) for share in of_ranks]
        assert len({len(own) for own in weights}) == 1  # they call the trainer as often as each other
        parts = [[next(stream) for _ in own] for stream, own in zip(streams, weights, strict=True)]
        held = [[len(part) / size * ranks for part in own] for own in parts]

        assert all(1 <= len(part) <= largest for own in parts for part in own)
        assert sum(len(part) for own in parts for part in own) == size
        assert held == [pytest.approx(own) for own in weights]
    assert [next(stream, None) for stream in streams] == [None] * ranks


def test_parts_of_one_sample_are_refused_where_a_rank_would_have_none() -> None:
    with pytest.raises(ArgumentError, match="largest=2 or more"):
        PlannedBatches(9, (3 * an.hold()).over(9, unit="samples"), ranks=2).whole_run(lambda: 0, largest=1)


def test_a_named_tuple_and_a_mapping_of_another_kind_are_cut_as_well() -> None:
    from collections import UserDict
    from typing import NamedTuple

    from annealing.torch import in_parts

    class Pair(NamedTuple):
        x: torch.Tensor
        y: torch.Tensor

    first = next(in_parts(UserDict({"pair": Pair(torch.zeros(3), torch.ones(3)), "name": "a"}), 2)).batch

    assert first["name"] == "a"
    assert [first["pair"].x.tolist(), first["pair"].y.tolist()] == [[0, 0], [1, 1]]
