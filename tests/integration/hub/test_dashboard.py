"""The hub's own page in a real browser, wide and as on a phone."""

from collections.abc import AsyncGenerator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from PIL import Image
from playwright.async_api import Page, expect

from shared.matching import Hardware
from shared.messages import JobFailedAck
from shared.states import ErrorClass
from tests.support.browsers import PHONE, WIDE, Watched, browsed
from tests.support.hubs import RunningHub, running_hub
from tests.support.wire_worker import SIMULATION

pytestmark = pytest.mark.timeout(150)  # a browser takes its time to start

KEY = "a-key-for-nobody-but-this-test"


def drawn() -> bytes:
    file = BytesIO()
    Image.new("RGB", (640, 480), "teal").save(file, "PNG")
    return file.getvalue()


async def pictured(hub: RunningHub) -> dict[str, Any]:
    """The result of a job with a picture, which is stored."""
    stored = await hub.rest.post("/artifacts", content=drawn())
    assert stored.status_code == 201, stored.text
    return {
        "files": [
            {"filename": "a.png", "sha256": stored.json()["sha256"], "mime_type": "image/png"}
        ]
    }


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
async def watched(request: pytest.FixtureRequest) -> AsyncGenerator[Watched]:
    async with browsed(request.param, "dashboard") as watched:
        yield watched


def rows(page: Page, table: str) -> Any:
    return page.locator(f"#{table} tbody tr")


async def test_jobs_are_seen_from_waiting_to_their_pictures(
    hub: RunningHub, watched: Watched
) -> None:
    page = watched.page
    await page.goto(f"{hub.url}/dashboard/")
    await expect(page.locator("#state")).to_have_text("connected")
    await expect(page.locator("#running")).to_have_text("No job runs.")
    needy = await hub.submit(requirements={"hardware": {"gpu_memory_gb": 80}})
    worker = await hub.worker(
        capability=evolve(SIMULATION, hardware=Hardware(gpu_memory_gb=24)), slots=2
    )
    first = await hub.submit()
    job = await worker.take()
    await worker.report(job, 40, message="sampling")
    card = page.locator("#running article")
    await expect(card).to_contain_text(first)
    await expect(card).to_contain_text("40 % · sampling")
    await expect(rows(page, "workers")).to_contain_text("24 GB")
    await worker.complete(job, await pictured(hub))
    await expect(rows(page, "ended").locator("img")).to_be_visible()
    await expect(rows(page, "ended").locator("img")).to_have_js_property("naturalWidth", 128)

    await expect(rows(page, "waiting")).to_contain_text(needy)
    await page.get_by_role("button", name="Why?").click()
    await expect(page.locator("#why-words")).to_contain_text("needs 80 GB of GPU memory")
    await expect(rows(page, "why-workers")).to_contain_text("unable")
    await page.get_by_role("button", name="Close").click()


async def test_jobs_are_cancelled_and_what_failed_says_why(
    hub: RunningHub, watched: Watched
) -> None:
    page, worker = watched.page, await hub.worker()
    bad = await hub.submit(max_retries=0)
    await worker.fail(await worker.take(), "the GPU fell off", error_class=ErrorClass.CUDA)
    await hub.becomes(bad, "failed")
    await page.goto(f"{hub.url}/dashboard")
    await expect(rows(page, "ended")).to_contain_text("cuda: the GPU fell off")
    await worker.expect(JobFailedAck)
    running = await hub.submit()
    await worker.take()
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Do it").click()
    await hub.becomes(running, "cancelled")
    await expect(rows(page, "ended")).to_have_count(2)
    await page.get_by_label("Outcome").select_option("cancelled")
    await expect(rows(page, "ended")).to_have_count(1)
    await expect(rows(page, "ended")).to_contain_text(running)


async def test_a_hub_with_keys_shows_nothing_before_one_is_given(
    redis_url: str, tmp_path: Path, watched: Watched
) -> None:
    page = watched.page
    async with running_hub(redis_url, tmp_path, hub_api_keys=(KEY,)) as hub:
        await page.goto(f"{hub.url}/dashboard")
        await expect(page.locator("#ask-key")).to_be_visible()
        await page.get_by_label("API key of this hub").fill("wrong-key-of-sixteen")
        await page.get_by_role("button", name="Open").click()
        await expect(page.locator("#key-problem")).not_to_be_empty()
        await page.get_by_label("API key of this hub").fill(KEY)
        await page.get_by_role("button", name="Open").click()
        await expect(page.locator("#state")).to_have_text("connected")
        await expect(page.locator("#alarm")).to_be_hidden()
        assert KEY not in await page.content()
        await page.get_by_role("button", name="Forget the key").click()
        await expect(page.locator("#ask-key")).to_be_visible()
        await page.goto("about:blank")
        watched.wrong.clear()  # the browser tells of each request that was refused


async def test_there_are_no_other_files(hub: RunningHub) -> None:
    page = await hub.rest.get("/dashboard")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert (
        (await hub.rest.get("/dashboard/files/page.css"))
        .headers["content-type"]
        .startswith("text/css")
    )
    assert (await hub.rest.get("/dashboard/files/passwd.js")).status_code == 404
