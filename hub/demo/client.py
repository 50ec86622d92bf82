"""The hub's REST interface, as any client would use it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import httpx
from attrs import evolve, field, frozen

from hub.demo.errors import DemoError
from hub.demo.event_stream import read_events
from shared.states import JobState
from shared.wire import WireError, load_json, structure

T = TypeVar("T")

_CONNECT_S = 5.0
_ANSWER_S = 30.0
_RECONNECT_AFTER_S = 0.2
_SHOWN_CHARS = 300


@frozen(kw_only=True)
class JobEvent:
    """One thing that happened to a job."""

    name: str = ""
    """What happened: submitted, claimed, started, progress, ..."""
    status: JobState
    """Where the job is since then."""
    progress: float | None = None
    """Percent, where the event tells."""
    message: str | None = None
    worker_id: str | None = None
    details: dict[str, Any] | None = None
    """What the worker is at: `node`, `node_title`, `step`, `steps`; any may be missing."""


@frozen(kw_only=True)
class ResultFile:
    """A file the job made."""

    filename: str
    mime_type: str
    size_bytes: int
    sha256: str
    url: str


@frozen(kw_only=True)
class FinishedJob:
    """A job at its end. Times are milliseconds since the epoch."""

    id: str
    status: JobState
    created_at: int
    assigned_at: int | None = None
    started_at: int | None = None
    finished_at: int | None = None
    error: str | None = None
    result: Any = None

    @property
    def files(self) -> list[ResultFile]:
        """What the job made. Raises `WireError`."""
        result = cast("dict[str, Any]", self.result) if isinstance(self.result, dict) else {}
        return structure(result.get("files", []), list[ResultFile])


@frozen
class HubClient:
    """A client of one hub.

    Its methods raise `DemoError` when the hub refuses or does not answer, and `WireError`
    when the answer cannot be read.
    """

    http: httpx.AsyncClient

    @classmethod
    def at(cls, url: str) -> Self:
        """Return a client of the hub at `url`; its `http` is the caller's to close."""
        timeout = httpx.Timeout(_ANSWER_S, connect=_CONNECT_S)
        # The hub is on this machine, whatever proxy the environment names.
        return cls(httpx.AsyncClient(base_url=url, timeout=timeout, trust_env=False))

    async def submit(self, service: str, workflow: Any, priority: int) -> str:
        """Submit a workflow for `service` and return the job's id."""
        body = {"type": service, "payload": {"workflow": workflow}, "priority": priority}
        return (await self._ask("POST", "/jobs", _Submitted, json=body)).job_id

    async def finished(self, job_id: str) -> FinishedJob:
        """Return a job that has come to its end."""
        return (await self._ask("GET", f"/jobs/{job_id}", _Found)).job

    async def why(self, job_id: str) -> str:
        """Return what holds a job up, in words."""
        return (await self._ask("GET", f"/jobs/{job_id}/explain", _Explained)).words

    async def events(self, job_id: str) -> AsyncGenerator[JobEvent]:
        """Tell what happens to a job up to its end, each event once.

        A stream that is cut is taken up where it ended, for as long as the caller has patience.
        """
        last_id = ""
        while True:
            with suppress(httpx.TransportError):  # the cut
                async with aclosing(self._stream(job_id, last_id)) as stream:
                    async for id_, event in stream:
                        last_id = id_ or last_id
                        yield event
                        if event.status.is_terminal:
                            return
            await asyncio.sleep(_RECONNECT_AFTER_S)

    async def download(self, file: ResultFile, to: Path) -> None:
        """Save the file's bytes at `to` and make sure that they are the ones announced."""
        digest = sha256()
        try:
            async with self.http.stream("GET", file.url) as response:
                await _check(response)
                with to.open("wb") as target:
                    async for chunk in response.aiter_bytes():
                        digest.update(chunk)
                        target.write(chunk)
        except httpx.TransportError as problem:
            raise self._silent(problem) from problem
        if digest.hexdigest() != file.sha256:
            raise DemoError(f"{file.filename} arrived damaged: its SHA-256 is not {file.sha256}")

    async def _stream(self, job_id: str, last_id: str) -> AsyncGenerator[tuple[str, JobEvent]]:
        async with self.http.stream(
            "GET",
            f"/jobs/{job_id}/events",
            headers={"Last-Event-ID": last_id} if last_id else {},
            timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S, read=None),
        ) as response:
            await _check(response)
            async with aclosing(read_events(response.aiter_bytes())) as events:
                async for each in events:
                    event = structure(load_json(each.data), JobEvent)
                    yield each.id, evolve(event, name=each.event)

    async def _ask(self, method: str, path: str, expected: type[T], **sent: Any) -> T:
        try:
            response = await self.http.request(method, path, **sent)
        except httpx.TransportError as problem:
            raise self._silent(problem) from problem
        await _check(response)
        return structure(load_json(response.content), expected)

    def _silent(self, problem: httpx.TransportError) -> DemoError:
        return DemoError(f"the hub at {self.http.base_url} does not answer: {problem!r}")


async def _check(response: httpx.Response) -> None:
    if response.is_error:
        explanation = _explained(await response.aread())
        raise DemoError(f"the hub refused ({response.status_code}): {explanation}")


def _explained(body: bytes) -> str:
    try:
        refusal = structure(load_json(body), _Refusal)
    except WireError:
        return body[:_SHOWN_CHARS].decode(errors="replace")
    unsaid = [fault for fault in map(str, refusal.fields) if fault not in refusal.error]
    return "\n  ".join([refusal.error, *unsaid])


@frozen
class _Submitted:
    job_id: str


@frozen
class _Found:
    job: FinishedJob


@frozen
class _Explained:
    words: str


@frozen
class _Fault:
    field: str
    problem: str
    accepted: Any = None

    def __str__(self) -> str:
        accepted = f"; accepted: {self.accepted}" if self.accepted else ""
        return f"{self.field}: {self.problem}{accepted}"


@frozen
class _Refusal:
    error: str
    fields: list[_Fault] = field(factory=list[_Fault])
