"""A store that takes other bytes than were announced: then workers are not sent there."""

import hashlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from agent.connectors.base import OutputFile
from agent.link.artifacts import Artifacts as AgentsArtifacts
from tests.fakes.lax_store import LaxStore, lax_store
from tests.support.hubs import RunningHub, running_hub
from tests.support.object_store import NAME, ObjectStore

pytestmark = pytest.mark.timeout(60)

CONTENT = b"a picture"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
async def store() -> AsyncGenerator[LaxStore]:
    async with lax_store() as store:
        yield store


@pytest.fixture
async def hub(redis_url: str, tmp_path: Path, store: LaxStore) -> AsyncGenerator[RunningHub]:
    changes: dict[str, Any] = dict(ObjectStore(store.url).settings)
    async with running_hub(redis_url, tmp_path, **changes) as hub:
        yield hub


async def test_files_come_by_the_hub_which_checks_them(
    hub: RunningHub, store: LaxStore, caplog: pytest.LogCaptureFixture
) -> None:
    artifacts = AgentsArtifacts(hub.url, None)
    file = OutputFile(filename="a.png", mime_type="image/png", content=CONTENT)
    told = await artifacts.upload(file)
    await artifacts.close()
    assert told["sha256"] == SHA256
    assert store.objects == {f"/{NAME}/files/objects/{SHA256}": CONTENT}
    absent = await hub.rest.head(f"/artifacts/{'0' * 64}")
    assert absent.status_code == 404
    assert "upload-to" not in absent.headers
    assert store.tried == 1
    assert caplog.text.count("takes other bytes than their checksum announces") == 1


async def test_one_that_refuses_them_is_strict_from_then_on(
    hub: RunningHub, store: LaxStore
) -> None:
    store.status = 400
    for _ in range(2):
        absent = await hub.rest.head(f"/artifacts/{SHA256}")
        assert absent.headers["upload-to"].startswith(f"{store.url}/{NAME}/files/objects/{SHA256}?")
    assert store.tried == 1


async def test_one_that_refuses_the_key_is_tried_again(hub: RunningHub, store: LaxStore) -> None:
    store.status = 403
    assert "upload-to" in (await hub.rest.head(f"/artifacts/{SHA256}")).headers
    store.status = 200
    assert "upload-to" not in (await hub.rest.head(f"/artifacts/{SHA256}")).headers


async def test_one_that_hangs_up_is_told(hub: RunningHub, store: LaxStore) -> None:
    store.status = 0
    answer = await hub.rest.head(f"/artifacts/{SHA256}")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
