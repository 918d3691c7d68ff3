"""The tables. Times are integer microseconds since 1970 UTC; documents are JSON text.

Only migrations create tables; this module must say the same as the newest of them (a test compares).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text, text

HEAD = "0004"  # the newest migration, so that a start with nothing to migrate need not load Alembic

metadata = MetaData()

# SQLite counts rows by INTEGER PRIMARY KEY only.
_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")

job = Table(
    "job",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("process", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("started", BigInteger),
    Column("finished", BigInteger),
    Column("expires", BigInteger),
    Column("progress", Integer, nullable=False),
    Column("message", Text),
    Column("attempt", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("worker", Text),
    Column("lease_until", BigInteger),
    Column("request", Text, nullable=False),
    Column("outputs", Text),
    Column("failure", Text),
    Column(
        "duration", BigInteger
    ),  # microseconds from start to end; NULL before the end, and without a start
)

# Partial indexes: their size follows what waits or runs now, never the history. Migrations say the same to every
# database; to name another's condition here would load its whole dialect into each process (2 MB).
Index(
    "job_queue",
    job.c.lane,
    job.c.priority.desc(),
    job.c.seq,
    sqlite_where=text("state = 'accepted'"),
)
Index(
    "job_claimed",
    job.c.worker,
    sqlite_where=text("state IN ('paused', 'running')"),
)
Index(
    "job_removed",
    job.c.seq,
    sqlite_where=text("state = 'removed'"),
)
Index("job_expires", job.c.expires)
# Lists show background jobs; synchronous runs, which come by the hundred a second, need not pay for them. Each index
# holds all that a filter looks at: a list reads the rows of its own page alone.
for _name, _columns in (
    ("job_state", (job.c.state, job.c.created, job.c.seq, job.c.duration)),
    ("job_process", (job.c.process, job.c.state, job.c.created, job.c.seq, job.c.duration)),
    ("job_duration", (job.c.duration, job.c.state, job.c.process, job.c.created)),
):
    Index(
        _name,
        *_columns,
        sqlite_where=text("lane = 'background'"),
    )

event = Table(
    "job_event",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("job", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("detail", Text),
)
Index("job_event_job", event.c.job)

callback = Table(
    "callback",
    metadata,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("job", Text, nullable=False),
    Column("occasion", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("place", Text, nullable=False),  # of the address: scheme, host and port
    Column("message", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", BigInteger),  # when it may be sent, or falls back from whoever sends it; NULL: never
    Column("worker", Text),  # who sends it now
    Column("since", BigInteger),  # when its occasion came
    Column("updated", BigInteger, nullable=False),
    Column("said", Text),
)
Index("callback_job", callback.c.job, callback.c.occasion, unique=True)
Index("callback_due", callback.c.due, callback.c.place, sqlite_where=text("due IS NOT NULL"))
