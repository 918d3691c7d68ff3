"""Jobs that are paused and resumed, by a real server, parts of which are killed meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from live_server import LiveServer, Reply, alive, parts, status_of, until

if TYPE_CHECKING:
    from conftest import Start

PROCESSES = Path(__file__).parent / "processes_to_pause.py"


@pytest.fixture
def one_slot(start: Start) -> LiveServer:
    # A heartbeat that no test waits for: what reaches the worker at once came by the wake-up.
    return start(PROCESSES, queue={"slots": 1}, jobs={"lease": 60, "heartbeat": 20})


def post(server: LiveServer, job: str, what: str) -> Reply:
    return server.ask("POST", f"/jobs/{job}/{what}")


def links(document: Any) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in document["links"]}


def counting(server: LiveServer, file: Path, process: str = "count") -> tuple[str, int]:
    """A job that counts, and its process."""
    id = server.submit(process, file=str(file))
    until(lambda: file.exists() and "x" in file.read_text(), 30, "it counts")
    return id, int(file.read_text().partition("\n")[0])


def test_a_job_is_paused_and_resumed_by_the_links_of_its_status(one_slot: LiveServer, tmp_path: Path) -> None:
    server, file = one_slot, tmp_path / "one"
    job, pid = counting(server, file)
    assert "resume" not in links(server.job(job))
    paused = server.ask("POST", links(server.job(job))["pause"])
    assert (paused.status, paused.json["status"]) == (200, "running")
    assert paused.json["message"] == "paused until it is resumed"
    until(lambda: status_of(pid) == "T", 10, "it stands still")
    assert post(server, job, "pause").status == 200
    assert "pause" not in links(server.job(job))

    page = server.get(f"/jobs/{job}", {"Accept": "text/html"}).text
    assert ">paused</span>" in page
    assert f'action="{server.url}/jobs/{job}/resume"' in page

    waiting = server.submit("count", file=str(tmp_path / "two"))
    held = post(server, waiting, "pause")
    assert (held.status, held.json["status"]) == (200, "accepted")
    assert held.json["message"] == "held in the queue until it is resumed"
    listed = {j["jobID"]: j["status"] for j in server.get("/jobs?status=accepted,running").json["jobs"]}
    assert listed == {job: "running", waiting: "accepted"}
    assert server.get(f"/jobs/{job}/results").status == 404

    resumed = server.ask("POST", links(server.job(job))["resume"])
    assert (resumed.status, resumed.json["status"]) == (200, "running")
    assert "message" not in resumed.json
    until(lambda: status_of(pid) != "T", 10, "it goes on")
    file.with_suffix(".gate").touch()
    assert server.ended(job)["status"] == "successful"
    assert server.get(f"/jobs/{job}/results").json == file.read_text().count("x")
    assert server.job(waiting)["status"] == "accepted"
    assert post(server, waiting, "resume").json["status"] in ("accepted", "running")
    (tmp_path / "two.gate").touch()
    assert server.ended(waiting)["status"] == "successful"

    for what, participle in (("pause", "paused"), ("resume", "resumed")):
        late = post(server, job, what)
        assert (late.status, late.json["locator"]) == (409, job)
        assert f"cannot be {participle}: it is successful" in late.json["detail"]
        assert post(server, "nothing", what).status == 404


def test_what_cannot_be_paused_is_refused_and_goes_on(one_slot: LiveServer, tmp_path: Path) -> None:
    file = tmp_path / "one"
    job, _ = counting(one_slot, file, "restless")
    assert "pause" not in links(one_slot.job(job))
    refused = post(one_slot, job, "pause")
    assert (refused.status, refused.json["locator"]) == (405, "Pause")
    assert refused.headers["allow"] == ""
    assert one_slot.ask("POST", f"/jobs/{job}/pause", b"{").status == 400
    file.with_suffix(".gate").touch()
    assert one_slot.ended(job)["status"] == "successful"


def test_a_web_tier_that_is_killed_changes_nothing_for_a_paused_job(
    one_slot: LiveServer, tmp_path: Path
) -> None:
    file = tmp_path / "one"
    job, pid = counting(one_slot, file)
    post(one_slot, job, "pause")
    until(lambda: status_of(pid) == "T", 10, "it stands still")
    one_slot.kill(parts(one_slot.mark)["web"])
    until(lambda: asked(one_slot, job), 30, "it answers again")
    assert (status_of(pid), one_slot.job(job)["message"]) == ("T", "paused until it is resumed")
    # The wake-up is lossy, and its connection new: it is asked until it is heard.
    until(lambda: resumed(one_slot, job, pid), 10, "it goes on")
    file.with_suffix(".gate").touch()
    assert one_slot.ended(job)["status"] == "successful"


def resumed(server: LiveServer, job: str, pid: int) -> bool:
    post(server, job, "resume")
    return status_of(pid) != "T"


def asked(server: LiveServer, job: str) -> bool:
    try:
        return bool(server.job(job))
    except OSError:
        return False


@pytest.mark.parametrize(("process", "end"), [("count", "failed"), ("count_again", "successful")])
def test_a_paused_job_whose_worker_is_killed_is_lost_as_any_other(
    one_slot: LiveServer, tmp_path: Path, process: str, end: str
) -> None:
    job, pid = counting(one_slot, tmp_path / "one", process)
    post(one_slot, job, "pause")
    until(lambda: status_of(pid) == "T", 10, "it stands still")
    one_slot.kill(parts(one_slot.mark)["worker"])
    until(lambda: not alive(pid), 10, "it ends")
    assert one_slot.ended(job)["status"] == end
    if end == "failed":
        assert "worker that ran it was lost" in one_slot.job(job)["message"]


def test_a_paused_job_is_dismissed_at_once(one_slot: LiveServer, tmp_path: Path) -> None:
    job, pid = counting(one_slot, tmp_path / "one")
    post(one_slot, job, "pause")
    until(lambda: status_of(pid) == "T", 10, "it stands still")
    assert one_slot.ask("DELETE", f"/jobs/{job}").json["status"] == "dismissed"
    until(lambda: not alive(pid), 10, "it ends")
