"""The job table in SQL: implements `Jobs`, `Leases` and `Callbacks` of usecases.ports.

Every change of state is one conditional UPDATE, with its event in the same transaction. No row matched means
that somebody else moved the job first: the caller answers from what is true now.
"""

from __future__ import annotations

from azenha.adapters.store.callbacks import CallbackQueue
from azenha.adapters.store.clients import Clients
from azenha.adapters.store.leases import Workers


class SqlJobs(Clients, Workers, CallbackQueue):
    """Jobs in a SQLite database. Safe to use from any thread; several processes may share the file."""
