"""The lines of a worker's engines, asked for when somebody wants to see them.

The worker may be on another hub: the question and its answer go by what Redis tells all hubs. Whoever
follows asks again and again, each time for what comes behind the last answer, and as fast as it is read.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator
from urllib.parse import quote, unquote

from attrs import define, field, frozen

from hub.sessions.desk import ReportError
from hub.sessions.registry import Registry
from hub.store.client import Client
from hub.store.news import publish
from hub.store.workers import Workers
from shared.log_lines import fitting
from shared.messages import RequestLogs, ResponseLogs
from shared.wire import dump_json, load_json

ANSWER_S = 5.0
WAIT_S = 10.0
"""So long a worker waits for a new line before it answers that there is none."""
LOOK_S = 1.0
"""While an answer is waited for, it is looked so often whether the worker is still there."""
PACE_S = 0.25
"""Between an answer and the next question: lines that come fast come together."""
MOST_LINES = 500
MARK = re.compile(r"[0-9a-f]{1,32}-[0-9]{1,15}")
_REQUEST_ID = re.compile(r"[0-9a-f]{32}")


class NoLogsError(Exception):
    """The worker did not answer; the message says what that may mean."""


@frozen
class Told:
    """Lines, oldest first. `mark` asks for those behind them. `skipped` is how many there were before
    them that nobody keeps any more; None when that is not known."""

    lines: tuple[str, ...]
    mark: str | None
    skipped: int | None


@define(eq=False)
class Logs:
    """Asks workers of every hub, and answers other hubs for the workers here."""

    client: Client
    registry: Registry
    workers: Workers
    _waiting: dict[str, "asyncio.Future[Told]"] = field(factory=dict, init=False)

    async def ask(
        self, worker_id: str, lines: int, after: str | None = None, wait_s: float = 0
    ) -> Told:
        """The newest lines, or the first ones behind a mark. Raises `NoLogsError` or
        `StoreUnavailableError`."""
        request_id = secrets.token_hex(16)
        self._waiting[request_id] = answer = asyncio.get_running_loop().create_future()
        words = (request_id, quote(worker_id, safe=""), str(lines), after or "-", f"{wait_s:g}")
        try:
            async with asyncio.timeout(ANSWER_S + wait_s):
                await publish(self.client, " ".join(("logs", *words)))
                return await answer
        except TimeoutError:
            raise NoLogsError(
                f"worker {worker_id} did not tell its logs within {ANSWER_S:g} s; agents of before "
                "0.1.0 and workers of the original protocol cannot"
            ) from None
        finally:
            del self._waiting[request_id]

    async def follow(self, worker_id: str, mark: str) -> AsyncGenerator[Told | None]:
        """What comes behind the mark, until the worker is offline. None when nothing came for a while."""
        while True:
            told = await self._next(worker_id, mark)
            if told is None and not await self.workers.is_here(worker_id):
                return
            if told is None or told.mark is None or told.mark == mark:
                yield None
                continue
            mark = told.mark
            yield told
            await asyncio.sleep(PACE_S)

    async def _next(self, worker_id: str, mark: str) -> Told | None:
        asking = asyncio.create_task(self.ask(worker_id, MOST_LINES, mark, WAIT_S))
        try:
            while not (await asyncio.wait((asking,), timeout=LOOK_S))[0]:
                if not await self.workers.is_here(worker_id):
                    return None
            return asking.result()
        except NoLogsError:  # it may have connected anew meanwhile: whether it is here decides
            return None
        finally:
            asking.cancel()

    def asked(self, request_id: str, worker_id: str, lines: str, after: str, wait_s: str) -> None:
        """A hub asks: the worker is told, if it is here."""
        session = self.registry.find(unquote(worker_id))
        if session is not None:
            session.say(
                RequestLogs(
                    worker_id=session.worker_id,
                    request_id=request_id,
                    lines=int(lines),
                    after=None if after == "-" else after,
                    wait_s=float(wait_s),
                )
            )

    async def tell(self, message: ResponseLogs) -> None:
        """A worker answers: the hub that asked is told. Raises `ReportError`."""
        if not _REQUEST_ID.fullmatch(message.request_id):
            raise ReportError("request_id: expected that of a request_logs")
        if message.mark is not None and not MARK.fullmatch(message.mark):
            raise ReportError("mark: expected hexadecimal digits, a minus sign and a number")
        lines = fitting(message.lines[::-1])[::-1]  # the newest
        skipped = message.skipped
        if skipped is not None:
            skipped += len(message.lines) - len(lines)
        text = quote(dump_json([lines, message.mark, skipped]))
        await publish(self.client, f"logged {message.request_id} {text}")

    def answered(self, request_id: str, quoted: str) -> None:
        """A hub tells an answer: whoever waits for it here gets it."""
        waiting = self._waiting.get(request_id)
        if waiting is not None and not waiting.done():
            lines, mark, skipped = load_json(unquote(quoted))
            waiting.set_result(Told(tuple(lines), mark, skipped))
