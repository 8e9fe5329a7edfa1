"""The first schema: studies, claims, runs and the points of their curves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from annealing.study.store.exact import Exact

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the four tables."""
    op.create_table(
        "annealing_study",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
    )
    op.create_table(
        "annealing_claim",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("study", sa.Integer, sa.ForeignKey("annealing_study.id"), nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
    )
    op.create_table(
        "annealing_run",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("study", sa.Integer, sa.ForeignKey("annealing_study.id"), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("bracket", sa.Integer),
        sa.Column("candidate", sa.Text, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("claim", sa.Text, sa.ForeignKey("annealing_claim.id")),
        sa.Column("worker", sa.Text),
        sa.Column("loss", Exact),
        sa.Column("metrics", sa.Text),
        sa.Column("diverged", sa.Boolean),
        sa.Column("cut", sa.Boolean),
        sa.Column("seconds", sa.Double),
        sa.Column("updates", sa.Integer),
        sa.UniqueConstraint("study", "round", "place"),
    )
    op.create_index("annealing_run_state", "annealing_run", ["study", "state", "round", "place"])
    op.create_table(
        "annealing_point",
        sa.Column("run", sa.Integer, sa.ForeignKey("annealing_run.id"), nullable=False),
        sa.Column("updates", sa.Integer, nullable=False),
        sa.Column("train_loss", Exact),
        sa.Column("valid_loss", Exact),
        sa.Column("rate", Exact),
        sa.PrimaryKeyConstraint("run", "updates"),
        sqlite_with_rowid=False,
    )
