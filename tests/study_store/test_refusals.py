"""What a store refuses, and how it says so: in one line that says what to do, with no password in it."""

# ruff: noqa: E402 - what needs SQLAlchemy is imported once it is known to be there

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.conftest import require

sqlalchemy = require("sqlalchemy")

from annealing.core.errors import KindError, StoreError
from annealing.study.store import Counts, Ended, open_store
from annealing.study.store.address import read_address

FILL = """
import resource, signal, sys
import numpy as np
from annealing.core.errors import StoreError
from annealing.study.result import Curve
from annealing.study.store import Ended, NewRun, open_store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
curve = Curve(np.arange(1000), *(np.arange(1000.0),) * 3)
try:
    with open_store(sys.argv[1]) as store:
        record = store.begin("mine", {})
        record.add_round(0, [NewRun({}, seed=seed, role="tuning") for seed in range(100)])
        while claimed := record.claim(1):
            record.finish({one: Ended(curve, 0.5) for one in claimed})
except StoreError as error:
    print(error)
"""

PROTECT = """
import os, pathlib, sys
from annealing.core.errors import StoreError
from annealing.study.store import open_store
folder = pathlib.Path(sys.argv[1])
with open_store(folder / "studies.db") as store:
    store.begin("mine", {})
(folder / "studies.db").chmod(0o444)
folder.chmod(0o555)
if os.getuid() == 0:  # who may write anything
    os.setuid(65534)
try:
    with open_store(folder / "studies.db") as store:
        store.begin("another", {})
except StoreError as error:
    print(error)
"""


def refused(where: object, **options: object) -> str:
    with pytest.raises(StoreError) as refusal, open_store(where, **options):
        pass
    said = str(refusal.value)
    assert "\n" not in said
    assert said.endswith(".")
    return said


def test_a_file_that_is_something_else_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("I am no database, whatever my length. " * 100)
    before = file.read_bytes()

    assert refused(file) == f"store {file}: it is not a store: choose another file, or move it away."
    assert file.read_bytes() == before


def test_a_database_of_something_else_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "photos.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE photos (id INTEGER)")
    connection.close()
    before = file.read_bytes()

    assert "it is a database of something else (its first table is photos): choose another file" in refused(file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_a_store_may_share_a_server_with_other_tables(postgresql: str) -> None:
    engine = sqlalchemy.create_engine(sqlalchemy.make_url(postgresql).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        for table in ("study", "studies", "alembic_version"):
            connection.exec_driver_sql(f"CREATE TABLE {table} (version_num TEXT)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('theirs')")
    engine.dispose()

    with open_store(postgresql) as store:
        store.begin("mine", {})
    with open_store(postgresql) as store:
        assert [line.name for line in store.studies()] == ["mine"]


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"store {tmp_path}: it is a folder: write a file in it, such as {tmp_path / 'studies.db'}."


def test_the_folder_of_a_new_store_is_made(tmp_path: Path) -> None:
    with open_store(tmp_path / "new" / "folder" / "studies.db"):
        pass

    assert (tmp_path / "new" / "folder" / "studies.db").is_file()


def test_a_file_where_a_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert "it cannot be opened or made (File exists): choose another file" in refused(tmp_path / "file" / "studies.db")


def test_a_store_that_is_only_read_is_not_made(tmp_path: Path, postgresql: str) -> None:
    assert "there is no such file: anneal tune makes one" in refused(tmp_path / "studies.db", create=False)
    assert list(tmp_path.iterdir()) == []
    assert "there is no study in it yet" in refused(postgresql, create=False)


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    file = tmp_path / "studies.db"
    file.touch()

    with open_store(file) as store:
        assert store.studies() == ()


@pytest.mark.parametrize("where", ["mysql://me:secret@host/db", "oracle://host", "http://host/db"])
def test_another_database_is_refused(where: str) -> None:
    said = refused(where)

    assert "is neither SQLite nor PostgreSQL: write a file such as studies.db, or postgresql://user@host/database" in said
    assert "secret" not in said


@pytest.mark.parametrize("where", ["", ":memory:", "sqlite://", "sqlite:///:memory:"])
def test_a_store_in_memory_is_refused(where: str) -> None:
    assert "would be gone with its process" in refused(where)


@pytest.mark.parametrize("where", [None, 3, ["studies.db"]])
def test_what_is_no_place_is_refused(where: object) -> None:
    with pytest.raises(KindError, match="is no place: write a file"):
        open_store(where)


@pytest.mark.parametrize(
    ("where", "file"), [("a.db", "a.db"), ("sqlite:///a/b.db", "a/b.db"), ("sqlite:////a/b.db", "/a/b.db"), (Path("x"), "x")]
)
def test_a_file_may_be_written_as_a_path_or_a_url(where: str | Path, file: str) -> None:
    assert read_address(where).file == Path(file)


@pytest.mark.parametrize(
    "where",
    [
        "postgresql://me:secret@127.0.0.1:1/db",
        "postgres://me:secret@127.0.0.1:1/db",
        "postgresql+psycopg://me:secret@127.0.0.1:1/db",
        "postgresql://me@127.0.0.1:1/db?password=secret",
        "postgresql://me:secret@no-such-host.invalid/db",
        "postgresql://me:secret@127.0.0.1:port/db",
        "postgresql://me:sec@ret@secret:secret:1/db/secret",
    ],
)
def test_a_server_that_cannot_be_reached_is_refused_without_the_password(where: str) -> None:
    require("psycopg")
    with pytest.raises(StoreError) as refusal:
        open_store(where, patience=2)

    said, error = "", refusal.value
    while error is not None:  # nor does what led to it
        said, error = f"{said} {error!r}", error.__cause__
    assert "secret" not in said
    assert "\n" not in str(refusal.value)
    assert any(what in said for what in ("there is no connection: see whether the server runs", "cannot be read as a URL"))


def test_a_database_that_is_not_on_the_server_is_refused(postgresql: str) -> None:
    where = sqlalchemy.make_url(postgresql).set(database="nowhere").render_as_string(hide_password=False)

    assert "nowhere" in refused(where)
    assert "there is no such database: create it first, with createdb" in refused(where)


def test_a_user_who_is_not_on_the_server_is_refused(postgresql: str) -> None:
    said = refused(postgresql.replace("postgres:@", "nobody:secret@"))

    assert "the server lets nobody in with this name and password" in said
    assert "secret" not in said


def test_a_server_that_may_only_be_read_is_refused(postgresql: str) -> None:
    with open_store(postgresql) as store:
        store.begin("mine", {})
    reading = sqlalchemy.make_url(postgresql).update_query_dict({"options": "-c default_transaction_read_only=on"})

    with open_store(postgresql) as store:
        assert store.studies()
    with (
        open_store(reading.render_as_string(hide_password=False)) as store,
        pytest.raises(StoreError, match="read-only: connect to"),
    ):
        store.begin("another", {})


def test_a_store_that_stays_locked_is_refused(address: str) -> None:
    with open_store(address) as holder, open_store(address, patience=0.2) as store:
        with holder._database.write() as connection:
            holder_of = connection.execute(sqlalchemy.text("DELETE FROM annealing_point"))
            assert holder_of.rowcount == 0
            if connection.dialect.name == "postgresql":
                connection.execute(sqlalchemy.text("LOCK TABLE annealing_study"))
            with pytest.raises(StoreError, match="another process has kept it locked for too long: wait until that one is done"):
                store.begin("mine", {})
        assert store.begin("mine", {}).counts() == Counts(0, 0, 0)


def test_readers_of_a_file_do_not_wait_for_the_writer(tmp_path: Path) -> None:
    with open_store(tmp_path / "studies.db") as writer, open_store(tmp_path / "studies.db", patience=0.2) as reader:
        writer.begin("mine", {})
        with writer._database.write() as connection:
            connection.execute(sqlalchemy.text("DELETE FROM annealing_study"))
            assert [line.name for line in reader.studies()] == ["mine"]


def test_a_full_database_is_refused_and_goes_on_when_there_is_room(tmp_path: Path, rounds, curve) -> None:
    with open_store(tmp_path / "studies.db") as store:
        record = store.begin("mine", {})
        record.add_round(0, rounds(0, 2))
        first, second = record.claim(2)
        record.finish({first: Ended(curve(), 0.5)})
        sqlalchemy.event.listen(store._database.engine, "begin", full)

        with pytest.raises(StoreError, match=r"the disk is full: free some space and run the same command again"):
            record.finish({second: Ended(curve(5_000), 0.5)})

        sqlalchemy.event.remove(store._database.engine, "begin", full)
        with store._database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 4294967294")
        assert (record.counts(), record.curve(first), len(record.curve(second).update)) == (Counts(0, 1, 1), curve(), 0)
        assert record.finish({second: Ended(curve(5_000), 0.5)}) == ()
        assert record.curve(second) == curve(5_000)


def full(connection) -> None:
    """SQLite's own way to say that no page is left."""
    connection.exec_driver_sql("PRAGMA max_page_count = 1")


@pytest.mark.skipif(os.name != "posix", reason="limits of POSIX")
def test_a_disk_that_takes_no_more_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "studies.db"

    process = subprocess.run([sys.executable, "-c", FILL, str(file)], capture_output=True, text=True, check=False)

    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith(f"store {file}: the disk")
    assert "free some space and run the same command again" in process.stdout
    assert process.stderr == ""
    with open_store(file) as store:
        record = store.study("mine")
        waiting, claimed, done = record.counts()
        assert waiting + claimed + done == 100
        assert 0 < done < 100
        assert {len(curve.update) for curve in record.curves().values()} == {1000}
        assert len(record.curves()) == done
        assert len(record.claim(100)) == 100 - done


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_a_file_that_may_not_be_written_is_refused() -> None:
    with TemporaryDirectory() as folder:  # others may not look into pytest's own
        process = subprocess.run([sys.executable, "-c", PROTECT, folder], capture_output=True, text=True, check=False)
        Path(folder).chmod(0o755)

    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith(f"store {folder}/studies.db: it ")
    assert any(what in process.stdout for what in ("is read-only: make it", "cannot be opened: see"))


def test_a_damaged_file_is_refused(tmp_path: Path, rounds) -> None:
    file = tmp_path / "studies.db"
    with open_store(file) as store:
        store.begin("mine", {}).add_round(0, rounds(0, 200))
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)

    with pytest.raises(StoreError, match=r"it is damaged: choose another file"), open_store(file) as store:
        store.study("mine").runs()


def test_without_its_driver_postgresql_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)

    assert 'needs psycopg: pip install "annealing[postgresql]"' in refused("postgresql://host/db")


def test_a_connection_that_is_cut_is_refused_and_the_next_one_works(postgresql: str) -> None:
    with open_store(postgresql) as store:
        record = store.begin("mine", {})

        with pytest.raises(StoreError, match="run the same command again"), store._database.write() as connection:
            connection.execute(sqlalchemy.text("SELECT pg_terminate_backend(pg_backend_pid())"))

        assert record.counts() == Counts(0, 0, 0)
