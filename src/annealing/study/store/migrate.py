"""Bring a database to the newest schema, or say why it is none of ours."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

from annealing.core.errors import StoreError
from annealing.study.store.database import Database, one_at_a_time
from annealing.study.store.refusals import refusing
from annealing.study.store.tables import VERSION_TABLE

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x616E6E65616C  # "anneal": a number that nobody else is likely to lock


def bring_up_to_date(database: Database, *, create: bool = True, migrations: Path = MIGRATIONS) -> None:
    """Make the tables of a new store, or upgrade those of an older one, all in one transaction.

    Raises `StoreError` for a database that is not a store, one from a newer version of the library, and, without
    `create`, one that is empty.
    """
    scripts = ScriptDirectory(str(migrations))
    newest = scripts.get_current_head()
    with database.read() as connection:
        version = _version(connection)
        if version == newest:
            return
        _check(database, connection, scripts, version, create=create)
    _use_write_ahead_log(database)
    with database.write() as connection:
        one_at_a_time(connection, _LOCK)
        version = _version(connection)  # another process may have been quicker
        if version == newest:
            return
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        with Operations.context(context):
            for script in reversed(list(scripts.iterate_revisions("head", version or "base"))):
                script.module.upgrade()
        context.stamp(scripts, "head")


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def _check(database: Database, connection: Connection, scripts: ScriptDirectory, version: str | None, *, create: bool) -> None:
    """Refuse what is not to be touched."""
    shown = database.address.shown
    if version is None:
        others = inspect(connection).get_table_names() if database.address.file is not None else []
        if others:
            raise StoreError(
                f"store {shown}: it is a database of something else (its first table is {min(others)}): choose another file."
            )
        if not create:
            raise StoreError(f"store {shown}: there is no study in it yet: anneal tune begins one.")
        return
    try:
        scripts.get_revision(version)
    except (CommandError, ResolutionError):
        raise StoreError(
            f"store {shown}: it was made by a newer version of annealing (its schema is {version}, this version knows "
            f"{scripts.get_current_head()}): pip install --upgrade annealing."
        ) from None


def _use_write_ahead_log(database: Database) -> None:
    """Let readers of an SQLite file go on while one writes; it stays so for good."""
    if database.address.file is None:
        return
    give_up = time.monotonic() + 30
    with refusing(database.address), closing(database.engine.raw_connection()) as connection:
        while True:
            try:
                connection.cursor().execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:  # another process is at it: SQLite does not wait for this by itself
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
                time.sleep(0.05)
            else:
                return
