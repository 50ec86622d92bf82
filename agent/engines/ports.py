"""Ports for engines: chosen, and checked before anything is started on them."""

import errno
import socket

from attrs import define, field

SPAN = 200
"""How many ports after the wanted one are tried."""


class NoPortError(Exception):
    """No port can be had."""


@define
class Ports:
    """Gives out ports of loopback that nobody listens on, each once until it is given back."""

    _given: set[int] = field(factory=set, init=False)

    def take(self, wanted: int) -> int:
        """The first free port from `wanted` on. Raises `NoPortError`."""
        for port in candidates(wanted):
            if port not in self._given and is_free(port):
                self._given.add(port)
                return port
        raise NoPortError(f"no port from {wanted} to {wanted + SPAN - 1} is free on 127.0.0.1")

    def hold(self, port: int) -> None:
        """Give a port to nobody: an engine that is kept listens on it."""
        self._given.add(port)

    def give_back(self, port: int) -> None:
        """Let a port be taken again."""
        self._given.discard(port)


def candidates(wanted: int) -> range:
    """The ports that are tried where `wanted` would be best."""
    return range(wanted, min(wanted + SPAN, 65536))


def is_free(port: int) -> bool:
    """Whether an engine could listen on this port of loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # As the engines' servers do: connections that linger are no hindrance.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as problem:
            if problem.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
        return True
