"""Records in TensorBoard, read back from its own files."""

from __future__ import annotations

from pathlib import Path

import pytest

import annealing as an
from annealing.records import TensorBoard, record_of
from tests.conftest import require

require("torch")
require("tensorboard")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402
from torch.utils.tensorboard import SummaryWriter  # noqa: E402

PLAN = (0.5 * an.chain(an.warmup(3), an.linear())).over(8)


def curve(folder: Path, tag: str) -> list[tuple[int, float]]:
    events = EventAccumulator(str(folder))
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars(tag)]


def texts(folder: Path, tag: str) -> list[tuple[int, str]]:
    events = EventAccumulator(str(folder))
    events.Reload()
    return [(e.step, e.tensor_proto.string_val[0].decode()) for e in events.Tensors(f"{tag}/text_summary")]


def test_a_curve_for_every_group_and_a_text_for_every_phase(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path)
    for update in range(8):
        board([record_of(PLAN, update, group="head"), record_of(PLAN, update, group="body", gain=0.5 if update > 4 else 1.0)])
    board.close()

    assert curve(tmp_path, "lr/head") == [(t, pytest.approx(PLAN(t))) for t in range(8)]
    assert curve(tmp_path, "lr gain/body") == [(t, 0.5) for t in (5, 6, 7)]
    assert texts(tmp_path, "lr phase/head") == [(0, "warmup(3)"), (3, "linear()")]


def test_a_run_that_resumes_hides_the_updates_that_it_makes_again(tmp_path: Path) -> None:
    for updates in (range(6), range(4, 8)):
        board = TensorBoard(tmp_path)
        for update in updates:
            board([record_of(PLAN, update)])
        board.close()

    assert [step for step, _ in curve(tmp_path, "lr/*")] == list(range(8))


def test_a_writer_of_ones_own_is_written_to(tmp_path: Path) -> None:
    with SummaryWriter(str(tmp_path)) as writer:
        TensorBoard(writer)([record_of(PLAN, 3, group="head")])

    assert curve(tmp_path, "lr/head") == [(3, 0.5)]


def test_what_is_no_writer_is_refused() -> None:
    with pytest.raises(TypeError, match="is no SummaryWriter"):
        TensorBoard(3)
