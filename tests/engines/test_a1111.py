"""The connector against an A1111: the real one at A1111_URL, else the stand-in."""

import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest

from agent.connector_settings import A1111Settings
from agent.connectors.a1111 import A1111
from agent.connectors.base import ConnectorError, Work
from agent.connectors.conformance import check
from shared.states import ErrorClass
from tests.fakes.a1111 import FakeA1111
from tests.integration.agent.a1111.jobs import SMALL
from tests.support.reports import Reports

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
async def drawer() -> AsyncGenerator[A1111]:
    """Not open yet."""
    async with AsyncExitStack() as stack:
        url = os.environ.get("A1111_URL")
        if not url:
            url = (await stack.enter_async_context(FakeA1111().listening())).url
        yield A1111(A1111Settings(a1111_url=url, a1111_poll_interval_s=0.2, a1111_grace_s=60.0))


async def test_it_keeps_every_promise_of_a_connector(drawer: A1111) -> None:
    await check(drawer, SMALL)


async def test_a_sampler_that_is_not_there_is_told(drawer: A1111) -> None:
    await drawer.open()
    work = Work(job_id="engines", attempt=1, type="a1111", payload=SMALL | {"sampler_name": "none"})
    with pytest.raises(ConnectorError, match="sampler_name 'none' is not on this worker") as caught:
        await drawer.run(work, Reports())
    assert caught.value.error_class is ErrorClass.VALIDATION
    await drawer.close()
