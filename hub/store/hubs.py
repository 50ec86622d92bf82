"""The hubs on one Redis: where they find each other, and leave to fetch one file from another."""

import hashlib
import secrets
from asyncio import gather

from attrs import frozen

from hub.store.client import Client
from hub.store.keys import key

GONE_MS = 3_600_000
"""After so long a hub that is not heard is forgotten, and with it the files that only it has."""
ERRAND_MS = 60_000
"""How long leave to begin to fetch a file lasts."""


@frozen
class Hub:
    """Another hub: its address, and how long ago it was heard, in milliseconds."""

    url: str
    silent_ms: int


@frozen
class Hubs:
    """Whoever can write here is a hub: nobody else has the key of this Redis."""

    client: Client

    async def announce(self, url: str) -> None:
        """The hub at `url` is there."""
        now_ms, name = await self._now_ms(), key("hubs")
        await gather(
            self.client.command("ZADD", name, now_ms, url),
            self.client.command("ZREMRANGEBYSCORE", name, "-inf", now_ms - GONE_MS),
            self.client.command("PEXPIRE", name, GONE_MS),
        )

    async def others(self, url: str | None) -> list[Hub]:
        """All hubs but the one at `url`, those heard last first."""
        pairs = await self.client.command("ZRANGE", key("hubs"), 0, -1, "REV", "WITHSCORES")
        if not pairs:
            return []
        now_ms = await self._now_ms()
        return [Hub(each, now_ms - int(heard_ms)) for each, heard_ms in pairs if each != url]

    async def send_for(self, sha256: str) -> str:
        """Leave to fetch a file, for a short while: what is to be shown to the hub that has it."""
        errand = secrets.token_hex(32)
        await self.client.command("SET", _errand(errand), sha256, "PX", ERRAND_MS)
        return errand

    async def is_sent_for(self, errand: str, sha256: str) -> bool:
        """Whether a hub gave leave to fetch this file."""
        return await self.client.command("GET", _errand(errand)) == sha256

    async def _now_ms(self) -> int:
        seconds, microseconds = await self.client.command("TIME")
        return int(seconds) * 1000 + int(microseconds) // 1000


def _errand(shown: str) -> str:
    """Only a digest is kept: who reads Redis could not use it."""
    return key("errand", hashlib.sha256(shown.encode()).hexdigest())
