"""A database as the rest of the store sees it: transactions that read, and transactions that write."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, final

from sqlalchemy import Connection, Engine, Table, create_engine, event, func, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection

from annealing.core.errors import StoreError
from annealing.study.store.address import Address
from annealing.study.store.refusals import refusing

_WRITES = "annealing_writes"


@final
@dataclass(frozen=True)
class Database:
    """An open database. What is raised inside its transactions undoes them; the database's own errors become `StoreError`."""

    address: Address
    engine: Engine

    @contextmanager
    def read(self) -> Generator[Connection]:
        """Give a transaction that sees one state of the store, and keeps no writer waiting."""
        with refusing(self.address), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Generator[Connection]:
        """Give a transaction that is stored as a whole at the end of the `with` block, or not at all."""
        engine = self.engine.execution_options(**{_WRITES: True})
        with refusing(self.address), engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()


def connect(address: Address, patience: float) -> Database:
    """Prepare connections to the database at `address`; whoever holds a lock is waited for `patience` seconds."""
    if address.file is not None:
        engine = create_engine(address.url, connect_args={"timeout": patience})
        event.listen(engine, "connect", _sqlite_connected)
        event.listen(engine, "begin", _sqlite_begun)
        return Database(address, engine)
    try:
        from psycopg import Cursor
        from psycopg.pq import Format
        from psycopg.types.numeric import FloatBinaryDumper
    except ImportError:
        raise StoreError(f'store {address.shown} needs psycopg: pip install "annealing[postgresql]".') from None

    class Binary(Cursor[Any]):
        """Results come as bytes, not as text: of a NaN, text would keep neither sign nor payload.

        SQLAlchemy's inspection of tables reads text, so it needs another connection than one of these.
        """

        def __init__(self, connection: Any, **options: Any) -> None:
            super().__init__(connection, **options)
            self.format = Format.BINARY

    def connected(connection: Any, _: object) -> None:
        connection.adapters.register_dumper(float, FloatBinaryDumper)

    asked = {"connect_timeout": str(max(2, round(patience))), "application_name": "annealing", **address.url.query}
    asked["options"] = f"-c lock_timeout={round(patience * 1000)} {asked.get('options', '')}"
    url = address.url.set(query=asked)
    engine = create_engine(url, connect_args={"cursor_factory": Binary}, pool_pre_ping=True)
    event.listen(engine, "connect", connected)
    return Database(address, engine)


def now(connection: Connection) -> float:
    """Return the seconds since 1970 by the one clock that everybody at this store shares."""
    if connection.dialect.name == "sqlite":
        return time.time()
    clock = literal_column("extract(epoch from clock_timestamp())::float8")
    return float(connection.execute(select(clock)).scalar_one())


def insert_or(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT of this database's own dialect, which can say what to do about rows that are there."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def one_at_a_time(connection: Connection, what: int) -> None:
    """Let nobody else who asks for the same number in until the transaction ends. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(what)))


def _sqlite_connected(connection: DBAPIConnection, _: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined] # the driver begins nothing by itself: `_sqlite_begun` does
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")  # in a WAL: a crash of the machine may lose the last writes, never the file
    cursor.close()


def _sqlite_begun(connection: Connection) -> None:
    # A writer takes the lock at once: one that began by reading could find, later, that another has written since.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "BEGIN")
