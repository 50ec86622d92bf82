"""Where the agent would be: each frame is a job that is done at once."""

from websockets.asyncio.client import connect

from tests.bench.peers.scripts.lines import Stamps, say_ready


async def work(url: str) -> None:
    """Mark each frame as a start and its acknowledgement as a completion, until terminated."""
    stamps = Stamps(1)
    async with connect(f"ws{url.removeprefix('http')}/worker", compression=None) as socket:
        say_ready("websockets")
        while True:
            await socket.recv()
            stamps.mark()
            await socket.send("done")
            await socket.recv()
            stamps.mark()
