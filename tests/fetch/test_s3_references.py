"""References to objects of S3, against a store on loopback that verifies signatures."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from s3server import KEY, REGION, SECRET, Store, etag, storing

from azenha.adapters.references.buckets import Buckets
from azenha.adapters.references.cache import Cache
from azenha.domain.errors import FetchFailed, ForbiddenAddress, TooLarge
from azenha.domain.roots import Bucket, parse_root
from azenha.settings import LimitSettings, ReferenceSettings
from azenha.usecases.ports import Ask, Fetched, Terms

pytest.importorskip("obstore", reason="obstore is not installed: extra s3")

BODY = os.urandom(700_000)
SECRETS = {"SCENES_ACCESS_KEY_ID": KEY, "SCENES_SECRET_ACCESS_KEY": SECRET}


@pytest.fixture
def store() -> Iterator[Store]:
    with storing() as store:
        store.put("scenes/data/a b.tif", BODY)
        yield store


def root(store: Store, place: str = "scenes/data", credentials: str = "SCENES") -> Bucket:
    text = f"s3://{place}?endpoint={store.endpoint}&region={REGION}&credentials={credentials}"
    parsed = parse_root(text)
    assert isinstance(parsed, Bucket)
    return parsed


def buckets(
    *roots: Bucket,
    environment: dict[str, str] | None = None,
    cache: Cache | None = None,
    settings: ReferenceSettings = ReferenceSettings(),  # noqa: B008 - frozen
) -> Buckets:
    limits = replace(LimitSettings(), fetched=1_000_000, silence=5.0)
    given = SECRETS if environment is None else environment
    return Buckets(roots, limits, settings, given, cache, lambda seconds: None)


def test_an_object_in_a_root_is_fetched_with_the_roots_credentials(store: Store, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    fetch = buckets(root(store))
    got = fetch(
        "s3://scenes/data/a%20b.tif", tmp_path / "a", terms=Terms(on_progress=lambda *told: seen.append(told))
    )
    assert got == Fetched(len(BODY), "image/tiff", "a b.tif")
    assert (tmp_path / "a").read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))


@pytest.mark.parametrize("name", ["scenes/database/a", "scenes/data2", "other/data/a", "scenes/a"])
def test_what_is_in_no_root_is_not_asked_for(store: Store, tmp_path: Path, name: str) -> None:
    store.put(name, b"secret")
    with pytest.raises(ForbiddenAddress, match=r"that the operator allowed \(setting references\.roots\)"):
        buckets(root(store))(f"s3://{name}", tmp_path / "a")
    assert store.asked == []


@pytest.mark.parametrize("url", ["s3://scenes/data/../x", "s3://scenes/data/%2e%2e/x", "s3://scenes/data//x"])
def test_a_key_that_could_be_read_in_two_ways_is_refused(store: Store, tmp_path: Path, url: str) -> None:
    with pytest.raises(ForbiddenAddress, match="may not be read"):
        buckets(root(store, "scenes"))(url, tmp_path / "a")
    assert store.asked == []


def test_wrong_and_missing_credentials_are_told_without_them(store: Store, tmp_path: Path) -> None:
    wrong = {**SECRETS, "SCENES_SECRET_ACCESS_KEY": "guessed"}
    with pytest.raises(
        FetchFailed, match=r"^403 Forbidden \(SignatureDoesNotMatch\) from s3://scenes"
    ) as found:
        buckets(root(store), environment=wrong)("s3://scenes/data/a%20b.tif", tmp_path / "a")
    assert "guessed" not in str(found.value)
    with pytest.raises(FetchFailed, match="no credentials for bucket 'scenes'"):
        buckets(root(store), environment={})("s3://scenes/data/a%20b.tif", tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_credentials_of_the_environment_that_the_root_does_not_name_are_not_used(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "another")
    buckets(root(store))("s3://scenes/data/a%20b.tif", tmp_path / "a")
    assert "x-amz-security-token" not in store.asked[0][1]


def test_a_session_token_is_sent(store: Store, tmp_path: Path) -> None:
    environment = {**SECRETS, "SCENES_SESSION_TOKEN": "for an hour"}
    buckets(root(store), environment=environment)("s3://scenes/data/a%20b.tif", tmp_path / "a")
    assert store.asked[0][1]["x-amz-security-token"] == "for an hour"


def test_a_public_bucket_is_asked_without_a_signature(store: Store, tmp_path: Path) -> None:
    store.public.add("scenes")
    fetch = buckets(root(store, credentials="none"), environment={})
    assert fetch("s3://scenes/data/a%20b.tif", tmp_path / "a").size == len(BODY)
    assert "authorization" not in store.asked[0][1]


def test_of_two_roots_the_closer_one_says_how(store: Store, tmp_path: Path) -> None:
    wide, close = root(store, "scenes", "WIDE"), root(store)
    for roots in ((wide, close), (close, wide)):
        buckets(*roots)("s3://scenes/data/a%20b.tif", tmp_path / "a")
    assert all(f"Credential={KEY}/" in sent["authorization"] for _, sent in store.asked)


def test_what_is_not_there_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FetchFailed, match=r"^404 Not Found from s3://scenes/data/missing$"):
        buckets(root(store))("s3://scenes/data/missing", tmp_path / "a")
    assert len(store.asked) == 1


def test_what_may_pass_is_tried_again_and_what_will_not_is_not(store: Store, tmp_path: Path) -> None:
    said: list[str] = []
    store.fails = [503, 500, 429]
    fetch = buckets(root(store))
    assert fetch("s3://scenes/data/a%20b.tif", tmp_path / "a", terms=Terms(say=said.append)).size == len(BODY)
    assert [text[:3] for text in said] == ["503", "500", "429"]
    store.fails = [400]
    with pytest.raises(FetchFailed, match=r"^400 Bad Request \(SlowDown\) from s3:"):
        fetch("s3://scenes/data/a%20b.tif", tmp_path / "a")
    store.fails = [503] * 4
    with pytest.raises(FetchFailed, match=r"^503 .*\(4 attempts\)$"):
        fetch("s3://scenes/data/a%20b.tif", tmp_path / "a")


def test_what_breaks_off_is_resumed_by_its_tag(store: Store, tmp_path: Path) -> None:
    store.breaks = [300_000, 200_000]
    buckets(root(store))("s3://scenes/data/a%20b.tif", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == BODY
    assert [sent.get("range", "").partition("=")[0] for _, sent in store.asked] == ["", "bytes", "bytes"]
    assert [sent.get("if-match") for _, sent in store.asked] == [None, etag(BODY), etag(BODY)]


def test_what_changed_meanwhile_is_fetched_anew(store: Store, tmp_path: Path) -> None:
    store.breaks = [300_000]
    new = b"new" * 1000
    fetch = buckets(root(store))
    fetch(
        "s3://scenes/data/a%20b.tif",
        tmp_path / "a",
        terms=Terms(say=lambda text: store.put("scenes/data/a b.tif", new)),
    )
    assert (tmp_path / "a").read_bytes() == new


def test_limits_hold_for_objects_too(store: Store, tmp_path: Path) -> None:
    fetch = buckets(root(store))
    with pytest.raises(TooLarge, match=r"more than 1000 bytes from s3:.*limit of this input"):
        fetch("s3://scenes/data/a%20b.tif", tmp_path / "a", terms=Terms(limit=1000))
    store.put("scenes/data/large", bytes(1_000_001))
    with pytest.raises(TooLarge, match=r"limits\.fetched"):
        fetch("s3://scenes/data/large", tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_an_object_is_kept_for_the_next_job_of_the_same_root(store: Store, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "kept", 100_000_000)
    said: list[str] = []
    for _ in range(2):
        got = buckets(root(store), cache=cache)(
            "s3://scenes/data/a%20b.tif", tmp_path / "a", terms=Terms(say=said.append)
        )
        assert got == Fetched(len(BODY), "image/tiff", "a b.tif")
        assert (tmp_path / "a").read_bytes() == BODY
    assert [sent.get("if-none-match") for _, sent in store.asked] == [None, etag(BODY)]
    assert said == ["it was fetched before and has not changed: 700,000 bytes were copied"]
    store.put("scenes/data/a b.tif", b"new")
    assert buckets(root(store), cache=cache)("s3://scenes/data/a%20b.tif", tmp_path / "a").size == 3


def test_compressed_objects_are_unfolded(store: Store, tmp_path: Path) -> None:
    store.put("scenes/data/a.csv", gzip.compress(b"a,b\n" * 1000))
    store.encodings["scenes/data/a.csv"] = "gzip"
    assert buckets(root(store))("s3://scenes/data/a.csv", tmp_path / "a").size == 4000


@pytest.mark.parametrize("ask", [Ask("POST"), Ask("GET", (("a", "b"),))])
def test_an_object_takes_no_method_and_no_headers(store: Store, tmp_path: Path, ask: Ask) -> None:
    with pytest.raises(FetchFailed, match="takes no method, headers or body"):
        buckets(root(store))("s3://scenes/data/a%20b.tif", tmp_path / "a", ask=ask)


def test_a_store_that_does_not_answer_is_tried_and_its_place_not_told(tmp_path: Path) -> None:
    with storing() as store:
        gone = root(store)
    with pytest.raises(
        FetchFailed, match=r"no answer.*from the store of s3://scenes.*\(4 attempts\)"
    ) as found:
        buckets(gone)("s3://scenes/data/a", tmp_path / "a")
    assert "127.0.0.1" not in str(found.value)
