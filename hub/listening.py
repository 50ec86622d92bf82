"""The sockets on which the hub listens."""

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

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


def reachable_at(settings: HubSettings, listening: socket.socket) -> str | None:
    """Where other hubs on the same Redis find this one; None when that is not known, or there are none."""
    if settings.hub_peer_url is not None:
        return settings.hub_peer_url.rstrip("/")
    if settings.redis_url is None:
        return None
    host, port = listening.getsockname()[:2]
    ours = _address_towards(settings.redis_url)
    if ip_address(host).is_unspecified:
        host = ours
    elif ip_address(host).is_loopback and not ip_address(ours).is_loopback:
        return None
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _address_towards(redis_url: str) -> str:
    """The address by which this machine speaks to Redis: whoever is there too may find it by that."""
    place = urlsplit(redis_url)
    first = urlsplit(f"//{place.netloc.rpartition('@')[2].partition(',')[0]}")
    if place.scheme == "unix" or first.hostname is None:
        return "127.0.0.1"
    try:
        family, kind, *_, where = socket.getaddrinfo(first.hostname, 9, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as asking:  # which sends nothing
            asking.connect(where)
            return str(asking.getsockname()[0])
    except OSError:
        return "127.0.0.1"


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
