"""The sockets on which the hub listens."""

import socket

from hub.settings import HubSettings

USER_TIMEOUT_MS = 30_000
"""A peer that acknowledges nothing for so long is cut off; no server frees it otherwise."""


def listen_as_set(settings: HubSettings) -> list[socket.socket]:
    """Bound sockets: that of HUB_PORT, and that of WS_PORT when it is set. Raises `OSError`."""
    sockets = [listen(settings.hub_host, settings.hub_port)]
    if settings.ws_port is not None:
        try:
            sockets.append(
                listen(settings.ws_host or settings.hub_host, settings.ws_port, "WS_PORT")
            )
        except OSError:
            sockets[0].close()
            raise
    return sockets


def listen(host: str, port: int, setting: str = "HUB_PORT") -> socket.socket:
    """A bound socket. Raises `OSError` with the address in it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    try:
        bound.bind((host, port))
    except OSError as problem:
        bound.close()
        raise OSError(
            problem.errno,
            f"cannot listen on {host}:{port} ({problem.strerror}); choose another {setting}, "
            "or 0 for any free one",
        ) from problem
    return bound


def address_of(listening: socket.socket) -> str:
    """Host and port as they stand in a URL."""
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
