"""A device that is not there is refused before anything is trained."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")

from annealing.core.errors import ArgumentError
from annealing.lockstep import Member, train
from tests.lockstep.problems import problem


def test_devices_that_are_not_there_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    members = [Member((0.1 * an.cosine()).over(3))]
    with pytest.raises(ArgumentError, match=r'device=\'cuda\': torch sees no CUDA device here: write "cpu"\.'):
        train(problem(), members, device="cuda")
    with pytest.raises(ArgumentError, match=r'device=\'meta\' is not known: write "cpu" or "cuda"\.'):
        train(problem(), members, device="meta")


def test_a_processor_has_many_names():
    members = [Member((0.1 * an.cosine()).over(3))] * 2
    one, other = (train(problem(), members, device=name, compile="never").outcomes[0].loss for name in ("cpu", "cpu:0"))
    assert one == other
