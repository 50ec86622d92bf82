"""A stand-in ComfyUI: a real server on a real socket, as strict and as awkward as the real one.

Which statuses, bodies and frames it answers with was taken from ComfyUI 0.33.0 and 0.3.64.
"""

import asyncio
import json
import re
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import uvicorn
from attrs import Factory, define, field
from litestar import Litestar, Request, Response, Router, WebSocket, get, post, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath

from tests.fakes.comfyui_nodes import OBJECT_INFO, check
from tests.fakes.comfyui_worker import Traps, Worker
from tests.support.quiet import QuietServer

KEPT_S = 75  # a silent connection, as aiohttp keeps it
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

AnyRequest = Request[Any, Any, Any]
AnySocket = WebSocket[Any, Any, Any]


def _json(body: Any, status: int = 200) -> Response[bytes]:
    # json.dumps writes NaN as ComfyUI does; a strict encoder would refuse it.
    return Response(json.dumps(body).encode(), status_code=status, media_type="application/json")


def _empty(status: int = 200) -> Response[bytes]:
    return Response(b"", status_code=status)


def _trouble() -> Response[bytes]:
    text = b"500 Internal Server Error\n\nServer got itself in trouble"
    return Response(text, status_code=500, media_type="text/plain")


@define
class FakeComfyUI:
    """The far end of the connector."""

    traps: Traps = Factory(Traps)
    worker: Worker = field(init=False)
    url: str = ""
    system: dict[str, Any] = Factory(lambda: {"os": "linux", "comfyui_version": "0.33.0"})
    more_routes: tuple[Any, ...] = ()  # besides those of ComfyUI
    opened: list[str] = Factory(list[str])  # the client ids of all sockets there were
    _sockets: dict[str, AnySocket] = Factory(dict[str, AnySocket])
    _server: QuietServer | None = None
    _serving: asyncio.Task[None] | None = None

    def __attrs_post_init__(self) -> None:
        self.worker = Worker(self.traps, self._send)

    @asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncGenerator["FakeComfyUI"]:
        """Serve on a port of loopback, a free one if none is given."""
        # asyncio turns Nagle's delays off only on a socket that says it is TCP.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # of a killed one before
        listener.bind(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            self._app(), log_config=None, lifespan="off", timeout_keep_alive=KEPT_S
        )
        self._server = QuietServer(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        working = asyncio.create_task(self.worker.work())
        try:
            yield self
        finally:
            await self.crash()
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working

    async def crash(self) -> None:
        """Stop listening; what is connected is cut off."""
        assert self._server is not None
        assert self._serving is not None
        self._server.force_exit = self._server.should_exit = True
        await self._serving

    def forget_everything(self) -> None:
        """Lose queue and history, as a restart does."""
        self.worker.running.clear()
        self.worker.pending.clear()
        self.worker.history.clear()

    async def close_sockets(self) -> None:
        """Cut every event socket."""
        for client in list(self._sockets.values()):
            await client.close()

    async def _send(self, message: str | bytes, client_id: str | None) -> None:
        if self.traps.is_deaf:
            return
        for name, client in list(self._sockets.items()):
            if client_id in {None, name}:
                with suppress(WebSocketDisconnect, RuntimeError, OSError):  # it has just gone
                    await client.send_data(
                        message, mode="text" if isinstance(message, str) else "binary"
                    )

    def _app(self) -> Litestar:
        routes = _routes(self)
        api = Router("/api", route_handlers=routes)
        jobs = post("/api/jobs/{job_id:str}/cancel", status_code=200)(_cancel(self))
        return Litestar(
            [*routes, api, jobs, *self.more_routes],
            openapi_config=None,
            logging_config=None,
            before_request=self._gate,
        )

    async def _gate(self, request: AnyRequest) -> Response[bytes] | None:
        self.worker.requests.append((request.method, request.url.path))
        await self.worker.notify()
        if self.traps.credentials not in {None, request.headers.get("authorization")}:
            return _empty(401)
        if request.method == "GET" and self.traps.read_errors:
            self.traps.read_errors -= 1
            return _trouble()
        return None

    async def converse(self, client: AnySocket) -> None:
        """Serve one event socket until its client goes."""
        if self.traps.credentials not in {None, client.headers.get("authorization")}:
            await client.close()
            return
        await client.accept()
        client_id = client.query_params.get("clientId") or uuid4().hex
        self._sockets[client_id] = client
        self.opened.append(client_id)
        status: dict[str, Any] = {"status": {"exec_info": {"queue_remaining": 0}}, "sid": client_id}
        await client.send_json({"type": "status", "data": status})
        try:
            hello = json.loads(await client.receive_text())
            if hello["type"] == "feature_flags" and not self.traps.is_old:
                self.worker.metadata_clients.add(client_id)
                await client.send_json({"type": "feature_flags", "data": hello["data"]})
            while True:
                await client.receive_text()
        except WebSocketDisconnect:
            # Whoever holds the id now loses it, which is how a second socket goes deaf.
            self._sockets.pop(client_id, None)

    async def take(self, request: AnyRequest) -> Response[bytes]:
        """POST /prompt."""
        if self.traps.errors_before_queueing:
            self.traps.errors_before_queueing -= 1
            return _trouble()
        try:
            body = json.loads(await request.body())
            if "prompt" not in body:
                error = {"type": "no_prompt", "message": "No prompt provided", "details": ""}
                return _json({"error": error | {"extra_info": {}}, "node_errors": {}}, 400)
            error, outputs, node_errors = check(body["prompt"])
        except (ValueError, TypeError, AttributeError, KeyError):
            return _trouble()
        prompt_id = None if self.traps.is_old else body.get("prompt_id")
        if prompt_id is not None and not _UUID.fullmatch(prompt_id):
            error = {"type": "invalid_prompt_id", "message": "prompt_id must be a valid UUID"}
        if error:
            return _json({"error": error, "node_errors": node_errors}, 400)
        return await self._queue(prompt_id or str(uuid4()), body, outputs, node_errors)

    async def _queue(
        self, prompt_id: str, body: dict[str, Any], outputs: list[str], node_errors: dict[str, Any]
    ) -> Response[bytes]:
        extra = body.get("extra_data", {}) | {"create_time": 1795488105895}
        if "client_id" in body:
            extra["client_id"] = body["client_id"]
        number = await self.worker.put(prompt_id, body["prompt"], extra, outputs)
        if self.traps.errors_after_queueing:
            self.traps.errors_after_queueing -= 1
            return _trouble()
        await self.worker.until(lambda: not self.traps.is_mute)
        return _json({"prompt_id": prompt_id, "number": number, "node_errors": node_errors})

    def view(self, request: AnyRequest) -> Response[bytes]:
        """GET /view."""
        filename = request.query_params.get("filename", "")
        subfolder = request.query_params.get("subfolder", "")
        kind = request.query_params.get("type", "output")
        if not filename or filename.startswith("/") or ".." in filename or kind not in _KINDS:
            return _empty(400)
        if ".." in subfolder or subfolder.startswith("/"):
            return _empty(403)
        # Only the last part of the name counts: a folder in it is dropped, not looked into.
        content = self.worker.files.get((kind, subfolder, filename.rpartition("/")[2]))
        if content is None or self.traps.files_lost:
            return _empty(404)
        return Response(b"" if self.traps.files_empty else content, media_type="image/png")

    def keep(self, form: Any) -> Response[bytes]:
        """POST /upload/image."""
        file, subfolder = form["image"], form.get("subfolder", "")
        content = file.file.read()
        if len(content) > self.traps.largest_upload:
            return Response(b"", status_code=413, media_type="text/plain")
        if ".." in subfolder or not file.filename:
            return _empty(400)
        name, taken = file.filename, self.worker.files
        if (
            taken.get(("input", subfolder, name), content) != content
            and form.get("overwrite") != "true"
        ):
            name = f"{name} (1)"
        taken["input", subfolder, name] = content
        return _json({"name": name, "subfolder": subfolder, "type": form.get("type", "input")})

    async def delete_waiting(self, prompt_ids: list[str]) -> bool:
        """Drop the first waiting prompt of each id, without a word."""
        found = [row for row in self.worker.pending if row[1] in prompt_ids]
        for row in found:
            self.worker.pending.remove(row)
        await self.worker.tell_status()
        await self.worker.notify()
        return bool(found)

    async def interrupt(self, prompt_id: str | None) -> bool:
        """Stop what runs, or only the prompt of this id."""
        hits = [row for row in self.worker.running if prompt_id in {None, row[1]}]
        if hits and self.traps.interrupts_lost:
            self.traps.interrupts_lost -= 1
        elif hits:
            self.worker.interrupted = True
            await self.worker.notify()
        return bool(hits)


_KINDS = frozenset({"input", "output", "temp"})


def _routes(fake: FakeComfyUI) -> list[Any]:
    worker = fake.worker

    @websocket("/ws")
    async def events(socket: AnySocket) -> None:
        await fake.converse(socket)

    @get("/system_stats")
    async def system_stats() -> Response[bytes]:
        return _json({"system": fake.system, "devices": []})

    @get("/object_info")
    async def object_info() -> Response[bytes]:
        return _json(OBJECT_INFO)

    @get("/queue")
    async def queue() -> Response[bytes]:
        return _json({"queue_running": worker.running, "queue_pending": worker.pending})

    @get("/view")
    async def view(request: AnyRequest) -> Response[bytes]:
        return fake.view(request)

    return [
        events,
        system_stats,
        object_info,
        queue,
        view,
        *_histories(fake.worker),
        _class_info(fake),
        _upload(fake),
        *_orders(fake),
    ]


def _histories(worker: Worker) -> list[Any]:
    @get("/history")
    async def history(request: AnyRequest) -> Response[bytes]:
        newest = int(request.query_params.get("max_items", "10000"))
        return _json(dict(list(worker.history.items())[-newest:]))

    @get("/history/{prompt_id:str}")
    async def entry(request: AnyRequest) -> Response[bytes]:
        prompt_id = request.path_params["prompt_id"]
        found = worker.history.get(prompt_id)
        return _json({} if found is None else {prompt_id: found})

    return [history, entry]


def _class_info(fake: FakeComfyUI) -> Any:
    @get("/object_info/{name:str}")
    async def class_info(name: FromPath[str]) -> Response[bytes]:
        if fake.traps.lists_nothing:
            return _trouble()
        return _json({name: OBJECT_INFO[name]} if name in OBJECT_INFO else {})

    return class_info


def _upload(fake: FakeComfyUI) -> Any:
    # How much it takes is for the trap to say.
    @post("/upload/image", status_code=200, request_max_body_size=None)
    async def upload(request: AnyRequest) -> Response[bytes]:
        return fake.keep(await request.form())

    return upload


def _orders(fake: FakeComfyUI) -> list[Any]:
    @post("/prompt", status_code=200)
    async def prompt(request: AnyRequest) -> Response[bytes]:
        return await fake.take(request)

    @post("/history", status_code=200)
    async def forget(request: AnyRequest) -> Response[bytes]:
        for prompt_id in (await request.json()).get("delete", ()):
            fake.worker.history.pop(prompt_id, None)
        await fake.worker.notify()
        return _empty()

    @post("/queue", status_code=200)
    async def drop(request: AnyRequest) -> Response[bytes]:
        await fake.delete_waiting((await request.json()).get("delete", []))
        return _empty()

    @post("/interrupt", status_code=200)
    async def interrupt(request: AnyRequest) -> Response[bytes]:
        body = await request.json()
        await fake.interrupt(None if fake.traps.is_old else body.get("prompt_id"))
        return _empty()

    return [prompt, forget, drop, interrupt]


def _cancel(fake: FakeComfyUI) -> Any:
    async def cancel(request: AnyRequest) -> Response[bytes]:
        if fake.traps.is_old:
            return _empty(404)
        prompt_id = request.path_params["job_id"]
        cancelled = await fake.delete_waiting([prompt_id]) or await fake.interrupt(prompt_id)
        await fake.worker.until(lambda: not fake.traps.is_mute)
        return _json({"cancelled": cancelled})

    return cancel
