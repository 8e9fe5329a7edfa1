"""Every sample belongs to exactly one update of its epoch, however the batch changes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.batch import update_sizes
from annealing.core.errors import ArgumentError, KindError
from annealing.core.length import LengthLike


@given(st.integers(1, 400), st.integers(1, 3), st.integers(1, 5), st.lists(st.integers(1, 90), min_size=1, max_size=4))
def test_updates_end_where_epochs_end_and_leave_no_rank_without_a_sample(
    epoch: int, epochs: int, ranks: int, batches: list[int]
) -> None:
    ranks = min(ranks, epoch)
    total = epoch * epochs
    marks: dict[LengthLike, float] = {i * total // len(batches): float(size) for i, size in enumerate(batches)}
    if len(marks) < len(batches):
        marks = {0: float(batches[0])}

    sizes = update_sizes(an.stairs(marks).over(total, unit="samples"), epoch, ranks=ranks)

    ends = np.cumsum(sizes)
    assert ends[-1] == total
    assert set(range(epoch, total + 1, epoch)) <= set(ends.tolist())
    assert sizes.min() >= ranks
    assert all(later - before < 2 * (max(batches) + ranks) for before, later in pairwise([0, *ends.tolist()]))


def test_a_stream_is_cut_only_at_its_end() -> None:
    assert update_sizes((4 * an.hold()).over(10, unit="samples")).tolist() == [4, 4, 2]


def test_a_batch_below_one_sample_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"rounded\(1, minimum=1\)"):
        update_sizes((0.5 * an.hold()).over(10, unit="samples"))


def test_fewer_samples_than_ranks_are_refused() -> None:
    with pytest.raises(ArgumentError, match="3 samples cannot give each of 4 ranks one"):
        update_sizes((1 * an.hold()).over(9, unit="samples"), 3, ranks=4)


@pytest.mark.parametrize("plan", [an.hold().over(10), an.hold().over(an.inf, unit="samples")])
def test_a_plan_of_no_known_number_of_samples_is_refused(plan: an.Plan) -> None:
    with pytest.raises(KindError, match="unit='samples'"):
        update_sizes(plan)
