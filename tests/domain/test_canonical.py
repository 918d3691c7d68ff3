"""The canonical stored request: exact through JSON, for every kind of value."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain import canonical
from azenha.domain.callbacks import Subscriber
from azenha.domain.canonical import StoredRequest
from azenha.domain.messages import Asked, OutputRequest, ResponseForm, Transmission
from azenha.domain.process import Format
from azenha.domain.published import Attribute, Features, Published, Raster, Service
from azenha.domain.values import Box, InlineBytes, InlineText, Literal, Record, Reference, StoredFile
from azenha.domain.written import Wording, Written

NAMES = st.text(min_size=1, max_size=8)
MAYBE = st.none() | NAMES
FORMATS = st.builds(Format, NAMES, MAYBE, MAYBE)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.one_of(
    st.text(),
    st.integers(),
    FINITE,
    st.decimals(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)).map(lambda instant: instant.replace(fold=0)),  # UTC has no fold
    st.timedeltas(),
)
CORNERS = st.integers(2, 3).flatmap(lambda n: st.tuples(*[st.tuples(*[FINITE] * n)] * 2))
FOUR = st.tuples(FINITE, FINITE, FINITE, FINITE)
CONTENT = st.one_of(
    st.builds(
        Raster,
        st.integers(1),
        st.integers(1),
        NAMES,
        st.tuples(st.tuples(FINITE, FINITE)),
        st.none() | FINITE,
    ),
    st.builds(Features, NAMES, st.integers(0), st.tuples(st.builds(Attribute, NAMES, NAMES, NAMES))),
)
PUBLISHED = st.builds(
    Published, NAMES, st.none() | st.integers(1), st.lists(NAMES).map(tuple), FOUR, FOUR, CONTENT
)
FLAT = st.one_of(
    st.builds(Literal, SCALARS, MAYBE),
    st.builds(lambda corners, crs: Box(*corners, crs), CORNERS, NAMES),
    st.builds(InlineText, st.text(), FORMATS),
    st.builds(InlineBytes, st.binary(), FORMATS),
    st.builds(
        StoredFile,
        NAMES,
        NAMES,
        st.integers(0, 2**60),
        FORMATS,
        st.text("0123456789abcdef"),
        source=st.just("") | NAMES,
        crc32=st.none() | st.integers(0, 2**32 - 1),
        geodata=st.none() | st.builds(lambda n: {"features": n}, st.integers(0)),
        published=st.none() | PUBLISHED,
    ),
    st.builds(Reference, NAMES, st.none() | FORMATS),
)


def named(values):
    return st.dictionaries(NAMES, st.lists(values, max_size=3).map(tuple), max_size=3)


VALUES = st.recursive(FLAT, lambda inner: st.builds(Record, named(inner)), max_leaves=8)
PLAIN_OUTPUTS = st.builds(
    OutputRequest,
    st.none() | FORMATS,
    st.none() | st.sampled_from(list(Transmission)),
    MAYBE,
    MAYBE,
    MAYBE,
    service=st.none() | st.sampled_from(list(Service)),
)
OUTPUTS = st.recursive(
    PLAIN_OUTPUTS,
    lambda inner: st.builds(OutputRequest, fields=st.dictionaries(NAMES, inner, min_size=1, max_size=2)),
    max_leaves=3,
)
WRITTEN = st.builds(
    Written,
    NAMES, MAYBE, MAYBE, st.none() | FORMATS, MAYBE, MAYBE, MAYBE,
    corners=st.none() | st.tuples(NAMES, NAMES),
    crs=MAYBE,
    dimensions=MAYBE,
)  # fmt: skip
REQUESTS = st.builds(
    StoredRequest,
    NAMES,
    NAMES,
    named(VALUES),
    st.none() | st.dictionaries(NAMES, OUTPUTS, max_size=3),
    st.builds(
        Asked,
        NAMES,
        NAMES,
        NAMES,
        st.sampled_from(list(ResponseForm)),
        st.none() | st.sampled_from(list(Transmission)),
    ),
    st.none() | st.builds(Subscriber, MAYBE, MAYBE, MAYBE, NAMES),
    st.none() | st.builds(Wording, *[st.lists(WRITTEN, max_size=3).map(tuple)] * 2),
)


def through_json(data):
    return json.loads(json.dumps(data, allow_nan=False))


def same(one, other):
    """Equal, of the same types, and to the last digit: 1, 1.0 and True are equal, and so are 0.0 and -0.0."""
    return one == other and repr(one) == repr(other)


@given(SCALARS)
def test_a_scalar_survives_the_row(value):
    assert same(canonical.load_scalar(through_json(canonical.dump_scalar(value))), value)


@given(VALUES)
def test_a_value_survives_the_row(value):
    assert same(canonical.load_value(through_json(canonical.dump_value(value))), value)


def alike(value):
    """Of one kind: what is written as columns, with what is not among it now and then."""
    return st.tuples(st.lists(value, min_size=canonical.MANY, max_size=20), st.none() | VALUES).map(
        lambda given: tuple(v for v in (*given[0], given[1]) if v is not None)
    )


MANY_ALIKE = st.one_of(
    alike(st.builds(Literal, st.floats(allow_nan=False))),
    alike(st.builds(Literal, st.integers(), st.just("m"))),
    alike(st.builds(Literal, st.one_of(st.integers(0, 1), st.booleans(), st.sampled_from([0.0, 1.0])))),
    alike(st.builds(Literal, st.text(), st.sampled_from([None, "m"]))),
    alike(st.builds(Literal, st.decimals(allow_nan=False, allow_infinity=False))),
    alike(st.builds(lambda corners: Box(*corners, "a", True), CORNERS)),
    alike(st.builds(InlineText, st.text(), st.just(Format("a/b")))),
    alike(st.builds(InlineBytes, st.binary(), st.just(Format("a/b", None, "c")))),
    alike(st.builds(Reference, NAMES, st.none())),
    alike(st.builds(Reference, NAMES, st.just(Format("a/b")), st.sampled_from(["GET", "POST"]))),
    alike(st.builds(lambda n, t: Record({"a": (Literal(n),), "b": (Literal(t),)}), st.integers(), st.text())),
    alike(st.builds(lambda n, t: Record({"a": (Literal(n),) * t}), st.integers(), st.integers(0, 2))),
    alike(st.builds(lambda n: Record({"a": (Record({"b": (Literal(n),)}),)}), st.floats(allow_nan=False))),
    alike(st.builds(lambda *held: Record(dict.fromkeys(held, (Literal(1),))), NAMES, NAMES)),
    alike(
        st.builds(
            lambda n, m: Record({**({"a": (Literal(n),)} if n else {}), "b": m}),
            st.integers(0, 2),
            st.lists(st.builds(Literal, st.integers()), max_size=2).map(tuple),
        )
    ),
    alike(st.just(Record({}))),
)


@given(MANY_ALIKE)
def test_many_values_of_one_kind_survive_the_row(items):
    through = through_json(canonical.dump_values({"a": items}))
    assert same(canonical.load_values(through), {"a": items})
    assert [v.swapped for v in items if isinstance(v, Box)] == [
        v.swapped for v in canonical.load_values(through)["a"] if isinstance(v, Box)
    ]


@pytest.mark.parametrize(
    "item", [Literal(0.1), Literal("a", "m"), Record({"a": (Literal(1),)}), Box((1.0, 2.0), (3.0, 4.0), "a")]
)
def test_many_of_one_kind_are_written_in_much_less_room(item):
    many = len(canonical.compact(canonical.dump_values({"a": (item,) * 1000})))
    assert many < 0.8 * 1000 * len(canonical.compact(canonical.dump_value(item)))


@given(REQUESTS)
def test_a_request_survives_the_row(request):
    assert same(canonical.load_request(through_json(canonical.dump_request(request))), request)


@given(named(VALUES))
def test_outputs_survive_the_row(values):
    assert same(canonical.load_values(through_json(canonical.dump_values(values))), values)


def test_every_kind_of_value_is_in_the_property():
    """A kind that is added to `Value` must be added to the strategy above too."""
    kinds = {Literal, Box, InlineText, InlineBytes, StoredFile, Reference, Record}
    from azenha.domain.values import Value

    assert set(Value.__args__) == kinds


def test_an_instant_of_another_offset_is_stored_as_the_same_instant_in_utc():
    noon = datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=-3)))
    found = canonical.load_scalar(through_json(canonical.dump_scalar(noon)))
    assert found == noon
    assert found.tzinfo is UTC


def test_an_output_request_of_nothing_and_no_output_request_stay_apart():
    asked = Asked("ogcapi", "1.0")
    for outputs in (None, {}):
        request = StoredRequest("p", "1", {}, outputs, asked)
        assert canonical.load_request(through_json(canonical.dump_request(request))).outputs == outputs


def test_a_request_that_an_older_version_stored_is_read():
    request = StoredRequest("p", "1", {}, None, Asked("ogcapi", "1.0"))
    older = canonical.dump_request(request) | {"asked": ["ogcapi", "1.0", "en", "raw"]}
    assert canonical.load_request(through_json(older)) == request


@pytest.mark.parametrize(
    "data", [[], ["unknown"], ["literal"], ["box", [1], "no list", "crs"], ["text", 1, []]]
)
def test_a_row_that_is_no_value_is_refused_with_its_content(data):
    with pytest.raises(ValueError, match="not a stored value"):
        canonical.load_value(data)


def test_the_address_that_a_file_came_from_is_kept_and_rows_without_one_are_read():
    fetched = StoredFile("a/b", "b", 3, Format("image/tiff"), "ab", "http://data.example/b")
    assert canonical.load_value(through_json(canonical.dump_value(fetched))).source == fetched.source
    own = StoredFile("a/b", "b", 3, Format("image/tiff"), "ab")
    assert len(canonical.dump_value(own)) == 6
    assert canonical.load_value(through_json(canonical.dump_value(own))).source == ""


def test_what_not_every_file_has_survives_and_older_rows_are_read() -> None:
    plain = StoredFile("a/x", "x", 1, Format("text/plain"), "ab")
    for file in (plain, replace(plain, source="https://e.org/x"), replace(plain, crc32=0)):
        found = canonical.load_value(canonical.dump_value(file))
        assert isinstance(found, StoredFile)
        assert (found, found.source, found.crc32) == (file, file.source, file.crc32)
    assert len(canonical.dump_value(plain)) == 6  # as it was


def test_what_data_was_called_survives_the_row_of_one_and_of_many() -> None:
    kinds = [Format("text/csv", called=called) for called in (None, "", "text/xml")]
    many = tuple(InlineText("a", format) for format in kinds for _ in range(20))
    values = {
        "many": many,
        "one": (StoredFile("k", "n", 1, kinds[2]),),
        "bytes": (InlineBytes(b"", kinds[1]),),
    }
    loaded = canonical.load_values(through_json(canonical.dump_values(values)))
    assert [v.format.called for v in loaded["many"]] == [v.format.called for v in many]
    assert (loaded["one"][0].format.called, loaded["bytes"][0].format.called) == ("text/xml", "")
