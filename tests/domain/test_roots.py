"""What an operator may allow besides the web, and what addresses of files and objects say."""

from __future__ import annotations

import os

import pytest

from azenha.domain.binding import bind
from azenha.domain.complexes import BindingLimits
from azenha.domain.errors import InvalidInputs
from azenha.domain.process import ComplexDomain, Format, InputDescription, ProcessDescription, Text
from azenha.domain.roots import Bucket, Folder, Root, file_parts, object_key, parse_root, schemes
from azenha.domain.values import RawReference, Reference

ABSOLUTE = "/srv/data" if os.name == "posix" else "C:/data"


@pytest.mark.parametrize(
    ("text", "root"),
    [
        (ABSOLUTE, Folder(ABSOLUTE)),
        ("file:///srv/our%20data", Folder("/srv/our data")),
        ("s3://scenes", Bucket("scenes")),
        ("s3://scenes/", Bucket("scenes")),
        ("s3://scenes/2026/a%20b/", Bucket("scenes", ("2026", "a b"))),
        (
            "s3://scenes/a?endpoint=http://10.0.0.5:9000&region=eu-west-1&credentials=SCENES",
            Bucket("scenes", ("a",), "http://10.0.0.5:9000", "eu-west-1", "SCENES"),
        ),
        ("s3://scenes?credentials=none", Bucket("scenes", credentials="none")),
    ],
)
def test_a_root_is_a_folder_or_a_bucket_with_its_service(text: str, root: Root) -> None:
    assert parse_root(text) == root


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data", "absolute paths"),
        ("./data", "absolute paths"),
        ("file:data", "is relative"),
        ("file://server/data", "another host"),
        ("http://data.example/", "absolute paths"),
        ("s3://", "no bucket"),
        ("s3://Scenes", "no bucket"),
        ("s3://key:secret@scenes", "no bucket"),
        ("s3://scenes/../other", r"empty, \. or \.\."),
        ("s3://scenes?secret=x", "each may be given once"),
        ("s3://scenes?region=a&region=b", "each may be given once"),
        ("s3://scenes?endpoint=10.0.0.5:9000", "an endpoint is an http"),
        ("s3://scenes?credentials=a-b", "names of environment variables"),
    ],
)
def test_what_is_no_root_is_told_why(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_root(text)


def test_the_schemes_follow_from_the_roots() -> None:
    assert schemes(()) == ("http", "https")
    assert schemes([ABSOLUTE]) == ("http", "https", "file")
    assert schemes(["s3://scenes", ABSOLUTE]) == ("http", "https", "file", "s3")


@pytest.mark.parametrize(
    "url", ["file:///srv/a%20b.tif", "file:/srv/a%20b.tif", "FILE://LocalHost/srv/a%20b.tif"]
)
def test_a_file_is_named_by_its_absolute_path_on_this_machine(url: str) -> None:
    assert file_parts(url) == ("srv", "a b.tif")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:a.tif", "relative"),
        ("file:../a.tif", "relative"),
        ("file://server/a.tif", "'server' is another host"),
        ("file://localhost:80/a.tif", "another host"),
        ("file://127.0.0.1/a.tif", "another host"),
        ("file:////server/share", "empty"),
        ("file:///", "empty"),
        ("file:///a/../b", r"\.\."),
        ("file:///a/%2e%2E/b", r"\.\."),
        ("file:///a/./b", "empty"),
        ("file:///a//b", "empty"),
        ("file:///a/b%2Fc", "a slash"),
        ("file:///a/b%5cc", "a backslash"),
        ("file:///a%00b", "control character"),
        ("file:///a%0Ab", "control character"),
        ("file:///a%zz", "no escape"),
        ("file:///a%", "no escape"),
        ("file:///a%ff", "not UTF-8"),
        ("file:///a?b", "no query"),
        ("file:///a#b", "no fragment"),
    ],
)
def test_an_address_of_a_file_that_could_be_read_in_two_ways_is_refused(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        file_parts(url)


def test_an_object_is_named_by_bucket_and_key() -> None:
    assert object_key("s3://scenes/2026/a%20b.tif") == ("scenes", ("2026", "a b.tif"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3:scenes/a", "no bucket"),
        ("s3://scenes", "names nothing"),
        ("s3://scenes/", "empty"),
        ("s3://scenes:80/a", "no bucket"),
        ("s3://k:s@scenes/a", "no bucket"),
        ("s3://scenes/a/../b", r"\.\."),
        ("s3://scenes/a//b", "empty"),
        ("s3://scenes/a?versionId=1", "no query"),
    ],
)
def test_what_names_no_object_is_told_why(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        object_key(url)


@pytest.mark.parametrize(
    ("bucket", "key", "held"),
    [
        ("scenes", ("data", "a"), True),
        ("scenes", ("data",), True),
        ("scenes", ("database", "a"), False),
        ("scenes", (), False),
        ("other", ("data", "a"), False),
    ],
)
def test_a_prefix_holds_whole_names_not_beginnings(bucket: str, key: tuple[str, ...], held: bool) -> None:
    assert Bucket("scenes", ("data",)).holds(bucket, key) is held


PROCESS = ProcessDescription(
    "p", "1", Text("P"), (InputDescription("a", ComplexDomain((Format("text/plain"),)), Text("A")),)
)


CAN, SET = "the operator can name", r"that may be read \(setting references\.roots\)"


@pytest.mark.parametrize(
    ("roots", "href", "words"),
    [
        ((), "file:///a", rf"only http and https addresses are; {CAN} folders {SET}"),
        ((), "s3://scenes/a", rf"only http and https addresses are; {CAN} buckets {SET}"),
        ((ABSOLUTE,), "s3://scenes/a", rf"only http, https and file addresses are; {CAN} buckets {SET}"),
        ((ABSOLUTE, "s3://scenes"), "ftp://a/b", "only http, https, file and s3 addresses are$"),
        ((ABSOLUTE, "s3://scenes"), "a.tif", "only http, https, file and s3 addresses are$"),
        ((ABSOLUTE,), "file:a", "is relative"),
        (("s3://scenes",), "s3://scenes/", "empty"),
    ],
)
def test_a_scheme_that_is_not_fetched_is_refused_by_name_when_the_request_comes(
    roots: tuple[str, ...], href: str, words: str
) -> None:
    limits = BindingLimits(1000, schemes=schemes(roots))
    for raw in (RawReference(href), RawReference("http://a/", None, "POST", (), None, href)):
        with pytest.raises(InvalidInputs, match=words) as found:
            bind(PROCESS, {"a": (raw,)}, limits=limits)
        assert found.value.problems[0].locator == "a"
        assert ABSOLUTE not in str(found.value)


@pytest.mark.parametrize("href", ["file:///srv/data/a.tif", "s3://scenes/a", "https://a.example/"])
def test_a_scheme_that_is_fetched_passes(href: str) -> None:
    limits = BindingLimits(1000, schemes=schemes([ABSOLUTE, "s3://scenes"]))
    assert bind(PROCESS, {"a": (RawReference(href),)}, limits=limits) == {"a": (Reference(href),)}
