"""Uploads whose connection breaks, on real sockets."""

import asyncio
import hashlib
import logging

import pytest

from hub.api import artifacts
from tests.support.hubs import RunningHub
from tests.support.waiting import wait_until

CONTENT = bytes(range(256)) * 4096
NAME = hashlib.sha256(CONTENT).hexdigest()
PATH = f"/artifacts/{NAME}"


async def cut_off(hub: RunningHub, length: int) -> None:
    """Send the first bytes of the file, and hang up."""
    host, port = hub.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"PUT {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(CONTENT)}\r\n\r\n"
    writer.write(head.encode() + CONTENT[:length])
    await writer.drain()
    await wait_until(lambda: hub.parts.artifacts.incoming.offset(NAME) or length < 8192)
    writer.close()


async def offset(hub: RunningHub) -> int:
    answer = await hub.rest.head(PATH)
    return int(answer.headers["upload-offset"]) if answer.status_code == 404 else -1


def rest(first: int, last: int = len(CONTENT) - 1, size: int = len(CONTENT)) -> dict[str, str]:
    return {"Content-Range": f"bytes {first}-{last}/{size}"}


async def test_the_rest_of_a_file_is_enough(
    hub: RunningHub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    assert await offset(hub) == 0
    await cut_off(hub, 600_000)

    async def is_here() -> bool:
        return await offset(hub) == 600_000

    await wait_until(is_here)
    early = await hub.rest.put(PATH, content=CONTENT[1:], headers=rest(1))
    assert (early.status_code, early.headers["upload-offset"]) == (409, "600000")
    assert early.json()["error"].startswith("Content-Range: ")

    async def is_taken() -> bool:
        answer = await hub.rest.put(PATH, content=CONTENT[600_000:], headers=rest(600_000))
        return answer.status_code == 201

    await wait_until(is_taken)
    assert await offset(hub) == -1
    assert (await hub.rest.get(PATH)).content == CONTENT
    assert caplog.records == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": "bytes 5-/10"},
        {"Content-Range": "bytes */10"},
        rest(5, 3),
        rest(5, 6),
        rest(5, len(CONTENT) - 2),
        rest(6),
    ],
    ids=str,
)
async def test_what_is_not_the_rest_of_a_file_is_refused(
    hub: RunningHub, headers: dict[str, str]
) -> None:
    refused = await hub.rest.put(PATH, content=CONTENT[5:], headers=headers)
    assert refused.status_code == 400
    assert refused.json()["fields"][0]["field"] == "Content-Range"
    assert await offset(hub) == 0


async def test_a_file_above_the_limit_does_not_come_in_parts_either(hub: RunningHub) -> None:
    size = artifacts.LARGEST + 1
    refused = await hub.rest.put(PATH, content=b"x", headers=rest(size - 1, size - 1, size))
    assert refused.status_code == 400
    assert refused.json()["error"].startswith(f"Content-Range: {size} bytes are too many")
