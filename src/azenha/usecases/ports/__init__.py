"""What the use cases and the engine need of the outside world: small Protocols, implemented by adapters.

A module for each subject.
"""

from azenha.usecases.ports.blobs import Blobs, NotKept
from azenha.usecases.ports.callbacks import CallbackBody, Callbacks, DueCallback, Post, Posted
from azenha.usecases.ports.fetching import FREELY, PLAINLY, Ask, Fetch, Fetched, Received, Say, Terms
from azenha.usecases.ports.jobs import Clock, Folders, JobPage, Jobs, NewJob
from azenha.usecases.ports.leases import LOST, Lease, Leases, Success
from azenha.usecases.ports.line import Ended, Handed, HandOver, Told, Wake
from azenha.usecases.ports.services import Publisher, ServiceAnswer, ServiceRequest

__all__ = [
    "FREELY",
    "LOST",
    "PLAINLY",
    "Ask",
    "Blobs",
    "CallbackBody",
    "Callbacks",
    "Clock",
    "DueCallback",
    "Ended",
    "Fetch",
    "Fetched",
    "Folders",
    "HandOver",
    "Handed",
    "JobPage",
    "Jobs",
    "Lease",
    "Leases",
    "NewJob",
    "NotKept",
    "Post",
    "Posted",
    "Publisher",
    "Received",
    "Say",
    "ServiceAnswer",
    "ServiceRequest",
    "Success",
    "Terms",
    "Told",
    "Wake",
]
