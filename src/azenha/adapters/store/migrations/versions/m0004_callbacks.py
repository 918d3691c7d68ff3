"""The queue of callbacks."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "callback",
        sa.Column("seq", sequence, primary_key=True, autoincrement=True),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", sa.BigInteger()),
        sa.Column("worker", sa.Text()),
        sa.Column("since", sa.BigInteger()),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.Text()),
    )
    op.create_index("callback_job", "callback", ["job", "occasion"], unique=True)
    where = sa.text("due IS NOT NULL")
    op.create_index("callback_due", "callback", ["due", "place"], sqlite_where=where, postgresql_where=where)
