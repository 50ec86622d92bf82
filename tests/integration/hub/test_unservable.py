"""A job that nobody who is connected could ever run: told at its submission, or refused."""

from typing import Any

import pytest
from attrs import evolve

from hub.explain import servable as servable_module
from hub.store.presence import Fleet
from shared.matching import Capability, Hardware, Location, Requirement
from tests.support.hubs import RunningHub
from tests.support.waiting import wait_until
from tests.support.wire_worker import SIMULATION

NEEDS_20_GB: dict[str, Any] = {"requirements": {"hardware": {"gpu_memory_gb": 20}}}
BIG = evolve(SIMULATION, hardware=Hardware(gpu_memory_gb=24))


async def submit(hub: RunningHub, **changes: Any) -> tuple[int, dict[str, Any]]:
    job: dict[str, Any] = {"type": "simulation", "payload": {}}
    answer = await hub.rest.post("/jobs", json=job | changes)
    return answer.status_code, answer.json()


async def test_with_nobody_connected_nobody_can(hub: RunningHub) -> None:
    status, told = await submit(hub)
    assert (status, told["unservable"]) == (201, True)
    assert told["reasons"] == ["no worker is connected; start one that offers simulation"]


async def test_the_reasons_are_told_the_nearest_fix_first(hub: RunningHub) -> None:
    for gb in (8, 16):
        await hub.worker(
            f"w{gb}", capability=evolve(SIMULATION, hardware=Hardware(gpu_memory_gb=gb))
        )
    await hub.worker("other", capability=Capability(services=("comfyui",)))
    status, told = await submit(hub, **NEEDS_20_GB)
    assert (status, told["unservable"]) == (201, True)
    assert told["reasons"][0] == "needs 20 GB of GPU memory; the best of 2 workers has 16"
    assert set(told["reasons"][1:]) == {
        "needs 20 GB of GPU memory, has 8", "needs 20 GB of GPU memory, has 16",
        "needs the service simulation, has comfyui",
    }  # fmt: skip


async def test_no_more_reasons_are_told_than_are_read(hub: RunningHub) -> None:
    for number in range(9):
        located = evolve(SIMULATION, location=Location(region=f"r{number}"))
        await hub.worker(f"w{number}", capability=located)
    _, told = await submit(hub, requirements={"geographic_region": "eu"})
    assert len(told["reasons"]) == servable_module.REASONS


async def test_somebody_who_is_busy_still_could(hub: RunningHub) -> None:
    worker = await hub.worker(capability=BIG)
    await hub.submit()
    await worker.take()
    status, told = await submit(hub, **NEEDS_20_GB, on_unservable="reject")
    assert (status, told["unservable"]) == (201, False)
    assert "reasons" not in told


async def test_a_refused_job_leaves_nothing_behind(hub: RunningHub) -> None:
    await hub.worker()
    status, told = await submit(hub, **NEEDS_20_GB, on_unservable="reject")
    assert (status, told["unservable"]) == (409, True)
    assert told["reasons"][0] == "needs 20 GB of GPU memory; the only worker has 0"
    assert told["error"] == f"no connected worker could ever run this job: {told['reasons'][0]}"
    assert (await hub.rest.get("/jobs")).json()["total_count"] == 0
    assert await hub.parts.client.command("EXISTS", "{emp}:lanes", "{emp}:seq") == 0


async def test_the_answer_follows_who_comes_and_goes(hub: RunningHub) -> None:
    async def can() -> bool:
        return not (await submit(hub, **NEEDS_20_GB))[1]["unservable"]

    assert not await can()
    await hub.worker("small")
    assert not await can()
    big = await hub.worker("big", capability=BIG)
    assert await can()
    await big.socket.close()

    async def is_noticed() -> bool:
        return not await can()

    await wait_until(is_noticed)


async def test_anything_else_is_no_way_to_ask(hub: RunningHub) -> None:
    status, told = await submit(hub, on_unservable="wait")
    assert status == 400
    assert told["fields"][0]["field"] == "on_unservable"


async def test_somebody_who_comes_while_it_is_judged_counts(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    servability = hub.parts.servability
    late = Fleet([], {"class": BIG})

    async def muster(_: Any) -> Fleet:
        return late

    monkeypatch.setattr(type(servability.presence), "muster", muster)
    assert await servability.reasons(Requirement(service_type="simulation")) == ()


async def test_answers_are_forgotten_before_they_are_too_many(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servable_module, "MEMORY", 2)
    await hub.worker()
    for number in range(5):
        reasons = await hub.parts.servability.reasons(Requirement(service_type=f"s{number}"))
        assert reasons[0] == f"needs the service s{number}; the only worker has simulation"
