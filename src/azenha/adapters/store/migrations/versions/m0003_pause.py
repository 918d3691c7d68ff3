"""Jobs that a worker has are those that run and those that are paused: both by one index."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("job_running", "job")
    claimed = sa.text("state IN ('paused', 'running')")
    op.create_index("job_claimed", "job", ["worker"], sqlite_where=claimed, postgresql_where=claimed)
