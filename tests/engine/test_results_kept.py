"""What becomes of a job whose results the store does not take, and of files whose job is gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from workshop import Offered, Workshop, eventually, quick

from azenha.adapters.blobs.local import LocalBlobs
from azenha.domain.job import FailureKind, JobState
from azenha.domain.values import StoredFile
from azenha.usecases.ports import NotKept


class Watched(LocalBlobs):
    """Notes how a job stood when its files came, and takes nothing while it is full."""

    shop: Workshop

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.full = False
        self.then = lambda job: None
        self.states: list[JobState] = []

    def put(self, job: str, attempt: int, folder: Path, files: Sequence[StoredFile]) -> None:
        self.states.append(self.shop.job(job).state)
        if self.full:
            shutil.rmtree(folder)
            raise NotKept("the store is full")
        super().put(job, attempt, folder, files)
        self.then(job)


@pytest.fixture
def kept(offers: Offered, tmp_path: Path) -> Iterator[Watched]:
    settings = quick(tmp_path)
    blobs = Watched(settings.data)
    blobs.shop = Workshop(offers, settings, blobs=blobs)
    yield blobs
    blobs.shop.close()


def test_files_are_kept_before_the_job_is_successful(kept: Watched) -> None:
    kept.shop.worker.start()
    id = kept.shop.submit("mislabelled")
    ((value,),) = kept.shop.outputs(id).values()
    assert kept.states == [JobState.RUNNING]
    assert kept.shop.content(id, value)


def test_a_job_whose_files_are_not_taken_fails_and_says_so(kept: Watched) -> None:
    kept.shop.worker.start()
    kept.full = True
    failure = kept.shop.failure(kept.shop.submit("mislabelled"))
    assert failure.kind is FailureKind.RESULTS
    assert failure.message == "its results could not be kept: the store is full"


def test_a_job_without_files_does_not_ask_the_store(kept: Watched) -> None:
    kept.shop.worker.start()
    kept.full = True
    assert kept.shop.text(kept.shop.submit("who"))
    assert kept.states == []


def test_files_of_a_job_that_was_dismissed_meanwhile_are_deleted(kept: Watched) -> None:
    kept.shop.worker.start()
    kept.then = lambda job: kept.shop.jobs.dismiss(job) and None
    id = kept.shop.submit("mislabelled")
    assert kept.shop.ended(id).state is JobState.DISMISSED
    eventually(lambda: kept.jobs(-60) == [id] and not Path(kept.place(id, 1)).exists(), "its files are gone")


def test_files_that_no_job_names_are_deleted_when_a_worker_starts(
    kept: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = Path(kept.place("nobody", 1))
    left.mkdir(parents=True)
    monkeypatch.setattr("azenha.engine.worker.STRAY_AFTER", -60.0)
    kept.shop.worker.start()
    eventually(lambda: not left.exists(), "the left files are gone")


def test_files_that_a_killed_web_tier_leaves_are_deleted_while_the_worker_goes_on(
    kept: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("azenha.engine.worker.STRAY_AFTER", -60.0)
    monkeypatch.setattr("azenha.engine.worker.STRAYS_EVERY", 0.0)
    monkeypatch.setattr("azenha.engine.worker.TIDY_EVERY", 0.01)
    kept.shop.worker.start()
    for name in ("nobody", "nobody else"):  # the second after a look that found the first
        left = kept.shop.folders.inputs(name)
        left.mkdir()
        eventually(lambda left=left: not left.exists(), "the left files are gone")  # type: ignore[misc]
