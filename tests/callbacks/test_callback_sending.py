"""Callbacks are signed and posted, tried again, and given up: against a real server on loopback."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pages import DOCS, blocks
from receiver import WITHIN, Received, Receiver, receiving
from storing import KEEP, OUTCOME, new

from azenha.adapters.couriers import signing
from azenha.adapters.couriers.webhooks import Webhooks
from azenha.adapters.store.migrate import migrate
from azenha.adapters.store.sql import SqlJobs
from azenha.domain.addresses import AddressPolicy
from azenha.domain.callbacks import CallbackState, Standing, Subscriber
from azenha.domain.errors import ForbiddenAddress
from azenha.domain.job import Lane
from azenha.engine.callbacks import Caller
from azenha.settings import CallbackSettings
from azenha.usecases.ports import CallbackBody, DueCallback

S = CallbackState
BODY = CallbackBody((("Content-Type", "application/json"),), b'{"a":1}')
QUICK = CallbackSettings(attempts=4, delay=0.02, total=60, timeout=5, progress=0.05)


class UtcClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def verified(secret: str, received: Received) -> bool:
    """By the code that the documentation gives to receivers."""
    (block,) = (b for b in blocks(DOCS / "how-to" / "callbacks.md") if b.title == "receiver.py")
    there: dict[str, Any] = {"__name__": "receiver_of_the_documentation"}
    exec(block.text, there)
    return bool(there["verified"](secret, received.headers, received.body))


# -- signatures ------------------------------------------------------------------------------------


def test_a_known_message_has_its_known_signature() -> None:
    """The example of the documentation of Svix, from which Standard Webhooks come."""
    key = signing.base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    found = signing.signature((key,), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "callbacks.key"
    made: list[tuple[bytes, ...]] = []
    threads = [threading.Thread(target=lambda: made.append(signing.keys(path))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 16
    assert len(set(made)) == 1
    assert path.read_text().startswith("whsec_")
    assert [p.name for p in tmp_path.iterdir()] == ["callbacks.key"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_keys_sign_twice(tmp_path: Path) -> None:
    path = tmp_path / "callbacks.key"
    first = signing.keys(path)
    path.write_text(path.read_text() + "whsec_" + signing.base64.b64encode(b"x" * 24).decode() + "\n")
    both = signing.keys(path)
    assert both == (*first, b"x" * 24)
    assert len(signing.signature(both, "m", 1, b"").split()) == 2


@pytest.mark.parametrize("text", ["", "\n", "whsec_short", "whsec_" + "*" * 40, "\xff\xfe"])
def test_a_file_of_something_else_signs_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "callbacks.key"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(signing.BadKeys):
        signing.keys(path)


# -- one attempt -----------------------------------------------------------------------------------


def webhooks(
    tmp_path: Path, receiver: Receiver, timeout: float = 5, allowed: Sequence[str] = (), **more: Any
) -> Webhooks:
    policy = AddressPolicy.of([receiver.place, "allowed.example", *allowed], [])
    return Webhooks(policy, tmp_path / "callbacks.key", timeout, UtcClock(), **more)


def test_what_is_sent_is_signed_so_that_others_can_verify_it(tmp_path: Path, receiver: Receiver) -> None:
    answer = webhooks(tmp_path, receiver)(receiver.says("/a?t=1", 204), "msg_1", BODY)
    assert (answer.status, answer.said) == (204, "204 No Content")
    (received,) = receiver.received
    secret = (tmp_path / "callbacks.key").read_text()
    assert received.body == BODY.content
    assert received.headers["webhook-id"] == "msg_1"
    assert received.headers["content-type"] == "application/json"
    assert verified(secret, received)
    assert not verified(secret, replace(received, body=b'{"a":2}'))
    assert not verified(secret, replace(received, headers={**received.headers, "webhook-id": "msg_2"}))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(tmp_path: Path, receiver: Receiver, status: int) -> None:
    elsewhere = receiver.says("/elsewhere", 204)
    answer = webhooks(tmp_path, receiver)(receiver.says("/a", status, Location=elsewhere), "m", BODY)
    assert answer.status == status
    assert receiver.at("/elsewhere") == []


def test_an_address_by_number_that_is_not_public_is_not_called(tmp_path: Path, receiver: Receiver) -> None:
    with pytest.raises(ForbiddenAddress):
        Webhooks(AddressPolicy(), tmp_path / "k", 5, UtcClock())(receiver.address("/a"), "m", BODY)
    assert receiver.received == []


def test_nor_is_a_name_that_stands_for_one(tmp_path: Path, receiver: Receiver) -> None:
    post = Webhooks(
        AddressPolicy(), tmp_path / "k", 5, UtcClock(), lambda host, port: [ip_address("127.0.0.1")]
    )
    with pytest.raises(ForbiddenAddress):
        post(f"http://public.example:{receiver.port}/a", "m", BODY)
    assert receiver.received == []


@pytest.mark.parametrize("drips", [False, True])
def test_a_receiver_that_does_not_get_on_is_left_in_time(
    tmp_path: Path, receiver: Receiver, drips: bool
) -> None:
    answer = webhooks(tmp_path, receiver, timeout=0.4)(receiver.hangs("/a", drips=drips), "m", BODY)
    assert answer.status is None
    assert answer.said == f"no answer from http://{receiver.place} within 0.4 s (setting callbacks.timeout)"


def test_what_went_wrong_is_told_without_the_secrets_of_the_address(
    tmp_path: Path, receiver: Receiver
) -> None:
    def nobody(host: str, port: int) -> list[Any]:
        raise OSError("no such name")

    post = webhooks(tmp_path, receiver, resolve=nobody)
    answer = post("http://allowed.example/secret?token=secret", "m", BODY)
    assert answer.status is None
    assert "no connection to http://allowed.example" in answer.said
    assert "secret" not in answer.said


def test_retry_after_is_heard(tmp_path: Path, receiver: Receiver) -> None:
    post = webhooks(tmp_path, receiver)
    assert post(receiver.says("/a", 503, Retry_After="120"), "m", BODY).wait == 120
    assert post(receiver.says("/b", 503, Retry_After="Fri, 31 Dec 2027 23:59:59 GMT"), "m", BODY).wait == 0


# -- the queue and its sender ----------------------------------------------------------------------


@dataclass
class Sender:
    """A store with jobs that ended, and what sends their callbacks."""

    folder: Path
    receiver: Receiver
    jobs: SqlJobs
    caller: Caller | None = None
    allowed: list[str] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)
    writes: Callable[[DueCallback], CallbackBody | None] = lambda due: BODY

    def ended(self, id: str, address: str) -> None:
        job = new(id)
        subscriber = Subscriber(success=address, base="http://me.example")
        self.jobs.submit(replace(job, request=replace(job.request, subscriber=subscriber)))
        lease = self.jobs.claim("w", Lane.BACKGROUND, 60)
        assert lease is not None
        self.jobs.succeed(lease, OUTCOME, KEEP)

    @contextmanager
    def sending(self, settings: CallbackSettings = QUICK, name: str = "w1") -> Iterator[None]:
        caller = Caller(
            name,
            self.jobs,
            lambda due: self.writes(due),
            webhooks(self.folder, self.receiver, settings.timeout, self.allowed),
            lambda job, line: self.lines.append((job, line)),
            UtcClock(),
            settings,
        )
        caller.start()
        try:
            yield
        finally:
            caller.stop()

    def standing(self, id: str) -> Standing:
        (one,) = self.jobs.callbacks(id)
        return one

    def until(self, id: str, state: CallbackState) -> Standing:
        pause = threading.Event()
        for _ in range(int(WITHIN / 0.02)):
            if self.standing(id).state is state:
                return self.standing(id)
            pause.wait(0.02)
        raise AssertionError(f"it never was {state}: {self.standing(id)}")


@pytest.fixture
def sender(tmp_path: Path, receiver: Receiver) -> Iterator[Sender]:
    database = tmp_path / "jobs.sqlite"
    migrate(database, tmp_path / "backups")
    with closing(SqlJobs(database, UtcClock(), keep=KEEP, keep_sync=KEEP)) as jobs:
        yield Sender(tmp_path, receiver, jobs)


def test_what_is_due_is_delivered_once_and_told_in_the_log_of_the_job(
    sender: Sender, receiver: Receiver
) -> None:
    sender.ended("a", receiver.says("/a?token=secret", 200))
    with sender.sending():
        done = sender.until("a", S.DELIVERED)
    assert (done.attempts, done.said) == (1, "200 OK")
    assert len(receiver.received) == 1
    line = f"CALLBACK success to http://{receiver.place}: 200 OK (attempt 1 of 4; delivered)\n"
    assert sender.lines == [("a", line)]


def test_what_fails_is_tried_again_under_the_same_name(sender: Sender, receiver: Receiver) -> None:
    sender.ended("a", receiver.says("/a", 500, 302, 204))
    with sender.sending():
        done = sender.until("a", S.DELIVERED)
    assert done.attempts == 3
    assert len({one.headers["webhook-id"] for one in receiver.at("/a")}) == 1
    assert [line.partition("(")[2][:9] for _, line in sender.lines] == [f"attempt {n}" for n in (1, 2, 3)]


def test_each_delay_is_longer_than_the_one_before(sender: Sender, receiver: Receiver) -> None:
    times: list[datetime] = []

    def write(due: DueCallback) -> CallbackBody:
        times.append(datetime.now(UTC))
        return BODY

    sender.writes = write
    sender.ended("a", receiver.says("/a", 500))
    with sender.sending(replace(QUICK, attempts=3, delay=0.2)):
        sender.until("a", S.GIVEN_UP)
    first, second = (b - a for a, b in pairwise(times))
    assert first.total_seconds() >= 0.15
    assert second.total_seconds() >= 0.45


def test_after_the_last_attempt_it_is_given_up(sender: Sender, receiver: Receiver) -> None:
    sender.ended("a", receiver.says("/a", 500))
    with sender.sending():
        done = sender.until("a", S.GIVEN_UP)
    assert (done.attempts, done.said) == (4, "500 Internal Server Error")
    assert len(receiver.at("/a")) == 4


def test_so_it_is_when_its_time_is_over(sender: Sender, receiver: Receiver) -> None:
    sender.ended("a", receiver.says("/a", 500))
    with sender.sending(replace(QUICK, attempts=100, delay=1, total=0.5)):
        assert sender.until("a", S.GIVEN_UP).attempts == 1


def test_one_over_which_the_worker_died_each_time_is_given_up_without_another_attempt(
    sender: Sender, receiver: Receiver
) -> None:
    sender.ended("a", receiver.says("/a", 204))
    for number in range(4):
        sender.jobs.claim_callback(f"dead{number}", 60)
        sender.jobs.recover_callbacks("next")
    with sender.sending():
        sender.until("a", S.GIVEN_UP)
    assert receiver.received == []


def test_who_is_gone_gets_no_more(sender: Sender, receiver: Receiver) -> None:
    sender.ended("a", receiver.says("/a", 410))
    with sender.sending():
        assert sender.until("a", S.REFUSED).attempts == 1
    assert len(receiver.at("/a")) == 1


def test_an_address_that_may_not_be_called_is_not_tried_again(sender: Sender, receiver: Receiver) -> None:
    sender.ended("a", "http://10.0.0.1/a")
    with sender.sending():
        assert sender.until("a", S.REFUSED).said == "not sent: the address may not be called"


def test_a_place_with_many_waiting_callbacks_does_not_take_all_the_room(
    sender: Sender, receiver: Receiver
) -> None:
    for number in range(12):
        sender.ended(f"slow{number}", receiver.hangs(f"/slow{number}"))
    with receiving() as other:
        sender.allowed.append(other.place)
        sender.ended("quick", other.says("/quick", 204))
        with sender.sending(replace(QUICK, at_once=4, timeout=WITHIN)):
            sender.until("quick", S.DELIVERED)
            assert len(receiver.received) == 2
            receiver.released.set()
            for number in range(12):
                sender.until(f"slow{number}", S.DELIVERED)


def test_one_that_cannot_be_written_is_a_failed_attempt_and_hurts_no_other(
    sender: Sender, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    def write(due: DueCallback) -> CallbackBody | None:
        if due.job == "bad":
            raise ValueError("broken")
        return None if due.job == "gone" else BODY

    sender.writes = write
    for id in ("bad", "gone", "good"):
        sender.ended(id, receiver.says(f"/{id}", 204))
    with sender.sending():
        sender.until("bad", S.GIVEN_UP)
        sender.until("gone", S.DROPPED)
        sender.until("good", S.DELIVERED)
    assert [one.path for one in receiver.received] == ["/good"]
    assert "broken" in caplog.text
    assert {job for job, _ in sender.lines} == {"bad", "good"}


def test_what_was_under_way_when_the_sender_ended_is_sent_by_the_next(
    sender: Sender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("azenha.engine.callbacks.STOP_WITHIN", 0.0)
    sender.ended("a", receiver.hangs("/a"))
    with sender.sending(replace(QUICK, timeout=WITHIN)):
        receiver.wait("/a")
    with sender.sending(name="w2"):
        assert sender.until("a", S.DELIVERED).attempts == 2
    first, second = receiver.at("/a")
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert mapping(first) == mapping(second)


def mapping(received: Received) -> Mapping[str, str]:
    return {k: v for k, v in received.headers.items() if k not in ("webhook-timestamp", "webhook-signature")}
