"""`python -m tests.bench.ours ROLE URL …`: one role of this side."""

import asyncio
import sys

from tests.bench.ours.front import stand
from tests.bench.ours.producer import produce
from tests.bench.ours.worker import work


def main(role: str, url: str, *words: str) -> None:
    match role, words:
        case "front", ():
            asyncio.run(stand(url))
        case "producer", (width,):
            asyncio.run(produce(url, int(width)))
        case "worker", (width, event, every):
            asyncio.run(work(url, int(width), event, int(every)))
        case _:
            sys.exit("front URL | producer URL WIDTH | worker URL WIDTH EVENT EVERY")


main(*sys.argv[1:])
