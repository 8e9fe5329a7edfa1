"""Who trains which run: claims of whole brackets, which their process keeps alive, and which end with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, and_, delete, or_, select, update

from annealing.study.store.database import now
from annealing.study.store.owner import Owner, is_dead, this_process
from annealing.study.store.plain import from_json
from annealing.study.store.tables import claim, run, study
from annealing.study.stored import Claimed


def lock_study(connection: Connection, of: int) -> None:
    """Let nobody else claim runs of a study, or add some, until the transaction ends, some milliseconds later."""
    connection.execute(select(study.c.id).where(study.c.id == of).with_for_update(key_share=True))


def claim_runs(connection: Connection, of: int, count: int, worker: str, lease: float) -> tuple[Claimed, ...]:
    """Claim the first waiting runs of a study, in whole brackets, until there are `count` or more, or none is left.

    Claims of processes that died, or that gave no sign of life for the length of their lease, are dissolved first.
    """
    lock_study(connection, of)  # so a bracket is always seen, and taken, as a whole
    _dissolve_the_dead(connection, of)
    rows = _first_waiting(connection, of, count)
    if not rows:
        return ()
    token, owner = uuid4().hex, this_process()
    connection.execute(claim.insert().values(id=token, study=of, worker=worker, until=now(connection) + lease, **owner._asdict()))
    waiting = [row.id for row in rows if row.state == "waiting"]
    connection.execute(update(run).where(run.c.id.in_(waiting)).values(state="claimed", claim=token))
    return tuple(
        Claimed(
            row.id,
            token,
            row.round,
            row.place,
            row.bracket,
            from_json(row.candidate),
            row.seed,
            row.role,
            row.state == "done",
        )
        for row in rows
    )


def prolong(connection: Connection, leases: Mapping[str, float]) -> frozenset[str]:
    """Prolong claims, each by its lease; return those still there, which nobody can take until the transaction ends."""
    time = now(connection)
    held = (
        token
        for token, lease in sorted(leases.items())
        if connection.execute(update(claim).where(claim.c.id == token).values(until=time + lease)).rowcount
    )
    return frozenset(held)


def runs_of(connection: Connection, claims: Iterable[str]) -> dict[int, str]:
    """Return the runs that these claims are still to finish, each with the name of its worker."""
    mine = select(run.c.id, claim.c.worker).join(claim, run.c.claim == claim.c.id).where(claim.c.id.in_(claims))
    return {id_: worker for id_, worker in connection.execute(mine)}  # noqa: C416 - rows are no pairs to a type checker


def forget_used_up(connection: Connection, claims: Iterable[str]) -> None:
    """Forget those of these claims of which every run is done."""
    unfinished = select(run.c.id).where(run.c.claim == claim.c.id).exists()
    connection.execute(delete(claim).where(claim.c.id.in_(claims), ~unfinished))


def dissolve(connection: Connection, claims: Sequence[str]) -> None:
    """Let the runs of these claims that are not done wait again, and forget the claims."""
    connection.execute(update(run).where(run.c.claim.in_(claims), run.c.state == "claimed").values(state="waiting", claim=None))
    connection.execute(delete(claim).where(claim.c.id.in_(claims)))


def the_dead(connection: Connection, of: int) -> list[Row[Any]]:
    """Return the claims of processes that died, or that gave no sign of life for the length of their lease."""
    time = now(connection)
    claims = connection.execute(select(claim).where(claim.c.study == of)).all()
    return [row for row in claims if row.until < time or is_dead(Owner(row.host, row.process))]


def _dissolve_the_dead(connection: Connection, of: int) -> None:
    for row in the_dead(connection, of):
        # Locked, and looked at again: a sign of life may just have come in.
        locked = select(claim.c.id).where(claim.c.id == row.id, claim.c.until == row.until).with_for_update()
        if connection.execute(locked).first():
            dissolve(connection, [row.id])


def _first_waiting(connection: Connection, of: int, count: int) -> list[Row[Any]]:
    """Return the runs to claim: the first that wait, each with all the others of its bracket."""
    order = run.c.round, run.c.place
    first = select(run).where(run.c.study == of, run.c.state == "waiting").order_by(*order).limit(count)
    rows = list(connection.execute(first).all())
    brackets = {(row.round, row.bracket) for row in rows if row.bracket is not None}
    if brackets:
        of_brackets = or_(*(and_(run.c.round == round_, run.c.bracket == bracket) for round_, bracket in brackets))
        mates = connection.execute(select(run).where(run.c.study == of, of_brackets).order_by(*order)).all()
        rows += [row for row in mates if row.id not in {row.id for row in rows}]
    units: dict[tuple[Any, ...], list[Row[Any]]] = {}
    for row in rows:
        alone = row.bracket is None
        units.setdefault((row.round, row.id if alone else None, row.bracket), []).append(row)
    taken: list[Row[Any]] = []
    for unit in units.values():
        if len(taken) >= count:
            break
        taken += sorted(unit, key=lambda row: row.place)
    return taken
