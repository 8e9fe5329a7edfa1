"""The law of a file of records: every update stands in it once, in order, whatever crashed and whatever was made again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import annealing as an
from annealing.records import CsvFile, JsonLinesFile, Record, read_csv, read_json_lines, record_of

KINDS = [(CsvFile, read_csv), (JsonLinesFile, read_json_lines)]
kinds = pytest.mark.parametrize(("kind", "read"), KINDS, ids=["csv", "json lines"])
PLAN = (0.1 * an.chain(an.warmup(3), an.cosine())).over(40)


def records(update: int, value: float | None = None) -> list[Record]:
    groups = ("body", 'a "head", with\ncommas')
    return [record_of(PLAN, update, group=group, name=name, value=value) for group in groups for name in ("lr", "betas[0]")]


def told(these: list[Record]) -> list[Record]:
    return [record._replace(group=record.group.replace("\n", " ")) for record in these]


@kinds
def test_what_was_written_is_read_to_the_bit(kind, read, tmp_path: Path) -> None:
    with kind(tmp_path / "used") as file:
        for update in range(20):
            file(records(update, 0.1 / 3 ** (update + 1)))

    found = read(tmp_path / "used")
    expected = [record for update in range(20) for record in records(update, 0.1 / 3 ** (update + 1))]
    assert found == (told(expected) if kind is CsvFile else expected)


@kinds
@given(resumed=st.lists(st.integers(0, 12), max_size=4), torn=st.booleans())
@settings(max_examples=30)
def test_every_update_stands_once_and_as_it_was_made_last(kind, read, resumed: list[int], torn: bool, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("records") / "used"
    last: dict[int, float] = {}
    for run, begin in enumerate([0, *resumed]):
        begin = min(begin, len(last))  # noqa: PLW2901 - a checkpoint cannot be ahead of the run
        with kind(path) as file:
            for update in range(begin, begin + 5):
                file(records(update, value := run + update / 8))
                last = {t: v for t, v in last.items() if t < update} | {update: value}
        if torn:  # a machine that went down in the middle of a line
            path.write_bytes(path.read_bytes() + b'{"update": 99, "gro')

    with kind(path):
        pass
    assert [(record.update, record.value) for record in read(path)] == [(t, v) for t, v in sorted(last.items()) for _ in range(4)]


@kinds
def test_two_schedulers_may_share_a_file(kind, read, tmp_path: Path) -> None:
    """Each tells of its own hyper-parameter of the same update: neither is taken for a repetition of the other."""
    with kind(tmp_path / "used") as file:
        for update in range(3):
            file([record_of(PLAN, update, name="lr")])
            file([record_of(PLAN, update, name="momentum")])

    with kind(tmp_path / "used") as file:  # resumed after update 2 was written and before its checkpoint
        file([record_of(PLAN, 2, name="lr")])
        file([record_of(PLAN, 2, name="momentum")])

    assert [(record.update, record.name) for record in read(tmp_path / "used")] == [
        (update, name) for update in range(3) for name in ("lr", "momentum")
    ]


CRASH = """
import os, sys
from annealing.records import CsvFile, Record
file = CsvFile(sys.argv[1])
for update in range(50):
    file([Record(update, "0", "lr", update / 3, "hold()")])
os._exit(1)
"""


def test_a_process_that_dies_has_lost_no_line(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", CRASH, str(tmp_path / "used.csv")], check=False)

    assert [record.value for record in read_csv(tmp_path / "used.csv")] == [update / 3 for update in range(50)]


@kinds
@pytest.mark.parametrize("content", ["loss,step\n1,2\n", "half a line"])
def test_a_file_of_something_else_is_refused_and_left_alone(kind, read, content: str, tmp_path: Path) -> None:
    path = tmp_path / "used"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(ValueError, match=r"holds no records|holds a line that is no record") as caught:
        kind(path)

    assert isinstance(caught.value, an.AnnealingError)
    assert path.read_text(encoding="utf-8") == content


def test_a_file_of_something_else_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "used").write_text("loss\n1\n", encoding="utf-8")

    with pytest.raises(ValueError, match="holds no records"):
        read_csv(tmp_path / "used")
    with pytest.raises(ValueError, match="no record: 'loss'"):
        read_json_lines(tmp_path / "used")
