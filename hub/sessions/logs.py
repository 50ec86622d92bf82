"""The last lines of a worker's engines, asked for when somebody wants to see them.

The worker may be on another hub: the question and its answer go by what Redis tells all hubs.
"""

import asyncio
import re
import secrets
from urllib.parse import quote, unquote

from attrs import define, field

from hub.sessions.desk import ReportError
from hub.sessions.registry import Registry
from hub.store.client import Client
from hub.store.news import publish
from shared.messages import RequestLogs, ResponseLogs
from shared.wire import dump_json, load_json

ANSWER_S = 5.0
MOST_CHARACTERS = 64 * 1024
"""Of what goes through Redis; of more the newest is kept."""
_REQUEST_ID = re.compile(r"[0-9a-f]{32}")


class NoLogsError(Exception):
    """The worker did not answer; the message says what that may mean."""


@define(eq=False)
class Logs:
    """Asks workers of every hub, and answers other hubs for the workers here."""

    client: Client
    registry: Registry
    _waiting: dict[str, "asyncio.Future[tuple[str, ...]]"] = field(factory=dict, init=False)

    async def ask(self, worker_id: str, lines: int) -> tuple[str, ...]:
        """The newest lines, oldest first. Raises `NoLogsError` or `StoreUnavailableError`."""
        request_id = secrets.token_hex(16)
        self._waiting[request_id] = answer = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ANSWER_S):
                await publish(self.client, f"logs {request_id} {quote(worker_id, safe='')} {lines}")
                return await answer
        except TimeoutError:
            raise NoLogsError(
                f"worker {worker_id} did not tell its logs within {ANSWER_S:g} s; agents of before "
                "0.1.0 and workers of the original protocol cannot"
            ) from None
        finally:
            del self._waiting[request_id]

    def asked(self, request_id: str, worker_id: str, lines: str) -> None:
        """A hub asks: the worker is told, if it is here."""
        session = self.registry.find(unquote(worker_id))
        if session is not None:
            session.say(
                RequestLogs(worker_id=session.worker_id, request_id=request_id, lines=int(lines))
            )

    async def tell(self, message: ResponseLogs) -> None:
        """A worker answers: the hub that asked is told. Raises `ReportError`."""
        if not _REQUEST_ID.fullmatch(message.request_id):
            raise ReportError("request_id: expected that of a request_logs")
        text = quote(dump_json(_newest(message.lines)))
        await publish(self.client, f"logged {message.request_id} {text}")

    def answered(self, request_id: str, quoted: str) -> None:
        """A hub tells an answer: whoever waits for it here gets it."""
        waiting = self._waiting.get(request_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(tuple(load_json(unquote(quoted))))


def _newest(lines: tuple[str, ...]) -> list[str]:
    kept: list[str] = []
    room = MOST_CHARACTERS
    for line in reversed(lines):
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return kept[::-1]
