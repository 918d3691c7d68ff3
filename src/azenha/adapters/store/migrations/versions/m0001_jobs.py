"""Jobs and their events."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "job",
        sa.Column("seq", sequence, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text(), nullable=False, unique=True),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.BigInteger()),
        sa.Column("finished", sa.BigInteger()),
        sa.Column("expires", sa.BigInteger()),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text()),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("outputs", sa.Text()),
        sa.Column("failure", sa.Text()),
    )
    indexes: list[tuple[str, list[Any], str]] = [
        ("job_queue", ["lane", sa.text("priority DESC"), "seq"], "accepted"),
        ("job_running", ["worker"], "running"),
        ("job_removed", ["seq"], "removed"),
    ]
    for name, columns, state in indexes:
        where = sa.text(f"state = '{state}'")
        op.create_index(name, "job", columns, sqlite_where=where, postgresql_where=where)
    op.create_index("job_expires", "job", ["expires"])
    listed = sa.text("lane = 'background'")
    for name, columns in (
        ("job_listed", ["seq"]),
        ("job_state", ["state", "seq"]),
        ("job_process", ["process", "seq"]),
    ):
        op.create_index(name, "job", columns, sqlite_where=listed, postgresql_where=listed)
    op.create_table(
        "job_event",
        sa.Column("seq", sequence, primary_key=True, autoincrement=True),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text()),
    )
    op.create_index("job_event_job", "job_event", ["job"])
