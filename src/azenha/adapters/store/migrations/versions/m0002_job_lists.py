"""Lists by creation, state, process and duration, each by an index of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("duration", sa.BigInteger()))
    op.execute(
        "UPDATE job SET duration = finished - started WHERE finished IS NOT NULL AND started IS NOT NULL"
    )
    for name in ("job_listed", "job_state", "job_process"):
        op.drop_index(name, "job")
    listed = sa.text("lane = 'background'")
    for name, columns in (
        ("job_state", ["state", "created", "seq", "duration"]),
        ("job_process", ["process", "state", "created", "seq", "duration"]),
        ("job_duration", ["duration", "state", "process", "created"]),
    ):
        op.create_index(name, "job", columns, sqlite_where=listed, postgresql_where=listed)
