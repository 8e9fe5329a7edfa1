"""What is stored comes back as it was, to the last bit, from either database."""

# ruff: noqa: E402 - what needs SQLAlchemy is imported once it is known to be there

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import require

require("sqlalchemy")

from annealing.core.errors import KindError
from annealing.study.result import Curve
from annealing.study.store import Ended, NewRun, Point, open_store
from annealing.study.store.plain import numbers_from_json, numbers_to_json

ODD = tuple(
    struct.unpack(">d", bytes.fromhex(bits))[0]
    for bits in (
        "7ff8000000000000",  # NaN
        "fff8000000000000",  # the NaN that a processor makes of ∞ − ∞
        "7ff8000000000123",  # one that carries something
        "7ff0000000000000",  # ∞
        "fff0000000000000",
        "8000000000000000",  # −0.0
        "0000000000000001",  # the smallest number
        "7fefffffffffffff",  # the largest
        "3fb999999999999a",  # 0.1
        "4008000000000000",  # 3.0
    )
)


def bits(number: float) -> str:
    return struct.pack(">d", number).hex()


def test_every_float_comes_back_with_its_bits(address: str, curve) -> None:
    odd = curve(len(ODD), odd=ODD)
    with open_store(address) as store:
        record = store.begin("odd", {})
        record.add_round(0, [NewRun({"lr": 0.1}, seed=0, role="tuning") for _ in ODD])
        claimed = record.claim(len(ODD))
        metrics = {str(place): number for place, number in enumerate(ODD)}

        record.finish({one: Ended(odd, number, metrics) for one, number in zip(claimed, ODD, strict=True)})

        runs = record.runs()
        assert [bits(run.loss) for run in runs] == [bits(number) for number in ODD]
        assert [bits(number) for number in runs[0].metrics.values()] == [bits(number) for number in ODD]
        assert record.curve(runs[3]) == odd
        assert record.curves() == {run.id: odd for run in runs}


def test_points_are_the_curve_that_they_were_taken_from(address: str, curve) -> None:
    whole = curve(7, odd=ODD[:3])
    columns = (column.tolist() for column in (whole.update, whole.train_loss, whole.valid_loss, whole.rate))
    points = [Point(*numbers) for numbers in zip(*columns, strict=True)]
    with open_store(address) as store:
        record = store.begin("points", {})
        record.add_round(0, [NewRun({}, seed=0, role="tuning"), NewRun({}, seed=1, role="tuning")])
        first, second = record.claim(2)

        record.add_points({first: points[:4], second: []})
        record.add_points({first: points[3:], second: points[:1]})  # one of them twice

        assert record.curve(first) == whole
        assert len(record.curve(second).update) == 1


def test_a_run_that_nothing_was_reported_of_has_an_empty_curve(address: str) -> None:
    with open_store(address) as store:
        record = store.begin("empty", {})
        record.add_round(0, [NewRun({}, seed=0, role="tuning")])
        nothing = np.array([], dtype=np.float64)

        assert record.curve(record.runs()[0]) == Curve(nothing.astype(np.int64), nothing, nothing, nothing)
        assert record.curves() == {}


def test_a_candidate_comes_back_as_plain_data(address: str) -> None:
    candidate = {"lr": 0.1 + 0.2, "schedule": "warmup(10%) – ½", "batch_size": 64, "betas": [0.9, 0.95], "clip": None}
    with open_store(address) as store:
        record = store.begin("plain", {"candidates": [candidate]})
        record.add_round(0, [NewRun(candidate, seed=2**40, role="evaluation", bracket=7)])

        [run] = record.runs()
        assert run.candidate == candidate
        assert list(run.candidate) == list(candidate)
        assert (run.seed, run.role, run.bracket, run.state, run.loss) == (2**40, "evaluation", 7, "waiting", None)


@pytest.mark.parametrize("value", [math.nan, object(), {1, 2}])
def test_what_is_no_plain_data_is_refused(tmp_path, value: object) -> None:
    with open_store(tmp_path / "studies.db") as store:
        with pytest.raises(KindError, match="definition is not plain data"):
            store.begin("mine", {"x": value})
        with pytest.raises(KindError, match="candidate is not plain data"):
            store.begin("mine", {}).add_round(0, [NewRun({"x": value}, seed=0, role="tuning")])


@given(st.dictionaries(st.text(), st.floats(allow_nan=True, allow_infinity=True), max_size=5))
def test_numbers_by_name_survive_json(numbers: dict[str, float]) -> None:
    back = numbers_from_json(numbers_to_json(numbers))

    assert {name: bits(number) for name, number in back.items()} == {name: bits(number) for name, number in numbers.items()}
