"""Ports for what tests start: of loopback, and each for one alone."""

import itertools
import os
import socket
from contextlib import suppress

# Below those that the kernel gives to whoever asks for any: it would take them meanwhile.
_FIRST, _END = 10_000, 32_000
_EACH = 1000
"""So many belong to one process of a run of tests. An engine tries some behind the one that it is given."""
_GIVEN = 500
_numbers = itertools.count(os.getpid())


def free_port() -> int:
    """A port that is free now, and that nothing else of these tests takes before it is listened on."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _FIRST + worker * _EACH % (_END - _FIRST)
    while True:
        port = first + next(_numbers) % _GIVEN
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
