"""Telling whoever started the agent that it works: the protocol of systemd's `sd_notify`."""

import asyncio
import logging
import os
import socket
from collections.abc import Iterable

from agent.stations import Station

log = logging.getLogger(__name__)

VARIABLE = "NOTIFY_SOCKET"


async def tell_ready(stations: Iterable[Station]) -> None:
    """Say READY=1 once, when the hub has registered the first worker."""
    address = os.environ.pop(VARIABLE, "")  # it is not for the engines
    if not address:
        return
    waits = [asyncio.ensure_future(each.worker.registered.wait()) for each in stations]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(b"READY=1", address.replace("@", "\0", 1))
    except OSError as problem:
        log.warning("nobody hears at %s=%s that the agent is ready: %s", VARIABLE, address, problem)
