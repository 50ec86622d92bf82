"""The connector: one job in, one ComfyUI prompt run, its files and data out."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve

from agent.connectors.answers import NoAnswerError, is_object
from agent.connectors.base import ConnectorError, Offer, Report, Result, Work
from agent.connectors.comfyui.catalog import model_names
from agent.connectors.comfyui.collecting import Collector
from agent.connectors.comfyui.engine import Engine
from agent.connectors.comfyui.failures import execution_failure
from agent.connectors.comfyui.following import Follower, HungError
from agent.connectors.comfyui.host import Host
from agent.connectors.comfyui.inputs import hand_over
from agent.connectors.comfyui.outputs import other_data
from agent.connectors.comfyui.prompt import Prompt, make_prompt
from agent.connectors.comfyui.resuming import left, note, noted
from agent.connectors.comfyui.settings import ComfyUISettings
from agent.connectors.comfyui.sockets import Line, Sockets
from agent.connectors.comfyui.stopping import stop
from agent.connectors.comfyui.submission import submit
from shared.states import ErrorClass

if TYPE_CHECKING:
    from agent.connectors.http import Http

_PROBE_TIMEOUT_S = 5.0
_SALVAGE_S = 5.0  # to fetch what a prompt has put out that did not end well


class ComfyUI:
    """Runs workflows on one ComfyUI."""

    name = "comfyui"

    def __init__(self, settings: ComfyUISettings) -> None:
        self.slots = settings.max_concurrent_jobs
        self._settings = settings
        self._http: Http | None = None
        self._host = Host()
        self._sockets = Sockets(settings)
        self._tidying: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Connect. Raises `ConnectorError` at once when no ComfyUI answers."""
        from agent.connectors.http import Http  # noqa: PLC0415 - httpx is slow to import

        settings = self._settings
        self._http = Http(
            "ComfyUI",
            settings.url,
            settings.headers(),
            timeout_s=settings.timeout_s,
            grace_s=settings.grace_s,
        )
        try:
            self._host = Host.of(await _system(self._http), settings.url)
        except NoAnswerError as problem:
            await self.close()
            raise ConnectorError(
                f"no ComfyUI answers at {self._settings.url} ({problem}); start it there, or set "
                "the connector's url to where it listens",
                error_class=ErrorClass.ENGINE_CRASH,
            ) from problem

    async def close(self) -> None:
        """Close every connection."""
        await self.tidied()
        await self._sockets.close()
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def offer(self) -> Offer:
        """Ask ComfyUI for its version, its models and its node classes."""
        engine = self._engine()
        stats = await engine.system_stats()
        object_info = await engine.object_info()
        return Offer(
            services=(self.name,),
            version=stats["system"].get("comfyui_version"),
            models=model_names(object_info),
            custom_nodes=tuple(sorted(object_info)),
        )

    async def run(self, work: Work, report: Report) -> Result:
        """Run the workflow in the payload.

        `Result.data["outputs"]` holds what nodes put out besides files, by node id.
        """
        engine = self._engine()
        prompt = noted(work) or self._made(work)
        collector = Collector(engine, work.hand_in)
        try:
            if prompt.is_known:
                prompt = await left(engine, prompt, self._settings) or self._made(work)
            if not prompt.is_known:
                prompt = await hand_over(engine, prompt, work.inputs)
            async with self._sockets.line(prompt.client_id) as line:
                return await self._run(work, prompt, line, collector, report)
        finally:
            await collector.close()
            work.afterwards(partial(self._clear, prompt))

    async def tidied(self) -> None:
        """Wait until nothing is left at ComfyUI of the jobs that have ended."""
        while self._tidying:
            await asyncio.wait(self._tidying)

    def _made(self, work: Work) -> Prompt:
        prompt = make_prompt(work)
        return evolve(prompt, graph=self._host.adapted(prompt.graph))

    async def _run(
        self, work: Work, prompt: Prompt, line: Line, collector: Collector, report: Report
    ) -> Result:
        engine, grace_s = self._engine(), self._settings.grace_s
        try:
            if not prompt.is_known:
                prompt = evolve(prompt, client_id=line.client_id)
                note(work, prompt)
                prompt = await submit(engine, prompt, self._settings)
            follower = Follower(engine, prompt, self._settings, report, collector)
            entry = await follower.follow(line.frames)
        except asyncio.CancelledError:
            await _salvage(collector, await stop(engine, prompt, grace_s=grace_s))
            raise
        except HungError:
            with suppress(ConnectorError):  # that it hangs is known, and is the reason
                await _salvage(collector, await stop(engine, prompt, grace_s=grace_s))
            raise
        line.is_good = follower.has_heard_the_end
        try:
            return await _collect(prompt, entry, follower, collector)
        finally:
            work.afterwards(partial(self._forget, engine, prompt))

    def _clear(self, prompt: Prompt) -> None:
        self._later(asyncio.to_thread(self._host.clear, prompt.folder))

    def _forget(self, engine: Engine, prompt: Prompt) -> None:
        self._later(_forget(engine, prompt))

    def _later(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Tidy up while the result is on its way."""
        task = asyncio.create_task(coroutine)
        self._tidying.add(task)
        task.add_done_callback(self._tidying.discard)

    def _engine(self) -> Engine:
        if self._http is None:
            raise RuntimeError("open() has not been called, or close() has")
        return Engine(self._http)


async def is_answering(url: str) -> bool:
    """Whether a ComfyUI answers at `url`."""
    probe = ComfyUI(ComfyUISettings(url=url, timeout_s=_PROBE_TIMEOUT_S))
    try:
        await probe.open()
    except ConnectorError:
        return False
    await probe.close()
    return True


async def _system(http: "Http") -> dict[str, Any]:
    """Return what a ComfyUI tells of its machine. Raises `NoAnswerError` for anything else."""
    answer = await http.get("/system_stats")
    body = answer.json()
    if is_object(body) and is_object(system := body.get("system")):
        return system
    raise NoAnswerError(f"GET /system_stats answered {answer.status} {answer.excerpt()!r}")


async def _collect(
    prompt: Prompt, entry: dict[str, Any], follower: Follower, collector: Collector
) -> Result:
    status, outputs = entry.get("status"), entry["outputs"]
    if is_object(status) and status.get("status_str") == "error":  # null in old releases
        await _salvage(collector, outputs)
        raise execution_failure(status, prompt.graph)
    follower.check_files()
    files = await collector.files(outputs)
    return Result(data={"outputs": other_data(outputs)}, files=(*files, *follower.files))


async def _salvage(collector: Collector, outputs: dict[str, Any]) -> None:
    """Hand in what there is of a prompt that has not ended well. What cannot be had is left."""
    with suppress(ConnectorError, TimeoutError):  # why the prompt ended is what matters
        async with asyncio.timeout(_SALVAGE_S):
            await collector.files(outputs)


async def _forget(engine: Engine, prompt: Prompt) -> None:
    with suppress(NoAnswerError):  # an entry left behind costs memory, not the job
        await engine.forget(prompt)
