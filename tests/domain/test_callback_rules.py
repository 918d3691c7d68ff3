"""Rules of callbacks: who is told when, and how often that is tried."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain.callbacks import OCCASIONS, Occasion, Patience, Subscriber, place
from azenha.domain.job import ENDED, JobEvent, target

PATIENCE = Patience(attempts=4, delay=5, total=100)


def test_every_end_of_a_job_is_an_occasion_and_a_dismissal_is_told_as_a_failure() -> None:
    ends = {event for event in JobEvent if target(event) in ENDED}
    assert ends <= set(OCCASIONS)
    assert OCCASIONS[JobEvent.SUCCEED] is Occasion.SUCCESS
    assert OCCASIONS[JobEvent.FAIL] is OCCASIONS[JobEvent.DISMISS] is Occasion.FAILED


def test_a_subscriber_has_an_address_for_what_was_asked_only() -> None:
    given = Subscriber(failed="http://x.example/no")
    assert given.addresses == {Occasion.FAILED: "http://x.example/no"}


def test_each_delay_is_three_times_the_one_before() -> None:
    assert [PATIENCE.next_delay(made, 0, 0.5) for made in (1, 2, 3)] == [5, 15, 45]


def test_after_the_last_attempt_and_beyond_the_whole_time_there_is_none() -> None:
    assert PATIENCE.next_delay(4, 0, 0.5) is None
    assert PATIENCE.next_delay(3, 55, 0.5) == 45
    assert PATIENCE.next_delay(3, 56, 0.5) is None


def test_a_receiver_that_asks_for_a_longer_pause_gets_it_within_the_whole_time() -> None:
    assert PATIENCE.next_delay(1, 0, 0.5, wished=60) == 60
    assert PATIENCE.next_delay(1, 0, 0.5, wished=1) == 5
    assert PATIENCE.next_delay(1, 0, 0.5, wished=101) is None


@given(st.integers(1, 1000), st.floats(0, 1))
def test_chance_moves_a_delay_by_a_quarter_at_most(made: int, chance: float) -> None:
    patience = Patience(attempts=2000, delay=5, total=float("inf"))
    plain, moved = patience.next_delay(made, 0, 0.5), patience.next_delay(made, 0, chance)
    assert plain is not None
    assert moved is not None
    assert 0.75 * plain <= moved <= 1.25 * plain


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://hooks.example.org/T0/secret?token=1#x", "https://hooks.example.org"),
        ("HTTP://x.example:8080", "http://x.example:8080"),
        ("http://[2001:db8::1]:81/a", "http://[2001:db8::1]:81"),
    ],
)
def test_of_an_address_its_place_alone_is_shown(address: str, shown: str) -> None:
    assert place(address) == shown
