"""Processes that share a study, and processes that are killed: the end is the same as with one that nobody disturbed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import require

require("sqlalchemy")
WORK = Path(__file__).parent / "work.py"
TIMES = 20

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="kill -9 and fork")]


@pytest.fixture(scope="module")
def work():
    spec = importlib.util.spec_from_file_location("annealing_test_work", WORK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def undisturbed(work, tmp_path_factory):
    """What one process finds that nobody disturbs."""
    from annealing.study.store import open_store

    address = str(tmp_path_factory.mktemp("alone") / "studies.db")
    assert work.work(address, "alone", 0.0) == work.ROUNDS * work.BRACKETS * work.SIZE
    with open_store(address) as store:
        return work.table(store.study(work.NAME))


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, str(WORK), *arguments], stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return out


def shared(address: str, processes: int, work) -> list[int]:
    """How many runs each of so many processes trained of one study, begun at the same time in a store that is not there yet."""
    return [int(said(one)) for one in [start("work", address, f"w{i}", "0.01") for i in range(processes)]]


@pytest.mark.parametrize(("database", "processes"), [("sqlite", 2), ("postgresql", 4)])
def test_processes_share_a_study_and_train_every_run_once(
    database: str, processes: int, work, undisturbed, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    from annealing.study.store import open_store

    address = str(tmp_path / "studies.db") if database == "sqlite" else request.getfixturevalue("postgresql")

    trained = shared(address, processes, work)

    assert sum(trained) == work.ROUNDS * work.BRACKETS * work.SIZE
    assert sorted(trained)[-2] > 0, "one process did it all"
    with open_store(address) as store:
        record = store.study(work.NAME)
        assert work.table(record) == undisturbed
        for bracket in {(run.round, run.bracket) for run in record.runs()}:
            assert len({run.worker for run in record.runs() if (run.round, run.bracket) == bracket}) == 1


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_study_whose_process_is_killed_again_and_again_ends_as_if_nothing_had_been(
    database: str, work, undisturbed, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    from annealing.study.store import open_store

    address = str(tmp_path / "studies.db") if database == "sqlite" else request.getfixturevalue("postgresql")
    with open_store(address):
        pass

    lines = [line.split() for line in said(start("kill", address, "1", str(TIMES))).splitlines()]
    work.work(address, "survivor", 0.0)  # at once: it does not wait for the leases of the dead

    killed = [line for line in lines if line[0] == "True"]
    done = [int(line[3]) for line in lines]
    assert len(killed) == TIMES
    assert any(int(line[2]) for line in killed), "no process was killed in the middle of a run"
    assert done == sorted(done)
    with open_store(address) as store:
        assert work.table(store.study(work.NAME)) == undisturbed
