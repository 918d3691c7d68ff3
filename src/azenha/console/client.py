"""A small client of OGC API - Processes (OGC 18-062r2), for any server that speaks it. Synchronous.

Landing page and links are not needed: the standard's paths are used. Every failure is a `Stop` with the
server's own words (title, detail, errors of its problem document) and an exit code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx

from azenha.console.exact import read_json, write_json
from azenha.console.exits import FAILED, NOT_FOUND, UNREACHABLE, USAGE, Stop
from azenha.console.media import is_json
from azenha.loading import is_loopback

ENDED = ("successful", "failed", "dismissed")
_PIECE = 256 * 1024


class Unreachable(Stop):
    """No answer from the server."""

    def __init__(self, *lines: str) -> None:
        super().__init__(UNREACHABLE, *lines)


class Refused(Stop):
    """The server answered with an error status."""

    def __init__(self, status: int, code: int, *lines: str) -> None:
        super().__init__(code, *lines)
        self.status = status


@dataclass(frozen=True, slots=True)
class JobAt:
    """A job and its address. `info`: its status when it was last seen."""

    id: str
    url: str
    info: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Body:
    """An answer that is no results document: one output's value as it is."""

    content: bytes
    media_type: str


class Client:
    """Use as a context manager. `url`: the server's address, where its landing page is."""

    def __init__(self, url: str, timeout: float = 60.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise Stop(USAGE, f"'{url}' is no address of a server; write it as in http://127.0.0.1:8080")
        self.url = url.rstrip("/")
        self._http = httpx.Client(
            timeout=timeout,
            follow_redirects=True,
            headers={"Accept": "application/json", "User-Agent": "azenha"},
            # A proxy of the environment cannot reach this machine's own loopback.
            trust_env=not is_loopback(parts.hostname),
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    # -- processes --------------------------------------------------------------------------------

    def processes(self) -> dict[str, Any]:
        """The process list, all pages in one: summaries in `processes`, the rest as on the first page."""
        return self._pages("/processes?limit=1000", "processes")

    def process(self, process: str) -> dict[str, Any]:
        """Raises Stop with NOT_FOUND if there is none."""
        return self._object(self._send("GET", f"/processes/{quote(process, safe='')}"))

    def execute(self, process: str, body: Mapping[str, object], background: bool) -> JobAt | object:
        """Run a process.

        Args:
            background: ask for a job (`Prefer: respond-async`); else the answer is waited for, however long.
        Returns:
            The job that was made, or the results: a JSON value, a `Body`, or None if there is nothing.
        """
        headers = {"Content-Type": "application/json"}
        if background:
            headers["Prefer"] = "respond-async"
        reply = self._send(
            "POST",
            f"/processes/{quote(process, safe='')}/execution",
            headers=headers,
            content=write_json(body).encode(),
            timeout=httpx.Timeout(60.0, read=None),
            failing=True,
        )
        if reply.status_code == 201:
            return self._job(reply)
        return self._results(reply)

    # -- jobs -------------------------------------------------------------------------------------

    def jobs(
        self, limit: int, states: tuple[str, ...] = (), processes: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """The newest `limit` jobs, as a job list."""
        filters: list[tuple[str, str | int | float | bool | None]] = [("limit", str(min(limit, 1000)))]
        filters += [("status", state) for state in states] + [("processID", process) for process in processes]
        return self._pages("/jobs?" + str(httpx.QueryParams(filters)), "jobs", limit)

    def job(self, job: str) -> JobAt:
        """Raises Stop with NOT_FOUND if there is none."""
        path = f"/jobs/{quote(job, safe='')}"
        return JobAt(job, self.url + path, self._object(self._send("GET", path)))

    def again(self, job: JobAt) -> JobAt:
        """The job as it is now."""
        return JobAt(job.id, job.url, self._object(self._send("GET", job.url)))

    def results(self, job: JobAt) -> object:
        """The results of a job that ended: a JSON value, a `Body`, or None if there is nothing."""
        return self._results(self._send("GET", f"{job.url}/results", failing=True))

    def log(self, job: JobAt, offset: int = 0) -> bytes:
        """The log from byte `offset` on, as far as it is written."""
        return self._send("GET", f"{job.url}/log?offset={offset}", headers={"Accept": "text/plain"}).content

    def dismiss(self, job: JobAt) -> JobAt:
        return JobAt(job.id, job.url, self._object(self._send("DELETE", job.url)))

    def pause(self, job: JobAt) -> JobAt:
        return JobAt(job.id, job.url, self._object(self._send("POST", f"{job.url}/pause")))

    def resume(self, job: JobAt) -> JobAt:
        return JobAt(job.id, job.url, self._object(self._send("POST", f"{job.url}/resume")))

    def follow(
        self, job: JobAt, seen: Callable[[JobAt], None] = lambda job: None, patience: float = 20.0
    ) -> JobAt:
        """Watch a job until it ends; `seen` gets every status.

        A server that is gone for less than `patience` seconds (restarted) is waited for: jobs survive that.
        """
        pause, lost_since = 0.05, None
        while True:
            seen(job)
            if job.info.get("status") in ENDED:
                return job
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)
            try:
                job = self.again(job)
                lost_since = None
            except Unreachable:
                lost_since = lost_since or time.monotonic()
                if time.monotonic() - lost_since > patience:
                    raise

    # -- files ------------------------------------------------------------------------------------

    def download(self, href: str, target: Path) -> str | None:
        """Write what is at `href` (relative to the server) to `target`; its media type.

        The file appears whole or not at all; one that is there is replaced.
        """
        part = target.with_name(target.name + ".part")
        media_type: str | None = None
        try:
            with self._stream(urljoin(self.url + "/", href)) as reply, part.open("wb") as file:
                media_type = reply.headers.get("content-type")
                for piece in reply.iter_bytes(_PIECE):
                    file.write(piece)
            part.replace(target)
        except OSError as error:
            raise Stop(USAGE, f"{target} cannot be written: {error.strerror}") from None
        finally:
            part.unlink(missing_ok=True)
        return media_type

    # -- requests and replies ---------------------------------------------------------------------

    def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        timeout: httpx.Timeout | None = None,
        failing: bool = False,
    ) -> httpx.Response:
        """`failing`: a server error means that the job failed, not that the server cannot answer."""
        url = path if "://" in path else self.url + path
        with self._reaching(url):
            reply = self._http.request(
                method,
                url,
                headers=headers,
                content=content,
                timeout=timeout or self._http.timeout,
            )
        if not reply.is_success:
            raise refusal(reply, failing)
        return reply

    @contextmanager
    def _stream(self, url: str) -> Iterator[httpx.Response]:
        with self._reaching(url), self._http.stream("GET", url, headers={"Accept": "*/*"}) as reply:
            if not reply.is_success:
                reply.read()
                raise refusal(reply, False)
            yield reply

    @contextmanager
    def _reaching(self, url: str) -> Iterator[None]:
        try:
            yield
        except httpx.InvalidURL as error:
            raise Stop(USAGE, f"'{url}' is no address: {error}") from None
        except (httpx.TransportError, httpx.TooManyRedirects) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"the server at {self.url} cannot be reached: {reason}") from None

    def _object(self, reply: httpx.Response) -> dict[str, Any]:
        try:
            content = read_json(reply.content)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise Unreachable(
                f"what answers at {reply.url} is no OGC API - Processes: it sent no JSON object"
            )
        return content

    def _pages(self, path: str, member: str, limit: int | None = None) -> dict[str, Any]:
        first = page = self._object(self._send("GET", path))
        items = list(first.get(member, ()))
        been: set[str] = set()
        while limit is None or len(items) < limit:
            following = next(
                (link["href"] for link in page.get("links", ()) if link.get("rel") == "next"), None
            )
            if following is None or following in been:
                break
            been.add(following)
            page = self._object(self._send("GET", urljoin(self.url + "/", following)))
            items += page.get(member, ())
        return {**first, member: items[:limit]}

    def _job(self, reply: httpx.Response) -> JobAt:
        info = self._object(reply) if reply.content else {}
        location = reply.headers.get("location")
        id = info.get("jobID") or info.get("id") or (location or "").rstrip("/").rpartition("/")[2]
        if not id:
            raise Unreachable(f"the server at {self.url} made a job but did not say which")
        url = urljoin(str(reply.url), location) if location else f"{self.url}/jobs/{quote(str(id), safe='')}"
        return JobAt(str(id), url.rstrip("/"), info)

    def _results(self, reply: httpx.Response) -> object:
        if reply.status_code == 204 or not reply.content:
            return None
        media_type = reply.headers.get("content-type", "application/octet-stream")
        if is_json(media_type):
            try:
                return read_json(reply.content)
            except ValueError:
                raise Unreachable(f"what the server sent as {media_type} is no JSON") from None
        return Body(reply.content, media_type)


def refusal(reply: httpx.Response, failing: bool) -> Refused:
    """The error that a reply tells, in the server's words (RFC 9457; OGC 18-062r2 exception.yaml)."""
    status = reply.status_code
    try:
        problem = read_json(reply.content)
    except ValueError:
        problem = None
    lines = _words(problem) if isinstance(problem, dict) else []
    if not lines:
        asked = f"{reply.request.method} {reply.request.url}"
        lines = [f"{asked} was answered with {status} {reply.reason_phrase}".rstrip()]
    if status in (404, 410):
        code = NOT_FOUND
    elif status >= 500:
        code = FAILED if failing and status not in (502, 503, 504) else UNREACHABLE
    else:
        code = USAGE
    return Refused(status, code, *lines)


def _words(problem: Mapping[str, Any]) -> list[str]:
    title, detail = problem.get("title"), problem.get("detail") or problem.get("description")
    errors = [error for error in problem.get("errors") or () if isinstance(error, dict)]
    listed = [_problem(error) for error in errors]
    if listed:
        return [str(title or detail or "refused"), *(f"  {line}" for line in listed)]
    return [": ".join(str(part) for part in (title, detail) if part)] if title or detail else []


def _problem(error: Mapping[str, Any]) -> str:
    """One of several problems, with what it is about: its message need not name that itself."""
    message = str(error.get("message") or error.get("detail") or "refused")
    locator = error.get("locator")
    if not locator or f"'{locator}'" in message:
        return message
    return f"{error.get('subject') or 'input'} '{locator}': {message}"
