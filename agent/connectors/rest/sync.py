"""The connector to a service whose answer to one request is the result."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.connector_settings import RestSyncSettings
from agent.connector_settings.names import METHODS
from agent.connectors.base import ConnectorError, Offer, OutputFile, Progress, Report, Result, Work
from agent.connectors.credentials import Credentials
from agent.connectors.job_types import named
from agent.connectors.media import UNKNOWN, suffix_of
from shared.wire import load_json

if TYPE_CHECKING:
    from httpx import Response

    from agent.connectors.rest.sending import Call, Sender

_MAX_TEXT_BYTES = 64 * 2**20


class RestSync:
    """Sends a job as one request."""

    name = "rest_sync"

    def __init__(self, settings: RestSyncSettings) -> None:
        self.slots = settings.rest_sync_max_concurrent_jobs
        self._settings = settings
        self._services = named("rest_sync_job_type", settings.rest_sync_job_type)
        self._headers = Credentials(
            kind=settings.rest_sync_auth,
            username=settings.rest_sync_username,
            password=settings.rest_sync_password,
            api_key=settings.rest_sync_api_key,
            api_key_header=settings.rest_sync_api_key_header,
        ).headers()
        self._turns = asyncio.Semaphore(self.slots)
        self._service: Sender | None = None

    async def open(self) -> None:
        """Connect. Raises `ConnectorError` unless the service says that it is well."""
        from agent.connectors.rest.health import check  # noqa: PLC0415 - httpx is slow to import
        from agent.connectors.rest.sending import Sender  # noqa: PLC0415

        settings = self._settings
        self._service = Sender(
            settings.rest_sync_base_url,
            self._headers,
            timeout_s=settings.rest_sync_timeout_s,
            retries=settings.rest_sync_retry_attempts,
            delay_s=settings.rest_sync_retry_delay_s,
        )
        try:
            await check(self._service, settings.rest_sync_health_url)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close every connection."""
        if self._service is not None:
            await self._service.close()
            self._service = None

    async def offer(self) -> Offer:
        """Offer the services of the settings, with any model."""
        return Offer(services=self._services)

    async def run(self, work: Work, report: Report) -> Result:
        """Send the request and return what the answer is made into."""
        from agent.connectors.rest.jobs import Mapping, make_call  # noqa: PLC0415

        settings, service = self._settings, self._now()
        mapping = Mapping(
            endpoint=settings.rest_sync_endpoint,
            method=settings.rest_sync_method,
            methods=METHODS,
            template=settings.rest_sync_request_template,
        )
        call = make_call(work, mapping)
        async with self._turns:
            if settings.rest_sync_response_format == "binary":
                return await self._streamed(service, call, report)
            return await self._read(service, call)

    async def _read(self, service: "Sender", call: "Call") -> Result:
        from agent.connectors.rest.results import make_result  # noqa: PLC0415

        settings = self._settings
        async with service.stream(call) as response:
            content = b"".join([chunk async for chunk in _limited(response, _MAX_TEXT_BYTES)])
        if settings.rest_sync_response_format == "text":
            return Result(data={"text": content.decode(errors="replace")})
        return make_result(
            _json(call.path, content),
            settings.rest_sync_response_template,
            settings.rest_sync_files,
        )

    async def _streamed(self, service: "Sender", call: "Call", report: Report) -> Result:
        """Bring the body to disk, however large it is."""
        limit = self._settings.rest_sync_max_response_mb * 10**6
        async with service.stream(call) as response:
            media_type = response.headers.get("content-type", "").partition(";")[0] or UNKNOWN
            total = int(response.headers.get("content-length") or 0)
            with tempfile.NamedTemporaryFile(prefix="emp-", delete=False) as file:
                path = Path(file.name)
                try:
                    async for chunk in _limited(response, limit):
                        await asyncio.to_thread(file.write, chunk)
                        if total:
                            report(Progress(percent=min(100, 100 * file.tell() / total)))
                except BaseException:
                    path.unlink()
                    raise
        name = f"result.{suffix_of(media_type)}"
        content = OutputFile(filename=name, mime_type=media_type, content=path, is_temporary=True)
        return Result(data={"content_type": media_type}, files=(content,))

    def _now(self) -> "Sender":
        if self._service is None:
            raise RuntimeError("open() has not been called, or close() has")
        return self._service


async def _limited(response: "Response", limit: int) -> AsyncGenerator[bytes]:
    """Yield the body, at most `limit` bytes of it."""
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > limit:
            raise ConnectorError(f"the answer is larger than {limit} bytes")
        yield chunk


def _json(path: str, content: bytes) -> Any:
    try:
        return load_json(content)
    except ValueError as error:
        raise ConnectorError(
            f"{path} answered what is no JSON ({error}); set the response format to text or binary"
        ) from error
