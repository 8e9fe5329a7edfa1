"""The tables of a store, as the newest migration leaves them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from annealing.study.store.exact import Exact

VERSION_TABLE = "annealing_version"
"""Where the schema's version stands. All names begin alike, so that a store can share a database with other tables."""

metadata = MetaData()

study = Table(
    "annealing_study",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("definition", Text, nullable=False),  # JSON: what the study must agree with to go on
    Column("version", Text, nullable=False),  # of the library that began it
    Column("created", Double, nullable=False),  # seconds since 1970
)

# Who works on what. One row for all runs that were claimed together, so that a sign of life is one write.
claim = Table(
    "annealing_claim",
    metadata,
    Column("id", Text, primary_key=True),
    Column("study", ForeignKey(study.c.id), nullable=False),
    Column("worker", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("process", Text, nullable=False),
    Column("until", Double, nullable=False),  # seconds since 1970, by the clock of the database
)

run = Table(
    "annealing_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("study", ForeignKey(study.c.id), nullable=False),
    Column("round", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("bracket", Integer),  # runs of one round with the same bracket are claimed together
    Column("candidate", Text, nullable=False),  # JSON
    Column("seed", BigInteger, nullable=False),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),  # waiting, claimed, done
    Column("claim", ForeignKey(claim.c.id)),
    Column("worker", Text),  # who finished it
    Column("loss", Exact),
    Column("metrics", Text),  # JSON
    Column("diverged", Boolean),
    Column("cut", Boolean),
    Column("seconds", Double),
    Column("updates", Integer),
    UniqueConstraint("study", "round", "place"),
    Index("annealing_run_state", "study", "state", "round", "place"),
)

point = Table(
    "annealing_point",
    metadata,
    Column("run", ForeignKey(run.c.id), nullable=False),
    Column("updates", Integer, nullable=False),  # finished by then
    Column("train_loss", Exact),
    Column("valid_loss", Exact),
    Column("rate", Exact),
    PrimaryKeyConstraint("run", "updates"),
    sqlite_with_rowid=False,
)
