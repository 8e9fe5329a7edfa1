"""Claims: whole brackets, one owner at a time, alive as long as their process."""

# ruff: noqa: E402 - what needs SQLAlchemy is imported once it is known to be there

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tests.conftest import require

require("sqlalchemy")

from annealing.core.errors import ArgumentError
from annealing.study.store import Counts, Ended, Point, open_store
from annealing.study.store.owner import Owner, is_dead, this_process

SOON = 0.3  # seconds

CLAIM_AND_DIE = """
import os, sys
from annealing.study.store import Point, open_store
record = open_store(sys.argv[1]).begin("mine", {})
claimed = record.claim(1)
record.add_points({one: [Point(1, 0.5, 0.5, 0.1)] for one in claimed})
print(len(claimed))
sys.stdout.flush()
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def record(address: str):
    with open_store(address) as store:
        yield store.begin("mine", {})


@pytest.fixture
def other(address: str, record):
    """The same study, as another worker sees it."""
    with open_store(address) as store:
        yield store.begin("mine", {})


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch):
    """Let claims seem to be made on another machine, so that only their leases tell whether anybody is there."""
    monkeypatch.setattr("annealing.study.store.claims.this_process", lambda: Owner("elsewhere", "1 then"))


def end(curve, loss: float = 0.25) -> Ended:
    return Ended(curve(), loss)


@pytest.mark.parametrize(("count", "claimed"), [(1, [0, 1, 2]), (3, [0, 1, 2]), (4, [0, 1, 2, 3, 4, 5]), (100, list(range(6)))])
def test_brackets_are_claimed_whole(record, rounds, count: int, claimed: list[int]) -> None:
    record.add_round(0, rounds(2, 3))

    assert [one.place for one in record.claim(count)] == claimed


@pytest.mark.parametrize(("count", "claimed"), [(1, 1), (4, 4), (100, 6)])
def test_runs_without_a_bracket_are_claimed_by_number(record, rounds, count: int, claimed: int) -> None:
    record.add_round(0, rounds(0, 6))

    assert [one.place for one in record.claim(count)] == list(range(claimed))
    assert record.counts() == Counts(6 - claimed, claimed, 0)


def test_earlier_rounds_are_claimed_first_and_what_is_claimed_is_not_claimed_again(record, other, rounds) -> None:
    record.add_round(0, rounds(0, 1))
    record.add_round(1, rounds(2, 2))

    first, second, third = record.claim(1), other.claim(2), record.claim(9)

    assert [(one.round, one.place) for one in (*first, *second, *third)] == [(0, 0), (1, 0), (1, 1), (1, 2), (1, 3)]
    assert other.claim(1) == ()


def test_brackets_of_other_rounds_are_other_brackets(record, rounds) -> None:
    record.add_round(0, rounds(1, 2))
    record.add_round(1, rounds(1, 2))

    assert {one.round for one in record.claim(1)} == {0}


def test_the_bracket_of_a_dead_process_is_claimed_at_once(address: str, record, rounds) -> None:
    record.add_round(0, rounds(2, 3))

    dead = subprocess.run([sys.executable, "-c", CLAIM_AND_DIE, address], capture_output=True, text=True, check=False)

    assert (dead.returncode, dead.stdout.strip()) == (-9, "3"), dead.stderr
    assert [run.state for run in record.runs()] == ["claimed"] * 3 + ["waiting"] * 3
    assert record.counts() == Counts(6, 0, 0)  # whoever looks whether there is anything to do is not misled
    assert [one.place for one in record.claim(3)] == [0, 1, 2]
    assert record.curve(record.runs()[0]).update.tolist() == [1]  # what it reported is kept


def test_a_claim_from_elsewhere_lasts_for_its_lease_and_no_longer(record, other, rounds, elsewhere) -> None:
    record.add_round(0, rounds(1, 2))
    mine = record.claim(1, lease=SOON)

    assert other.claim(1) == ()
    time.sleep(SOON * 1.2)
    theirs = other.claim(1)

    assert [one.id for one in theirs] == [one.id for one in mine]
    assert theirs[0].claim != mine[0].claim


def test_signs_of_life_prolong_a_claim(record, other, rounds, elsewhere, curve) -> None:
    record.add_round(0, rounds(1, 2))
    mine = record.claim(1, lease=SOON)

    until = time.monotonic() + 3 * SOON
    while time.monotonic() < until:
        assert record.beat(mine) == ()
        assert other.claim(1) == ()
        time.sleep(SOON / 20)
    assert record.add_points({mine[0]: [Point(1, 0.5, 0.5, 0.1)]}) == ()
    assert record.finish({one: end(curve) for one in mine}) == ()


def test_who_lost_a_claim_is_told_and_writes_nothing(record, other, rounds, elsewhere, curve) -> None:
    record.add_round(0, rounds(1, 2))
    mine = record.claim(1, lease=SOON)
    time.sleep(SOON * 1.2)
    theirs = other.claim(1)
    other.add_points({theirs[0]: [Point(1, 0.5, 0.5, 0.1)]})

    assert record.beat(mine) == mine
    assert record.add_points({mine[0]: [Point(1, 9.0, 9.0, 9.0), Point(2, 9.0, 9.0, 9.0)]}) == mine[:1]
    assert record.finish({one: end(curve, 9.0) for one in mine}) == mine

    assert record.curve(mine[0]).train_loss.tolist() == [0.5]
    assert other.finish({one: end(curve) for one in theirs}) == ()
    assert [run.loss for run in record.runs()] == [0.25, 0.25]


def test_a_run_that_is_done_stays_as_it_is(record, rounds, curve) -> None:
    record.add_round(0, rounds(0, 2))
    first, second = record.claim(2, worker="me")

    record.finish({first: end(curve)})
    before = record.runs()[0]
    record.finish({first: end(curve, 9.0), second: end(curve)})

    assert record.runs()[0] == before
    assert (before.state, before.worker, before.loss, before.updates) == ("done", "me", 0.25, 50)
    assert record.counts() == Counts(0, 0, 2)
    assert record.claim(1) == ()


def test_a_bracket_whose_worker_died_in_the_middle_comes_back_whole(record, other, rounds, elsewhere, curve) -> None:
    record.add_round(0, rounds(1, 3))
    mine = record.claim(1, lease=SOON)
    record.finish({mine[1]: end(curve)})
    time.sleep(SOON * 1.2)

    theirs = other.claim(1)

    assert [(one.place, one.done) for one in theirs] == [(0, False), (1, True), (2, False)]
    other.finish({one: end(curve, 0.75) for one in theirs})
    assert [run.loss for run in record.runs()] == [0.75, 0.25, 0.75]


def test_the_curve_of_a_run_that_was_trained_twice_is_of_one_piece(record, other, rounds, elsewhere, curve) -> None:
    record.add_round(0, rounds(0, 1))
    [mine] = record.claim(1, lease=SOON)
    record.add_points({mine: [Point(1, 9.0, 9.0, 9.0), Point(999, 9.0, 9.0, 9.0)]})
    time.sleep(SOON * 1.2)
    [theirs] = other.claim(1)

    other.finish({theirs: end(curve)})

    assert other.curve(theirs) == curve()


def test_claims_are_given_up_at_the_end_of_the_block(address: str, rounds) -> None:
    with open_store(address) as store:
        record = store.begin("mine", {})
        record.add_round(0, rounds(0, 3))
        first, _ = record.claim(1), record.claim(1)
        record.release(first)
        assert record.counts() == Counts(2, 1, 0)

    with open_store(address) as store:
        assert store.study("mine").counts() == Counts(3, 0, 0)


def test_what_went_wrong_first_is_what_is_told(tmp_path, rounds) -> None:
    def interrupted() -> None:
        with open_store(tmp_path / "studies.db") as store:
            record = store.begin("mine", {})
            record.add_round(0, rounds(0, 1))
            record.claim(1)
            with store._database.write() as connection:  # so that the claim cannot be given up
                connection.exec_driver_sql("ALTER TABLE annealing_claim RENAME TO gone")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


@pytest.mark.parametrize(("count", "lease"), [(0, 60.0), (-1, 60.0), (True, 60.0), (1, 0.0), (1, -1.0), (1, float("nan"))])
def test_numbers_that_claim_nothing_are_refused(record, count: int, lease: float) -> None:
    with pytest.raises(ArgumentError):
        record.claim(count, lease=lease)


@pytest.mark.skipif(os.name != "posix", reason="nobody can tell")
def test_a_process_is_dead_when_it_was_killed_though_its_parent_has_not_looked() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        stat = this_process().process.partition(" ")[2]
        assert stat
        from annealing.study.store.owner import _started

        owner = Owner(this_process().host, f"{child.pid} {_started(child.pid)}")
        assert not is_dead(owner)
        child.kill()
        deadline = time.monotonic() + 10
        while not is_dead(owner) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert is_dead(owner)  # a zombie
        child.wait()
        assert is_dead(owner)


def test_a_number_that_was_used_again_is_another_process() -> None:
    mine = this_process()

    assert not is_dead(mine)
    assert is_dead(Owner(mine.host, f"{os.getpid()} 1"))
    assert not is_dead(Owner("another machine", f"{os.getpid()} 1"))
