"""Files by URL: over TLS, past the proxies of the environment, and no further than was set."""

import ssl
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from attrs import evolve

from hub.artifacts import fetching
from hub.artifacts.fetching import Fetcher, FetchError
from hub.settings import HubSettings
from tests.fakes.gateway import NAME, sealed
from tests.fakes.web import running_web

FETCHER = Fetcher(hosts=(), inside=("127.0.0.0/8",), most_bytes=1000, time_s=5)
STRICT = evolve(FETCHER, inside=())
PUBLIC, PRIVATE = "1.1.1.1", "10.0.0.1"


async def content(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def refused(url: str, fetcher: Fetcher) -> str:
    with pytest.raises(FetchError) as problem:
        await fetcher.fetch(url, content)
    return str(problem.value)


def every_name_is(monkeypatch: pytest.MonkeyPatch, address: str) -> list[tuple[str, int]]:
    """Let every name have this address; what was resolved, and for which port."""
    resolved: list[tuple[str, int]] = []

    async def addresses_of(host: str, port: int) -> list[str]:
        resolved.append((host, port))
        return [address]

    monkeypatch.setattr(fetching, "addresses_of", addresses_of)
    return resolved


async def test_a_certificate_is_for_the_name_and_not_for_its_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    every_name_is(monkeypatch, "127.0.0.1")
    async with running_web() as web, sealed(web.port, tmp_path) as (port, authority):
        web.page("/x", b"picture")
        url = f"https://{NAME}:{port}/x"
        assert await refused(url, FETCHER) == "could not be fetched (ConnectError)"
        assert web.asked == []
        context = ssl.create_default_context(cafile=authority)

        def trusting(*, trust_env: bool) -> ssl.SSLContext:
            assert not trust_env
            return context

        monkeypatch.setattr(httpx, "create_ssl_context", trusting)
        assert await evolve(FETCHER).fetch(url, content) == b"picture"
        other = f"https://other.example:{port}/x"
        assert await refused(other, evolve(FETCHER)) == "could not be fetched (ConnectError)"


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with running_web() as web:
        assert await FETCHER.fetch(web.page("/x", b"picture"), content) == b"picture"


async def test_the_port_of_a_url_is_that_of_its_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = every_name_is(monkeypatch, PRIVATE)
    for url in ("http://a.example/", "https://a.example/", "https://a.example:8443/"):
        assert "not on the public internet" in await refused(url, STRICT)
    assert [port for _, port in resolved] == [80, 443, 8443]


async def test_what_is_no_web_address_is_asked_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = every_name_is(monkeypatch, PUBLIC)
    told = await refused("ftp://a.example/x", STRICT)
    assert told == "is no http:// or https:// URL with a host"
    assert resolved == []


async def test_a_host_that_the_operator_names_may_use_any_port_but_must_be_public(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = evolve(STRICT, hosts=("a.example",))
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b"picture"))

    far = partial(httpx.AsyncClient, transport=httpx.MockTransport(answer))
    monkeypatch.setattr(httpx, "AsyncClient", far)  # the public internet, which is not here
    every_name_is(monkeypatch, PUBLIC)
    assert await named.fetch("http://a.example:9000/", content) == b"picture"
    assert [(each.url.host, each.headers["host"]) for each in asked] == [(PUBLIC, "a.example:9000")]
    assert "is on port 9000" in await refused("http://a.example:9000/", STRICT)
    every_name_is(monkeypatch, PRIVATE)
    assert "not on the public internet" in await refused("http://a.example/", named)
    assert len(asked) == 1


async def test_an_answer_may_be_as_large_as_the_limit_and_no_larger() -> None:
    async with running_web() as web:
        assert await FETCHER.fetch(web.page("/x", b"x" * 1000), content) == b"x" * 1000
        assert "is larger than 1000 bytes" in await refused(web.page("/x", b"x" * 1001), FETCHER)


async def test_who_says_nothing_is_not_waited_for_all_the_time_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetching, "SILENCE_S", 0.05)
    async with running_web() as web:
        web.is_silent = True
        url = web.page("/x")
        assert await refused(url, FETCHER) == "could not be fetched (ReadTimeout)"


def test_the_settings_are_in_megabytes_and_seconds() -> None:
    settings = HubSettings(
        hub_input_max_mb=1.5, hub_input_timeout_s=7.0, hub_input_hosts=("a.example",)
    )
    assert Fetcher.of(settings) == Fetcher(("a.example",), (), 1_500_000, 7.0)
