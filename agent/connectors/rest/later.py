"""The connector to a service that takes a job now and has its result later."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

from attrs import frozen

from agent.connector_settings import RestAsyncSettings
from agent.connector_settings.names import METHODS
from agent.connectors.base import ConnectorError, Offer, Report, Result, Work
from agent.connectors.credentials import Credentials
from agent.connectors.job_types import named
from agent.connectors.rest.callbacks import Callbacks
from shared.states import ErrorClass

if TYPE_CHECKING:
    from agent.connectors.rest.asking import Asking
    from agent.connectors.rest.sending import Sender


@frozen
class _Opened:
    service: "Sender"
    asking: "Asking"
    callbacks: Callbacks | None
    stack: AsyncExitStack


class RestAsync:
    """Submits a job, and asks or is called back until its result is there."""

    name = "rest_async"

    def __init__(self, settings: RestAsyncSettings) -> None:
        self.slots = settings.rest_async_max_concurrent_jobs
        self._settings = settings
        self._services = named("rest_async_job_type", settings.rest_async_job_type)
        self._headers = Credentials(
            kind=settings.rest_async_auth,
            username=settings.rest_async_username,
            password=settings.rest_async_password,
            api_key=settings.rest_async_api_key,
            api_key_header=settings.rest_async_api_key_header,
        ).headers()
        self._turns = asyncio.Semaphore(self.slots)
        self._opened: _Opened | None = None

    async def open(self) -> None:
        """Connect. Raises `ConnectorError` unless the service says that it is well."""
        from agent.connectors.rest.asking import Asking  # noqa: PLC0415 - httpx is slow to import
        from agent.connectors.rest.health import check  # noqa: PLC0415
        from agent.connectors.rest.sending import Sender  # noqa: PLC0415

        settings = self._settings
        async with AsyncExitStack() as stack:
            service = Sender(
                settings.rest_async_base_url,
                self._headers,
                timeout_s=settings.rest_async_timeout_s,
                retries=settings.rest_async_retry_attempts,
                delay_s=settings.rest_async_retry_delay_s,
            )
            stack.push_async_callback(service.close)
            await check(service, settings.rest_async_health_url)
            callbacks = await self._listening(stack)
            asking = Asking(service, settings)
            self._opened = _Opened(service, asking, callbacks, stack.pop_all())

    async def close(self) -> None:
        """Close every connection."""
        if self._opened is not None:
            await self._opened.stack.aclose()
            self._opened = None

    async def offer(self) -> Offer:
        """Offer the services of the settings, with any model."""
        return Offer(services=self._services)

    async def run(self, work: Work, report: Report) -> Result:
        """Submit the job and return what its result is made into."""
        from agent.connectors.rest.results import make_result  # noqa: PLC0415

        settings, opened = self._settings, self._now()
        async with self._turns:
            result = await self._followed(opened, work, report)
        return make_result(result, settings.rest_async_response_template, settings.rest_async_files)

    def callbacks(self) -> Callbacks:
        """Return where callbacks are heard. Raises `RuntimeError` where none are."""
        callbacks = self._now().callbacks
        if callbacks is None:
            raise RuntimeError("no callback URL is set")
        return callbacks

    async def _followed(self, opened: _Opened, work: Work, report: Report) -> Any:
        from agent.connectors.rest.jobs import Mapping, make_call  # noqa: PLC0415

        settings = self._settings
        mapping = Mapping(
            endpoint=settings.rest_async_endpoint,
            method=settings.rest_async_method,
            methods=METHODS,
            template=settings.rest_async_request_template,
        )
        async with AsyncExitStack() as stack:
            called, extra = None, dict[str, Any]()
            if opened.callbacks is not None:
                called = stack.enter_context(opened.callbacks.expected())
                extra = {"callback_url": called.url}
            token = await opened.asking.submit(make_call(work, mapping, **extra))
            try:
                return await opened.asking.follow(token, called, report)
            except (asyncio.CancelledError, ConnectorError) as end:
                if isinstance(end, ConnectorError) and end.error_class is not ErrorClass.HANG:
                    raise  # it has ended there, too, or cannot be told
                with suppress(ConnectorError):  # the attempt has ended already, and knows why
                    await opened.asking.cancel(token)
                raise

    async def _listening(self, stack: AsyncExitStack) -> Callbacks | None:
        settings = self._settings
        if settings.rest_async_callback_url is None:
            return None
        callbacks = Callbacks(settings.rest_async_callback_url)
        address = (settings.rest_async_callback_host, settings.rest_async_callback_port)
        await stack.enter_async_context(callbacks.listening(*address))
        return callbacks

    def _now(self) -> _Opened:
        if self._opened is None:
            raise RuntimeError("open() has not been called, or close() has")
        return self._opened
