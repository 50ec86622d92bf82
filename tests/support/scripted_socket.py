"""The peer's side of an accepted socket, which does what the test says."""

import asyncio
from typing import Any

from attrs import define, field

from shared.wire import decode


@define
class ScriptedSocket:
    """What the peer says, and what it has heard once it reads."""

    said: asyncio.Queue[dict[str, Any]] = field(factory=asyncio.Queue)
    heard: list[dict[str, Any]] = field(factory=list)
    reads: asyncio.Event = field(factory=asyncio.Event)
    is_lost: bool = False
    has_failed: asyncio.Event = field(factory=asyncio.Event)

    async def receive(self) -> dict[str, Any]:
        return await self.said.get()

    async def send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        if self.is_lost:
            self.has_failed.set()
            raise ConnectionResetError("gone")
        self.heard.append(message)

    @property
    def types(self) -> list[str]:
        texts = [message["text"] for message in self.heard if "text" in message]
        return [decode(text).type for text in texts]
