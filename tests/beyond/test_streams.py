"""Run lengths and tokens: what is spent, what is counted, and in which order."""

from collections import Counter
from itertools import islice, repeat

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.beyond import ModifiedLam, anneal_restarts, parallel_run_lengths, passes_tokens, row_tokens, run_lengths, tokens


@given(st.integers(1, 100), st.integers(1, 12))
def test_the_longest_finished_run_had_a_quarter_of_the_time_or_more(first, runs) -> None:
    lengths = list(islice(run_lengths(first), runs + 1))

    assert max(lengths[:runs]) >= (sum(lengths) - 1) / 4


@given(st.integers(1, 9))
def test_workers_together_run_every_length(workers) -> None:
    distinct = min(4, workers)
    ran = Counter(length for w in range(distinct) for length in islice(parallel_run_lengths(w, workers, first=1), 3))

    assert sorted(ran) == [2**i for i in range(3 * distinct)]
    assert set(ran.values()) == {1}


@given(st.integers(1, 500), st.sampled_from([lambda: run_lengths(7), lambda: repeat(30), lambda: [400, 100]]))
def test_a_budget_is_spent_to_the_last_update(budget, lengths) -> None:
    calls = []

    def propose(x, rng):
        calls.append(1)
        return x

    found = anneal_restarts(
        lambda x: x, propose, lambda rng: rng.random(2), temperature=an.linear(), lengths=lengths(), budget=budget
    )

    assert len(calls) == sum(found.lengths) == budget
    assert (np.diff(found.so_far, axis=0) <= 0).all()


def test_every_run_has_its_schedule_and_its_controller_over_its_own_length() -> None:
    asked = []

    def control(length):
        asked.append(length)
        return ModifiedLam(updates=length)

    found = anneal_restarts(
        lambda x: x,
        lambda x, rng: rng.random(len(x)),
        lambda rng: rng.random(3),
        temperature=an.hold(),
        lengths=run_lengths(10),
        budget=65,
        control=control,
    )

    assert asked == [10, 20, 35] == list(found.lengths)


def counts(stream):
    return np.cumsum([{"ADD": 1, "REMOVE": -1}[token] for token in stream])


@given(st.integers(1, 40), st.integers(1, 5))
def test_passes_fill_the_model_with_the_additions_that_they_promise(rows, passes) -> None:
    stream = list(passes_tokens(rows, passes))
    held = counts(stream)

    assert held[-1] == rows
    assert held.min() >= 0
    assert (held[:-1] < rows).all()
    assert passes * (rows - 1) < stream.count("ADD") <= passes * rows


@given(st.integers(2, 30), st.integers(1, 4))
def test_a_straight_plan_grows_as_the_passes_do(rows, passes) -> None:
    stream = list(passes_tokens(rows, passes))
    planned = counts(tokens(an.linear(to=1, start=0).over((2 * passes - 1) * rows), rows))[: len(stream)]

    assert np.abs(planned - counts(stream)).max() <= 2


@given(st.integers(2, 40), st.integers(1, 6), st.sampled_from([an.linear(to=1, start=0), an.cosine(to=1, start=0)]))
def test_the_model_holds_what_the_plan_says_to_one_row(rows, effort, shape) -> None:
    plan = shape.over(2 * effort * rows)
    held = counts(tokens(plan, rows))
    planned = plan(np.arange(1, len(held) + 1)) * rows

    assert len(held) == plan.total
    assert np.abs(held - planned).max() <= 1.5
    assert held.min() >= 0
    assert held.max() <= rows


def test_a_full_model_goes_on_with_gibbs_sweeps() -> None:
    stream = list(tokens(an.chain(an.linear(5, to=1, start=0), an.hold(10)).over(), rows=5))

    assert "".join(token[0] for token in stream) == "A" * 5 + "RA" * 5


@given(st.integers(1, 20), st.integers(1, 4), st.integers(0, 5))
def test_rows_leave_in_the_order_in_which_they_came(rows, passes, seed) -> None:
    inside = []
    for token, row in row_tokens(passes_tokens(rows, passes), rows, seed):
        if token.startswith("A"):
            assert row not in inside
            inside.append(row)
        else:
            assert row == inside.pop(0)

    assert sorted(inside) == list(range(rows))


def test_a_stream_is_refused_where_it_is_made_not_where_it_is_read() -> None:
    with pytest.raises(ValueError, match="end at 1"):
        tokens((2 * an.linear(to=1, start=0)).over(8, endpoint=True), rows=2)
