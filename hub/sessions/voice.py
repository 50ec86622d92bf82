"""How a message goes out: in one frame, or in pieces, read from disk as the peer takes them."""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

from attrs import define, evolve, frozen

from hub.artifacts.intake import nowhere
from hub.artifacts.values import Values
from hub.documents import frame_of
from hub.neighbours import NeighbourError
from hub.store.client import StoreUnavailableError
from shared.messages import CompleteJob, JobAssigned, Message, ResponseJobStatus
from shared.pieces import PIECE, Form, numbered, split

log = logging.getLogger(__name__)

LARGE_FIELDS: dict[type[Message], str] = {
    JobAssigned: "params",
    CompleteJob: "result",
    ResponseJobStatus: "result",
}
Send = Callable[[str], Awaitable[None]]
Copy = Callable[[str], Awaitable[bool]]
"""Brings a large value here from another hub, if one has it. Raises `NeighbourError`."""
Unsaid = Callable[[Message, str], Awaitable[bool]]
"""What becomes of a message whose value cannot be had, and why; whether it is not to be said at all."""
URGENT_S = 1.0
"""How long what is urgent waits while a value comes from another hub."""


@frozen
class LargeFrame:
    """A frame of which some values lie on disk: its text, and theirs, in order."""

    parts: tuple[bytes | Path, ...]

    def texts(self) -> Iterator[str]:
        """The frame, cut into at most 1 MiB each."""
        left = b""
        for chunk in self._chunks():
            left += chunk
            while len(left) > PIECE:
                at = _boundary(left)
                yield left[:at].decode("utf-8", "surrogatepass")
                left = left[at:]
        yield left.decode("utf-8", "surrogatepass")

    def measured(self) -> tuple[int, str]:
        """How many texts there are, and the digest of all. Reads the whole file."""
        digest, total = hashlib.sha256(), 0
        for text in self.texts():
            digest.update(text.encode("utf-8", "surrogatepass"))
            total += 1
        return total, digest.hexdigest()

    def _chunks(self) -> Iterator[bytes]:
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
                continue
            with part.open("rb") as file:
                while chunk := file.read(PIECE):
                    yield chunk


async def as_it_is(_: Message, __: str) -> bool:
    """The message is said, with the reference in the place of its value."""
    return False


@define(eq=False)
class Voice:
    """Says messages. `urgent` gives what must not wait until a large one has been said."""

    send: Send
    values: Values
    urgent: Callable[[], list[Message]]
    copy: Copy = nowhere
    unsaid: Unsaid = as_it_is
    form: Form | None = None  # of a peer that sends pieces: it gets them though one frame would do

    async def say(self, message: Message) -> None:
        """Send a message; back when the peer has taken it."""
        try:
            await self._bring(message)
        except (NeighbourError, StoreUnavailableError) as problem:
            log.warning("%s %s", message.type, problem)
            if await self.unsaid(message, str(problem)):
                return
        large = large_frame(message, self.values)
        if large is not None:
            await self._say_large(large)
            return
        text = frame_of(message)
        if self.form is not None and len(text) > PIECE:
            for piece in split(text, self.form):
                await self.send(frame_of(piece))
        else:
            await self.send(text)

    async def _bring(self, message: Message) -> None:
        """Have the large values of a message here."""
        field = LARGE_FIELDS.get(type(message))
        for sha256 in self.values.missing(getattr(message, field)) if field else ():
            copying = asyncio.ensure_future(self.copy(sha256))
            while not copying.done():
                await asyncio.wait([copying], timeout=URGENT_S)
                await self._say_urgent()
            copying.result()

    async def _say_urgent(self) -> None:
        for each in self.urgent():
            await self.send(frame_of(each))

    async def _say_large(self, frame: LargeFrame) -> None:
        total, digest = await asyncio.to_thread(frame.measured)
        pieces = (self.form or numbered)(frame.texts(), total, digest)
        while (text := await asyncio.to_thread(_next, pieces)) is not None:
            await self.send(text)
            await self._say_urgent()


def large_frame(message: Message, values: Values) -> LargeFrame | None:
    """The frame of a message that refers to large values, with the values in their places."""
    field = LARGE_FIELDS.get(type(message))
    if field is None:
        return None
    files: dict[str, Path] = {}
    marked = _marked(getattr(message, field), values, files)
    if not files:
        return None
    parts: list[bytes | Path] = []
    said = frame_of(evolve(message, **{field: marked}))
    for token, path in files.items():
        before, _, said = said.partition(f'"{token}"')
        parts += [before.encode(), path]
    return LargeFrame((*parts, said.encode()))


def _marked(value: Any, values: Values, files: dict[str, Path]) -> Any:
    """The value, or its members, with a token for each that lies in a file."""
    marked = _token(value, values, files)
    if files or not isinstance(value, dict):
        return marked
    members = cast("dict[str, Any]", value)
    return {name: _token(each, values, files) for name, each in members.items()}


def _token(value: Any, values: Values, files: dict[str, Path]) -> Any:
    path = values.find(value)
    if path is None:
        return value
    token = secrets.token_hex(16)
    files[token] = path
    return token


def _next(pieces: Iterator[Message]) -> str | None:
    piece = next(pieces, None)
    return None if piece is None else frame_of(piece)


def _boundary(data: bytes) -> int:
    """Where to cut so that no character is cut: at most `PIECE`."""
    at = PIECE
    while data[at] & 0xC0 == 0x80:  # noqa: PLR2004 - what continues a character in UTF-8
        at -= 1
    return at
