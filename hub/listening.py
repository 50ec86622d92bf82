"""The sockets on which the hub listens."""

import socket

from hub.settings import HubSettings

USER_TIMEOUT_MS = 30_000
"""A peer that acknowledges nothing for so long is cut off; no server frees it otherwise."""


def schemes(settings: HubSettings) -> list[str]:
    """What is spoken at each of the sockets."""
    return [scheme for scheme, *_ in _wanted(settings)]


def metrics_ports(settings: HubSettings, listening: list[socket.socket]) -> frozenset[int]:
    """Those of the sockets that were bound as set by which only figures can be reached."""
    names = [name for *_, name in _wanted(settings)]
    found = zip(names, listening, strict=False)
    return frozenset(each.getsockname()[1] for name, each in found if name == "METRICS_PORT")


def listen_as_set(settings: HubSettings) -> list[socket.socket]:
    """Bound sockets: HUB_PORT, and WS_PORT and METRICS_PORT when they are set. Raises `OSError`."""
    sockets: list[socket.socket] = []
    try:
        sockets += (listen(host, port, name) for _, host, port, name in _wanted(settings))
    except OSError:
        for each in sockets:
            each.close()
        raise
    return sockets


def _wanted(settings: HubSettings) -> list[tuple[str, str, int, str]]:
    """What is spoken there, host, port, and the name of the setting."""
    host, metrics_port = settings.hub_host, settings.metrics_port
    wanted = [("http", host, settings.hub_port, "HUB_PORT")]
    if settings.ws_port is not None:
        wanted.append(("ws", settings.ws_host or host, settings.ws_port, "WS_PORT"))
    if metrics_port is not None and settings.metrics_enabled:
        wanted.append(("http", host, metrics_port, "METRICS_PORT"))
    return wanted


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
