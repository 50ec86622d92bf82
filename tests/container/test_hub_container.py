"""The hub's image: built, and run with nothing but what it needs."""

import json
from collections.abc import AsyncGenerator

import httpx
import pytest

from tests.container.engines import Container, Engine, EngineError
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.container, pytest.mark.timeout(600)]

IMAGE = "emp-hub:test"
PORT = 3001
KEY, TOKEN = "client-key-for-tests", "worker-token-for-tests"
CONFINED = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
)
KEYS = ("--env", f"HUB_API_KEYS={KEY}", "--env", f"HUB_WORKER_TOKENS={TOKEN}")
PUBLISHED = ("--publish", f"127.0.0.1::{PORT}")
JOB = {"type": "simulation", "payload": {"simulation": {"steps": 1}}}


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine.found()


@pytest.fixture
async def image(engine: Engine) -> str:
    """Built anew; the engine's cache makes that quick for all tests but the first."""
    await engine.build("packaging/hub.Dockerfile", IMAGE)
    return IMAGE


@pytest.fixture
async def volume(engine: Engine) -> AsyncGenerator[str]:
    async with engine.volume() as name:
        yield name


@pytest.fixture
async def hub(engine: Engine, image: str, volume: str) -> AsyncGenerator[Container]:
    """A confined hub that is healthy."""
    flags = (*CONFINED, *KEYS, *PUBLISHED, "--volume", f"{volume}:/data")
    async with engine.container(image, *flags) as container:
        await wait_until(lambda: is_healthy(container), timeout_s=60)
        yield container


async def is_healthy(container: Container) -> bool:
    """Whether the image's own check, run in the container, succeeds."""
    template = "{{json .Config.Healthcheck.Test}}"
    check = json.loads(await container.engine.run("image", "inspect", "--format", template, IMAGE))
    assert check[0] == "CMD"
    try:
        await container.engine.run("exec", container.name, *check[1:])
    except EngineError:
        return False
    return True


async def submitted(hub: Container, key: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=await hub.url(PORT)) as client:
        return await client.post("/jobs", json=JOB, headers={"Authorization": f"Bearer {key}"})


async def test_a_confined_hub_takes_jobs_with_a_key_and_none_without(hub: Container) -> None:
    assert (await submitted(hub, KEY)).status_code == 201
    assert (await submitted(hub, "some-other-key")).status_code == 401
    assert (await submitted(hub, TOKEN)).status_code == 401


async def test_the_hub_is_nobody_in_particular(hub: Container) -> None:
    assert await hub.engine.run("exec", hub.name, "id", "-u") == "10001"
    with pytest.raises(EngineError, match=r"Read-only|Permission denied"):
        await hub.engine.run("exec", hub.name, "touch", "/opt/hub/app/hub/x")


async def test_a_hub_that_is_told_to_stop_ends_well_and_keeps_its_jobs(hub: Container) -> None:
    job_id = (await submitted(hub, KEY)).json()["job_id"]

    await hub.engine.run("stop", "-t", "10", hub.name)

    assert await hub.exit_code() == 0  # 137 where it had to be killed
    await hub.engine.run("start", hub.name)
    await wait_until(lambda: is_healthy(hub), timeout_s=60)
    async with httpx.AsyncClient(base_url=await hub.url(PORT)) as client:
        kept = await client.get(f"/jobs/{job_id}", headers={"Authorization": f"Bearer {KEY}"})
    assert kept.json()["job"]["status"] == "pending"


async def test_a_hub_without_its_store_is_not_healthy(hub: Container) -> None:
    assert await is_healthy(hub)
    # Not its end, after which the hub would start another one.
    await hub.engine.run(
        "exec", hub.name, "python", "-c",
        "import os, signal, pathlib\n"
        "for each in pathlib.Path('/proc').glob('[0-9]*/comm'):\n"
        "    if 'valkey' in each.read_text():\n"
        "        os.kill(int(each.parent.name), signal.SIGSTOP)",
    )  # fmt: skip
    assert not await is_healthy(hub)


async def test_a_hub_without_keys_says_what_it_needs_and_ends(engine: Engine, image: str) -> None:
    async with engine.container(image, *CONFINED) as hub:
        assert await hub.exit_code() == 1
        assert "HUB_API_KEYS" in await hub.logs()


async def test_no_key_is_in_the_image(engine: Engine, image: str) -> None:
    environ = await engine.run("image", "inspect", "--format", "{{json .Config.Env}}", image)
    names = [each.partition("=")[0] for each in json.loads(environ)]
    assert sorted(name for name in names if name.startswith("HUB_")) == [
        "HUB_DATA_DIR", "HUB_HOST", "HUB_PORT",
    ]  # fmt: skip
