"""Messages that are too large for one frame, both ways."""

import asyncio
from collections.abc import Iterator
from tempfile import TemporaryFile

from attrs import define, field

from shared.assembly import Assemblies, Assembly
from shared.messages import CompleteJob, Message
from shared.pieces import LARGEST, PIECE, is_piece, piece_of, split
from shared.results import too_large
from shared.wire import decode, encode


@define
class Pieces:
    """What has come of the hub's large messages on this connection."""

    _assemblies: Assemblies = field(factory=Assemblies, init=False)

    async def whole(self, message: Message) -> Message | None:
        """The message itself; of a piece None, or with the last one what all of them say.

        Raises `ValueError` for pieces that do not fit.
        """
        if not is_piece(message):
            return message
        now_s = asyncio.get_running_loop().time()
        self._assemblies.drop_stale(now_s)
        assembly = self._assemblies.add(piece_of(message), now_s)
        return None if assembly is None else await asyncio.to_thread(_read, assembly)

    def clear(self) -> None:
        """The connection is gone."""
        self._assemblies.close()


def frames(message: Message) -> Iterator[str]:
    """What is sent to say `message`. Raises `TypeError` or `ValueError` for what is no JSON."""
    frame = encode(message)
    if len(frame) > LARGEST and isinstance(message, CompleteJob):
        frame = encode(too_large(message, LARGEST, "; hand files out instead"))
    if len(frame) <= PIECE:
        return iter((frame,))
    return (encode(piece) for piece in split(frame))


def _read(assembly: Assembly) -> Message:
    with assembly.file, TemporaryFile() as whole:
        assembly.write(whole)
        whole.seek(0)
        return decode(whole.read())
