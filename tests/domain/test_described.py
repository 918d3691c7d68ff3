from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azenha.domain.described import dump_description, load_description
from azenha.domain.process import (
    BoxDomain,
    Closure,
    ComplexDomain,
    Crs,
    Domain,
    Format,
    InputDescription,
    JobControl,
    Level,
    Limits,
    LiteralDomain,
    LiteralType,
    Metadata,
    ObjectDomain,
    OutputDescription,
    ProcessDescription,
    Text,
    Validation,
    ValueRange,
)

text = st.text(max_size=8)
maybe_text = st.none() | text
sizes = st.none() | st.integers(0, 2**70)
moments = st.datetimes(
    datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-3)))
)
scalars = st.one_of(
    text,
    st.integers(),
    st.floats(allow_nan=False),
    st.decimals(allow_nan=False),
    st.booleans(),
    st.dates(date(1, 1, 1)),
    moments,
    st.timedeltas(),
)


def tuples(items: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, min_size=least, max_size=3).map(tuple)


texts = st.builds(Text, text, maybe_text, tuples(text))
links = tuples(st.builds(Metadata, text, maybe_text, maybe_text))
translations = st.dictionaries(text, texts, max_size=2).map(MappingProxyType)
formats = st.builds(Format, text, maybe_text, maybe_text)
ranges = st.builds(
    ValueRange, st.none() | scalars, st.none() | scalars, st.sampled_from(Closure), st.none() | scalars
)
validations = st.builds(
    Validation,
    st.none() | st.sampled_from(Level),
    st.booleans(),
    tuples(text),
    st.none() | st.tuples(st.integers(1, 9), st.none() | st.integers(1, 9)),
    st.booleans(),
    tuples(text),
)
plain_domains: st.SearchStrategy[Domain] = st.one_of(
    st.builds(LiteralDomain, st.sampled_from(LiteralType), tuples(scalars | ranges), tuples(text)),
    st.builds(BoxDomain, tuples(st.builds(Crs, text, st.booleans()), 1), tuples(st.sampled_from([2, 3]), 1)),
    st.builds(ComplexDomain, tuples(formats, 1), sizes, st.none() | validations),
)


def inputs(domains: st.SearchStrategy[Domain]) -> st.SearchStrategy[InputDescription]:
    return st.builds(
        InputDescription,
        text,
        domains,
        texts,
        st.integers(0, 9),
        st.none() | st.integers(1, 9),
        st.none() | scalars | tuples(scalars),
        maybe_text,
        st.booleans(),
        st.booleans(),
        links,
        translations,
    )


domains = st.recursive(plain_domains, lambda d: st.builds(ObjectDomain, tuples(inputs(d))), max_leaves=4)
outputs = st.builds(
    OutputDescription, text, domains, texts, st.booleans(), st.booleans(), links, translations
)
descriptions = st.builds(
    ProcessDescription,
    text,
    text,
    texts,
    tuples(inputs(domains)),
    tuples(outputs),
    links,
    st.frozensets(st.sampled_from(JobControl)),
    st.builds(Limits, st.none() | st.floats(0, 1e9), sizes, sizes),
    st.integers(0, 9),
    st.integers(1, 9),
    st.booleans(),
    tuples(text),
    translations,
)


def kinds(value: object) -> object:
    """The types within a description: 1, 1.0 and True are equal, and not the same."""
    if isinstance(value, tuple):
        return tuple(kinds(item) for item in value)
    if hasattr(value, "__dataclass_fields__"):
        return type(value), tuple(kinds(getattr(value, name)) for name in value.__dataclass_fields__)
    return type(value)


# Large values take long to make up, on a busy machine above all; that says nothing of the code.
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(descriptions)
def test_a_description_survives_the_way_through_json_exactly(description: ProcessDescription) -> None:
    back = load_description(json.loads(json.dumps(dump_description(description))))
    assert back == description
    assert kinds(back) == kinds(description)


def test_a_description_of_another_shape_is_refused() -> None:
    good = dump_description(
        ProcessDescription("a", "1", Text("A"), (InputDescription("b", BoxDomain(), Text("B")),))
    )
    with pytest.raises(KeyError):
        load_description({key: value for key, value in good.items() if key != "limits"})
    good["inputs"][0]["domain"] = ["sphere", 1]
    with pytest.raises(ValueError, match="not a dumped domain"):
        load_description(good)
