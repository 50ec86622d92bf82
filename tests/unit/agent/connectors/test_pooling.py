"""Connections to services, kept for less long than the services keep them."""

import uvicorn

from agent.connectors.pooling import POOL


def test_a_connection_is_given_up_before_uvicorn_hangs_up() -> None:
    async def app(*_: object) -> None: ...

    assert POOL.keepalive_expiry is not None
    assert POOL.keepalive_expiry * 2 < uvicorn.Config(app).timeout_keep_alive
