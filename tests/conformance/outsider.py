"""A stranger to the hub's code: it knows the documents, and speaks JSON over WebSockets."""

import asyncio
import base64
import hashlib
import itertools
import json
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field
from websockets.asyncio.client import ClientConnection, connect

PATIENCE_S = 20
_numbers = itertools.count(1)
RUN = f"conformance-{os.getpid()}"

Document = dict[str, Any]
Seen = set[tuple[str, str]]


@define
class Hub:
    """Where the hub is, and what opens it. `seen`: who said what, as (direction, type)."""

    url: str
    key: str = ""
    token: str = ""
    seen: Seen = field(factory=set[tuple[str, str]])

    @asynccontextmanager
    async def peer(self, kind: str, name: str = "", query: str = "") -> AsyncGenerator["Peer"]:
        """A connection that has heard its greeting."""
        name = name or f"{RUN}-{kind}-{next(_numbers)}"
        secret = self.token if kind == "worker" else self.key
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        path = query or f"/ws/{kind}/{name}"
        address = self.url.replace("http", "ws", 1) + path
        async with connect(address, additional_headers=headers, max_size=None) as socket:
            peer = Peer(socket, kind, name, self.seen)
            await peer.hear("connection_established")
            yield peer


@define
class Peer:
    """One end of a connection."""

    socket: ClientConnection
    kind: str
    name: str
    seen: Seen

    async def say(self, type_: str, **fields: Any) -> None:
        """Send one message."""
        said = {"type": type_, "id": f"m{next(_numbers)}", "timestamp": int(time.time() * 1000)}
        if self.kind == "worker":
            said["worker_id"] = self.name
        self.seen.add((f"{self.kind} → hub", type_))
        await self.socket.send(json.dumps(said | fields))

    async def hear(self, type_: str, **facts: Any) -> Document:
        """The next message of this type with these facts; others before it are passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = json.loads(await self.socket.recv())
                self.seen.add((f"hub → {self.kind}", message["type"]))
                if message["type"] == type_ and facts.items() <= message.items():
                    return message

    async def say_in_pieces(self, form: str, message: Document, wrong: str = "") -> None:
        """Send one message in two pieces, the last one first; with a `wrong` hash if one is given."""
        frame = json.dumps(message).encode()
        half = len(frame) // 2
        about = {
            "chunk_id": "c1",
            "total_chunks": 2,
            "data_hash": wrong or hashlib.sha256(frame).hexdigest(),
        }
        for index, part in ((1, frame[half:]), (0, frame[:half])):
            info = about | {"chunk_index": index}
            if form == "chunked_message":
                await self.say(form, data=base64.b64encode(part).decode(), **info)
            else:
                await self.say(form, data=part.decode(), chunk_info=info)

    async def submit(self, service: str, **fields: Any) -> str:
        """The id of a new job."""
        await self.say("submit_job", job_type=service, payload={"n": 1}, **fields)
        return (await self.hear("job_accepted"))["job_id"]

    async def register(self, service: str, **fields: Any) -> Document:
        """Register as a worker of this service."""
        await self.say("register_worker", capabilities={"services": [service]}, **fields)
        return await self.hear("worker_registered")

    async def take(self) -> str:
        """The id of the next job."""
        await self.say("claim_job")
        return (await self.hear("job_assigned"))["job_id"]
