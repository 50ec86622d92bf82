"""The connector: one job in, one call made, its pictures and facts out."""

import asyncio
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from agent.connector_settings import A1111Settings
from agent.connectors.a1111.calling import Calls
from agent.connectors.a1111.engine import Engine
from agent.connectors.a1111.failures import refusal
from agent.connectors.a1111.flavour import Flavour, flavour_of
from agent.connectors.a1111.kept import check_kept
from agent.connectors.a1111.names import check_upscalers, choose
from agent.connectors.a1111.offering import model_names
from agent.connectors.a1111.options import Options
from agent.connectors.a1111.packing import packed
from agent.connectors.a1111.request import Request, make_request
from agent.connectors.a1111.results import (
    drawn,
    drawn_result,
    extras_result,
    png_info_result,
)
from agent.connectors.answers import NoAnswerError, is_object
from agent.connectors.base import ConnectorError, Offer, Report, Result, Work
from agent.connectors.credentials import basic
from shared.states import ErrorClass

if TYPE_CHECKING:
    from agent.connectors.http import Http

_OK = 200


@frozen
class _Opened:
    http: "Http"
    engine: Engine
    options: Options
    calls: Calls
    flavour: Flavour


class A1111:
    """Draws on one AUTOMATIC1111 or fork of it, one call at a time."""

    name = "a1111"

    def __init__(self, settings: A1111Settings) -> None:
        self.slots = settings.a1111_max_concurrent_jobs
        self._settings = settings
        self._opened: _Opened | None = None
        # Calls wait in the server unseen and uncancellable, and 40 of them make it deaf.
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Connect, and settle the format of pictures. Raises `ConnectorError` if none answers."""
        from agent.connectors.http import Http  # noqa: PLC0415 - httpx is slow to import

        settings = self._settings
        http = Http(
            "AUTOMATIC1111",
            settings.a1111_address,
            basic(settings.a1111_username, settings.a1111_password),
            timeout_s=settings.a1111_grace_s,
            grace_s=settings.a1111_grace_s,
        )
        try:
            await _check(http)
            self._opened = await self._ready(http)
        except BaseException:
            await http.close()
            raise

    async def close(self) -> None:
        """Close every connection."""
        if self._opened is not None:
            await self._opened.http.close()
            self._opened = None

    async def offer(self) -> Offer:
        """Ask for the models."""
        opened = self._now()
        models = await model_names(opened.engine, opened.flavour)
        return Offer(services=(self.name,), models=models)

    async def run(self, work: Work, report: Report) -> Result:
        """Make the call that the payload describes. `Result.data["seeds"]` has every seed."""
        request, opened = make_request(work.payload, self._settings), self._now()
        async with self._turn:
            match request.task:
                case "png-info":
                    return png_info_result(await opened.calls.make(request, report))
                case "extras":
                    await check_upscalers(opened.engine, request.body)
                    return extras_result(await opened.calls.make(request, report), request)
                case _:
                    return await self._draw(opened, request, report)

    async def _draw(self, opened: _Opened, request: Request, report: Report) -> Result:
        request = evolve(request, body=opened.flavour.spelled(request.body))
        chosen = await choose(opened.engine, request, opened.flavour)
        await opened.options.guard(request)
        try:
            body = await opened.calls.make(request, report)
            await opened.calls.check_whole()
        except ConnectorError as error:
            if error.error_class is ErrorClass.MISSING_MODEL:
                await opened.options.heal()
            raise
        finally:
            await opened.options.restore()
        found = drawn(body, request)
        check_kept(found.info, chosen)
        result = drawn_result(found, with_grid=self._settings.a1111_save_grid)
        return await packed(result, self._settings.a1111_png_compression)

    async def _ready(self, http: "Http") -> _Opened:
        engine = Engine(http)
        options = Options(engine)
        await options.fix(
            {
                "samples_format": self._settings.a1111_image_format,
                "jpeg_quality": self._settings.a1111_jpeg_quality,
            }
        )
        flavour = flavour_of(await engine.paths())
        return _Opened(http, engine, options, Calls(engine, self._settings), flavour)

    def _now(self) -> _Opened:
        if self._opened is None:
            raise RuntimeError("open() has not been called, or close() has")
        return self._opened


async def _check(http: "Http") -> None:
    try:
        answer = await http.get("/sdapi/v1/progress", skip_current_image="true")
    except NoAnswerError as error:
        raise ConnectorError(
            f"no AUTOMATIC1111 answers at {http.url} ({error}); start it there with --api, or "
            "set A1111_URL to where it listens",
            error_class=ErrorClass.ENGINE_CRASH,
        ) from error
    if answer.status != _OK or not is_object(answer.json()):
        raise refusal(http.url, "/sdapi/v1/progress", answer)
