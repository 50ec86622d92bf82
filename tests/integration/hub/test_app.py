"""The hub as a process: how it starts, stops, and refuses."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from hub import app
from hub.assembly import Hearing
from hub.listening import listen
from shared.messages import JobCompletedAck, RequestLogs, WorkerHeartbeat, WorkerHeartbeatAck
from tests.integration.hub.test_events import messages
from tests.integration.hub.test_following_logs import says
from tests.support.hubs import RunningHub, hub_settings, running_hub
from tests.support.waiting import wait_until
from tests.support.wire_worker import connected, lease_of

PATIENCE_S = 30


@asynccontextmanager
async def process(data_dir: Path, **environ: str) -> AsyncGenerator[Process]:
    """`emp-hub serve`; killed at the end when it still runs."""
    told = {"HUB_PORT": "0", "HUB_DATA_DIR": str(data_dir), "LOG_LEVEL": "debug"} | environ
    hub = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub", "serve", env=os.environ | told, stdout=PIPE, stderr=PIPE
    )
    try:
        yield hub
    finally:
        if hub.returncode is None:
            hub.kill()
        await hub.communicate()


async def announced(hub: Process) -> str:
    """The address in its first line."""
    assert hub.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        line = (await hub.stdout.readline()).decode()
    words, _, url = line.strip().rpartition(" ")
    assert words == "emp-hub listening on"
    return url


async def ended(hub: Process) -> tuple[int | None, str]:
    """Its exit code, and what it said on standard error."""
    async with asyncio.timeout(PATIENCE_S):
        _, told = await hub.communicate()
    return hub.returncode, told.decode()


async def post(url: str) -> str:
    async with httpx.AsyncClient(base_url=url) as rest:
        answer = await rest.post("/jobs", json={"type": "simulation", "payload": {}})
        return answer.json()["job_id"]


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
async def test_a_hub_that_is_told_to_stop_sends_everybody_away_and_keeps_their_leases(
    tmp_path: Path, by: signal.Signals
) -> None:
    async with process(tmp_path) as hub:
        url = await announced(hub)
        job_id = await post(url)
        async with connected(url) as worker:
            await worker.register()
            job = await worker.take()
            hub.send_signal(by)
            assert (await worker.expect_close())[0] == 1012
        code, told = await ended(hub)
    assert code == 0
    assert "Traceback" not in told
    async with process(tmp_path) as again:
        url = await announced(again)
        async with connected(url) as worker:
            assert (await worker.register(running=(lease_of(job),))).lost == ()
            await worker.complete(job)
            ack = await worker.expect(JobCompletedAck)
        assert (ack.job_id, ack.status) == (job_id, "completed")


async def test_a_hub_that_is_told_to_stop_ends_the_streams_of_those_who_follow(
    tmp_path: Path,
) -> None:
    async with process(tmp_path) as hub:
        url = await announced(hub)
        events, logs = f"/jobs/{await post(url)}/events", "/workers/w1/logs?follow=true"
        patient = httpx.AsyncClient(base_url=url, timeout=PATIENCE_S)
        async with patient as rest, connected(url) as worker:
            await worker.register()
            answering = asyncio.create_task(says(worker, "ab-1", "a line"))
            async with rest.stream("GET", events) as job, rest.stream("GET", logs) as lines:
                of_job, of_worker = messages(job.aiter_lines()), messages(lines.aiter_lines())
                assert (await anext(of_job))["event"] == "submitted"
                assert (await anext(of_worker))["event"] == "lines"
                await answering
                await worker.expect(RequestLogs)
                hub.send_signal(signal.SIGTERM)
                assert [each async for each in of_job] == []
                assert [each async for each in of_worker] == []  # nor that the worker is offline
        code, told = await ended(hub)
    assert code == 0
    assert "Traceback" not in told
    assert "graceful shutdown exceeded" not in told


async def test_secrets_do_not_reach_the_log(tmp_path: Path, redis_url: str) -> None:
    token, key = "canary-token-of-workers", "canary-key-of-clients"
    async with process(
        tmp_path, REDIS_URL=redis_url, HUB_WORKER_TOKENS=token, HUB_API_KEYS=key
    ) as hub:
        url = await announced(hub)
        async with connected(url, path=f"/?type=worker&id=w1&token={token}") as worker:
            await worker.register()
        async with httpx.AsyncClient(base_url=url) as rest:
            assert (await rest.get(f"/jobs?token={key}")).status_code == 200
        hub.send_signal(signal.SIGTERM)
        code, told = await ended(hub)
    assert code == 0
    assert "canary" not in told


async def test_a_port_that_is_taken_is_named_with_the_remedy(
    tmp_path: Path, redis_url: str
) -> None:
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        async with process(tmp_path, REDIS_URL=redis_url, HUB_PORT=str(port)) as hub:
            code, told = await ended(hub)
    assert code == 1
    assert f"emp-hub: [Errno 98] cannot listen on 127.0.0.1:{port}" in told
    assert "choose another HUB_PORT" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"HUB_HOST": "0.0.0.0"}, "set HUB_API_KEYS (or HUB_API_KEYS_FILE)"),  # noqa: S104 - refused
        ({"HUB_API_KEYS": "short"}, "HUB_API_KEYS: a key has at least 16 characters"),
        ({"REDIS_URL": "redis://127.0.0.1:1"}, "Redis does not answer"),
        ({"HUB_DATA_DIR": "/dev/null/data"}, "choose another HUB_DATA_DIR"),
    ],
    ids=str,
)
async def test_a_hub_that_must_not_run_says_why(
    tmp_path: Path, redis_url: str, environ: dict[str, str], problem: str
) -> None:
    async with process(tmp_path, **({"REDIS_URL": redis_url} | environ)) as hub:
        code, told = await ended(hub)
    assert code == 1
    assert told.splitlines()[-1].startswith("emp-hub: ")
    assert problem in told
    assert "Traceback" not in told


async def test_a_hub_refuses_another_store_than_its_own(tmp_path: Path, redis_url: str) -> None:
    (tmp_path / "instance").write_text("of another store\n")
    async with process(tmp_path, REDIS_URL=redis_url) as hub:
        code, told = await ended(hub)
    assert code == 1
    assert "emp-hub: this Redis is empty" in told


async def test_the_whole_hub_runs_in_a_loop_of_others(
    tmp_path: Path, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    serving = asyncio.create_task(app.serve(hub_settings(tmp_path, redis_url=redis_url)))
    said: list[str] = []

    def is_announced() -> bool:
        said.append(capsys.readouterr().out)
        return "listening on" in "".join(said)

    await wait_until(is_announced)
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(PATIENCE_S):
        await serving


def test_an_address_of_six_is_listened_on_as_well() -> None:
    with listen("::1", 0) as listening:
        assert listening.family is socket.AF_INET6


async def test_an_address_of_six_is_shown_in_brackets(tmp_path: Path, redis_url: str) -> None:
    async with process(tmp_path, REDIS_URL=redis_url, HUB_HOST="::1") as hub:
        url = await announced(hub)
        assert url.startswith("http://[::1]:")
        async with httpx.AsyncClient() as rest:
            assert (await rest.get(f"{url}/health")).status_code == 200


async def test_a_worker_that_does_not_read_holds_nobody(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.sessions.outbox.LIMIT", 4)
    async with running_hub(redis_url, tmp_path) as hub:
        for _ in range(6):
            await hub.submit(payload={"x": "x" * 4_000_000})
        slow = await hub.peer("slow", max_queue=1)
        await slow.register(slots=6)
        await slow.claim(6)
        await assigned_all(hub, 6)
        for _ in range(20):
            await slow.send(WorkerHeartbeat(worker_id="slow"))

        async def is_gone() -> bool:
            known = await hub.parts.workers.get("slow")
            return known is not None and known.gone_at is not None

        await wait_until(is_gone)
        other = await hub.worker("other")
        await other.beat()
        await other.expect(WorkerHeartbeatAck)


async def assigned_all(hub: RunningHub, number: int) -> None:
    """Wait until so many jobs are assigned."""

    async def are_assigned() -> bool:
        return (await hub.parts.views.counts())["assigned"] == number

    await wait_until(are_assigned)


async def test_every_verb_of_the_news_is_known(hub: RunningHub) -> None:
    parts = hub.parts
    hearing = Hearing(
        parts.dispatcher,
        parts.advancer,
        parts.counter.audience,
        parts.counter.offering,
        parts.crowd,
        parts.counter.logs,
    )
    for words in (
        ["lane", "x"],
        ["gap"],
        ["workflow"],
        ["cancel", "job", "w1"],
        ["evict", "session", "w1"],
        ["logs", "0" * 32, "w1", "10", "0", "0"],
        ["logged", "0" * 32, "%5B%5B%5D%2C0%2C0%5D"],
        ["revoke", "machine"],
    ):
        hearing(words)
