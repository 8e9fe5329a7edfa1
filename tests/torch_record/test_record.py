"""The law of records: for every update, group and hyper-parameter, the number that the optimizer really used."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

import annealing as an
from annealing.control import Plateau
from annealing.records import CsvFile, Record, read_csv
from annealing.torch import Scheduler, param_groups, record, snapshot

LR = 0.5 * an.chain(an.warmup(3), an.hold(), an.cooldown("40%"))


def made(recipe: an.Recipe | None = None) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    groups: Any = param_groups(model, recipe) if recipe else model.parameters()
    return model, torch.optim.AdamW(groups, lr=0.1)


def seen(optimizer: torch.optim.Optimizer) -> list[tuple[str, str, float]]:
    """What an update is about to use, asked of the optimizer itself."""
    return [
        (group.get("name", str(row)), name, value)
        for row, group in enumerate(optimizer.param_groups)
        for name, value in (("lr", float(group["lr"])), ("betas[0]", group["betas"][0]))
    ]


def test_a_record_holds_what_the_optimizer_used() -> None:
    recipe = an.Recipe({"betas[0]": 0.95 - 0.1 * an.cosine()}, lr=LR, groups={"*.bias": {"lr": 0.5 * LR}})
    _, optimizer = made(recipe)
    records: list[Record] = []
    record(Scheduler(optimizer, recipe.over(10)), records.extend)
    used = []

    for update in range(12):
        used += [(update, *one) for one in seen(optimizer)]
        optimizer.step()

    assert sorted((r.update, r.group, r.name, r.value) for r in records) == sorted(used)
    assert {(r.update, r.phase) for r in records if r.name == "lr"} == {
        (t, "warmup(3)" if t < 3 else "hold()" if t < 6 else 'cooldown("40%")') for t in range(12)
    }


def test_a_gain_is_told_apart_from_the_plan() -> None:
    _, optimizer = made()
    scheduler = Scheduler(optimizer, lr=LR.over(10), control={"lr": Plateau(factor=0.5, patience=1)})
    records: list[Record] = []
    record(scheduler, records.extend)

    for _ in range(6):
        optimizer.step()
        scheduler.observe(1.0)

    assert [r.gain for r in records] == [1.0, 1.0, 0.5, 0.25, 0.125, 0.0625]
    assert [r.value for r in records] == [LR.over(10)(r.update) * r.gain for r in records]


def test_an_edit_is_the_reason_from_where_it_begins() -> None:
    _, optimizer = made()
    plan = LR.over(10).branch(at=4, tail=an.linear(), why="flat")
    records: list[Record] = []
    record(Scheduler(optimizer, lr=plan), records.extend)

    for _ in range(6):
        optimizer.step()

    assert [r.edit for r in records] == [""] * 4 + [str(plan.journal[0])] * 2
    assert [r.phase for r in records[3:5]] == ["hold()", "linear()"]


def test_updates_that_were_skipped_leave_no_record() -> None:
    model, _ = made()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=True)  # called by a GradScaler also where it skips
    records: list[Record] = []
    record(Scheduler(optimizer, lr=LR.over(10)), records.extend)

    for skip in (False, True, True, False):
        optimizer.found_inf = torch.tensor(float(skip))
        optimizer.step()

    assert [r.update for r in records] == [0, 1]


def test_only_some_updates_are_recorded_where_that_is_asked_for() -> None:
    _, optimizer = made()
    records: list[Record] = []
    record(Scheduler(optimizer, lr=LR.over(10)), records.extend, every=3)

    for _ in range(8):
        optimizer.step()

    assert [r.update for r in records] == [0, 3, 6]


def test_a_resumed_run_goes_on_in_the_same_file(tmp_path: Path) -> None:
    """Killed at update 7, gone on from the checkpoint of update 4: updates 4 to 6 are in the file once."""
    plan = LR.over(10)
    saved: dict[str, Any] = {}
    for stop in (7, 10):
        _, optimizer = made()
        scheduler = Scheduler(optimizer, lr=plan)
        if saved:
            scheduler.load_state_dict(saved)
        with CsvFile(tmp_path / "used.csv") as file:
            record(scheduler, file)
            while scheduler.update < stop:
                if scheduler.update == 4:
                    saved = copy.deepcopy(scheduler.state_dict())
                optimizer.step()

    assert [(r.update, r.value) for r in read_csv(tmp_path / "used.csv")] == [(t, plan(t)) for t in range(10)]


def test_removing_a_recording_ends_it() -> None:
    _, optimizer = made()
    records: list[Record] = []
    recording = record(Scheduler(optimizer, lr=LR.over(10)), records.extend)

    optimizer.step()
    recording.remove()
    recording.remove()
    optimizer.step()

    assert [r.update for r in records] == [0]


def test_a_recording_begun_in_a_snapshot_ends_with_it() -> None:
    model, optimizer = made()
    scheduler = Scheduler(optimizer, lr=LR.over(10))
    records: list[Record] = []

    with snapshot(model, optimizer):
        record(scheduler, records.extend)
        optimizer.step()
    optimizer.step()

    assert [r.update for r in records] == [0]


def test_copies_do_not_record() -> None:
    _, optimizer = made()
    records: list[Record] = []
    scheduler = Scheduler(optimizer, lr=LR.over(10))
    record(scheduler, records.extend)

    _, copied = copy.deepcopy((scheduler, optimizer))
    copied.step()

    assert records == []


@pytest.mark.parametrize(
    ("scheduler", "writers", "match"),
    [(None, (print,), "is no Scheduler"), ("ours", (3,), "is no writer"), ("ours", (), "was given no writer")],
)
def test_what_cannot_record_is_refused(scheduler: Any, writers: tuple[Any, ...], match: str) -> None:
    with pytest.raises(TypeError, match=match):
        record(Scheduler(made()[1], lr=LR.over(10)) if scheduler else scheduler, *writers)
