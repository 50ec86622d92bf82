"""The status page: the desk for people, on 127.0.0.1, behind a token that is drawn at each start."""

import asyncio
import logging
import secrets
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from agent.desk import Desk
from agent.desk.http import serving
from agent.link.enrolment import keep_private
from agent.status_page.door import Door

__all__ = ["Door", "attending"]

log = logging.getLogger(__name__)

_HOST = "127.0.0.1"


@asynccontextmanager
async def attending(desk: Desk) -> AsyncGenerator[None]:
    """Serve the page. Raises `OSError` when its port cannot be had."""
    door = Door(desk, secrets.token_urlsafe(32))
    with socket.create_server((_HOST, desk.settings.dashboard_port)) as line:
        address = f"http://{_HOST}:{line.getsockname()[1]}/"
        desk.page = f"{address}?token={door.token}"
        gauging = asyncio.create_task(desk.gauges.watch(desk.stations))
        try:
            async with serving(door.answer, line):
                _tell(desk, address)
                yield
        finally:
            gauging.cancel()
            link_file(desk).unlink(missing_ok=True)


def link_file(desk: Desk) -> Path:
    """Where the page's link is, for its owner alone."""
    return desk.settings.state_dir / f"{desk.settings.worker_id}.page"


def _tell(desk: Desk, address: str) -> None:
    keep_private(link_file(desk), f"{desk.page}\n")
    if sys.stdout.isatty():
        print(f"status page: {desk.page}", flush=True)  # noqa: T201 - for whoever has started it
    # Others may read a log; it gets no token.
    log.info("status page at %s: `emp-agent status` tells its link", address)
