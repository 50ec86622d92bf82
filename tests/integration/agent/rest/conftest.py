"""A service to talk to."""

from collections.abc import AsyncGenerator

import pytest

from tests.fakes.rest_service import RestService


@pytest.fixture
async def service() -> AsyncGenerator[RestService]:
    async with RestService().listening() as service:
        yield service
