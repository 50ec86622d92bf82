"""The status page in a real browser, wide and as on a phone."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from attrs import frozen
from playwright.async_api import Page, Route, expect

from shared.messages import CompleteJob, FailJob, JobCompletedAck, JobFailedAck, RegisterWorker
from shared.messages import WorkerRegistered as Registered
from tests.fakes.hub import FakeHub, Talk
from tests.support.agents import Start
from tests.support.browsers import PHONE, WIDE, browsed
from tests.support.waiting import wait_until

GRAPH = {"workflow": json.loads(Path("examples/txt2img.json").read_text())}
NOTE_WHAT_IS_SHOWN = """count => {
  window.shown = [];
  new MutationObserver(() => window.shown.push(count.textContent)).observe(count, {childList: true});
}"""
pytestmark = pytest.mark.timeout(150)  # a browser takes its time to start


@frozen
class Machine:
    """An agent whose page is open in a browser."""

    page: Page
    talk: Talk
    wrong: list[str]

    async def agrees(self) -> RegisterWorker:
        registration = await self.talk.hear(RegisterWorker)
        await self.talk.say(Registered(worker_id="w1", heartbeat_s=60, lease_s=90))
        return registration


@pytest.fixture(params=[WIDE, PHONE], ids=["wide", "phone"])
async def machine(
    request: pytest.FixtureRequest, hub: FakeHub, start: Start
) -> AsyncGenerator[Machine]:
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="emp-")))
        watched = await stack.enter_async_context(browsed(request.param, "status"))
        await start(
            "run",
            WORKER_STATE_DIR=str(directory),
            WORKER_SIMULATION_PROCESSING_TIME="50",
            WORKER_SIMULATION_FAILURE_RATE="0",
            WORKER_TOKEN="not-to-be-seen",
        )
        talk = await hub.welcomed()
        await wait_until((directory / "w1.page").exists)
        await watched.page.goto((directory / "w1.page").read_text().strip())
        yield Machine(watched.page, talk, watched.wrong)


async def test_a_job_is_watched_cancelled_and_found_again(machine: Machine) -> None:
    page, talk = machine.page, machine.talk
    await expect(page.locator("#current")).to_have_text("No job runs.")
    await talk.give("job-a", job_type="simulation", params=GRAPH)
    job = page.locator("#current article")
    await expect(job).to_contain_text("job-a")
    await expect(job.locator("img")).to_be_visible()
    assert await job.locator("img").evaluate("each => each.decode().then(() => each.naturalWidth)")
    await expect(page.locator("#workers .pill")).to_have_text("busy")

    await job.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Keep it").click()
    await expect(job).to_be_visible()
    await job.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Do it").click()
    assert (await talk.hear(FailJob)).job_id == "job-a"
    await talk.say(JobFailedAck(job_id="job-a", worker_id="w1", status="failed", attempt=1))
    await expect(page.locator("#current")).to_have_text("No job runs.")

    await talk.give("job-b", job_type="simulation", params={"simulation": {"processing_time_s": 0}})
    await talk.hear(CompleteJob)
    await talk.say(JobCompletedAck(job_id="job-b", worker_id="w1", status="ok", attempt=1))
    rows = page.locator("#history tbody tr")
    await expect(rows).to_have_count(2)
    await page.get_by_label("Outcome").select_option("cancelled")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("job-a")
    await page.get_by_label("Outcome").select_option("all")
    await expect(rows).to_have_count(2)
    await page.locator("#f-q").fill("JOB-B")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("job-b")
    await page.locator("#f-q").fill("")


async def test_an_answer_that_comes_late_is_not_shown(machine: Machine) -> None:
    page, count = machine.page, machine.page.locator("#history-count")
    held: asyncio.Queue[Route] = asyncio.Queue()
    await page.route("**/api/jobs/history?*", held.put)

    async def asked(word: str) -> Route:
        await page.locator("#f-q").fill(word)
        while word not in (route := await held.get()).request.url:
            await answer(route, 0)
        return route

    async def answer(route: Route, total: int) -> None:
        await route.fulfill(json={"jobs": [], "total_count": total})

    await count.evaluate(NOTE_WHAT_IS_SHOWN)
    first, second = await asked("first"), await asked("second")
    await answer(second, 22)
    await expect(count).to_have_text("0 of 22")
    await answer(first, 11)
    await answer(await asked("third"), 33)
    await expect(count).to_have_text("0 of 33")
    assert [each for each in await page.evaluate("window.shown") if each != "0"] == [
        "0 of 22",
        "0 of 33",
    ]
    await page.unroute_all(behavior="ignoreErrors")


async def test_the_worker_is_paused_and_resumed(machine: Machine) -> None:
    page = machine.page
    await page.get_by_role("button", name="Pause").click()
    assert (await machine.agrees()).status == "paused"
    await expect(page.locator("#state")).to_have_text("paused")
    await expect(page.locator("#workers .pill")).to_have_text("paused")
    await page.get_by_role("button", name="Resume").click()
    assert (await machine.agrees()).status == "idle"
    await expect(page.locator("#state")).to_have_text("connected")


async def test_metrics_connectors_and_settings_are_shown(machine: Machine) -> None:
    page = machine.page
    await expect(page.locator("#graphs figure")).to_have_count(3)
    await expect(page.locator("#graphs polyline")).not_to_have_count(0)
    await expect(page.locator("#connectors tbody tr")).to_contain_text("simulation")
    await page.get_by_text("All settings with their sources").click()
    await page.locator("#s-q").fill("token")
    rows = page.locator("#settings tbody tr")
    await expect(rows.first).to_be_visible()
    settings = await page.locator("#settings").inner_text()
    assert "***" in settings
    assert "token" not in page.url
    assert "not-to-be-seen" not in await page.content()
    await expect(page.locator("#engines-part")).to_be_hidden()


async def test_an_agent_that_has_gone_is_told(machine: Machine, hub: FakeHub) -> None:
    await expect(machine.page.locator("#state")).to_have_text("connected")
    await machine.page.route("**/api/**", lambda route: route.abort())
    await expect(machine.page.locator("#alarm")).to_contain_text("The agent does not answer")
    machine.wrong.clear()  # the browser tells of each request that failed
    await machine.page.unroute_all(behavior="wait")
    await expect(machine.page.locator("#alarm")).to_be_hidden()
    machine.wrong.clear()
