"""Dramatiq's producer and worker; the protocol is in ../README.md."""

import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from lines import Stamps, say, say_ready


def produce(noop: dramatiq.Actor, width: int) -> None:
    with ThreadPoolExecutor(width) as pool:
        for line in sys.stdin:
            begun = time.monotonic_ns()
            for _ in pool.map(lambda _: noop.send(), range(int(line))):
                pass  # map raises what a submission raised only when it is asked for its result
            say(begun, time.monotonic_ns())


class Completed(dramatiq.Middleware):
    """Marks each acknowledged message."""

    def __init__(self, stamps: Stamps) -> None:
        self._stamps = stamps

    def after_ack(self, _broker: dramatiq.Broker, _message: dramatiq.MessageProxy) -> None:
        self._stamps.mark()


def work(broker: RedisBroker, width: int) -> None:
    say_ready("dramatiq")
    dramatiq.Worker(broker, worker_threads=width).start()
    signal.pause()


def main(role: str, url: str, width: str, events: str = "", every: str = "1") -> None:
    broker = RedisBroker(url=url)
    stamps = Stamps(int(every))
    broker.add_middleware(Completed(stamps))

    def noop() -> None:
        if "started" in events:
            stamps.mark()

    actor = dramatiq.actor(noop, broker=broker)
    if role == "producer":
        produce(actor, int(width))
    else:
        work(broker, int(width))


main(*sys.argv[1:])
