"""`python -m tests.bench.ours ROLE URL …`: one role of this side."""

import asyncio
import os
import sys
from contextlib import suppress

from tests.bench.ours.front import stand
from tests.bench.ours.producer import produce
from tests.bench.ours.worker import work


def main(role: str, url: str, *words: str) -> None:
    os.environ.setdefault("LOG_LEVEL", "warning")  # the other queues tell nothing of each job
    match role, words:
        case "front", ():
            with suppress(asyncio.CancelledError):  # terminated, once the hub has ended
                asyncio.run(stand(url))
        case "producer", (width,):
            asyncio.run(produce(url, int(width)))
        case "worker", (width, events, every):
            asyncio.run(work(url, int(width), events, int(every)))
        case _:
            sys.exit("front URL | producer URL WIDTH | worker URL WIDTH EVENTS EVERY")


main(*sys.argv[1:])
