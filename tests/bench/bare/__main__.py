import asyncio
import sys

import uvloop

from tests.bench.bare.front import stand
from tests.bench.bare.worker import work
from tests.bench.ours.producer import produce


def main(role: str, url: str, *words: str) -> None:
    match role, words:
        case "front", ():
            uvloop.run(stand(url))
        case "producer", (width,):
            asyncio.run(produce(url, int(width)))
        case "worker", (_, "started,completed", "1"):
            asyncio.run(work(url))
        case _:
            sys.exit("front URL | producer URL WIDTH | worker URL WIDTH started,completed 1")


main(*sys.argv[1:])
