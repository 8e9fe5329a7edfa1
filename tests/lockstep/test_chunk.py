"""A stack holds what is fastest: larger ones are tried as long as they gain, smaller ones where none did."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

from types import SimpleNamespace

import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")

from annealing.lockstep import Member
from annealing.lockstep import chunk as chunks

SMALL, TINY = torch.nn.Linear(64, 64), torch.nn.Linear(4, 4)


@pytest.fixture
def chosen(monkeypatch):
    """The chosen size and those that were tried, where `best` members are fastest together and others slower by distance."""

    def choose(model, best, count, updates=100_000):
        tried = []

        def pace(plan, members, *rest):
            size = len(members)
            tried.append(size)
            return 1e-3 * max(size / best, best / size)

        monkeypatch.setattr(chunks, "pace", pace)
        members = [Member((0.1 * an.cosine()).over(updates))] * count
        size, spent = chunks.chunk_size(SimpleNamespace(device="cpu", model=model), members, None, measure=True)
        assert spent == 1e-3 * max(size / best, best / size)
        return size, tried

    return choose


@pytest.mark.parametrize(
    ("model", "best", "count", "size", "tried"),
    [
        (SMALL, 16, 1000, 16, [16, 32, 8]),
        (SMALL, 128, 1000, 128, [16, 32, 64, 128]),
        (SMALL, 4096, 1000, 128, [16, 32, 64, 128]),
        (SMALL, 64, 50, 50, [16, 32, 50]),
        (SMALL, 4, 1000, 4, [16, 32, 8, 4]),
        (SMALL, 1, 3, 3, [3]),
        (TINY, 64, 1000, 64, [64, 128, 32]),
        (TINY, 16, 1000, 16, [64, 128, 32, 16, 8]),
    ],
)
def test_sizes_are_tried_from_the_usual_one(chosen, model, best, count, size, tried):
    assert chosen(model, best, count) == (size, tried)


def test_nothing_is_tried_for_a_short_job(chosen):
    assert chosen(SMALL, 64, 100, updates=10) == (16, [16])
