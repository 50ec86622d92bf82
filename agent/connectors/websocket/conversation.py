"""What a service says about one job, until it has ended."""

import asyncio
import json
from typing import Any, Protocol

from agent.connectors.answers import is_object
from agent.connectors.base import ConnectorError, OutputFile, Progress, Report, Result
from agent.connectors.media import sniffed, suffix_of
from agent.connectors.rest.failures import error_class
from shared.states import ErrorClass
from shared.wire import load_json

_SERVER_FAULT = 500


class Socket(Protocol):
    """A WebSocket."""

    async def recv(self) -> str | bytes:
        """Return the next frame."""
        ...

    async def send(self, message: str) -> None:
        """Send a text frame."""
        ...


class Conversation:
    """Takes in the messages of one job."""

    def __init__(self, job_id: str, report: Report) -> None:
        self._job_id = job_id
        self._report = report
        self._files: list[OutputFile] = []

    async def ended(self, socket: Socket, silence_s: float) -> Result:
        """Return the result. Raises `ConnectorError`, as it does after so long a silence."""
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - others need none

        try:
            while True:
                frame = await asyncio.wait_for(socket.recv(), silence_s)
                if isinstance(frame, bytes):
                    self._keep(frame)
                elif (result := await self._heard(socket, _document(frame))) is not None:
                    return result
        except ConnectionClosed as error:
            raise ConnectorError(
                f"the service closed the connection in the middle of the job: {error}",
                error_class=ErrorClass.NETWORK,
            ) from error
        except TimeoutError as error:
            raise ConnectorError(
                f"the service said nothing for {silence_s:g} s", error_class=ErrorClass.HANG
            ) from error

    async def _heard(self, socket: Socket, message: dict[str, Any]) -> Result | None:
        kind = message.get("type")
        if kind == "ping":
            await socket.send(json.dumps({"type": "pong"}))
        if message.get("job_id") != self._job_id:
            return None
        if kind == "job_progress":
            self._tell(message)
        elif kind == "job_error":
            text = str(message.get("error") or "it does not say why")
            raise ConnectorError(
                f"the service says: {text}",
                error_class=error_class(_SERVER_FAULT, text),
                details={"message": message},
            )
        elif kind == "job_result":
            data = message.get("result")
            return Result(
                data=data if is_object(data) else {"result": data}, files=tuple(self._files)
            )
        return None

    def _tell(self, message: dict[str, Any]) -> None:
        percent = message.get("progress")
        if isinstance(percent, (int, float)):
            percent = max(0.0, min(100.0, percent))
            self._report(Progress(percent=percent, message=str(message.get("message") or "")))

    def _keep(self, content: bytes) -> None:
        media_type = sniffed(content)
        name = f"file_{len(self._files) + 1:05}.{suffix_of(media_type)}"
        self._files.append(OutputFile(filename=name, mime_type=media_type, content=content))


def _document(frame: str) -> dict[str, Any]:
    try:
        message = load_json(frame)
    except ValueError as error:
        raise ConnectorError(f"the service sent what is no JSON: {error}") from error
    return message if is_object(message) else {}
