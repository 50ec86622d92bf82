"""What a peer's producer and worker say on standard output; the protocol is in ../README.md."""

import os
import time
from importlib.metadata import version
from itertools import count


class Stamps:
    """One line with the time of every EVERY-th mark. May be marked from many threads."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._seen = count(1)

    def mark(self) -> None:
        at = time.monotonic_ns()
        if next(self._seen) % self._every == 0:
            say(at)


def say_ready(distribution: str) -> None:
    """A worker's first line: the version it runs, and when it begins to consume."""
    say(version(distribution), time.monotonic_ns())


def say(*words: object) -> None:
    # One write a line, so that threads cannot mix theirs, and nothing stays in a buffer.
    os.write(1, (" ".join(map(str, words)) + "\n").encode())
