"""Batches come in an order that depends on the seed alone, whatever holds the data."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

from itertools import chain, islice

import pytest

from tests.conftest import require

torch = require("torch")
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from annealing.core.errors import TaskError
from annealing.tasks.batches import generator_for, training_batches, updates_per_epoch, validation_batches

X = torch.arange(10.0).reshape(10, 1)
PAIRS = TensorDataset(X, X)


class Stream(IterableDataset):
    def __iter__(self):
        return ((x, x) for x in X)


def seen(task, seed, batches):
    return [x.flatten().tolist() for x, _ in islice(training_batches(task, seed), batches)]


@pytest.fixture(params=["tensors", "dataset", "loader", "loader with a generator"])
def task(request, line):
    data = {
        "tensors": lambda: (X, X),
        "dataset": lambda: PAIRS,
        "loader": lambda: DataLoader(PAIRS, batch_size=4, shuffle=True),
        "loader with a generator": lambda: DataLoader(PAIRS, batch_size=4, shuffle=True, generator=torch.Generator()),
    }[request.param]()
    return line(train=data, batch_size=4)


def test_an_epoch_goes_through_everything_once_in_an_order_of_its_own(task):
    torch.manual_seed(0)
    batches = seen(task, seed=0, batches=6)
    assert [len(batch) for batch in batches] == [4, 4, 2, 4, 4, 2]
    first, second = list(chain(*batches[:3])), list(chain(*batches[3:]))
    assert sorted(first) == sorted(second) == X.flatten().tolist()
    assert first != second


def test_the_same_seed_gives_the_same_batches_and_another_seed_others(task):
    def from_seed(seed):
        torch.manual_seed(seed)  # a loader without a generator draws from here, where a run has put its seed
        return seen(task, seed, 6)

    assert from_seed(3) == from_seed(3)
    assert from_seed(3) != from_seed(4)


def test_what_cannot_be_shuffled_is_read_in_its_own_order(line):
    assert list(chain(*seen(line(train=Stream(), batch_size=5), seed=1, batches=2))) == X.flatten().tolist()


def test_augmentation_draws_from_a_generator_of_the_seed(line):
    task = line(train=(X, X), augment=lambda x, generator: x + torch.rand(x.shape, generator=generator))
    assert seen(task, 1, 4) == seen(task, 1, 4)
    assert seen(task, 1, 4) != seen(task, 2, 4)


def test_streams_for_other_purposes_and_seeds_are_other_streams():
    streams = {(seed, what): generator_for(seed, what).initial_seed() for seed in range(50) for what in ("order", "augment")}
    assert len(set(streams.values())) == 100


@pytest.mark.parametrize(
    ("data", "taught"),
    [
        (DataLoader(PAIRS, batch_size=20, drop_last=True), "train gives no batches: with drop_last=True"),
        (DataLoader(TensorDataset(X), batch_size=5), r"a sample must be a pair \(input, target\)"),
    ],
)
def test_data_without_pairs_or_batches_is_an_error_that_says_so(line, data, taught):
    with pytest.raises(TaskError, match=taught):
        next(training_batches(line(train=data), seed=0))


@pytest.mark.parametrize("data", [(X, X), PAIRS, DataLoader(PAIRS, batch_size=3)])
def test_validation_goes_through_everything_in_a_fixed_order(data):
    batches = validation_batches(data, 4)
    for _ in range(2):
        assert torch.equal(torch.cat([x for x, _ in batches]), X)


@pytest.mark.parametrize(
    ("data", "counted"),
    [((X, X), (3, 10)), (PAIRS, (3, 10)), (DataLoader(PAIRS, batch_size=3, drop_last=True), (3, 10)), (Stream(), None)],
)
def test_an_epoch_is_counted_where_the_data_has_a_length(line, data, counted):
    assert updates_per_epoch(line(train=data, batch_size=4)) == counted
