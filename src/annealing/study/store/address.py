"""Where a store is: a file, or a PostgreSQL database, from what people type."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError as NoUrl

from annealing.core.errors import KindError, StoreError

_HOW = "write a file such as studies.db, or postgresql://user@host/database"


@final
@dataclass(frozen=True)
class Address:
    """Where a store is, as SQLAlchemy wants it, and as it may be printed: without the password."""

    url: URL
    shown: str
    secret: str | None = None
    file: Path | None = None


def read_address(where: str | Path) -> Address:
    """Read a file's path, or a URL that begins with sqlite or postgresql.

    >>> read_address("studies.db").url.drivername, read_address("postgres://me:secret@host/db").shown
    ('sqlite', 'postgresql://me:***@host/db')

    Raises `StoreError` for any other URL, without printing a password that it may hold; `KindError` for
    anything but text and a path.
    """
    if isinstance(where, Path) or (isinstance(where, str) and "://" not in where):
        return _file(str(where))
    if not isinstance(where, str):
        raise KindError(f"store={where!r} is no place: {_HOW}.")
    scheme = where.partition("://")[0]
    try:
        url = make_url(where)
    except (NoUrl, ValueError):  # whose message may show the password
        raise StoreError(f"store={scheme}://… cannot be read as a URL: {_HOW} (a % or @ in a password is %25 or %40).") from None
    if url.drivername in {"sqlite", "sqlite+pysqlite"}:
        return _file(url.database or "")
    if url.drivername not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise StoreError(f"store={scheme}://… is neither SQLite nor PostgreSQL: {_HOW}.")
    in_query = url.query.get("password")
    shown = url.difference_update_query(["password"]).set(drivername="postgresql").render_as_string(hide_password=True)
    secret = url.password or (in_query if isinstance(in_query, str) else None)
    return Address(url.set(drivername="postgresql+psycopg"), shown, secret)


def _file(path: str) -> Address:
    if path in {"", ":memory:"}:
        raise StoreError(f"store={path!r}: a store in memory would be gone with its process: {_HOW}.")
    file = Path(path).expanduser()
    return Address(URL.create("sqlite", database=str(file)), str(file), file=file)
