"""Files over REST: handed in, asked after, fetched."""

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.api import artifacts
from tests.support.hubs import RunningHub, running_hub

CONTENT = b"<html><script>alert(1)</script></html>" * 100
NAME = hashlib.sha256(CONTENT).hexdigest()
NO_NAMES = ["x", NAME.upper(), NAME[:-1], "..%2f..%2fetc%2fpasswd", "%2e%2e", NAME[:-3] + "%00"]


async def in_pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(CONTENT), 1000):
        yield CONTENT[start : start + 1000]


async def test_a_file_that_was_handed_in_is_fetched_as_a_harmless_download(hub: RunningHub) -> None:
    path = f"/artifacts/{NAME}"
    assert (await hub.rest.head(path)).status_code == 404
    assert (await hub.rest.get(path)).json() == {"error": "Artifact not found"}
    stored = await hub.rest.put(path, content=in_pieces())
    assert stored.status_code == 201
    assert stored.json() == {"sha256": NAME, "size_bytes": len(CONTENT), "url": path}
    assert (await hub.rest.head(path)).status_code == 200
    fetched = await hub.rest.get(stored.json()["url"])
    assert fetched.content == CONTENT
    assert fetched.headers["content-type"] == "application/octet-stream"
    assert fetched.headers["content-disposition"].startswith("attachment")
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert fetched.headers["content-security-policy"] == "sandbox"
    assert fetched.headers["cache-control"] == "private, max-age=31536000, immutable"


async def test_who_asks_whether_a_file_is_here_keeps_it_from_the_sweep(hub: RunningHub) -> None:
    await hub.rest.put(f"/artifacts/{NAME}", content=CONTENT)
    path = hub.parts.artifacts.find(NAME)
    assert path is not None
    os.utime(path, (1000, 1000))
    assert await hub.parts.artifacts.older_than(2000) == {NAME}
    assert (await hub.rest.head(f"/artifacts/{NAME}")).status_code == 200
    assert await hub.parts.artifacts.older_than(2000) == set()


async def test_bytes_with_another_digest_are_refused(hub: RunningHub) -> None:
    refused = await hub.rest.put(f"/artifacts/{NAME}", content=CONTENT + b"!")
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("sha256: the 3801 bytes received have the digest")
    assert (await hub.rest.head(f"/artifacts/{NAME}")).status_code == 404


@pytest.mark.parametrize("name", NO_NAMES)
async def test_a_name_that_is_no_digest_reaches_nothing(hub: RunningHub, name: str) -> None:
    for answer in (
        await hub.rest.put(f"/artifacts/{name}", content=CONTENT),
        await hub.rest.get(f"/artifacts/{name}"),
    ):
        assert answer.status_code in {400, 404}
        assert answer.json()["error"]
    assert not hub.parts.artifacts.root.exists()


@pytest.mark.parametrize("content", [CONTENT, in_pieces()], ids=["counted", "chunked"])
async def test_a_file_above_the_limit_is_refused_and_not_kept(
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes | AsyncIterator[bytes],
) -> None:
    monkeypatch.setattr(artifacts.put_artifact, "request_max_body_size", len(CONTENT) - 1)
    async with running_hub(redis_url, tmp_path) as hub:
        refused = await hub.rest.put(f"/artifacts/{NAME}", content=content)
        assert (refused.status_code, list(refused.json())) == (413, ["error"])
        assert (await hub.rest.head(f"/artifacts/{NAME}")).status_code == 404
    assert [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()] == []
