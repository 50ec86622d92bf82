"""Following one submitted job: its status asked for, or called back, until it has ended."""

import asyncio
from typing import Any
from urllib.parse import quote

import httpx
from attrs import frozen

from agent.connector_settings import RestAsyncSettings
from agent.connectors.answers import is_object
from agent.connectors.base import ConnectorError, Progress, Report
from agent.connectors.rest.callbacks import Expected
from agent.connectors.rest.failures import error_class
from agent.connectors.rest.sending import Call, Sender
from agent.connectors.templates import value_at
from shared.states import ErrorClass
from shared.wire import load_json

DONE = frozenset({"completed", "complete", "success", "succeeded", "done", "finished", "ok"})
FAILED = frozenset({"failed", "failure", "error", "errored", "cancelled", "canceled", "timeout"})
_IDS = ("job_id", "jobId", "id", "token", "task_id", "taskId")
_ERRORS = ("error", "error_message", "message", "detail")
_SERVER_FAULT = 500


@frozen
class Asking:
    """Talks to one service about submitted jobs."""

    _service: Sender
    _settings: RestAsyncSettings

    async def submit(self, call: Call) -> str:
        """Send the job; return the id that the service gave it. Raises `ConnectorError`."""
        document = _document(call.path, await self._service.send(call))
        field = self._settings.rest_async_id_field
        names = _IDS if field is None else (field,)
        token = next((found for name in names if (found := value_at(name, document))), None)
        if token is None:
            raise ConnectorError(
                f"{call.path} answered without an id, looked for as {', '.join(names)}"
            )
        return str(token)

    async def follow(self, token: str, called: Expected | None, report: Report) -> Any:
        """Return the result once it is there. Raises `ConnectorError`, as it does after a hang."""
        timeout_s = self._settings.rest_async_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    status = await self._status(token, called)
                    if self._word(status) in DONE:
                        return await self._result(token, status)
                    self._check(status)
                    self._tell(status, report)
        except TimeoutError as error:
            raise ConnectorError(
                f"the service had no result of {token} after {timeout_s:g} s",
                error_class=ErrorClass.HANG,
            ) from error

    async def cancel(self, token: str) -> None:
        """Tell the service that nobody waits any more, if it wants to know."""
        endpoint = self._settings.rest_async_cancel_endpoint
        if endpoint is not None:
            await self._service.send(Call(method="POST", path=_at(endpoint, token)))

    async def _status(self, token: str, called: Expected | None) -> dict[str, Any]:
        """Wait for the next status: called back, or asked for when it is time."""
        interval_s = self._settings.rest_async_poll_interval_ms / 1000
        if called is None:
            await asyncio.sleep(interval_s)
        else:
            pushed = await called.next(within_s=interval_s)
            if pushed and self._word(pushed) is not None:
                return pushed
        endpoint = self._settings.rest_async_completion_endpoint
        return await self._get(_at(endpoint, token))

    async def _result(self, token: str, status: dict[str, Any]) -> Any:
        settings = self._settings
        if settings.rest_async_result_endpoint is not None:
            return await self._get(_at(settings.rest_async_result_endpoint, token))
        found = value_at(settings.rest_async_result_field, status)
        return status if found is None else found

    def _check(self, status: dict[str, Any]) -> None:
        word = self._word(status)
        if word is None:
            raise ConnectorError(
                f"the status has no field {self._settings.rest_async_status_field!r}; it has "
                f"{', '.join(status)}"
            )
        if word in FAILED:
            text = next((str(status[name]) for name in _ERRORS if status.get(name)), word)
            raise ConnectorError(
                f"the service says: {text}",
                error_class=error_class(_SERVER_FAULT, text),
                details={"status": status},
            )

    def _tell(self, status: dict[str, Any], report: Report) -> None:
        percent = value_at(self._settings.rest_async_progress_field, status)
        if isinstance(percent, (int, float)):
            percent = max(0.0, min(100.0, percent))
            report(Progress(percent=percent, message=str(status.get("message") or "")))

    def _word(self, status: dict[str, Any]) -> str | None:
        found = value_at(self._settings.rest_async_status_field, status)
        return None if found is None else str(found).lower()

    async def _get(self, path: str) -> dict[str, Any]:
        return _document(path, await self._service.send(Call(method="GET", path=path)))


def _at(endpoint: str, token: str) -> str:
    name = quote(token, safe="")
    return endpoint.replace("{id}", name) if "{id}" in endpoint else f"{endpoint}/{name}"


def _document(path: str, response: httpx.Response) -> dict[str, Any]:
    try:
        document = load_json(response.content)
    except ValueError as error:
        raise ConnectorError(f"{path} answered what is no JSON: {error}") from error
    if not is_object(document):
        raise ConnectorError(f"{path} answered JSON that is no object")
    return document
