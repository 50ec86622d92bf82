"""Files on disk, read in pieces beside the loop."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

PIECE_BYTES = 256 * 1024


async def pieces_of(path: Path, wanted: range | None = None) -> AsyncIterator[bytes]:
    """A file, or a part of it."""
    with path.open("rb") as file:
        part = range(path.stat().st_size) if wanted is None else wanted
        file.seek(part.start)
        left = len(part)
        while left and (piece := await asyncio.to_thread(file.read, min(PIECE_BYTES, left))):
            left -= len(piece)
            yield piece
