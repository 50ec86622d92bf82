"""SAQ's producer and worker; the protocol is in ../README.md."""

import asyncio
import logging
import sys
import time

from lines import Stamps, say, say_ready
from saq import Queue, Worker
from saq.queue.redis import RedisQueue
from saq.types import Context


async def produce(queue: Queue, width: int) -> None:
    for line in sys.stdin:
        begun = time.monotonic_ns()
        jobs = int(line)
        shares = (range(i, jobs, width) for i in range(min(jobs, width)))
        await asyncio.gather(*(submit_one_by_one(queue, len(share)) for share in shares))
        say(begun, time.monotonic_ns())


async def submit_one_by_one(queue: Queue, jobs: int) -> None:
    for _ in range(jobs):
        await queue.enqueue("noop")


async def work(queue: Queue, width: int, events: str, every: int) -> None:
    stamps = Stamps(every)

    async def noop(_: Context) -> None:
        if "started" in events:
            stamps.mark()

    async def completed(_: Context) -> None:
        stamps.mark()

    async def ready(_: Context) -> None:
        say_ready("saq")

    await Worker(
        queue,
        [("noop", noop)],
        concurrency=width,
        startup=ready,
        after_process=completed,
    ).start()


async def main(role: str, url: str, width: str, *report: str) -> None:
    queue = RedisQueue.from_url(url)  # Queue.from_url knows no unix sockets
    if role == "producer":
        await produce(queue, int(width))
    else:
        events, every = report
        await work(queue, int(width), events, int(every))
    await queue.disconnect()


# Each stop of an idle worker warns that its fetching had to be cancelled.
logging.getLogger("saq").setLevel(logging.ERROR)
asyncio.run(main(*sys.argv[1:]))
