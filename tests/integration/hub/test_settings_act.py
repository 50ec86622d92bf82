"""Settings that the original documents and never read: here each of them does what it says."""

import asyncio
import socket as sockets
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hub import __main__ as command
from hub.app import Server
from hub.listening import listen_as_set, schemes
from hub.settings import HubSettings
from shared.messages import JobAssigned
from tests.support.hubs import hub_settings, running_hub
from tests.support.ports import free_port
from tests.support.waiting import wait_until


@pytest.mark.parametrize(
    ("asked_for", "given"), [(None, 30), (60, 30), (5, 5)], ids=["nothing", "more", "less"]
)
async def test_no_job_runs_longer_than_it_may(
    redis_url: str, tmp_path: Path, asked_for: float | None, given: float
) -> None:
    async with running_hub(redis_url, tmp_path, max_job_timeout_minutes=30) as hub:
        said: dict[str, Any] = {} if asked_for is None else {"timeout_minutes": asked_for}
        job_id = await hub.submit(**said)
        assert (await hub.job(job_id))["timeout_minutes"] == given
        worker = await hub.worker()
        assert (await worker.take()).timeout_s == given * 60


async def test_no_worker_has_more_jobs_than_it_may(redis_url: str, tmp_path: Path) -> None:
    async with running_hub(redis_url, tmp_path, max_concurrent_jobs_per_worker=2) as hub:
        ids = [await hub.submit() for _ in range(3)]
        worker = await hub.peer()
        await worker.register(slots=3)
        await worker.claim(2)
        jobs = [await worker.expect(JobAssigned) for _ in range(2)]
        assert {job.job_id for job in jobs} == set(ids[:2])
        assert (await hub.rest.get("/workers/w1")).json()["worker"]["slots"] == 2
        await hub.worker("w2", slots=1)
        assert (await hub.rest.get("/workers/w2")).json()["worker"]["slots"] == 1


async def test_cleaning_up_is_done_as_often_as_is_set(redis_url: str, tmp_path: Path) -> None:
    often = {"job_cleanup_interval_minutes": 2.0, "worker_cleanup_interval_minutes": 0.5}
    async with running_hub(redis_url, tmp_path, **often) as hub:
        every_s = {chore.name: chore.every_s for chore in hub.parts.chores.table}
    assert (every_s["retention"], every_s["vacant workflows"]) == (120, 120)
    assert every_s["lost workers"] == 30


async def test_figures_can_be_left_out(redis_url: str, tmp_path: Path) -> None:
    async with running_hub(redis_url, tmp_path, metrics_enabled=False) as hub:
        answer = await hub.rest.get("/metrics")
        assert (answer.status_code, answer.json()) == (404, {"error": "METRICS_ENABLED is false"})
        assert (await hub.rest.get("/statistics")).status_code == 200


async def test_figures_have_a_port_of_their_own(redis_url: str, tmp_path: Path) -> None:
    async with running_hub(redis_url, tmp_path, metrics_port=0) as hub:
        listening = listen_as_set(hub.parts.settings)
        server = Server(hub.parts, listening)
        serving = asyncio.create_task(server.serve(listening))
        await wait_until(lambda: server.started)
        port = listening[1].getsockname()[1]
        async with httpx.AsyncClient() as rest:
            answer = await rest.get(f"http://127.0.0.1:{port}/metrics")
            health = await rest.get(f"http://127.0.0.1:{port}/health/")
            other = await rest.get(f"http://127.0.0.1:{port}/jobs")
        assert (answer.status_code, answer.json()["jobs"]["total"]) == (200, 0)
        assert health.status_code == 200
        assert (other.status_code, other.json()["error"]) == (
            404, "METRICS_PORT serves /metrics and /health; all else comes by HUB_PORT",
        )  # fmt: skip
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://127.0.0.1:{port}/ws/client/c1")
        assert refused.value.response.status_code == 403
        server.should_exit = True
        await serving


def test_every_port_says_what_is_spoken_there(tmp_path: Path) -> None:
    plain = hub_settings(tmp_path)
    assert schemes(plain) == ["http"]
    assert schemes(hub_settings(tmp_path, ws_port=0, metrics_port=0)) == ["http", "ws", "http"]
    assert schemes(hub_settings(tmp_path, metrics_port=0, metrics_enabled=False)) == ["http"]


def test_when_one_port_is_taken_none_is_kept(tmp_path: Path) -> None:
    host = "127.0.0.2"  # where no other test has had a connection, whose end would hold the port
    with sockets.create_server((host, 0)) as taken:
        first, port = free_port(), taken.getsockname()[1]
        settings = hub_settings(tmp_path, hub_host=host, hub_port=first, metrics_port=port)
        with pytest.raises(OSError, match=r"choose another METRICS_PORT"):
            listen_as_set(settings)
        with sockets.socket() as again:
            again.bind((host, first))


@pytest.mark.parametrize(("heartbeat_s", "is_meant"), [(10, True), (15, True), (16, False)])
def test_heartbeats_must_come_twice_within_a_lease(heartbeat_s: float, *, is_meant: bool) -> None:
    settings = HubSettings(hub_heartbeat_s=heartbeat_s, hub_lease_s=30)
    assert (settings.contradiction is None) is is_meant


def test_a_hub_whose_settings_contradict_each_other_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEARTBEAT_INTERVAL_MS", "30000")
    assert command.serve([]) == 2
    told = capsys.readouterr().err
    assert told.startswith("emp-hub: workers that are heard every 30 s lose their jobs after 30 s")
    assert "set HUB_LEASE_S (WORKER_HEARTBEAT_TIMEOUT_SECONDS)" in told
