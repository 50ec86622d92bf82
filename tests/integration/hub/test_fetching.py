"""Files by URL: from public hosts alone, whatever a name, a redirect or an answer does."""

from collections.abc import AsyncGenerator, AsyncIterator

import pytest
from attrs import evolve

from hub.artifacts import fetching
from hub.artifacts.fetching import Fetcher, FetchError
from tests.fakes.web import Web, running_web

LOOPBACK = ("127.0.0.0/8",)
PRIVATE = "10.0.0.1"
FETCHER = Fetcher(hosts=(), inside=LOOPBACK, most_bytes=1000, time_s=5)
STRICT = evolve(FETCHER, inside=())


@pytest.fixture
async def web() -> AsyncGenerator[Web]:
    async with running_web() as web:
        yield web


async def content(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def refused(url: str, fetcher: Fetcher = STRICT) -> str:
    with pytest.raises(FetchError) as problem:
        await fetcher.fetch(url, content)
    return str(problem.value)


def names(monkeypatch: pytest.MonkeyPatch, **hosts: list[str]) -> list[str]:
    """Let these names have these addresses; what was resolved."""
    resolved: list[str] = []

    async def addresses_of(host: str, port: int) -> list[str]:
        resolved.append(host)
        return hosts[host.partition(".")[0]]

    monkeypatch.setattr(fetching, "addresses_of", addresses_of)
    return resolved


async def test_the_bytes_of_a_page(web: Web) -> None:
    assert await FETCHER.fetch(web.page("/a?b=c", b"picture"), content) == b"picture"
    ((path, headers),) = web.asked
    assert path == "/a?b=c"
    assert headers["host"] == f"127.0.0.1:{web.port}"
    assert headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0",
        "[::1]", "[::ffff:127.0.0.1]", "localhost.", "\uff11\uff12\uff17.0.0.1",
    ],
)  # fmt: skip
async def test_no_spelling_of_this_machine_is_reached(web: Web, host: str) -> None:
    problem = await refused(f"http://{host}:{web.port}/")
    assert (
        "is not on the public internet" in problem
        or "has no address" in problem
        or "no URL" in problem
    )
    assert web.asked == []


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://example.com/x", "is no http:// or https:// URL with a host"),
        ("file:///etc/passwd", "is no http:// or https:// URL with a host"),
        ("http:///x", "is no http:// or https:// URL with a host"),
        ("/artifacts/x", "is no http:// or https:// URL with a host"),
        ("http://a:b@example.com/", "holds a user name or password"),
        ("http://1.1.1.1@127.0.0.1/", "holds a user name or password"),
        ("http://169.254.169.254/latest/meta-data", "which is not on the public internet"),
        ("http://1.1.1.1:6379/", "is on port 6379, which is not one of"),
        ("http://[fe80::1%25eth0]/", "is no"),
        ("http://x\0y/", "is no URL"),
        ("http://no-such-host.invalid/", "is on no-such-host.invalid, which has no address"),
    ],
)
async def test_what_is_refused_before_anybody_is_asked(url: str, problem: str) -> None:
    told = await refused(url)
    assert (
        problem in told
        or (problem == "is no" and "is not on the public" in told)
        or "no address" in told
    )


async def test_a_name_is_resolved_once_and_the_address_that_was_looked_at_is_used(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved = names(monkeypatch, pictures=["127.0.0.1"])
    web.page("/x", b"picture")
    url = f"http://pictures.example:{web.port}/x"
    assert await FETCHER.fetch(url, content) == b"picture"
    assert resolved == ["pictures.example"]
    assert web.asked[0][1]["host"] == f"pictures.example:{web.port}"


async def test_every_address_of_a_name_must_be_public(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, both=["1.1.1.1", "127.0.0.1"])
    assert "not on the public internet" in await refused(f"http://both.example:{web.port}/")


async def test_a_redirect_is_followed_and_checked_like_any_url(web: Web) -> None:
    web.page("/there", b"picture")
    url = web.page("/here", status=302, Location="/there")
    assert await FETCHER.fetch(url, content) == b"picture"
    for location, problem in (
        (f"http://{PRIVATE}/", "is on 10.0.0.1, which is not on the public internet"),
        ("file:///etc/passwd", "is no http:// or https:// URL"),
        ("http://[::1]/", "is on ::1, which is not on the public internet"),
    ):
        web.page("/here", status=307, Location=location)
        assert problem in await refused(url, FETCHER)


async def test_redirects_have_an_end(web: Web) -> None:
    url = web.page("/round", status=301, Location="/round")
    assert await refused(url, FETCHER) == "redirects more than 5 times"
    assert len(web.asked) == 6


@pytest.mark.parametrize(
    ("status", "headers", "body", "problem"),
    [
        (404, {}, b"", "was answered with 404"),
        (200, {"Content_Encoding": "gzip"}, b"bomb", "was answered with compressed bytes"),
        (200, {}, b"x" * 1001, "is larger than 1000 bytes"),
    ],
    ids=["status", "compressed", "large"],
)
async def test_answers_that_are_no_file(
    web: Web, status: int, headers: dict[str, str], body: bytes, problem: str
) -> None:
    assert problem in await refused(web.page("/x", body, status, **headers), FETCHER)


async def test_silence_has_an_end(web: Web) -> None:
    web.is_silent = True
    url = web.page("/x")
    told = await refused(url, evolve(FETCHER, time_s=0.05))
    assert told == "was not fetched within 0.05 s"


async def test_a_host_where_nobody_listens(web: Web) -> None:
    assert await refused("http://127.0.0.1:9/", FETCHER) == "could not be fetched (ConnectError)"


async def test_only_hosts_that_the_operator_names(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, cdn=["127.0.0.1"], other=["127.0.0.1"], a=["127.0.0.1"])
    web.page("/", b"picture")
    named = evolve(FETCHER, hosts=("cdn.example", "*.Below.example"))
    for host in ("cdn.example", "CDN.example.", "a.below.example"):
        assert await named.fetch(f"http://{host}:{web.port}/", content) == b"picture"
    for host in ("other.example", "below.example", "cdn.example.evil"):
        assert "is not one of HUB_INPUT_HOSTS" in await refused(f"http://{host}/", named)
