"""All results at once: an archive that any program opens, and a Metalink that names the same files."""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from ogcapi_outcomes import (
    API,
    CSV,
    GEOTIFF,
    JOB_ADDRESS,
    JSON,
    PNG,
    SITE,
    SUCCEEDED,
    content,
    document,
    get,
    header,
    output,
    refuse,
    results,
    stored,
    write,
)

from azenha.domain.errors import BadParameter
from azenha.domain.messages import Results, Status
from azenha.domain.process import Format
from azenha.domain.values import InlineBytes, InlineText, Literal, Reference, StoredFile
from azenha.protocols.http import FileSlice, HttpReply
from azenha.protocols.ogcapi.packages import members
from azenha.protocols.zip_write import Entry, archive
from azenha.web.ranges import conditional

ADDRESS = "/jobs/j1/results"
ZIP, METALINK = "application/zip", "application/metalink4+xml"
GIB = 1 << 30


@pytest.fixture
def outcome(tmp_path: Path) -> Results:
    """Files of their own names, two of the same, a list, and values that are no files."""
    (tmp_path / "0").mkdir()
    (tmp_path / "1").mkdir()
    listed = [replace(stored(tmp_path, f"{n}/part.csv", b"%d" % n, CSV), name="part.csv") for n in (0, 1)]
    return results(
        output("map", stored(tmp_path, "São Tomé.tif", b"II*\0 data", GEOTIFF)),
        output("table", replace(stored(tmp_path, "upper.csv", b"a,b", CSV), name="PART.csv")),
        output("parts", *listed, array=True),
        output("note", InlineText("olá", Format("text/plain"))),
        output("icon", InlineBytes(b"\x89PNG", PNG)),
        output("count", Literal(3)),
        output("areas", Literal(1.5), Literal(2), array=True),
        output("elsewhere", Reference("https://example.org/d/dem%20a.tif?x=1", GEOTIFF)),
        folder=tmp_path,
    )


NAMES = {
    "São Tomé.tif": b"II*\0 data",
    "table/PART.csv": b"a,b",
    "parts/part.csv": b"0",
    "parts/part-2.csv": b"1",
    "note.txt": "olá".encode(),
    "icon.png": b"\x89PNG",
    "count.json": b"3",
    "areas.json": b"[1.5,2]",
}


def test_the_archive_has_every_value_under_a_name_of_its_own(outcome: Results) -> None:
    reply = write(outcome, ADDRESS, "f=zip")
    assert (reply.status, header(reply, "Content-Type")) == (200, ZIP)
    assert header(reply, "Content-Disposition") == 'attachment; filename="rich one-6c0d0a0e.zip"'
    with zipfile.ZipFile(io.BytesIO(content(reply))) as archived:
        assert archived.testzip() is None  # every checksum is right
        assert {i.filename: archived.read(i) for i in archived.infolist()} == NAMES
        assert len({i.filename.casefold() for i in archived.infolist()}) == len(NAMES)
        finished = SUCCEEDED.finished
        assert finished is not None
        assert {i.date_time[:5] for i in archived.infolist()} == {finished.timetuple()[:5]}


def test_files_are_not_read_to_be_archived_where_their_checksum_is_known(tmp_path: Path) -> None:
    absent = StoredFile("gone.tif", "gone.tif", 5_000_000_000, GEOTIFF, "ab" * 32, crc32=7)
    reply = write(results(output("o", absent), folder=tmp_path), ADDRESS, "f=zip")
    assert reply.status == 200
    assert FileSlice(f"{tmp_path}/gone.tif", 0, 5_000_000_000) in reply.body
    assert reply.length is not None
    assert reply.length > 5_000_000_000


def test_an_archive_can_be_had_in_parts(outcome: Results) -> None:
    reply = write(outcome, ADDRESS, "f=zip")
    whole = content(reply)
    headers = {"range": f"bytes=20-{len(whole) - 7}"}
    assert content(conditional(reply, "GET", headers, refuse)) == whole[20:-6]


def test_a_file_that_is_gone_has_no_archive(tmp_path: Path) -> None:
    gone = StoredFile("gone.tif", "gone.tif", 5, GEOTIFF)
    assert write(results(output("o", gone), folder=tmp_path), ADDRESS, "f=zip").status == 404


def test_no_file_is_called_like_the_folder_of_another(tmp_path: Path) -> None:
    files = {"map": "same.tif", "other": "same.tif", "third": "map"}
    outputs = []
    for id, name in files.items():
        (tmp_path / id).mkdir()
        outputs.append(output(id, replace(stored(tmp_path, f"{id}/{name}", b"x", GEOTIFF), name=name)))
    found = members(results(*outputs, folder=str(tmp_path)), SITE)
    assert [one.name for one in found] == ["map/same.tif", "other/same.tif", "map-2"]


def test_the_metalink_names_size_checksum_and_address_of_the_same_files(outcome: Results) -> None:
    reply = write(outcome, ADDRESS, "f=metalink")
    assert (reply.status, header(reply, "Content-Type")) == (200, METALINK)
    root = etree.fromstring(content(reply))
    space = {"m": "urn:ietf:params:xml:ns:metalink"}
    assert root.tag == "{urn:ietf:params:xml:ns:metalink}metalink"
    assert root.findtext("m:origin", None, space) == f"{JOB_ADDRESS}/results?f=metalink"
    found = {f.get("name"): f for f in root.iterfind("m:file", space)}
    assert list(found) == [*NAMES, "dem a.tif"]
    for name, data in NAMES.items():
        assert found[name].findtext("m:size", None, space) == str(len(data))
    # What was recorded with the job, or is small; others have none.
    for name in ("note.txt", "icon.png", "count.json", "areas.json"):
        told = found[name].find("m:hash", space)
        assert told is not None
        assert (told.get("type"), told.text) == ("sha-256", hashlib.sha256(NAMES[name]).hexdigest())
    assert found["São Tomé.tif"].findtext("m:url", None, space) == f"{JOB_ADDRESS}/results/map"
    assert found["parts/part-2.csv"].findtext("m:url", None, space) == f"{JOB_ADDRESS}/results/parts/1"
    assert found["dem a.tif"].findtext("m:url", None, space) == "https://example.org/d/dem%20a.tif?x=1"
    assert found["dem a.tif"].find("m:size", space) is None


def test_the_checksum_of_a_file_is_told(tmp_path: Path) -> None:
    file = replace(stored(tmp_path, "a.tif", b"data", GEOTIFF), sha256=hashlib.sha256(b"data").hexdigest())
    outcome = results(output("o", file), folder=tmp_path)
    assert file.sha256.encode() in content(write(outcome, ADDRESS, "f=metalink"))
    digest = ["sha-256=", "Om6weQ85rIfJT0nQrC42qUlmMpJevnQuN5RfNQmuGYE=", ""][1]
    told = header(write(outcome, ADDRESS), "Repr-Digest")
    assert told is not None
    assert told.startswith("sha-256=:")
    assert told.endswith("=:")
    assert len(told.split(":")[1]) == len(digest)


@pytest.mark.parametrize(
    ("accept", "type"),
    [
        (ZIP, ZIP),
        (METALINK, METALINK),
        (f"{ZIP};q=0.5, {METALINK}", METALINK),
        (f"multipart/related, {ZIP};q=0.5", "multipart/related"),
        ("*/*", "multipart/related"),
        ("application/*", "multipart/related"),
    ],
)
def test_a_package_is_for_those_who_ask_for_it_by_name(outcome: Results, accept: str, type: str) -> None:
    reply = write(outcome, ADDRESS, accept=accept)
    assert (header(reply, "Content-Type") or "").split(";")[0] == type
    assert header(reply, "Vary") == "Accept, Prefer"


def test_an_output_that_is_an_archive_itself_is_what_is_asked_for(tmp_path: Path) -> None:
    shape = stored(tmp_path, "roads.zip", b"PK", Format(ZIP))
    assert content(write(results(output("o", shape), folder=tmp_path), ADDRESS, accept=ZIP)) == b"PK"


def test_only_results_have_packages() -> None:
    assert "json or html; given 'zip'" in document(refused("/jobs"))["detail"]
    assert "json or html or zip or metalink; given 'tar'" in document(refused(ADDRESS, "f=tar"))["detail"]


def refused(path: str, query: str = "f=zip") -> HttpReply:
    with pytest.raises(BadParameter) as error:
        API.read(get(path, query))
    return API.fault(error.value, get(path), SITE)


def test_packages_are_linked_from_the_document_the_status_and_the_page(outcome: Results) -> None:
    reply = write(outcome, ADDRESS, "f=json")
    links = [value for name, value in reply.headers if name == "Link"]
    assert f'<{JOB_ADDRESS}/results?f=zip>; rel="alternate"; type="{ZIP}"' in links
    found = document(write(Status(SUCCEEDED), "/jobs/j1"))["links"]
    assert {(k["href"], k["type"]) for k in found if k["rel"] == "enclosure"} == {
        (f"{JOB_ADDRESS}/results?f=zip", ZIP),
        (f"{JOB_ADDRESS}/results?f=metalink", METALINK),
    }
    assert b"/results?f=zip" in content(write(outcome, ADDRESS, "f=html"))


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\x\\con", "a\nb.txt", "..", " .hidden. ", "/abs.txt"]
)
def test_no_name_leads_out_of_the_folder_where_it_is_unpacked(tmp_path: Path, name: str) -> None:
    file = replace(stored(tmp_path, "x", b"", CSV), name=name)
    (one,) = members(results(output("o", file)), SITE)
    assert not {"/", "\\", "\n", ":"} & set(one.name)
    assert one.name.strip(". ") == one.name


# -- large ones -----------------------------------------------------------------------------------


def written(parts: tuple[bytes | FileSlice, ...], target: Path) -> None:
    """What is sent, with holes for files that are holes."""
    with target.open("wb") as file:
        for part in parts:
            if isinstance(part, bytes):
                file.write(part)
            else:
                file.seek(part.end - part.start, 1)


def test_entries_above_4_gib_and_what_comes_after_them_are_found(tmp_path: Path) -> None:
    hole = (FileSlice("/hole", 0, 5 * GIB),)
    finished = SUCCEEDED.created
    parts = archive(
        [
            Entry("small.txt", (b"small",), 5, zlib.crc32(b"small")),
            Entry("large.bin", hole, 5 * GIB, 1),
            Entry("after.txt", (b"after",), 5, zlib.crc32(b"after")),
        ],
        finished,
    )
    written(parts, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archived:
        assert [(i.filename, i.file_size) for i in archived.infolist()] == [
            ("small.txt", 5),
            ("large.bin", 5 * GIB),
            ("after.txt", 5),
        ]
        assert archived.read("after.txt") == b"after"
        with archived.open("large.bin") as large:
            assert large.read(4) == b"\0\0\0\0"


def test_more_entries_than_the_old_form_has_room_for(tmp_path: Path) -> None:
    parts = archive([Entry(f"{n}", (), 0, 0) for n in range(70_000)], SUCCEEDED.created)
    written(parts, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archived:
        assert len(archived.infolist()) == 70_000


def test_json_is_called_so(tmp_path: Path) -> None:
    file = stored(tmp_path, "areas.geojson", b"{}", JSON)
    (one,) = members(results(output("o", file), folder=tmp_path), SITE)
    assert (one.name, one.media_type) == ("areas.geojson", "application/json")
