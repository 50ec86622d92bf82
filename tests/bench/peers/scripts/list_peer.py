"""A queue that is a bare list: the protocol of ../README.md in as few lines as it takes."""

import sys
import time

from lines import Stamps, say, say_ready
from redis import Redis


def produce(client: Redis) -> None:
    for line in sys.stdin:
        begun = time.monotonic_ns()
        for _ in range(int(line)):
            client.rpush("bench", "noop")
        say(begun, time.monotonic_ns())


def work(client: Redis, events: str, every: int) -> None:
    stamps = Stamps(every)
    say_ready("redis")
    while client.blpop(["bench"]):
        for _ in events.split(","):
            stamps.mark()


def main(role: str, url: str, _width: str, events: str = "", every: str = "1") -> None:
    client = Redis.from_url(url)
    if role == "producer":
        produce(client)
    else:
        work(client, events, int(every))


main(*sys.argv[1:])
