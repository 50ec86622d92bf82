"""A hub's REST side that tells a job's life from a script, on a real socket."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import uvicorn
from attrs import define, field
from litestar import Litestar, Request, Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Stream

from tests.support.quiet import QuietServer

JOB_ID = "job-1"
CREATED_AT = 1_700_000_000_000


def event(name: str, status: str, progress: float | None = None, **more: Any) -> dict[str, Any]:
    """Return an event as the hub's stream has it, with its name under `event`."""
    return {"event": name, "job_id": JOB_ID, "status": status, "progress": progress, **more}


LIFE = (
    event("submitted", "pending"),
    event("claimed", "assigned", worker_id="demo-worker", message="claimed"),
    event("progress", "in_progress", 40, details={"node": "3", "node_title": "KSampler", "step": 8, "steps": 20}),
    event("completed", "completed"),
)  # fmt: skip


def _happened() -> asyncio.Event:
    past = asyncio.Event()
    past.set()
    return past


@define
class RestHub:
    """What the hub knows and does, and what was asked of it."""

    events: tuple[dict[str, Any], ...] = LIFE
    """The stream's; it stays open after one that ends no job."""
    cut_after: int | None = None
    """After how many events the first stream breaks."""
    job: dict[str, Any] = field(factory=dict)
    """What differs from a job that completed."""
    files: dict[str, bytes] = field(factory=dict)
    """Results by the name under which the job announces them."""
    refusal: tuple[int, Any] | None = None
    """The status and body that answer a submission."""
    worker_ready: asyncio.Event = field(factory=_happened)
    """What a job waits for before anything happens to it."""
    submitted: list[Any] = field(factory=list)
    resumed: list[str | None] = field(factory=list)
    url: str = ""

    def stored(self) -> dict[str, Any]:
        """Return the job as it is at its end."""
        return {
            "id": JOB_ID,
            "status": "completed",
            "created_at": CREATED_AT,
            "assigned_at": CREATED_AT + 40,
            "started_at": CREATED_AT + 60,
            "finished_at": CREATED_AT + 5100,
            "result": {"files": [_announced(*item) for item in self.files.items()]},
            **self.job,
        }

    async def stream(self, last_id: str | None) -> AsyncGenerator[str]:
        """Tell what came after `last_id`."""
        self.resumed.append(last_id)
        await self.worker_ready.wait()
        seen = int(last_id) if last_id else 0
        for number, each in enumerate(self.events[seen:], seen + 1):
            if number - 1 == self.cut_after and len(self.resumed) == 1:
                raise ConnectionResetError
            data = {name: value for name, value in each.items() if name != "event"}
            yield f": here it comes\nid: {number}\nevent: {each['event']}\n"
            yield f"data: {json.dumps(data)}\n\n"
        if self.events[-1]["status"] == "in_progress":
            await asyncio.Event().wait()


def _announced(filename: str, content: bytes) -> Mapping[str, Any]:
    digest = sha256(content).hexdigest()
    return {
        "filename": filename,
        "mime_type": "image/png",
        "size_bytes": len(content),
        "sha256": digest,
        "url": f"/artifacts/{digest}",
    }


def _router(hub: RestHub) -> Router:
    @post("/jobs")
    async def submit(request: Request[Any, Any, Any]) -> Response[Any]:
        hub.submitted.append(await request.json())
        status, body = hub.refusal or (201, {"job_id": JOB_ID, "status": "submitted"})
        return Response(body, status_code=status)

    @get("/jobs/{job_id:str}")
    async def show(job_id: FromPath[str]) -> dict[str, Any]:
        return {"job": hub.stored()}

    @get("/jobs/{job_id:str}/explain")
    async def explain(job_id: FromPath[str]) -> dict[str, Any]:
        return {"words": "no worker is connected"}

    @get("/jobs/{job_id:str}/events")
    async def events(job_id: FromPath[str], request: Request[Any, Any, Any]) -> Stream:
        last_id = request.headers.get("last-event-id")
        return Stream(hub.stream(last_id), media_type="text/event-stream")

    @get("/artifacts/{digest:str}")
    async def artifact(digest: FromPath[str]) -> Response[bytes]:
        content = {sha256(each).hexdigest(): each for each in hub.files.values()}
        return Response(content[digest], media_type="image/png")

    return Router("/", route_handlers=[submit, show, explain, events, artifact])


@asynccontextmanager
async def serving(hub: RestHub) -> AsyncGenerator[RestHub]:
    """Serve `hub` at its `url`."""
    app = Litestar([_router(hub)], openapi_config=None, logging_config=None)
    config = uvicorn.Config(app, ws="none", log_level="critical", lifespan="off")
    server = QuietServer(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hub.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        task = asyncio.create_task(server.serve([listener]))
        try:
            yield hub
        finally:
            server.should_exit = server.force_exit = True
            await task
