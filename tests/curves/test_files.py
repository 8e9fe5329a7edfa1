"""Logs of every kind give the same curve, and what they do not say is asked for."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

import annealing as an
from annealing.core.errors import ArgumentError
from annealing.curves import Curve, read, read_csv, read_json_lines, read_tensorboard, read_trainer_state, write
from tests.conftest import require

CURVE = Curve([0, 1, 2], [4.0, math.nan, 3.123456789012345], [0.1, 0.2, 1 / 3], "run")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_what_is_written_reads_back_to_the_same_bits(tmp_path: Path, suffix: str) -> None:
    write(CURVE, tmp_path / f"run{suffix}")

    assert read(tmp_path / f"run{suffix}") == CURVE


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_curve_without_a_rate_stays_without(tmp_path: Path, suffix: str) -> None:
    curve = Curve([0, 10], [4.0, 3.0], name="run")
    write(curve, tmp_path / f"run{suffix}")

    assert read(tmp_path / f"run{suffix}") == curve


def test_rates_between_logged_updates_are_on_straight_lines(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text("step,lr,loss\n0,0,5\n10,0.1,4\n30,0.3,3\n")

    assert read_csv(path).rates == pytest.approx(np.arange(31) / 100)


def test_a_log_that_begins_late_has_to_say_the_rate_before(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text("step,lr,loss\n100,0.2,4\n110,0.2,3.9\n120,0.2,3.8\n")

    with pytest.raises(ArgumentError, match="before='linear'"):
        read_csv(path)
    assert read_csv(path, before="linear").rates[[0, 50, 100, 120]] == pytest.approx([0, 0.1, 0.2, 0.2])
    assert read_csv(path, before="hold").rates[[0, 120]] == pytest.approx([0.2, 0.2])
    plan = "0.2 * chain(warmup(100), hold())"
    assert read_csv(path, rate=plan).rates == pytest.approx((0.2 * an.chain(an.warmup(100), an.hold())).over(121).values())
    assert read_csv(path, rate=f"({plan}).over(500)").total == 500
    with pytest.raises(ArgumentError, match="leave one of them out"):
        read_csv(path, rate=plan, before="hold")
    with pytest.raises(ArgumentError, match="write one of 'hold', 'linear'"):
        read_csv(path, before="zero")


def test_points_of_a_restart_are_sorted_and_averaged(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    rows = [(0, 5.0), (10, 4.0), (20, 3.0), (10, 4.2), (20, 3.2), (30, 2.5)]
    path.write_text("".join(json.dumps({"step": step, "loss": loss, "lr": 0.1}) + "\n" for step, loss in rows))
    curve = read_json_lines(path)

    assert curve.updates.tolist() == [0, 10, 20, 30]
    assert curve.losses == pytest.approx([5.0, 4.1, 3.1, 2.5])


def test_lines_without_the_loss_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text("step,lr,loss,val\n0,0.1,5,\n1,0.1,,4.5\n2,0.1,4,4.4\n")

    assert read_csv(path).updates.tolist() == [0, 2]
    assert read_csv(path, loss="val").losses.tolist() == [4.5, 4.4]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("run.csv", "a,b\n1,2\n", "its columns are a, b"),
        ("run.csv", "", "its columns are none"),
        ("run.csv", "step,loss\n0,many\n", "'many' in column loss"),
        ("run.jsonl", "{\n", "line 1 of .* is not JSON"),
        ("run.jsonl", "3\n", "is not an object"),
        ("run.txt", "", "no log that can be read"),
        ("trainer_state.json", "{}", "no log_history"),
        ("trainer_state.json", '{"log_history": [{"step": 1, "eval_loss": 2.0}]}', "logs no loss, only eval_loss, step"),
    ],
)
def test_a_file_that_holds_no_curve_is_refused(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(ArgumentError, match=words):
        read(tmp_path / name)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="there is no file"):
        read(tmp_path / "run.csv")
    with pytest.raises(ArgumentError, match=r"neither \.csv nor \.jsonl"):
        write(CURVE, tmp_path / "run.txt")


def test_the_trainers_steps_are_updates_that_are_done(tmp_path: Path) -> None:
    history = [
        {"step": 1, "loss": 5.0, "learning_rate": 0.1},
        {"step": 2, "loss": 4.0, "learning_rate": 0.2},
        {"step": 2, "eval_loss": 4.5},
    ]
    (tmp_path / "trainer_state.json").write_text(json.dumps({"log_history": history}))

    assert read(tmp_path) == Curve([0, 1], [5.0, 4.0], [0.1, 0.2], "trainer_state")
    assert read_trainer_state(tmp_path, loss="eval_loss").updates.tolist() == [1]


def test_event_files_give_the_curve_that_was_logged(tmp_path: Path) -> None:
    require("tensorboard")
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    folder = tmp_path / "first"
    writer = EventFileWriter(str(folder))
    for step in range(0, 50, 10):
        values = [Summary.Value(tag="train/loss", simple_value=5 - step / 100), Summary.Value(tag="lr", simple_value=0.25)]
        writer.add_event(Event(step=step, wall_time=0.0, summary=Summary(value=values)))
    writer.close()
    curve = read(folder, loss="train/loss")

    assert curve.name == "first"
    assert curve.updates.tolist() == [0, 10, 20, 30, 40]
    assert curve.losses == pytest.approx(5 - curve.updates / 100)
    assert curve.rates == pytest.approx([0.25] * 41)
    with pytest.raises(ArgumentError, match="only lr, train/loss"):
        read_tensorboard(folder)


def test_without_tensorboard_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "tensorboard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)

    with pytest.raises(ModuleNotFoundError, match="pip install tensorboard"):
        read_tensorboard(tmp_path)
