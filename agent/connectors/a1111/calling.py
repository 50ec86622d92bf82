"""Making the one call of a job, and not leaving it behind in the server."""

import asyncio
import logging
from typing import Any

from attrs import frozen

from agent.connector_settings import A1111Settings
from agent.connectors.a1111.engine import Engine
from agent.connectors.a1111.failures import refusal
from agent.connectors.a1111.request import Request
from agent.connectors.a1111.watching import Watch, quiet, stop
from agent.connectors.answers import Answer, NoAnswerError, is_object
from agent.connectors.base import ConnectorError, Report
from shared.states import ErrorClass

_OK = 200
_log = logging.getLogger(__name__)


@frozen
class Calls:
    """Makes calls to one server. The caller sees to it that there is one at a time."""

    _engine: Engine
    _settings: A1111Settings

    async def make(self, request: Request, report: Report) -> dict[str, Any]:
        """Return the answer's body. Raises `ConnectorError` for any but a good one.

        However it ends, the server is not left at work on it, if it can be helped.
        """
        answer = await self._answer(request, report)
        body = answer.json()
        if answer.status != _OK or not is_object(body):
            raise refusal(self._settings.a1111_address, request.path, answer)
        return body

    async def check_whole(self) -> None:
        """Raise `ConnectorError` when the last call was interrupted: its answer does not say so."""
        state = await self._engine.state()
        if state is not None and state.interrupted:
            raise ConnectorError(
                f"the pictures were interrupted by somebody else at step {state.step} of "
                f"{state.steps}"
            )

    async def _answer(self, request: Request, report: Report) -> Answer:
        watch = Watch(self._engine, report, await self._engine.state())
        call = asyncio.create_task(self._engine.call(request.path, request.body))
        try:
            return await watch.follow(
                call,
                interval_s=self._settings.a1111_poll_interval_s,
                timeout_s=self._settings.a1111_timeout_s,
            )
        except NoAnswerError as error:
            raise await self._lost(error) from error
        except asyncio.CancelledError:
            if not await self._stop(call):
                raise ConnectorError(
                    f"the server did not end its job in {self._settings.a1111_grace_s:g} s",
                    error_class=ErrorClass.HANG,
                ) from None
            raise
        except ConnectorError:
            await self._stop(call)
            raise

    async def _stop(self, call: asyncio.Task[Answer]) -> bool:
        """Whether the server let go."""
        interval_s, grace_s = self._settings.a1111_poll_interval_s, self._settings.a1111_grace_s
        return await stop(self._engine, call, interval_s=interval_s, grace_s=grace_s)

    async def _lost(self, error: NoAnswerError) -> ConnectorError:
        """Return the error for a call that was cut off; the server may still be at work on it."""
        interval_s, grace_s = self._settings.a1111_poll_interval_s, self._settings.a1111_grace_s
        if await quiet(self._engine, interval_s=interval_s, grace_s=grace_s):
            return ConnectorError(
                f"the connection to the server broke, and its job was interrupted: {error}",
                error_class=ErrorClass.NETWORK,
            )
        return ConnectorError(
            f"the server was lost and did not come back: {error}",
            error_class=ErrorClass.ENGINE_CRASH,
        )
