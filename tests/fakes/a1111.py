"""A stand-in AUTOMATIC1111: a real server on a real socket, as strict and as lax as the real one.

Which statuses and bodies it answers with was taken from AUTOMATIC1111 1.10.1, and from the source
of Forge and SD.Next where they differ.
"""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from attrs import Factory, define, field
from litestar import Litestar, Request, Response, get, post

from tests.fakes.a1111_names import LATENT_MODES, MODELS, SAMPLERS, SCHEDULERS, UPSCALERS
from tests.fakes.a1111_work import SafetensorError, Studio, Traps, draw, picture, store
from tests.support.quiet import QuietServer

AnyRequest = Request[Any, Any, Any]
_WHOLE = ("steps", "width", "height", "batch_size", "n_iter", "seed")
_DEFAULTS: dict[str, Any] = {
    "prompt": "",
    "steps": 50,
    "width": 512,
    "height": 512,
    "batch_size": 1,
    "n_iter": 1,
}


def _json(body: Any, status: int = 200) -> Response[bytes]:
    return Response(json.dumps(body).encode(), status_code=status, media_type="application/json")


@define
class FakeA1111:
    """The far end of the connector."""

    traps: Traps = Factory(Traps)
    studio: Studio = field(init=False)
    url: str = ""
    _server: QuietServer | None = None
    _serving: asyncio.Task[None] | None = None
    _abandoned: list[asyncio.Task[Any]] = Factory(list[asyncio.Task[Any]])

    def __attrs_post_init__(self) -> None:
        self.studio = Studio(self.traps)

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator["FakeA1111"]:
        """Serve on a free port of loopback."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(self._app(), log_config=None, lifespan="off")
        self._server = QuietServer(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        try:
            yield self
        finally:
            await self.crash()
            for task in self._abandoned:
                task.cancel()
            await asyncio.gather(*self._abandoned, return_exceptions=True)

    async def crash(self) -> None:
        """Stop listening; what is connected is cut off."""
        assert self._server is not None
        assert self._serving is not None
        self._server.force_exit = self._server.should_exit = True
        for listener in self._server.servers:
            listener.close()
        self._hang_up()
        await self._serving

    async def interrupt(self) -> None:
        """Somebody's interrupt: a global flag, for whatever runs."""
        if self.traps.interrupts_lost:
            self.traps.interrupts_lost -= 1
        else:
            self.studio.interrupted = True
        await self.studio.notify()

    async def draw(self, task: str, body: dict[str, Any]) -> dict[str, Any]:
        """Draw for whoever asks: a client that goes does not stop it."""
        drawing = asyncio.create_task(draw(self.studio, task, body))
        self._abandoned.append(drawing)
        return await asyncio.shield(drawing)

    async def gate(self, request: AnyRequest) -> Response[bytes] | None:
        """What stands before every route."""
        self.studio.requests.append((request.method, request.url.path))
        await self.studio.notify()
        if self.traps.without_api and request.url.path.startswith("/sdapi"):
            return _json({"detail": "Not Found"}, 404)
        if self.traps.credentials not in {None, request.headers.get("authorization")}:
            body = {"error": "HTTPException", "detail": "Not authenticated", "body": ""}
            return _json(body | {"errors": ""}, 401)
        return None

    def _app(self) -> Litestar:
        return Litestar(
            [*_reads(self), *_orders(self)],
            openapi_config=None,
            logging_config=None,
            before_request=self.gate,
        )

    def failure(self, error: Exception) -> Response[bytes]:
        """The answer to any exception, whoever is to blame for it."""
        where = "message" if self.traps.is_forge else "errors"
        kind = type(error).__name__
        return _json({"error": kind, "detail": "", "body": "", where: str(error)}, 500)

    def refusal(self, status: int, detail: str) -> Response[bytes]:
        """The answer to a fault that a route has looked for."""
        if self.traps.is_forge:
            return _json({"detail": detail}, status)
        body = {"error": "HTTPException", "detail": detail, "body": "", "errors": ""}
        return _json(body, status)

    async def generate(self, task: str, request: AnyRequest) -> Response[bytes]:
        """POST /txt2img and /img2img."""
        if self.traps.failing is not None:
            status, body = self.traps.failing
            return _json(body, status)
        given: dict[str, Any] = json.loads(await request.body())
        body = _DEFAULTS | (given or {})  # a list is taken for an empty object
        refused = self._refused(task, body)
        if refused is not None:
            return refused
        try:
            drawing = self.draw(task, body)
            return await self._cut(drawing) if self.traps.cuts else _json(await drawing)
        except (LookupError, AssertionError, SafetensorError, ZeroDivisionError) as error:
            return self.failure(error)

    def _refused(self, task: str, body: dict[str, Any]) -> Response[bytes] | None:
        for name in _WHOLE:
            try:
                body[name] = int(body.get(name, -1))
            except (TypeError, ValueError):
                fault = {"loc": ["body", name], "msg": "value is not a valid integer"}
                return _json({"detail": [fault | {"type": "type_error.integer"}]}, 422)
        if task == "img2img" and body.get("init_images") is None:
            return self.refusal(404, "Init image not found")
        modules = body.get("hr_additional_modules")
        if self.traps.is_forge and body.get("enable_hr") and modules is None:
            return self.failure(TypeError("argument of type 'NoneType' is not iterable"))
        if self.traps.is_old and body.get("sampler_name") not in SAMPLERS:
            return self.refusal(404, "Sampler not found")
        return None

    async def _cut(self, drawing: Any) -> Response[bytes]:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await drawing
        self._hang_up()
        return _json({})

    def _hang_up(self) -> None:
        assert self._server is not None
        for connection in list(self._server.server_state.connections):
            if transport := getattr(connection, "transport", None):
                transport.abort()


def _reads(fake: FakeA1111) -> list[Any]:
    studio, traps = fake.studio, fake.traps

    @get("/sdapi/v1/progress")
    async def progress() -> Response[bytes]:
        if traps.progress_errors:
            traps.progress_errors -= 1
            return _json({"detail": "rate limit"}, 429)
        return _json(studio.progress())

    @get("/sdapi/v1/options")
    async def options() -> Response[bytes]:
        wrong = [k for k in ("CLIP_stop_at_last_layers",) if not isinstance(studio.options[k], int)]
        if wrong:
            return fake.failure(ValueError(f"value is not a valid integer: {wrong}"))
        return _json(studio.options)

    @get("/sdapi/v1/{name:str}")
    async def listed(request: AnyRequest) -> Response[bytes]:
        rows = _lists(traps).get(request.path_params["name"])
        return _json({"detail": "Not Found"}, 404) if rows is None else _json(rows)

    @get("/openapi.json")
    async def openapi() -> Response[bytes]:
        paths = ["/sdapi/v1/txt2img"]
        paths += ["/sdapi/v1/sd-modules"] if traps.is_forge else []
        paths += ["/sdapi/v1/motd"] if traps.is_sdnext else []
        return _json({"openapi": "3.1.0", "paths": dict.fromkeys(paths)})

    return [progress, options, listed, openapi]


def _lists(traps: Traps) -> dict[str, list[dict[str, Any]]]:
    lists: dict[str, list[dict[str, Any]]] = {
        "samplers": [{"name": name, "aliases": [name.lower()], "options": {}} for name in SAMPLERS],
        "sd-models": MODELS,
        "upscalers": [{"name": name} for name in UPSCALERS],
        "latent-upscale-modes": [{"name": name} for name in LATENT_MODES],
        "loras": [{"name": "ink", "alias": "ink", "path": "/models/Lora/ink.safetensors"}],
        "sd-modules" if traps.is_forge else "sd-vae": [{"filename": "/models/VAE/nice.vae.pt"}],
    }
    if not traps.is_old and not traps.is_sdnext:
        lists["schedulers"] = [{"name": name, "label": label} for name, label in SCHEDULERS]
    return lists


def _orders(fake: FakeA1111) -> list[Any]:
    studio = fake.studio

    @post("/sdapi/v1/txt2img", status_code=200)
    async def txt2img(request: AnyRequest) -> Response[bytes]:
        return await fake.generate("txt2img", request)

    @post("/sdapi/v1/img2img", status_code=200)
    async def img2img(request: AnyRequest) -> Response[bytes]:
        return await fake.generate("img2img", request)

    @post("/sdapi/v1/interrupt", status_code=200)
    async def interrupt() -> Response[bytes]:
        await fake.interrupt()
        return Response(b"", status_code=204) if fake.traps.is_sdnext else _json({})

    @post("/sdapi/v1/options", status_code=200)
    async def options(request: AnyRequest) -> Response[bytes]:
        values = await request.json()
        for key in values:
            if key not in studio.options:
                return fake.failure(KeyError(key))
        store(studio, values)
        return _json(None)

    return [txt2img, img2img, interrupt, options, *_tools(fake)]


def _tools(fake: FakeA1111) -> list[Any]:
    @post("/sdapi/v1/png-info", status_code=200)
    async def png_info(request: AnyRequest) -> Response[bytes]:
        if (await request.json())["image"] == "bad":
            return fake.refusal(500, "Invalid encoded image")
        return _json({"info": "a cat", "items": {}, "parameters": {"Steps": "2"}})

    @post("/sdapi/v1/extra-single-image", status_code=200)
    async def single() -> Response[bytes]:
        return _json({"html_info": "", "image": picture("big")})

    @post("/sdapi/v1/extra-batch-images", status_code=200)
    async def batch(request: AnyRequest) -> Response[bytes]:
        count = len((await request.json())["imageList"])
        return _json({"html_info": "", "images": [picture("big")] * count})

    return [png_info, single, batch]
