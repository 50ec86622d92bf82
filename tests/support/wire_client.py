"""A client's or a monitor's side of the socket, frame by frame."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from attrs import define
from websockets.asyncio.client import ClientConnection, connect

from shared.messages import ConnectionEstablished, Message, StatsBroadcast
from shared.wire import decode, encode

M = TypeVar("M", bound=Message)
PATIENCE_S = 20


@define(eq=False)
class WireClient:
    """Somebody who asks and is told."""

    socket: ClientConnection

    async def send(self, said: Message | dict[str, Any]) -> None:
        """Send a message, or a document as it is."""
        await self.socket.send(encode(said) if isinstance(said, Message) else json.dumps(said))

    async def expect(self, kind: type[M]) -> M:
        """The next message that is no broadcast of stats, which must be of this kind."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = decode(await self.socket.recv())
                if isinstance(message, kind):
                    return message
                assert isinstance(message, StatsBroadcast), message

    async def until(self, kind: type[M]) -> M:
        """The next message of this kind, whatever comes before it."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = decode(await self.socket.recv())
                if isinstance(message, kind):
                    return message


@asynccontextmanager
async def client_of(
    url: str, path: str = "/ws/client/c1", **options: Any
) -> AsyncGenerator[WireClient]:
    """A connection to the hub at `url` that has heard its greeting."""
    address = url.replace("http://", "ws://") + path
    async with connect(address, compression=None, max_size=None, **options) as socket:
        client = WireClient(socket)
        await client.expect(ConnectionEstablished)
        yield client
