"""Files of results on their way to the hub, over real sockets."""

import hashlib
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import httpx
import pytest

from agent.connectors.base import ConnectorError, OutputFile
from agent.link import upload
from agent.link.artifacts import Artifacts
from agent.link.upload import CHUNK_BYTES, TRIES, Uploads
from shared.states import ErrorClass
from tests.fakes.artifacts import ArtifactStore, running_store

CONTENT = bytes(range(256)) * (CHUNK_BYTES // 100)  # more than one chunk, and a rest
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATH = f"/artifacts/{SHA256}"
FILE = OutputFile(filename="a.png", mime_type="image/png", content=CONTENT)
HASTE_S = 0.001


@pytest.fixture
def store() -> Generator[ArtifactStore]:
    with running_store() as store:
        yield store


@pytest.fixture
async def uploads(store: ArtifactStore) -> AsyncGenerator[Uploads]:
    uploads = Uploads(httpx.AsyncClient(base_url=store.url), HASTE_S)
    yield uploads
    await uploads.close()


async def test_a_file_is_named_by_its_content(store: ArtifactStore, uploads: Uploads) -> None:
    assert await uploads.upload(FILE) == {
        "filename": "a.png",
        "mime_type": "image/png",
        "size_bytes": len(CONTENT),
        "sha256": SHA256,
        "url": PATH,
    }
    assert store.kept == {PATH: CONTENT}


async def test_a_file_on_disk_goes_the_same_way(
    store: ArtifactStore, uploads: Uploads, tmp_path: Path
) -> None:
    on_disk = tmp_path / "a.png"
    on_disk.write_bytes(CONTENT)
    file = OutputFile(filename="a.png", mime_type="image/png", content=on_disk)
    assert (await uploads.upload(file))["sha256"] == SHA256
    assert store.kept == {PATH: CONTENT}


async def test_an_empty_file_is_a_file(store: ArtifactStore, uploads: Uploads) -> None:
    file = OutputFile(filename="empty", mime_type="text/plain", content=b"")
    assert (await uploads.upload(file))["size_bytes"] == 0
    assert list(store.kept.values()) == [b""]


async def test_what_the_hub_has_is_not_sent_again(store: ArtifactStore, uploads: Uploads) -> None:
    await uploads.upload(FILE)
    await uploads.upload(FILE)
    assert store.methods() == ["HEAD", "PUT", "HEAD"]


async def test_the_request_tells_length_and_type(store: ArtifactStore, uploads: Uploads) -> None:
    await uploads.upload(FILE)
    _, headers = store.requests[-1]
    assert headers["Content-Type"] == "image/png"
    assert headers["Content-Length"] == str(len(CONTENT))
    assert "Transfer-Encoding" not in headers


@pytest.mark.parametrize("trouble", [("HEAD", 503), ("PUT", 500), ("HEAD", 0), ("PUT", 0)])
async def test_passing_trouble_is_tried_again(
    store: ArtifactStore, uploads: Uploads, trouble: tuple[str, int]
) -> None:
    store.answers = [trouble, trouble]
    await uploads.upload(FILE)
    assert store.kept == {PATH: CONTENT}


@pytest.mark.parametrize(("status", "requests"), [(401, 1), (503, TRIES)])
async def test_a_hub_that_does_not_take_the_file_is_a_network_failure(
    store: ArtifactStore, uploads: Uploads, status: int, requests: int
) -> None:
    store.answers = [("HEAD", status)] * TRIES
    with pytest.raises(ConnectorError, match=f"could not upload a.png .*{status}") as failure:
        await uploads.upload(FILE)
    assert failure.value.error_class is ErrorClass.NETWORK
    assert len(store.requests) == requests


async def test_a_hub_that_is_not_there_is_a_network_failure(
    store: ArtifactStore, uploads: Uploads
) -> None:
    store.answers = [("HEAD", 0)] * TRIES
    with pytest.raises(ConnectorError) as failure:
        await uploads.upload(FILE)
    assert failure.value.error_class is ErrorClass.NETWORK


@pytest.mark.parametrize(("token", "header"), [("sesame", "Bearer sesame"), (None, None)])
async def test_the_agent_shows_its_token(
    store: ArtifactStore, token: str | None, header: str | None
) -> None:
    artifacts = Artifacts(store.url, token)
    await artifacts.upload(FILE)
    await artifacts.upload(FILE)
    await artifacts.close()
    assert {headers.get("Authorization") for _, headers in store.requests} == {header}


async def test_without_a_file_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(upload, "open_http")
    await Artifacts("http://127.0.0.1:9", None).close()
