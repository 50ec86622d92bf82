"""One worker on the hub's own page: its files of models, and its log as it comes."""

from collections.abc import AsyncGenerator

import pytest
from playwright.async_api import expect

from shared.engines import Engine
from shared.matching import Capability, Hardware
from shared.messages import MODELS_AT_ONCE, ModelFile, RequestLogs, ResponseLogs, WorkerModels
from tests.support.browsers import PHONE, WIDE, Watched, browsed
from tests.support.hubs import RunningHub
from tests.support.wire_worker import WireWorker

pytestmark = pytest.mark.timeout(150)  # a browser takes its time to start

FILES = 10_000
ABLE = Capability(
    services=("comfyui",),
    hardware=Hardware(gpu_model="RTX 4090", gpu_count=1, gpu_memory_gb=24, ram_gb=64),
    labels={"disk": "nvme"},
    engines=(Engine("comfyui", "0.33.0"),),
)


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
async def watched(request: pytest.FixtureRequest) -> AsyncGenerator[Watched]:
    async with browsed(request.param, "worker") as watched:
        yield watched


async def stocked(worker: WireWorker) -> None:
    """The worker tells of many files."""
    files = [
        ModelFile(
            f"comfyui/loras/style/of-{number:05}.safetensors", number * 1_000_000, f"{number:064x}"
        )
        for number in range(FILES - 1)
    ]
    files.append(
        ModelFile("comfyui/checkpoints/" + "long-" * 20 + "name.safetensors", 6_938_000_000)
    )
    for at in range(0, FILES, MODELS_AT_ONCE):
        part = tuple(files[at : at + MODELS_AT_ONCE])
        await worker.send(WorkerModels(worker_id="w1", files=part, anew=at == 0))


async def says(worker: WireWorker, number: int, *lines: str, skipped: int = 0) -> None:
    asked = await worker.expect(RequestLogs)
    answer = ResponseLogs(
        worker_id="w1",
        request_id=asked.request_id,
        lines=lines,
        mark=f"ab-{number}",
        skipped=skipped,
    )
    await worker.send(answer)


async def test_a_worker_is_shown_with_its_models_and_its_log(
    hub: RunningHub, watched: Watched
) -> None:
    page, worker = watched.page, await hub.worker("w1", capability=ABLE)
    await stocked(worker)
    await page.goto(f"{hub.url}/dashboard")
    await page.get_by_role("button", name="w1", exact=True).click()
    shown = page.locator("#worker")
    await expect(shown.locator("#worker-facts")).to_contain_text("RTX 4090")
    await expect(shown.locator("#worker-facts")).to_contain_text("disk=nvme")
    await expect(shown.locator("#worker-facts")).to_contain_text("comfyui 0.33.0")

    rows = shown.locator("#models tbody tr")
    await expect(shown.locator("#models-count")).to_have_text(str(FILES))
    await expect(rows).to_have_count(25)
    await expect(rows.nth(0)).to_contain_text("checkpoints")
    await expect(rows.nth(0)).to_contain_text("6.9 GB")
    await shown.get_by_role("button", name="Next").click()
    await expect(shown.locator("#models-page")).to_have_text("2 of 400")
    await expect(rows.nth(0)).to_contain_text("style/of-00024.safetensors")
    await expect(rows.nth(0)).to_contain_text(f"{24:064x}"[:12])
    await shown.get_by_label("Search").fill("LORAS of-0999")
    await expect(shown.locator("#models-count")).to_have_text(f"9 of {FILES}")
    await expect(shown.locator("#models-pages")).to_be_hidden()

    await says(worker, 2, "Starting server", "To see the GUI go to: <b>here</b>")
    log = shown.locator("#worker-log")
    await expect(log).to_have_text("Starting server\nTo see the GUI go to: <b>here</b>")
    await says(worker, 3, "got prompt")
    await expect(log).to_contain_text("got prompt")
    await says(worker, 99, "Prompt executed", skipped=95)
    await expect(log).to_contain_text("… 95 lines are left out …")
    await expect(shown.locator("#log-state")).to_have_text("live")
    await worker.socket.close()
    await expect(shown.locator("#log-state")).to_contain_text("offline")


async def test_a_log_that_breaks_off_goes_on_and_a_page_that_is_closed_asks_no_more(
    hub: RunningHub, watched: Watched
) -> None:
    page, worker = watched.page, await hub.worker("w1", capability=ABLE)
    await page.goto(f"{hub.url}/dashboard")
    await page.get_by_role("button", name="w1", exact=True).click()
    await expect(page.locator("#models")).to_have_text("No files of models are known.")
    await says(worker, 1, "first")
    await expect(page.locator("#worker-log")).to_have_text("first")
    await page.get_by_role("button", name="Close").click()
    await expect(page.locator("#worker")).to_be_hidden()
    await says(worker, 2, "unseen")  # the question that was under way
    await page.get_by_role("button", name="w1", exact=True).click()
    asked = await worker.expect(RequestLogs)
    assert (asked.after, asked.lines) == (None, 200)
