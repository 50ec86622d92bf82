"""Monitors: they are told how the whole system is, and what workers ask of their services."""

import pytest

from hub.sessions import audience as audience_module
from hub.sessions import broadcasts as broadcasts_module
from hub.sessions import stats as stats_module
from hub.sessions.stats import changes
from shared.messages import (
    ConnectorWsStatus,
    Error,
    GetSystemStatus,
    RequestStats,
    ResponseStats,
    ServiceRequest,
    StatsBroadcast,
    Subscribe,
    SubscribeStats,
    SubscriptionConfirmed,
    SystemStatus,
)
from tests.support.hubs import RunningHub
from tests.support.wire_client import client_of

MONITOR = "/ws/monitor/m1"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats_module, "FRESH_S", 0)


async def test_a_monitor_is_told_everything_at_once(hub: RunningHub) -> None:
    worker = await hub.worker()
    running, _ = await hub.submit(priority=9), await hub.submit(priority=1)
    await worker.take()
    async with client_of(hub.url) as _, client_of(hub.url, MONITOR) as monitor:
        told = await monitor.expect(StatsBroadcast)
    assert told.connections == {"clients": ["c1"], "workers": ["w1"], "monitors": ["m1"]}
    known = told.workers["w1"]
    assert (known["connection_status"], known["is_accepting_jobs"]) == ("connected", False)
    assert (known["current_job_id"], known["supported_job_types"]) == (running, ["simulation"])
    assert known["capabilities"]["services"] == ["simulation"]
    jobs = told.system["jobs"]
    assert (jobs["total"], jobs["status"]["pending"], jobs["status"]["active"]) == (2, 1, 1)
    assert [each["id"] for each in jobs["active_jobs"]] == [running]
    assert jobs["pending_jobs"][0]["priority"] == 1
    assert told.system["queues"] == {"priority": 1, "standard": 0, "total": 1}
    assert told.system["workers"]["status"] == {"idle": 0, "working": 1}


async def test_a_monitor_is_told_again_and_again_what_it_asked_for(hub: RunningHub) -> None:
    async with client_of(hub.url, MONITOR) as monitor:
        await monitor.send(SubscribeStats(interval_seconds=0.25, include_sections=("workers",)))
        confirmed = await monitor.expect(SubscriptionConfirmed)
        assert (confirmed.subscription_type, confirmed.monitor_id) == ("stats", "m1")
        assert (await monitor.expect(StatsBroadcast)).workers == {}
        await hub.worker()
        while not (told := await monitor.expect(StatsBroadcast)).workers:
            pass
        assert (list(told.workers), told.system) == (["w1"], {})
        await monitor.send(SubscribeStats(enabled=False))
        assert not (await monitor.until(SubscriptionConfirmed)).enabled


async def test_only_what_has_changed_is_told_to_who_asks_for_that(hub: RunningHub) -> None:
    await hub.worker("w1")
    async with client_of(hub.url, MONITOR) as monitor:
        await monitor.send(SubscribeStats(interval_seconds=0.25, incremental=True))
        await monitor.expect(SubscriptionConfirmed)
        whole = await monitor.expect(StatsBroadcast)
        assert (whole.incremental, list(whole.workers)) == (False, ["w1"])
        await hub.worker("w2")
        while "w2" not in (told := await monitor.expect(StatsBroadcast)).workers:
            assert told.incremental
        assert (told.incremental, list(told.workers)) == (True, ["w2"])


def test_changes_name_the_workers_that_are_gone() -> None:
    before = {"workers": {"a": 1, "b": 2}, "system": 1, "connections": 1}
    now = {"workers": {"b": 3}, "system": 1, "connections": 2}
    assert changes(before, now) == {
        "workers": {"b": 3}, "removed_workers": ("a",), "connections": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (SubscribeStats(interval_seconds=0), "interval_seconds: expected 0.25 to 3600"),
        (SubscribeStats(include_sections=("moods",)), "'moods' is none of connections, workers"),
    ],
    ids=["interval", "section"],
)
async def test_a_subscription_that_cannot_be_is_refused(
    hub: RunningHub, asked: SubscribeStats, problem: str
) -> None:
    async with client_of(hub.url, MONITOR) as monitor:
        await monitor.send(asked)
        assert problem in (await monitor.expect(Error)).error


async def test_the_more_there_is_to_tell_the_less_often_it_is_told(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts_module, "MOST_CHARACTERS_A_SECOND", 0.001)
    async with client_of(hub.url) as client:
        await client.send(SubscribeStats(interval_seconds=0.25))
        await client.expect(SubscriptionConfirmed)
        await client.until(StatsBroadcast)
        await client.send(RequestStats())
        first = await client.expect(ResponseStats)
        assert first.stats["connections"]["clients"] == ["c1"]


async def test_a_monitor_asks_for_once(hub: RunningHub) -> None:
    async with client_of(hub.url, "/?type=monitor&id=m1") as monitor:
        await monitor.send(RequestStats())
        assert (await monitor.expect(ResponseStats)).stats["connections"]["monitors"] == ["m1"]
        await monitor.send(Subscribe(channels=("jobs",)))
        assert (await monitor.expect(SubscriptionConfirmed)).channels == ("jobs",)
        await monitor.send(GetSystemStatus())
        assert (await monitor.expect(SystemStatus)).completed_jobs == 0


async def test_a_monitor_hears_what_a_worker_asks_of_its_service(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = await hub.worker()
    async with client_of(hub.url, MONITOR) as monitor:
        await worker.send(
            ServiceRequest(worker_id="w1", job_id="j", service_type="comfyui", method="POST")
        )
        told = await monitor.expect(ServiceRequest)
        assert (told.job_id, told.service_type, told.method) == ("j", "comfyui", "POST")
        monkeypatch.setattr(audience_module, "LARGEST_RELAYED", 10)
        await worker.send(ServiceRequest(worker_id="w1", payload={"a": 1}, content="x"))
        told = await monitor.expect(ServiceRequest)
        assert (told.worker_id, told.payload, told.content) == ("w1", None, None)
        await worker.send(ConnectorWsStatus(worker_id="w1", status="up", details={"a": 1}))
        heard = await monitor.expect(ConnectorWsStatus)
        assert (heard.status, heard.details) == ("up", None)


async def test_a_worker_asks_for_a_few_figures(hub: RunningHub) -> None:
    worker = await hub.worker()
    await worker.send(GetSystemStatus())
    assert (await worker.expect(SystemStatus)).active_workers == 1
