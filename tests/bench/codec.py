"""What a message costs to say and to understand, beside what its frame costs on a socket."""

import asyncio
import sys
import time
from statistics import median

from attrs import frozen
from websockets.asyncio.client import ClientConnection, connect

from shared.messages import UpdateJobProgress
from shared.wire import decode, encode
from tests.bench.peers.processes import started

ECHO = (sys.executable, "-m", "tests.bench.echo")
PROGRESS = UpdateJobProgress(
    job_id="00000000-0000-4000-8000-000000000000",
    worker_id="worker-1",
    progress=42.5,
    message="KSampler",
    details={"node": "3", "step": 8, "steps": 20},
    attempt=1,
    lease="0" * 32,
)
ROUNDS = 15
IN_A_ROUND = 1_000


@frozen
class Codec:
    """Microseconds: the median of rounds that alternate, so that a busy machine is fair to both."""

    codec_us: float
    echo_us: float


async def codec() -> Codec:
    """Measure both in one run."""
    codec_us: list[float] = []
    echo_us: list[float] = []
    async with started(*ECHO) as server:
        address = f"ws://127.0.0.1:{await server.line()}"
        async with connect(address, compression=None) as peer:
            for _ in range(ROUNDS):
                echo_us.append(await _echoed(peer))
                codec_us.append(_coded())
    return Codec(round(median(codec_us), 1), round(median(echo_us), 1))


async def _echoed(peer: ClientConnection) -> float:
    frame = encode(PROGRESS)
    begun = time.perf_counter()
    for _ in range(IN_A_ROUND):
        await peer.send(frame)
        await peer.recv()
    return (time.perf_counter() - begun) * 1e6 / IN_A_ROUND


def _coded() -> float:
    begun = time.perf_counter()
    for _ in range(IN_A_ROUND):
        decode(encode(PROGRESS))
    return (time.perf_counter() - begun) * 1e6 / IN_A_ROUND


if __name__ == "__main__":
    print(asyncio.run(codec()))  # noqa: T201 - for people
