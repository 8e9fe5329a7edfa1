"""One study in a store: its rounds, who trains what, and what came of it."""

from __future__ import annotations

import math
import os
import platform
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, final

import numpy as np
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from annealing.core.checks import positive, whole
from annealing.core.errors import StoreError
from annealing.study.result import Curve
from annealing.study.store.claims import claim_runs, dissolve, forget_used_up, lock_study, prolong, runs_of, the_dead
from annealing.study.store.database import Database, insert_or
from annealing.study.store.plain import from_json, numbers_from_json, numbers_to_json, to_json
from annealing.study.store.tables import point, run
from annealing.study.stored import Claimed, Counts, Ended, NewRun, Point, StoredRun

LEASE = 60.0
"""Seconds without a sign of life after which a claim falls back to the others."""


@final
class Record:
    """A study in a store. Every method is one transaction: done as a whole, or not at all, whoever else is at it.

    >>> import tempfile
    >>> from annealing.study.store import NewRun, open_store
    >>> with tempfile.TemporaryDirectory() as folder, open_store(folder + "/studies.db") as store:
    ...     record = store.begin("mine", {"updates": 100})
    ...     record.add_round(0, [NewRun({"lr": 0.1}, seed=0, role="tuning"), NewRun({"lr": 0.2}, seed=0, role="tuning")])
    ...     [claimed] = record.claim(1)
    ...     record.counts()
    Counts(waiting=1, claimed=1, done=0)
    """

    def __init__(self, database: Database, id_: int, name: str, definition: Mapping[str, Any]) -> None:
        self.name = name
        self.definition = definition
        self._database, self._id = database, id_
        self._leases: dict[str, float] = {}  # of the claims made here
        self._alive: dict[str, float] = {}  # when each last gave a sign of life

    def add_round(self, number: int, runs: Sequence[NewRun]) -> None:
        """Add all runs of a round. It may be there already, from anybody: then nothing is done.

        Raises `StoreError` when a round of that number is there with other runs.
        """
        rows = [
            {
                "study": self._id,
                "round": number,
                "place": place,
                "bracket": new.bracket,
                "candidate": to_json("candidate", dict(new.candidate)),
                "seed": new.seed,
                "role": new.role,
                "state": "waiting",
            }
            for place, new in enumerate(runs)
        ]
        known = run.c.place, run.c.bracket, run.c.candidate, run.c.seed, run.c.role
        with self._database.write() as connection:
            lock_study(connection, self._id)
            there = select(*known).where(run.c.study == self._id, run.c.round == number).order_by(run.c.place)
            found = [dict(row) for row in connection.execute(there).mappings()]
            if not found and rows:
                connection.execute(insert(run), rows)
            elif found != [{column.name: row[column.name] for column in known} for row in rows]:
                raise StoreError(
                    f"study {self.name!r} in store {self._database.address.shown}: round {number} is there with other runs: "
                    "what proposes them must give the same for the same history, in the same version of every library."
                )

    def claim(self, count: int, worker: str | None = None, *, lease: float = LEASE) -> tuple[Claimed, ...]:
        """Claim runs to train: the first that wait, in whole brackets, until there are `count` or more, or none is left.

        No run is claimed twice at a time. The claim lasts until every run of it is done, or its process dies, or gives no
        sign of life (`beat`, `add_points`, `finish`) for `lease` seconds; `worker` is a name for people to read.
        """
        whole("count", count)
        positive("lease", lease)
        with self._database.write() as connection:
            claimed = claim_runs(connection, self._id, count, worker or f"{platform.node()} {os.getpid()}", lease)
        if claimed:
            self._leases[claimed[0].claim] = lease
        return claimed

    def beat(self, claimed: Iterable[Claimed]) -> tuple[Claimed, ...]:
        """Give a sign of life for these runs; return those that were lost, since it came too late.

        May be called as often as one likes: it writes about four times per lease.
        """
        time_ = time.monotonic()
        due = tuple(one for one in claimed if time_ >= self._alive.get(one.claim, -math.inf) + self._lease_of(one.claim) / 4)
        if not due:
            return ()
        with self._database.write() as connection:
            held = self._held(connection, due)
        return tuple(one for one in due if one.claim not in held)

    def add_points(self, points: Mapping[Claimed, Sequence[Point]]) -> tuple[Claimed, ...]:
        """Store points of the curves of these runs; return the runs that were lost to others, whose points are left out.

        A point that is there already is written over: a run that is trained again gives the same.
        """
        with self._database.write() as connection:
            held = self._held(connection, points)
            rows = [
                {"run": one.id, **entry._asdict()}
                for one, entries in points.items()
                if one.claim in held and not one.done
                for entry in entries
            ]
            _write_points(connection, rows)
        return tuple(one for one in points if one.claim not in held)

    def finish(self, ended: Mapping[Claimed, Ended]) -> tuple[Claimed, ...]:
        """Store what became of these runs, with their whole curves; return those that were lost to others.

        A run that is done stays as it is: to finish it again does nothing.
        """
        with self._database.write() as connection:
            held = self._held(connection, ended)
            workers = runs_of(connection, held)
            new = {one.id: end for one, end in ended.items() if one.id in workers and one.claim in held}
            if new:
                outcomes = [{"of": id_, "worker": workers[id_], **_outcome(end)} for id_, end in new.items()]
                connection.execute(update(run).where(run.c.id == bindparam("of")).values(state="done", claim=None), outcomes)
                # What another attempt left behind goes: a curve is of one piece.
                connection.execute(delete(point).where(point.c.run.in_(new)))
                if rows := [row for id_, end in new.items() for row in _rows_of(id_, end.curve)]:
                    connection.execute(insert(point), rows)
                forget_used_up(connection, held)
        return tuple(one for one in ended if one.claim not in held)

    def release(self, claimed: Iterable[Claimed] | None = None) -> None:
        """Give up the claims of these runs (by default every claim made here), so that others need not wait for the lease."""
        claims = list(self._leases) if claimed is None else sorted({one.claim for one in claimed})
        if claims:
            with self._database.write() as connection:
                dissolve(connection, claims)
        for token in claims:
            self._leases.pop(token, None)

    def runs(self, role: str | None = None) -> tuple[StoredRun, ...]:
        """Return every run in the order of rounds and places, or those of one role."""
        wanted = select(run).where(run.c.study == self._id).order_by(run.c.round, run.c.place)
        if role is not None:
            wanted = wanted.where(run.c.role == role)
        with self._database.read() as connection:
            return tuple(_stored(row) for row in connection.execute(wanted).mappings())

    def rounds(self) -> tuple[tuple[StoredRun, ...], ...]:
        """Return the runs of each round, in order."""
        rounds: dict[int, list[StoredRun]] = defaultdict(list)
        for one in self.runs():
            rounds[one.round].append(one)
        return tuple(tuple(runs) for runs in rounds.values())

    def counts(self) -> Counts:
        """Return how many runs wait, are being trained, and are done; what a process held that died waits."""
        counted = select(run.c.state, run.c.claim, func.count()).where(run.c.study == self._id).group_by(run.c.state, run.c.claim)
        with self._database.read() as connection:
            found = connection.execute(counted).all()
            dead = {row.id for row in the_dead(connection, self._id)}
        numbers = dict.fromkeys(Counts._fields, 0)
        for state, token, number in found:
            numbers["waiting" if token in dead else state] += number
        return Counts(**numbers)

    def curve(self, of: StoredRun | Claimed | int) -> Curve:
        """Return the curve of a run as far as it was reported; empty where there is nothing yet."""
        id_ = of if isinstance(of, int) else of.id
        return self._curves(point.c.run == id_).get(id_) or _curve([])

    def curves(self) -> dict[int, Curve]:
        """Return the curves of all runs that have one, by the run's id."""
        return self._curves(point.c.run.in_(select(run.c.id).where(run.c.study == self._id)))

    def _curves(self, where: Any) -> dict[int, Curve]:
        with self._database.read() as connection:
            rows = connection.execute(select(point).where(where).order_by(point.c.run, point.c.updates)).all()
        points: dict[int, list[Sequence[Any]]] = defaultdict(list)
        for id_, *numbers in rows:
            points[id_].append(numbers)
        return {id_: _curve(found) for id_, found in points.items()}

    def _lease_of(self, token: str) -> float:
        return self._leases.get(token, LEASE)

    def _held(self, connection: Connection, claimed: Iterable[Claimed]) -> frozenset[str]:
        """Prolong the claims of these runs; return those still held, which nobody can take until the transaction ends."""
        leases = {one.claim: self._lease_of(one.claim) for one in claimed}
        held = prolong(connection, leases)
        self._alive.update(dict.fromkeys(held, time.monotonic()))
        return held


def _write_points(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        new = insert_or(connection, point)
        numbers = {name: new.excluded[name] for name in ("train_loss", "valid_loss", "rate")}
        connection.execute(new.on_conflict_do_update(index_elements=["run", "updates"], set_=numbers), list(rows))


def _outcome(end: Ended) -> dict[str, Any]:
    return {
        "loss": end.loss,
        "metrics": numbers_to_json(end.metrics),
        "diverged": end.diverged,
        "cut": end.cut,
        "seconds": end.seconds,
        "updates": end.updates,
    }


def _rows_of(id_: int, curve: Curve) -> list[dict[str, Any]]:
    columns = (column.tolist() for column in (curve.update, curve.train_loss, curve.valid_loss, curve.rate))
    names = "updates", "train_loss", "valid_loss", "rate"
    return [{"run": id_, **dict(zip(names, numbers, strict=True))} for numbers in zip(*columns, strict=True)]


def _curve(points: Sequence[Sequence[Any]]) -> Curve:
    update_, *losses = zip(*points, strict=True) if points else ((), (), (), ())
    train, valid, rate = (np.array(column, dtype=np.float64) for column in losses)
    return Curve(np.array(update_, dtype=np.int64), train, valid, rate)


def _stored(row: Mapping[Any, Any]) -> StoredRun:
    given: dict[str, Any] = {name: row[name] for name in StoredRun.__dataclass_fields__}
    given["candidate"] = from_json(given["candidate"])
    given["metrics"] = {} if given["metrics"] is None else numbers_from_json(given["metrics"])
    return StoredRun(**given)
