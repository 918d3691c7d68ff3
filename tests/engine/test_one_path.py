"""A job that a client waits for and one that it leaves running take the same path: the same request, the same end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workshop import Workshop

from azenha.domain.job import Lane
from azenha.domain.process import CRS84, Format, Scalar
from azenha.domain.values import Box, InlineBytes, InlineText, Literal, Record, StoredFile, Value

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
ANY_FORMAT = Format("application/octet-stream")
CONTENT = st.binary(max_size=100)  # its hexadecimal digits are a file name too


def literal(values: st.SearchStrategy[Scalar]) -> st.SearchStrategy[tuple[Value, ...]]:
    return values.map(lambda value: (Literal(value),))


PLACES = st.builds(
    lambda name, latitude, longitude: (
        Record(
            {"name": (Literal(name),), "latitude": (Literal(latitude),), "longitude": (Literal(longitude),)}
        ),
    ),
    TEXT,
    st.floats(-90, 90),
    st.floats(-180, 180),
)
BOXES = st.builds(
    lambda west, south, width, height: (Box((west, south), (west + width, south + height), CRS84),),
    st.floats(-180, 0),
    st.floats(-90, 0),
    st.floats(0, 180),
    st.floats(0, 90),
)
DOCUMENTS = st.one_of(
    TEXT.map(lambda text: (InlineText(text, Format("text/plain")),)),
    CONTENT.map(lambda data: (InlineBytes(data, ANY_FORMAT),)),
    CONTENT.map(lambda data: (StoredFile("document/0", data.hex(), len(data), ANY_FORMAT),)),
)
INPUTS = st.fixed_dictionaries(
    {"text": literal(TEXT)},
    optional={
        "number": literal(FLOAT),
        "integer": literal(st.integers(-1_000_000, 1_000_000)),
        "decimal": literal(st.decimals(allow_nan=False, allow_infinity=False)),
        "flag": literal(st.booleans()),
        "day": literal(st.dates()),
        "moment": literal(st.datetimes(datetime(2, 1, 1), timezones=st.just(UTC))),
        "duration": literal(st.timedeltas(timedelta(0), timedelta(days=9999))),
        "choice": literal(st.sampled_from(["red", "green", "blue"])),
        "numbers": st.lists(FLOAT.map(Literal), min_size=1, max_size=4).map(tuple),
        "box": BOXES,
        "place": PLACES,
        "document": DOCUMENTS,
    },
)
EVERY_KIND: dict[str, tuple[Value, ...]] = {
    "text": (Literal("água"),),
    "number": (Literal(1e-9),),
    "integer": (Literal(-7),),
    "decimal": (Literal(Decimal("1.10")),),
    "flag": (Literal(False),),
    "day": (Literal(date(2026, 2, 28)),),
    "moment": (Literal(datetime(2026, 2, 28, 1, 2, 3, 4, UTC)),),
    "duration": (Literal(timedelta(days=1, microseconds=1)),),
    "choice": (Literal("green"),),
    "numbers": (Literal(1.5), Literal(-0.0)),
    "box": (Box((-9.5, 38.0), (-9.0, 39.0), CRS84),),
    "place": (
        Record({"name": (Literal("Sintra"),), "latitude": (Literal(38.8),), "longitude": (Literal(-9.4),)}),
    ),
    "document": (InlineText("a note", Format("text/plain")),),
}


def run(shop: Workshop, lane: Lane, values: dict[str, tuple[Value, ...]]) -> dict[str, object]:
    def prepare(folder: Path) -> None:
        for value in values.get("document", ()):
            if isinstance(value, StoredFile):
                (folder / value.key).parent.mkdir()
                (folder / value.key).write_bytes(bytes.fromhex(value.name))

    id = shop.submit("echo", lane=lane, values=values, prepare=prepare)
    outputs = shop.outputs(id)
    files = {k: shop.content(id, v) for k, vs in outputs.items() for v in vs if isinstance(v, StoredFile)}
    return {"outputs": outputs, "files": files}


def same_on_both(shop: Workshop, values: dict[str, tuple[Value, ...]]) -> dict[str, object]:
    sync, background = run(shop, Lane.SYNC, values), run(shop, Lane.BACKGROUND, values)
    assert sync == background
    return sync


def test_every_kind_of_value_comes_back_the_same_on_both_lanes(shop: Workshop) -> None:
    result = same_on_both(shop, EVERY_KIND)
    outputs = result["outputs"]
    assert isinstance(outputs, dict)
    assert {k: v for k, v in outputs.items() if k != "document"} == {
        k: v for k, v in EVERY_KIND.items() if k != "document"
    }
    assert result["files"] == {"document": b"a note"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=INPUTS)
def test_whatever_is_given_both_lanes_store_equal_outputs(
    shop: Workshop, values: dict[str, tuple[Value, ...]]
) -> None:
    outputs = same_on_both(shop, values)["outputs"]
    assert isinstance(outputs, dict)
    assert set(outputs) == set(values), "what was given comes back, and nothing else"
