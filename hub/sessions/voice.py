"""How a message goes out: in one frame, or in pieces, read from disk as the peer takes them."""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from attrs import define, evolve, frozen

from hub.artifacts.values import Values
from shared.messages import CompleteJob, JobAssigned, JobCompleted, Message, ResponseJobStatus
from shared.pieces import PIECE, numbered, split
from shared.wire import encode

Send = Callable[[str], Awaitable[None]]


@frozen
class LargeFrame:
    """A frame of which one value lies on disk."""

    before: bytes
    path: Path
    after: bytes

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
        yield self.before
        with self.path.open("rb") as file:
            while chunk := file.read(PIECE):
                yield chunk
        yield self.after


@define(eq=False)
class Voice:
    """Says messages. `urgent` gives what must not wait until a large one has been said."""

    send: Send
    values: Values
    urgent: Callable[[], list[Message]]
    speaks_in_pieces: bool = False  # then frames go in pieces that would do in one

    async def say(self, message: Message) -> None:
        """Send a message; back when the peer has taken it."""
        large = large_frame(message, self.values)
        if large is not None:
            await self._say_large(large)
            return
        text = encode(message)
        if self.speaks_in_pieces and len(text) > PIECE:
            for piece in split(text):
                await self.send(encode(piece))
        else:
            await self.send(text)

    async def _say_large(self, frame: LargeFrame) -> None:
        total, digest = await asyncio.to_thread(frame.measured)
        pieces = numbered(frame.texts(), total, digest)
        while (text := await asyncio.to_thread(_next, pieces)) is not None:
            await self.send(text)
            for each in self.urgent():
                await self.send(encode(each))


def large_frame(message: Message, values: Values) -> LargeFrame | None:
    """The frame of a message that refers to a large value, with the value in its place."""
    if isinstance(message, JobAssigned):
        path, token = values.find(message.params), secrets.token_hex(16)
        said = encode(evolve(message, params={"": token})) if path else ""
        place = f'{{"":"{token}"}}'
    elif isinstance(message, (CompleteJob, JobCompleted, ResponseJobStatus)):
        path, token = values.find(message.result), secrets.token_hex(16)
        said, place = encode(evolve(message, result=token)) if path else "", f'"{token}"'
    else:
        return None
    before, _, after = said.partition(place)
    return LargeFrame(before.encode(), path, after.encode()) if path else None


def _next(pieces: Iterator[Message]) -> str | None:
    piece = next(pieces, None)
    return None if piece is None else encode(piece)


def _boundary(data: bytes) -> int:
    """Where to cut so that no character is cut: at most `PIECE`."""
    at = PIECE
    while data[at] & 0xC0 == 0x80:  # noqa: PLR2004 - what continues a character in UTF-8
        at -= 1
    return at
