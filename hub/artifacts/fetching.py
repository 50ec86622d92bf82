"""Files that a client names by URL, fetched once and by the hub alone.

Whoever may submit a job could otherwise make the hub speak to whatever it can reach: its store, the
cloud's metadata, machines behind a firewall. So a name is resolved once, every address that it has
must be public, the connection goes to the address that was looked at, and each redirect is a new URL.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cached_property
from http import HTTPStatus
from typing import TypedDict, TypeVar

import httpx
from attrs import frozen

from hub.artifacts.addresses import is_reachable
from hub.settings import HubSettings

T = TypeVar("T")
Take = Callable[[AsyncIterator[bytes]], Awaitable[T]]

PORTS = frozenset({80, 443, 8080, 8443})
MOST_REDIRECTS = 5
SILENCE_S = 15.0


class FetchError(ValueError):
    """A URL that cannot be fetched; the message says why."""


async def addresses_of(host: str, port: int) -> list[str]:
    """All addresses of a host."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


@frozen
class Fetcher:
    """Fetches from public hosts, or only from `hosts`; and from the networks `inside` too."""

    hosts: tuple[str, ...]
    inside: tuple[str, ...]
    most_bytes: int
    time_s: float

    @classmethod
    def of(cls, settings: HubSettings) -> "Fetcher":
        """As set."""
        return cls(
            settings.hub_input_hosts,
            settings.hub_input_networks,
            int(settings.hub_input_max_mb * 1_000_000),
            settings.hub_input_timeout_s,
        )

    async def fetch(self, url: str, take: Take[T]) -> T:
        """What `take` makes of the bytes at `url`. Raises `FetchError`."""
        try:
            async with asyncio.timeout(self.time_s):
                return await self._follow(_parsed(url), take)
        except TimeoutError:
            raise FetchError(f"was not fetched within {self.time_s:g} s") from None
        except httpx.HTTPError as problem:
            raise FetchError(f"could not be fetched ({type(problem).__name__})") from problem

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpx.create_ssl_context(trust_env=False)

    async def _follow(self, url: httpx.URL, take: Take[T]) -> T:
        async with httpx.AsyncClient(verify=self._tls, trust_env=False, timeout=SILENCE_S) as http:
            for _ in range(MOST_REDIRECTS + 1):
                async with http.stream("GET", **await self._pinned(url)) as answer:
                    if not answer.has_redirect_location:
                        return await take(self._bytes_of(answer))
                    url = _parsed(str(url.join(answer.headers["location"])))
        raise FetchError(f"redirects more than {MOST_REDIRECTS} times")

    async def _pinned(self, url: httpx.URL) -> "Pinned":
        """The request for `url`, to the address that was looked at."""
        port = url.port or (443 if url.scheme == "https" else 80)
        address = await self._checked(url.host, port)
        return {
            "url": url.copy_with(host=address),
            "headers": {
                "Host": url.netloc.decode("ascii"),
                "Accept-Encoding": "identity",  # a small answer could be a large file
                "User-Agent": "emp-hub",
            },
            "extensions": {"sni_hostname": url.raw_host.decode("ascii")},
        }

    async def _checked(self, host: str, port: int) -> str:
        if self.hosts and not any(_is_named(host, each) for each in self.hosts):
            raise FetchError(f"is on {host}, which is not one of HUB_INPUT_HOSTS")
        try:
            found = await addresses_of(host, port)
        except (OSError, UnicodeError):
            raise FetchError(f"is on {host}, which has no address") from None
        if not all(is_reachable(each, self.inside) for each in found):
            raise FetchError(f"is on {host}, which is not on the public internet")
        is_inside = not all(is_reachable(each, ()) for each in found)
        if port not in PORTS and not self.hosts and not is_inside:
            raise FetchError(f"is on port {port}, which is not one of {sorted(PORTS)}")
        return found[0]

    async def _bytes_of(self, answer: httpx.Response) -> AsyncIterator[bytes]:
        if answer.status_code != HTTPStatus.OK:
            raise FetchError(f"was answered with {answer.status_code}")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise FetchError("was answered with compressed bytes, which nobody asked for")
        size = 0
        async for chunk in answer.aiter_raw():
            size += len(chunk)
            if size > self.most_bytes:
                raise FetchError(f"is larger than {self.most_bytes} bytes")
            yield chunk


class Pinned(TypedDict):
    """How httpx is asked."""

    url: httpx.URL
    headers: dict[str, str]
    extensions: dict[str, str]


def _parsed(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as problem:
        raise FetchError(f"is no URL: {problem}") from problem
    if url.scheme not in {"http", "https"} or not url.host:
        raise FetchError("is no http:// or https:// URL with a host")
    if url.userinfo:
        raise FetchError("holds a user name or password")
    return url


def _is_named(host: str, pattern: str) -> bool:
    """`example.com` is that host, `*.example.com` all below it."""
    host, pattern = host.lower().rstrip("."), pattern.lower()
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
