"""The one table of a job's states, and what is derived from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain.job import (
    CLAIMED,
    ENDED,
    TRANSITIONS,
    IllegalTransition,
    JobEvent,
    JobState,
    sources,
    step,
    target,
)

S, E = JobState, JobEvent

ARROWS = {
    (S.CREATED, E.START): S.ACCEPTED,
    (S.CREATED, E.DISMISS): S.DISMISSED,
    (S.CREATED, E.REMOVE): S.REMOVED,
    (S.ACCEPTED, E.CLAIM): S.RUNNING,
    (S.ACCEPTED, E.HOLD): S.HELD,
    (S.ACCEPTED, E.FAIL): S.FAILED,
    (S.ACCEPTED, E.DISMISS): S.DISMISSED,
    (S.HELD, E.RELEASE): S.ACCEPTED,
    (S.HELD, E.DISMISS): S.DISMISSED,
    (S.HELD, E.REMOVE): S.REMOVED,
    (S.RUNNING, E.SUCCEED): S.SUCCEEDED,
    (S.RUNNING, E.FAIL): S.FAILED,
    (S.RUNNING, E.PAUSE): S.PAUSED,
    (S.RUNNING, E.RETRY): S.ACCEPTED,
    (S.RUNNING, E.DISMISS): S.DISMISSED,
    (S.PAUSED, E.RESUME): S.RUNNING,
    (S.PAUSED, E.FAIL): S.FAILED,
    (S.PAUSED, E.RETRY): S.ACCEPTED,
    (S.PAUSED, E.DISMISS): S.DISMISSED,
    (S.SUCCEEDED, E.REMOVE): S.REMOVED,
    (S.FAILED, E.REMOVE): S.REMOVED,
    (S.DISMISSED, E.REMOVE): S.REMOVED,
}


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("event", list(E))
def test_a_job_takes_the_arrows_that_are_drawn_and_no_other(state, event):
    if (state, event) in ARROWS:
        assert step(state, event) is ARROWS[state, event]
    else:
        with pytest.raises(IllegalTransition, match=f"{event} cannot happen to a job that is {state}"):
            step(state, event)


@pytest.mark.parametrize("event", list(E))
def test_the_guard_of_an_update_names_exactly_the_states_where_its_event_can_happen(event):
    assert sources(event) == {state for state, drawn in ARROWS if drawn is event}


@pytest.mark.parametrize("event", list(E))
def test_every_event_leads_to_one_state_wherever_it_happens(event):
    assert {target(event)} == {after for (_, drawn), after in ARROWS.items() if drawn is event}


def test_every_state_has_a_row_in_the_table():
    assert set(TRANSITIONS) == set(S)


def test_the_table_cannot_be_altered_by_a_reader():
    with pytest.raises(TypeError):
        TRANSITIONS[S.REMOVED] = {}
    with pytest.raises(TypeError):
        TRANSITIONS[S.REMOVED][E.CLAIM] = S.RUNNING


@given(st.lists(st.sampled_from(list(E)), max_size=30))
def test_whatever_happens_a_job_ends_once_and_never_runs_again(events):
    state, ended = S.ACCEPTED, []
    for event in events:
        if state not in sources(event):
            continue
        state = step(state, event)
        if state in ENDED:
            ended.append(state)
        assert not (ended and state in (S.ACCEPTED, S.HELD, *CLAIMED))
    assert len(ended) <= 1


@given(st.data())
def test_from_everywhere_a_job_can_still_be_removed(data):
    state = data.draw(st.sampled_from(list(S)))
    for _ in range(20):
        if state is S.REMOVED:
            return
        onwards = [e for e in TRANSITIONS[state] if e not in (E.RETRY, E.RELEASE, E.RESUME)]
        state = step(state, data.draw(st.sampled_from(onwards)))
    raise AssertionError(f"a job stays {state}")
