"""What a database refuses, in one line that says what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from annealing.core.errors import StoreError
from annealing.study.store.address import Address

_AGAIN = "run the same command again: it goes on where it stopped"
_OTHER_FILE = "choose another file, or move it away"
_STRANGER = "the server lets nobody in with this name and password"
_NO_DATABASE = "there is no such database: create it first, with createdb"
_UNREACHABLE = "there is no connection: see whether the server runs and may be reached from here"

# The longest beginning that fits an error's name decides.
_SQLITE = {
    "SQLITE_FULL": f"the disk is full: free some space and {_AGAIN}",
    "SQLITE_IOERR": f"the disk refused to be read or written; if it is full, free some space and {_AGAIN}",
    "SQLITE_READONLY": "it is read-only: make it and its folder writable, or choose another file",
    "SQLITE_BUSY": f"another process has kept it locked for too long: wait until that one is done, and {_AGAIN}",
    "SQLITE_LOCKED": f"another process has kept it locked for too long: wait until that one is done, and {_AGAIN}",
    "SQLITE_CANTOPEN": "it cannot be opened: see whether its folder is there and may be written",
    "SQLITE_PERM": "it may not be opened: ask for the right to write it, or choose another file",
    "SQLITE_AUTH": "it may not be opened: ask for the right to write it, or choose another file",
    "SQLITE_NOTADB": f"it is not a store: {_OTHER_FILE}",
    "SQLITE_CORRUPT": f"it is damaged: {_OTHER_FILE}",
}

# The longest beginning of an SQLSTATE decides.
_POSTGRESQL = {
    "08": f"the connection was lost: see whether the server runs, and {_AGAIN}",
    "25006": "it is read-only: connect to the server that may be written",
    "28": _STRANGER,
    "3D000": _NO_DATABASE,
    "40": f"another process was in the way: {_AGAIN}",
    "42501": "this user may not write here: ask for the right to create tables and write them",
    "53100": f"the server's disk is full: free some space and {_AGAIN}",
    "53": f"the server has no room for another connection: wait, and {_AGAIN}",
    "55P03": f"another process has kept it locked for too long: wait until that one is done, and {_AGAIN}",
    "57": f"the server is shutting down or starting: wait, and {_AGAIN}",
}

# Words in what libpq says when it cannot connect.
_CONNECTING = {
    'FATAL: database "': _NO_DATABASE,
    'FATAL: role "': _STRANGER,
    "authentication failed": _STRANGER,
    "no password supplied": _STRANGER,
    "FATAL: sorry, too many clients": _POSTGRESQL["53"],
}


@contextmanager
def refusing(address: Address) -> Generator[None]:
    """Turn whatever the database raises inside the `with` block into a `StoreError` of one line."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise StoreError(f"store {address.shown}: {_what(address, error)}.") from (None if address.secret else error)


def _what(address: Address, error: SQLAlchemyError | sqlite3.Error) -> str:
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    said = _line(cause, address.secret)
    if (name := getattr(cause, "sqlite_errorname", None)) is not None:
        return _longest(_SQLITE, name) or said
    if (state := getattr(cause, "sqlstate", None)) is not None:
        return f"{advice} ({said})" if (advice := _longest(_POSTGRESQL, state)) else said
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return f"{_POSTGRESQL['08']} ({said})"
    if address.file is None:  # libpq has no state for what went wrong before there was a connection, only words
        advice = next((advice for words, advice in _CONNECTING.items() if words in said), _UNREACHABLE)
        return f"{advice} ({said})"
    return said


def _longest(table: dict[str, str], name: str) -> str | None:
    """The entry with the longest key that `name` begins with."""
    return max(((len(key), text) for key, text in table.items() if name.startswith(key)), default=(0, None))[1]


def _line(error: BaseException, secret: str | None) -> str:
    """What an error says, in one line, with no password in it."""
    said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return said.replace(secret, "***") if secret else said
