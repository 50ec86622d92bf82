"""Who may come in: REST clients by API key, workers by token or as an enrolled machine.

`WS_AUTH_TOKEN` is a token of workers that opens the WebSockets of clients and monitors too.

Keys are kept as SHA-256 digests and compared in constant time. On loopback a hub without keys is
open; on any other address it does not start without API keys, and without worker tokens only
machines that have enrolled come in.
"""

import hashlib
import hmac
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from attrs import frozen

from hub.settings import HubSettings

SHORTEST = 16
"""Characters of the shortest key that is accepted."""


class DoorsError(ValueError):
    """The keys do not fit the address; the message says what to do."""


class Role(StrEnum):
    """What somebody at the door wants to be."""

    CLIENT = "client"
    WORKER = "worker"


@frozen
class Doors:
    """Digests of the keys by role, and whether a role without keys is let in."""

    digests: dict[Role, frozenset[bytes]]
    is_open: bool
    origins: frozenset[str] = frozenset()
    sockets: frozenset[bytes] = frozenset()
    """Of the keys that open every WebSocket."""

    def admit(self, role: Role, key: str | None) -> bool:
        """Whether this key opens the door of `role`."""
        return self._is_among(self.digests[role], key)

    def admit_socket(self, role: Role, key: str | None) -> bool:
        """Whether this key opens a WebSocket of `role`."""
        return self._is_among(self.digests[role] | self.sockets, key)

    def has_socket_keys(self, role: Role) -> bool:
        """Whether a WebSocket of `role` needs a key."""
        return bool(self.digests[role] | self.sockets)

    def _is_among(self, known: frozenset[bytes], key: str | None) -> bool:
        if not known:
            return self.is_open
        given = hashlib.sha256((key or "").encode()).digest()
        # Every digest is compared, so that the time tells nothing.
        return sum(hmac.compare_digest(given, each) for each in known) > 0

    def admit_page(self, origin: str) -> bool:
        """Whether a page of this origin, in somebody's browser, may come to the doors."""
        return not self.origins.isdisjoint({origin, "*"})


def doors(settings: HubSettings) -> Doors:
    """The doors as set. Raises `DoorsError`."""
    workers, sockets = settings.hub_worker_tokens, settings.ws_auth_tokens
    for_sockets = _digests(sockets, None, "WS_AUTH_TOKEN")
    keys = {
        Role.CLIENT: _digests(settings.hub_api_keys, settings.hub_api_keys_file, "HUB_API_KEYS"),
        Role.WORKER: for_sockets
        | _digests(workers, settings.hub_worker_tokens_file, "HUB_WORKER_TOKENS"),
    }
    hosts = {"HUB_HOST": settings.hub_host, "WS_HOST": settings.ws_host or settings.hub_host}
    public = [name for name, host in hosts.items() if not is_loopback(host)]
    is_open = not public
    if not is_open and not keys[Role.CLIENT]:
        raise DoorsError(
            f"{public[0]} {hosts[public[0]]} can be reached from other machines: set HUB_API_KEYS "
            "(or HUB_API_KEYS_FILE), or listen on 127.0.0.1"
        )
    if "*" in settings.origins and not keys[Role.CLIENT]:
        raise DoorsError(
            "CORS_ORIGINS *: any page that is open in a browser on this machine could act here; set "
            "HUB_API_KEYS, or name the origins"
        )
    return Doors(keys, is_open, frozenset(settings.origins), for_sockets)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _digests(listed: tuple[str, ...], file: Path | None, name: str) -> frozenset[bytes]:
    return frozenset(_digest(each, name) for each in (*listed, *_lines(file, name)))


def _lines(file: Path | None, name: str) -> list[str]:
    if file is None:
        return []
    try:
        lines = [line.strip() for line in file.read_text().splitlines()]
    except (OSError, UnicodeDecodeError) as problem:
        raise DoorsError(f"{name}_FILE: {problem}") from problem
    return [line for line in lines if line and not line.startswith("#")]


def _digest(key: str, name: str) -> bytes:
    if key.startswith("sha256:"):
        return _from_hex(key.removeprefix("sha256:"), name)
    if len(key) < SHORTEST:
        raise DoorsError(f"{name}: a key has at least {SHORTEST} characters")
    return hashlib.sha256(key.encode()).digest()


def _from_hex(text: str, name: str) -> bytes:
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise DoorsError(f"{name}: sha256: is followed by 64 hexadecimal digits")
    return digest
