"""A large file goes through hub and agent, and neither holds it in memory."""

import hashlib
from pathlib import Path

import httpx
import pytest

from tests.support.memory import Watch
from tests.system.conftest import Site

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

PIECES = 200  # of a MiB
MOST_KB = 32 * 1024
CONNECTOR = Path(__file__).with_name("large_files.py")


async def digest(url: str) -> str:
    """Of what is at `url`."""
    found = hashlib.sha256()
    async with httpx.AsyncClient(timeout=60) as client, client.stream("GET", url) as answer:
        assert answer.status_code == 200
        async for chunk in answer.aiter_raw():
            found.update(chunk)
    return found.hexdigest()


async def test_200_mb_pass_in_less_than_32_mb(site: Site) -> None:
    agent = await site.start_agent(WORKER_CONNECTOR=str(CONNECTOR))
    small = await site.submit(type="large", payload={"pieces": 1})
    await site.reaches(small, "completed")
    watches = {"hub": Watch(site.hub), "agent": Watch(agent)}

    large = await site.submit(type="large", payload={"pieces": PIECES})
    job = await site.reaches(large, "completed", "failed")
    (file,) = job["result"]["files"]
    assert file["size_bytes"] == PIECES * 1024 * 1024
    assert await digest(f"{site.url}{file['url']}") == file["sha256"]
    await digest(f"{site.url}/jobs/{large}/artifacts.zip")

    grown = {name: watch.grown_kb() for name, watch in watches.items()}
    print(grown)  # noqa: T201 - the figure
    assert all(each < MOST_KB for each in grown.values()), grown
