"""Files from the hub to a job, over HTTP."""

import hashlib
from collections.abc import Generator
from pathlib import Path

import pytest

from agent.connectors.base import ConnectorError
from agent.link import download
from agent.link.artifacts import Artifacts
from agent.link.download import Downloads
from agent.link.upload import open_http
from shared.states import ErrorClass
from tests.fakes.artifacts import ArtifactStore, running_store
from tests.fakes.gateway import NAME, gateway, only, port, sealed
from tests.fakes.web import running_web

CONTENT = b"a photo" * 100_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def store() -> Generator[ArtifactStore]:
    with running_store() as store:
        store.kept[f"/artifacts/{SHA256}"] = CONTENT
        yield store


async def fetch(store: ArtifactStore, path: Path, sha256: str = SHA256) -> None:
    async with open_http(store.url, "sesame") as http:
        await Downloads(http, 0.01).download(sha256, path)


async def test_the_file_comes_whole(store: ArtifactStore, tmp_path: Path) -> None:
    artifacts = Artifacts(store.url, "sesame")
    await artifacts.download(SHA256, tmp_path / "a")
    await artifacts.close()
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert store.requests[0][1]["Authorization"] == "Bearer sesame"


async def test_a_hub_without_a_certificate_may_send_to_a_store_that_must_have_one(
    store: ArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        sealed(port(store.url), tmp_path) as (at, authority),
        gateway(at) as proxy,
        running_web() as hub,
    ):
        hub.page(f"/artifacts/{SHA256}", status=307, Location=f"https://{NAME}/artifacts/{SHA256}")
        environ = only(HTTPS_PROXY=proxy.url, NO_PROXY="127.0.0.1")
        for name, text in (environ | {"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}).items():
            monkeypatch.setenv(name, text)
        async with open_http(hub.url, "sesame") as http:
            downloads = Downloads(http, 0.01)
            with pytest.raises(ConnectorError, match="self-signed certificate"):
                await downloads.download(SHA256, tmp_path / "a")
            assert store.requests == []
            monkeypatch.setenv("SSL_CERT_FILE", str(authority))
            await downloads.download(SHA256, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert "Authorization" not in store.requests[0][1]
    assert hub.asked[0][1]["authorization"] == "Bearer sesame"


async def test_what_breaks_is_tried_again(store: ArtifactStore, tmp_path: Path) -> None:
    store.answers += [("GET", 503), ("GET", 0)]
    await fetch(store, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT


async def test_after_some_tries_the_network_is_to_blame(
    store: ArtifactStore, tmp_path: Path
) -> None:
    store.answers += [("GET", 503)] * download.TRIES
    with pytest.raises(
        ConnectorError, match=f"could not fetch the input {SHA256}: .*503"
    ) as caught:
        await fetch(store, tmp_path / "a")
    assert caught.value.error_class is ErrorClass.NETWORK


async def test_other_bytes_are_not_the_file(store: ArtifactStore, tmp_path: Path) -> None:
    other = "b" * 64
    store.kept[f"/artifacts/{other}"] = CONTENT
    with pytest.raises(ConnectorError, match=f"its bytes have the digest {SHA256}"):
        await fetch(store, tmp_path / "a", other)


async def test_a_file_that_is_gone_is_told_with_the_remedy(
    store: ArtifactStore, tmp_path: Path
) -> None:
    with pytest.raises(ConnectorError, match=r"no artifact c+ any more; upload the file") as caught:
        await fetch(store, tmp_path / "a", "c" * 64)
    assert caught.value.error_class is ErrorClass.VALIDATION
