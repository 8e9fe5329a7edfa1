"""The schema: what the migrations make is what the code expects, and a store of any version before becomes one of this."""

# ruff: noqa: E402 - what needs SQLAlchemy is imported once it is known to be there

from __future__ import annotations

import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from tests.conftest import require

sqlalchemy = require("sqlalchemy")

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from annealing.core.errors import StoreError
from annealing.study.store import Counts, open_store
from annealing.study.store.address import read_address
from annealing.study.store.database import connect
from annealing.study.store.migrate import MIGRATIONS, bring_up_to_date
from annealing.study.store.tables import VERSION_TABLE, metadata

FIRST = Path(__file__).parent / "first_version.sql"

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"

def upgrade() -> None:
    op.add_column("annealing_study", sa.Column("note", sa.Text, nullable=False, server_default="none"))
    {more}
"""


@pytest.fixture
def next_version(tmp_path: Path):
    """The migrations of a version yet to come, which adds a column; `more` is what else it does."""

    def make(more: str = "pass") -> Path:
        folder = tmp_path / "migrations"
        shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
        (folder / "versions" / "v9999_next.py").write_text(NEXT.format(head=head, more=more))
        return folder

    return make


def upgrade(address: str, migrations: Path) -> None:
    database = connect(read_address(address), 5.0)
    try:
        bring_up_to_date(database, migrations=migrations)
    finally:
        database.close()


def filled(address: str, rounds) -> None:
    with open_store(address) as store:
        store.begin("mine", {"updates": 3}).add_round(0, rounds(2, 2))


def test_the_migrations_make_the_tables_that_the_code_expects(address: str) -> None:
    with open_store(address):
        pass

    engine = sqlalchemy.create_engine(read_address(address).url)  # what compares reads catalogues as text
    with engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": engine.name == "postgresql"}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    engine.dispose()


def test_a_store_of_the_first_version_opens_with_everything_in_it(tmp_path: Path) -> None:
    file = tmp_path / "studies.db"
    connection = sqlite3.connect(file)
    connection.executescript(FIRST.read_text(encoding="utf-8"))
    connection.close()

    with open_store(file) as store:
        record = store.study("first")
        losses = [run.loss for run in record.runs()]
        assert record.definition == {"task": {"the model": "c4c7"}, "updates": 40}
        assert record.counts() == Counts(waiting=2, claimed=0, done=2)
        assert losses == [0.25, float("inf"), None, None]
        assert record.curve(record.runs()[0]).valid_loss.tolist() == [0.5, 0.25]
        assert len(record.claim(1)) == 2


def test_an_older_store_is_upgraded_and_keeps_its_data(address: str, rounds, next_version) -> None:
    filled(address, rounds)

    upgrade(address, next_version())

    database = connect(read_address(address), 5.0)
    with database.read() as connection:
        assert connection.execute(sqlalchemy.text("SELECT name, note FROM annealing_study")).all() == [("mine", "none")]
        assert connection.execute(sqlalchemy.text("SELECT count(*) FROM annealing_run")).scalar() == 4
        assert connection.execute(sqlalchemy.text("SELECT version_num FROM annealing_version")).scalars().all() == ["9999"]
    database.close()


def test_an_upgrade_that_fails_changes_nothing(address: str, rounds, next_version) -> None:
    filled(address, rounds)

    with pytest.raises(StoreError):
        upgrade(address, next_version('op.execute("SELECT nothing FROM nowhere")'))

    with open_store(address) as store:
        assert store.study("mine").counts() == Counts(4, 0, 0)
        with pytest.raises(StoreError, match="note"), store._database.read() as connection:
            connection.execute(sqlalchemy.text("SELECT note FROM annealing_study"))


def test_a_store_from_a_newer_version_is_refused_and_left_as_it_was(address: str, rounds, next_version) -> None:
    filled(address, rounds)
    upgrade(address, next_version())

    with pytest.raises(StoreError) as refusal:
        open_store(address)

    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert str(refusal.value).endswith(
        f": it was made by a newer version of annealing (its schema is 9999, this version knows {head}): "
        "pip install --upgrade annealing."
    )
    database = connect(read_address(address), 5.0)
    with database.read() as connection:
        assert connection.execute(sqlalchemy.text("SELECT name FROM annealing_study")).scalars().all() == ["mine"]
    database.close()


def test_a_new_store_may_be_made_by_many_at_once(address: str) -> None:
    failures: list[Exception] = []
    together = threading.Barrier(6)

    def make() -> None:
        together.wait()
        try:
            with open_store(address) as store:
                store.begin("mine", {"a": 1})
        except Exception as failure:  # noqa: BLE001 - shown below
            failures.append(failure)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    with open_store(address) as store:
        assert [line.name for line in store.studies()] == ["mine"]


def test_versions_follow_each_other_in_one_line() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))

    assert len(scripts.get_heads()) == 1
    revisions = [script.revision for script in scripts.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True)
    assert revisions[-1] == "0001"
