"""Records in a file, one a line, in the order of the updates: what crashes loses no line, what resumes repeats none.

The records of an update are handed to the operating system in one piece as soon as it is made. A run that goes on from an
older checkpoint makes some updates again: the first of them cuts the file there, so that every update stands in it once.
"""

from __future__ import annotations

import csv
import io
import json
import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from annealing.core.errors import ArgumentError
from annealing.records.record import Record

_HEAD = ",".join(Record._fields) + "\n"
_SOME = Record(0, "", "", 0.0, "")


def _begins_alike(torn: bytes, line: bytes) -> bool:
    return torn.startswith(line) or line.startswith(torn)


class _LineFile(ABC):
    """A file to which the records of one update after the other are appended; a child says how a line is spelt."""

    head: ClassVar[str]

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._last, self._known = -1, set[tuple[str, str]]()
        # A bare descriptor, so that nothing waits in a buffer; it is closed with the object that holds it.
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        self._close = weakref.finalize(self, os.close, self._file)
        try:
            self._take_up()
        except ArgumentError:
            self.close()
            raise

    def __call__(self, records: Sequence[Record]) -> None:
        """Append the records of one update; if it was written before, everything from there on is written anew."""
        if not records:
            return
        update, written = records[0].update, {(record.group, record.name) for record in records}
        if update < self._last or (update == self._last and written & self._known):
            self._cut(update)
            self._known = set()
        self._append("".join(map(self.spell, records)).encode())
        self._known = self._known | written if update == self._last else written
        self._last = update

    def close(self) -> None:
        """Close the file. Nothing waits to be written, so a run that never comes here has lost nothing."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @staticmethod
    @abstractmethod
    def spell(record: Record) -> str:
        """Write a record as a line, its end included."""

    @staticmethod
    @abstractmethod
    def read(line: str) -> Record:
        """Read such a line."""

    def _take_up(self) -> None:
        """Find out where a file that is there already ends; a last line that a crash tore apart is dropped."""
        content = self.path.read_bytes()
        whole, head = content[: content.rfind(b"\n") + 1], self.head.encode()
        torn = content[len(whole) :]
        if not (whole.startswith(head) if whole else _begins_alike(torn, head or self.spell(_SOME).encode()[:10])):
            raise ArgumentError(f"{self.path} is there and holds no records: choose another file, or move it away.")
        for line in reversed(whole.decode().splitlines()[bool(head) :]):
            record = self._checked(line)
            if self._known and record.update != self._last:
                break
            self._last = record.update
            self._known.add((record.group, record.name))
        if torn:
            os.ftruncate(self._file, len(whole))
        if not whole:
            self._append(head)

    def _append(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._file, line) :]

    def _cut(self, update: int) -> None:
        end = 0
        with self.path.open("rb") as lines:
            for at, line in enumerate(lines):
                if (at or not self.head) and self._checked(line.decode()).update >= update:
                    break
                end += len(line)
        os.ftruncate(self._file, end)

    def _checked(self, line: str) -> Record:
        try:
            return self.read(line)
        except (ValueError, TypeError, KeyError):
            raise ArgumentError(f"{self.path} holds a line that is no record: {line[:60]!r}.") from None


class CsvFile(_LineFile):
    """Records as comma-separated values, with a line of names first.

    >>> import tempfile
    >>> from annealing.records import CsvFile, Record, read_csv
    >>> with tempfile.TemporaryDirectory() as folder, CsvFile(folder + "/used.csv") as file:
    ...     file([Record(0, "head", "lr", 0.1, "warmup(10)")])
    ...     read_csv(file.path)
    [Record(update=0, group='head', name='lr', value=0.1, phase='warmup(10)', gain=1.0, edit='')]

    A file that is there is gone on with. Raises `ArgumentError` when it holds something else.
    """

    head = _HEAD

    @staticmethod
    def spell(record: Record) -> str:
        """Write one record as a line; numbers read back to the same bits."""
        line = io.StringIO()
        texts = [one.replace("\n", " ") if isinstance(one, str) else repr(one) for one in record]
        csv.writer(line, lineterminator="\n").writerow(texts)
        return line.getvalue()

    @staticmethod
    def read(line: str) -> Record:
        """Read one line."""
        [(update, group, name, value, phase, gain, edit)] = csv.reader([line])
        return Record(int(update), group, name, float(value), phase, float(gain), edit)


class JsonLinesFile(_LineFile):
    """Records as JSON, one object a line.

    >>> import tempfile
    >>> from annealing.records import JsonLinesFile, Record
    >>> with tempfile.TemporaryDirectory() as folder, JsonLinesFile(folder + "/used.jsonl") as file:
    ...     file([Record(0, "head", "lr", 0.1, "warmup(10)")])
    ...     print(file.path.read_text(), end="")
    {"update": 0, "group": "head", "name": "lr", "value": 0.1, "phase": "warmup(10)", "gain": 1.0, "edit": ""}

    A file that is there is gone on with. Raises `ArgumentError` when it holds something else.
    """

    head = ""

    @staticmethod
    def spell(record: Record) -> str:
        """Write one record as a line; numbers read back to the same bits."""
        return json.dumps(record._asdict()) + "\n"

    @staticmethod
    def read(line: str) -> Record:
        """Read one line."""
        fields: dict[str, Any] = json.loads(line)
        return Record(**fields)


def read_csv(path: str | Path) -> list[Record]:
    """Read the records of a file that `CsvFile` wrote.

    Raises `ArgumentError` for a file that holds something else.
    """
    return list(_read(Path(path), CsvFile))


def read_json_lines(path: str | Path) -> list[Record]:
    """Read the records of a file that `JsonLinesFile` wrote.

    Raises `ArgumentError` for a file that holds something else.
    """
    return list(_read(Path(path), JsonLinesFile))


def _read(path: Path, kind: type[_LineFile]) -> Iterator[Record]:
    head, lines = kind.head, path.read_text(encoding="utf-8").splitlines()
    if head and (not lines or lines[0] != head.rstrip("\n")):
        raise ArgumentError(f"{path} holds no records: its first line should read {head!r}.")
    for line in lines[bool(head) :]:
        try:
            yield kind.read(line)
        except (ValueError, TypeError, KeyError):
            raise ArgumentError(f"{path} holds a line that is no record: {line[:60]!r}.") from None
