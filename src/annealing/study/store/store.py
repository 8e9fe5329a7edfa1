"""Studies in a database: a file on this machine, or a PostgreSQL server that many machines work on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

from sqlalchemy import and_, case, func, select

from annealing.core.checks import positive
from annealing.core.errors import ArgumentError, StoreError
from annealing.study.store.address import Address, read_address
from annealing.study.store.database import Database, connect, insert_or
from annealing.study.store.definition import differences
from annealing.study.store.migrate import bring_up_to_date
from annealing.study.store.plain import from_json, to_json
from annealing.study.store.record import Record
from annealing.study.store.tables import run, study
from annealing.study.stored import Counts, StudyLine


def open_store(where: str | Path, *, create: bool = True, patience: float = 30.0) -> Store:
    """Open a store of studies, made new or upgraded where need be.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, open_store(folder + "/studies.db") as store:
    ...     store.begin("mine", {"updates": 100}).counts(), [line.name for line in store.studies()]
    (Counts(waiting=0, claimed=0, done=0), ['mine'])

    Arguments: `where`, the path of an SQLite file, or a URL (sqlite:///studies.db, postgresql://user@host/database);
    `create`, whether a store that is not there is made; `patience`, for how many seconds to wait for a server to answer
    and for locks that others hold (30).

    Raises `StoreError`, in one line without passwords, for what cannot be opened, holds something else, or was made by
    a newer version.
    """
    positive("patience", patience)
    address = read_address(where)
    if address.file is not None:
        _check_file(address, create=create)
    database = connect(address, patience)
    try:
        bring_up_to_date(database, create=create)
    except BaseException:
        database.close()
        raise
    return Store(database)


@final
class Store:
    """An open store; `with open_store(…) as store:` closes it, and gives up the claims that are still held."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._records: list[Record] = []

    @property
    def address(self) -> str:
        """Where the store is, as it may be shown: without a password."""
        return self._database.address.shown

    def begin(self, name: str, definition: Mapping[str, Any], *, resume: bool = True) -> Record:
        """Begin a study, or go on with the one of that name, if it was begun with the same definition.

        `definition` is plain data: all that decides what the study finds. Its entry "task" holds the parts of the task's
        fingerprint by name.

        Raises `StoreError` when the study is there with another definition, saying what differs, or, without `resume`, at all.
        """
        if not isinstance(name, str) or not name.strip():
            raise ArgumentError(f'study={name!r} is no name: write study="mine".')
        given = to_json("definition", dict(definition))
        row = {"name": name, "definition": given, "version": version("annealing"), "created": time.time()}
        with self._database.write() as connection:
            begun = insert_or(connection, study).values(row).on_conflict_do_nothing().returning(study.c.id)
            new = connection.execute(begun).first() is not None
            id_, before = connection.execute(select(study.c.id, study.c.definition).where(study.c.name == name)).one()
        what = None if new else differences(from_json(before), from_json(given))
        if what is not None:
            raise StoreError(f"study {name!r} in store {self.address}: {what}: undo that, or take another name for a new study.")
        record = Record(self._database, id_, name, from_json(before))
        if not new and not resume:
            counts = record.counts()
            raise StoreError(
                f"study {name!r} is in store {self.address} already, {counts.done} of its {sum(counts)} runs done: "
                "go on with it, or take another name for a new study."
            )
        self._records.append(record)
        return record

    def study(self, name: str) -> Record:
        """Return the study of that name.

        Raises `StoreError` when there is none.
        """
        with self._database.read() as connection:
            row = connection.execute(select(study.c.id, study.c.definition).where(study.c.name == name)).first()
            names = connection.execute(select(study.c.name).order_by(study.c.created.desc()).limit(5)).scalars().all()
        if row is None:
            there = f"there are {', '.join(map(repr, names))}" if names else "there is none yet"
            raise StoreError(f"study {name!r} is not in store {self.address}: {there}.")
        record = Record(self._database, row.id, name, from_json(row.definition))
        self._records.append(record)
        return record

    def studies(self) -> tuple[StudyLine, ...]:
        """Return a line about every study, in the order in which they were begun."""

        def number(state: str) -> Any:
            return func.count(case((run.c.state == state, 1)))

        to_its_end = and_(run.c.role == "tuning", run.c.diverged.is_(False), run.c.cut.is_(False))
        best = func.min(case((to_its_end, run.c.loss)))
        columns = study.c.name, study.c.created, study.c.version, study.c.definition
        lines = (
            select(*columns, *(number(state) for state in Counts._fields), best)
            .outerjoin(run, run.c.study == study.c.id)
            .group_by(study.c.id)
            .order_by(study.c.created, study.c.id)
        )
        with self._database.read() as connection:
            rows = connection.execute(lines).all()
        return tuple(
            StudyLine(name, created, version_, from_json(definition), Counts(*counts), lowest)
            for name, created, version_, definition, *counts, lowest in rows
        )

    def close(self) -> None:
        """Give up what is still claimed here, and close every connection."""
        try:
            for record in self._records:
                record.release()
        finally:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # What went wrong first is what is told: the same database may well refuse to take claims back, too.
        with suppress(StoreError) if error is not None else nullcontext():
            self.close()


def _check_file(address: Address, *, create: bool) -> None:
    """Say what is wrong with a path before SQLite says less about it; make the folder that a new store goes into."""
    file = address.file
    assert file is not None
    try:
        is_folder, is_there = file.is_dir(), file.exists()
        if create:
            file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"store {file}: it cannot be opened or made ({error.strerror}): choose another file.") from error
    if is_folder:
        raise StoreError(f"store {file}: it is a folder: write a file in it, such as {file / 'studies.db'}.")
    if not create and not is_there:
        raise StoreError(f"store {file}: there is no such file: anneal tune makes one.")
