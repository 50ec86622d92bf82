"""The status page over HTTP: who is let in, and what is told as JSON."""

import json
import stat
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from shared.messages import ClaimJob, CompleteJob, FailJob, JobCompletedAck
from tests.fakes.hub import FakeHub, Talk
from tests.support.agents import Start, end
from tests.support.waiting import wait_until

SLOW = {"WORKER_SIMULATION_PROCESSING_TIME": "3600", "WORKER_SIMULATION_FAILURE_RATE": "0"}
GRAPH = {"workflow": json.loads(Path("examples/txt2img.json").read_text())}


class Page:
    """An agent of the test with its page, and a client that has the token."""

    def __init__(self, link: str, talk: Talk, client: httpx.AsyncClient) -> None:
        self.link = httpx.URL(link)
        self.token = self.link.params["token"]
        self.url = str(self.link.copy_with(query=None)).rstrip("/")
        self.talk = talk
        self.client = client

    async def get(self, path: str, **query: str) -> Any:
        answer = await self.client.get(f"{self.url}{path}", params=query, headers=self.bearer)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.post(f"{self.url}{path}", headers=headers or self.bearer)

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


Open = Callable[..., Any]


@pytest.fixture
async def page(hub: FakeHub, start: Start) -> AsyncGenerator[Open]:
    with TemporaryDirectory(prefix="emp-") as directory:
        state = Path(directory)
        async with httpx.AsyncClient(timeout=20) as client:

            async def opened(**environ: str) -> Page:
                await start("run", WORKER_STATE_DIR=directory, **SLOW | environ)
                talk = await hub.welcomed()
                await wait_until((state / "w1.page").exists)
                assert stat.S_IMODE((state / "w1.page").stat().st_mode) == 0o600
                return Page((state / "w1.page").read_text().strip(), talk, client)

            yield opened


async def test_the_link_leaves_its_token_in_a_cookie(page: Open) -> None:
    agent: Page = await page()
    entered = await agent.client.get(agent.link)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    for word in ("HttpOnly", "SameSite=Strict"):
        assert word in entered.headers["set-cookie"]
    shown = await agent.client.get(f"{agent.url}/")
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    for name, kind in (("page.css", "text/css"), ("page.js", "text/javascript")):
        assert f"/{name}" in shown.text
        part = await agent.client.get(f"{agent.url}/{name}")
        assert part.headers["content-type"].startswith(kind)
        assert "://" not in part.text.replace("http://www.w3.org/", "")  # nothing of elsewhere


async def test_without_the_token_nothing_is_told(page: Open) -> None:
    agent: Page = await page()
    for path in ("/", "/page.js", "/api/status", "/api/system", "/?token=wrong"):
        refused = await agent.client.get(f"{agent.url}{path}")
        assert refused.status_code == 401, path
        assert "emp-agent status" in refused.json()["error"]
    for headers in ({"authorization": "Bearer x"}, {"cookie": "a=b"}, {"cookie": 'x="\\'}):
        refused = await agent.client.get(f"{agent.url}/api/status", headers=headers)
        assert refused.status_code == 401, headers
    as_query = await agent.client.get(f"{agent.url}/api/status", params={"token": agent.token})
    assert as_query.status_code == 401


async def test_no_website_can_drive_it(page: Open) -> None:
    agent: Page = await page()
    await agent.client.get(agent.link)  # the browser has the cookie now
    for origin in ({}, {"origin": "https://evil.example"}, {"origin": "null"}):
        refused = await agent.client.post(f"{agent.url}/api/control/pause", headers=origin)
        assert refused.status_code == 403, origin
        assert "Origin" in refused.json()["error"]
    rebound = await agent.client.get(f"{agent.url}/api/status", headers={"host": "evil.example"})
    assert rebound.status_code == 403
    assert not (await agent.get("/api/status"))["paused"]


async def test_the_page_itself_may_pause_and_resume_also_through_a_tunnel(page: Open) -> None:
    agent: Page = await page()
    await agent.client.get(agent.link)
    tunnel = {"host": "localhost:9000", "origin": "http://localhost:9000"}
    cookie = {"cookie": "; ".join(f"{k}={v}" for k, v in agent.client.cookies.items())}
    paused = await agent.post("/api/control/pause", **tunnel, **cookie)
    assert paused.json()["paused"]
    own = {"origin": agent.url}
    resumed = await agent.client.post(f"{agent.url}/api/control/resume", headers=own)
    assert not resumed.json()["paused"]


async def test_what_runs_and_ran_is_told(page: Open) -> None:
    agent: Page = await page(WORKER_SIMULATION_PROCESSING_TIME="50")
    await agent.talk.give("a", job_type="simulation", params=GRAPH, timeout_s=7200)
    await wait_until(lambda: _has_picture(agent), 30)
    [job] = (await agent.get("/api/jobs/current"))["jobs"]
    assert (job["job_id"], job["type"], job["attempt"], job["steps"]) == ("a", "simulation", 1, 20)
    picture = await agent.client.get(f"{agent.url}{job['preview']}", headers=agent.bearer)
    assert picture.headers["content-type"] == "image/jpeg" or picture.content.startswith(b"\x89PNG")
    assert (await agent.get("/api/jobs/history"))["total_count"] == 0

    cancelled = await agent.post("/api/control/cancel-job/a")
    assert cancelled.json() == {"job_id": "a", "status": "cancelled"}
    assert (await agent.talk.hear(FailJob)).retry is False
    gone = await agent.client.get(f"{agent.url}{job['preview']}", headers=agent.bearer)
    assert gone.status_code == 404
    [ended] = (await agent.get("/api/jobs/history", status="cancelled", q="A simul"))["jobs"]
    assert (ended["job_id"], ended["status"], ended["worker_id"]) == ("a", "cancelled", "w1")
    assert (await agent.get("/api/jobs/history", status="failed"))["total_count"] == 0
    assert (await agent.get("/api/jobs/history", q="nothing"))["total_count"] == 0
    for wrong in ("0", "201", "x"):
        query = f"{agent.url}/api/jobs/history?limit={wrong}"
        refused = await agent.client.get(query, headers=agent.bearer)
        assert (refused.status_code, "limit" in refused.json()["error"]) == (400, True)


async def _has_picture(agent: Page) -> bool:
    jobs = (await agent.get("/api/jobs/current"))["jobs"]
    return bool(jobs and jobs[0]["preview"])


async def test_the_counts_the_machine_and_its_settings_are_told(page: Open) -> None:
    agent: Page = await page(
        WORKER_SIMULATION_PROCESSING_TIME="0", WORKER_TOKEN="not-to-be-seen", WORKER_REGION="eu"
    )
    await agent.talk.give("a", job_type="simulation")
    await agent.talk.hear(CompleteJob)
    await agent.talk.say(JobCompletedAck(job_id="a", worker_id="w1", status="completed", attempt=1))
    await agent.talk.hear(ClaimJob)
    stats = await agent.get("/api/stats")
    assert stats["jobs"] == {"completed": 1, "failed": 0, "cancelled": 0, "stopped": 0}
    assert (stats["success_rate"], stats["running"]) == (1, 0)
    assert {"at", "cpu", "memory", "used", "gpus"} <= stats["samples"][0].keys()
    [connector] = (await agent.get("/api/connectors"))["connectors"]
    assert (connector["name"], connector["ready"]) == ("simulation", True)
    capable = (await agent.get("/api/capabilities"))["workers"]["w1"]
    assert (capable["services"], capable["location"]["region"]) == (["simulation"], "eu")
    system = await agent.get("/api/system")
    settings = {each["name"]: each for each in system["settings"]}
    assert settings["token"] == {
        "name": "token",
        "value": "***",
        "source": "environment WORKER_TOKEN",
    }
    assert "not-to-be-seen" not in str(system)
    assert system["cpu_cores"] >= 1


async def test_a_connector_that_cannot_be_used_says_why(hub: FakeHub, page: Open) -> None:
    agent: Page = await page(
        WORKER_CONNECTORS="simulation,comfyui", COMFYUI_URL="http://127.0.0.1:9"
    )
    rows = (await agent.get("/api/connectors"))["connectors"]
    assert {each["name"]: each["ready"] for each in rows} == {"simulation": True, "comfyui": False}


async def test_the_page_is_gone_with_the_agent(hub: FakeHub, start: Start) -> None:
    with TemporaryDirectory(prefix="emp-") as directory:
        agent = await start("run", WORKER_STATE_DIR=directory)
        await hub.welcomed()
        link = Path(directory) / "w1.page"
        await wait_until(link.exists)
        token = httpx.URL(link.read_text().strip()).params["token"]
        agent.terminate()
        code, output = await end(agent)
        assert (code, link.exists()) == (0, False)
        assert token not in output  # others may read a log


async def test_a_port_that_is_taken_costs_the_page_alone(hub: FakeHub, start: Start) -> None:
    with TemporaryDirectory(prefix="emp-") as directory:
        port = str(httpx.URL(hub.url).port)
        agent = await start("run", WORKER_STATE_DIR=directory, WORKER_DASHBOARD_PORT=port)
        await (await hub.welcomed()).hear(ClaimJob)
        await wait_until((Path(directory) / "w1.sock").exists)
        agent.terminate()
        code, output = await end(agent)
    assert (code, "no status page (WORKER_DASHBOARD_PORT)" in output) == (0, True), output


async def test_the_page_can_be_switched_off(hub: FakeHub, start: Start) -> None:
    with TemporaryDirectory(prefix="emp-") as directory:
        agent = await start("run", WORKER_STATE_DIR=directory, WORKER_DASHBOARD_ENABLED="false")
        await hub.welcomed()
        await wait_until((Path(directory) / "w1.sock").exists)
        assert not (Path(directory) / "w1.page").exists()
        agent.terminate()
        _, output = await end(agent)
    assert "status page" not in output
