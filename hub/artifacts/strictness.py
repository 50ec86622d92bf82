"""Whether an object store refuses other bytes than were announced: tried, once, with wrong ones."""

import asyncio
import base64
import hashlib
import logging
import ssl
from collections.abc import Awaitable, Callable

import httpx
from attrs import define, field

log = logging.getLogger(__name__)

CHECKSUM = "x-amz-checksum-sha256"
TIMEOUT_S = 15.0
SENT = b"wrong"


def checksum_of(digest: bytes) -> dict[str, str]:
    """The header that announces bytes with this SHA-256."""
    return {CHECKSUM: base64.b64encode(digest).decode()}


ANNOUNCED = checksum_of(hashlib.sha256(b"right").digest())
"""What is signed for the attempt."""


async def put_wrong(url: str) -> int:
    """Send other bytes than `url` is signed for; the status. Raises `httpx.HTTPError`."""
    # The machine's authorities, as for all that obstore asks; httpx alone brings its own.
    async with httpx.AsyncClient(timeout=TIMEOUT_S, verify=ssl.create_default_context()) as client:
        return (await client.put(url, content=SENT, headers=ANNOUNCED)).status_code


@define(eq=False)
class Strictness:
    """What one store has done with wrong bytes. Not known before it has been tried."""

    _is_strict: bool | None = field(default=None, init=False)
    _trying: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    async def found(self, attempt: Callable[[], Awaitable[int]]) -> bool:
        """Whether the store refuses them; `attempt` sends them and tells the status."""
        async with self._trying:
            if self._is_strict is not None:
                return self._is_strict
            status = await attempt()
            # Who may not write at all (403) has learnt nothing about those who may.
            if status == httpx.codes.BAD_REQUEST.value:
                self._is_strict = True
            if httpx.codes.is_success(status):
                self._is_strict = False
                log.warning(
                    "the store of HUB_ARTIFACTS takes other bytes than their checksum announces: "
                    "workers hand files in to the hub, which checks them, and not to the store"
                )
            return self._is_strict is not False
