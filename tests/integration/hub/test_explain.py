"""Why a job waits, over REST: its place, its rivals, every worker, and the nearest fix."""

from typing import Any

import pytest
from attrs import evolve

from hub.store.limits import Limits
from shared.matching import Capability, Cost, Hardware
from shared.messages import JobCompletedAck
from shared.states import ErrorClass
from tests.support.hubs import RunningHub
from tests.support.wire_worker import SIMULATION

NEEDS_20_GB: dict[str, Any] = {"requirements": {"hardware": {"gpu_memory_gb": 20}}}


async def explained(hub: RunningHub, job_id: str) -> dict[str, Any]:
    answer = await hub.rest.get(f"/jobs/{job_id}/explain")
    assert answer.status_code == 200, answer.text
    return answer.json()


def with_gb(gb: float, **more: Any) -> Capability:
    return evolve(SIMULATION, hardware=Hardware(gpu_memory_gb=gb), **more)


async def test_nobody_is_there(hub: RunningHub) -> None:
    told = await explained(hub, await hub.submit())
    assert told["nearest_fix"] == "no worker is connected; start one that offers simulation"
    assert (told["words"], told["workers"]) == (told["nearest_fix"], [])
    assert (told["queue_position"], told["display_position"], told["jobs_ahead"]) == (0, 1, 0)


async def test_the_nearest_fix_is_what_the_best_worker_lacks(hub: RunningHub) -> None:
    for number, gb in enumerate((8, 16, 12)):
        await hub.worker(f"w{number}", capability=with_gb(gb))
    await hub.worker("far", capability=Capability(services=("comfyui",)))
    told = await explained(hub, await hub.submit(**NEEDS_20_GB))
    assert told["nearest_fix"] == "needs 20 GB of GPU memory; the best of 3 workers has 16"
    assert told["words"] == told["nearest_fix"]
    rows = {each["worker_id"]: each for each in told["workers"]}
    assert rows["w1"] == {
        "worker_id": "w1", "verdict": "unable", "words": "needs 20 GB of GPU memory, has 16",
        "field": "hardware.gpu_memory_gb", "needs": "20", "has": "16", "free_in_s": None,
    }  # fmt: skip
    assert rows["far"]["field"] == "service_type"


async def test_what_the_graph_of_a_comfyui_job_needs_is_told_without_being_declared(
    hub: RunningHub,
) -> None:
    await hub.worker("silent", capability=Capability(services=("comfyui",)))
    full = {"comfyui": ("sdxl.safetensors",)}
    await hub.worker("full", capability=Capability(services=("comfyui",), models=full))
    poor = Capability(services=("comfyui",), models={"comfyui": ()}, custom_nodes=("KSampler",))
    await hub.worker("poor", capability=poor)
    await hub.worker("simulated", capability=SIMULATION)
    graph = {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl.safetensors"}},
        "3": {"class_type": "FancySampler", "inputs": {"model": ["4", 0]}},
    }
    job_id = await hub.submit("comfyui", payload={"workflow": graph})
    rows = {each["worker_id"]: each for each in (await explained(hub, job_id))["workers"]}
    assert rows["poor"]["words"] == "needs the models sdxl.safetensors, has none"
    assert rows["simulated"]["field"] == "service_type"
    assert {rows[name]["verdict"] for name in ("silent", "full")} == {"free"}
    stated = {"models": "all"}
    job_id = await hub.submit("comfyui", payload={"workflow": graph}, requirements=stated)
    rows = {each["worker_id"]: each for each in (await explained(hub, job_id))["workers"]}
    assert rows["poor"]["words"] == "needs the custom nodes FancySampler, has KSampler"


async def test_two_things_are_missing(hub: RunningHub) -> None:
    await hub.worker("w1", capability=with_gb(8, cost=Cost(rate_per_hour=3)))
    requirements = NEEDS_20_GB["requirements"] | {"max_rate_per_hour": 1}
    told = await explained(hub, await hub.submit(requirements=requirements))
    assert told["nearest_fix"] == (
        "needs 20 GB of GPU memory; the only worker has 8, "
        "and needs a rate per hour <= 1; the only worker has 3"
    )


async def test_who_fits_is_free_or_busy_and_what_is_before_is_counted(hub: RunningHub) -> None:
    await hub.worker("big", capability=with_gb(24), slots=2)
    await hub.worker("small", capability=with_gb(8))
    await hub.submit(priority=99, **NEEDS_20_GB)
    await hub.submit(priority=98)
    last = await hub.submit(priority=1, **NEEDS_20_GB)
    told = await explained(hub, last)
    assert (told["queue_position"], told["jobs_ahead"], told["jobs_ahead_is_exact"]) == (1, 2, True)
    assert [(each["worker_id"], each["verdict"]) for each in told["workers"]] == [
        ("big", "free"), ("small", "unable"),
    ]  # fmt: skip
    assert told["words"] == "2 jobs are before it; 1 worker fits and has room: big"
    assert told["nearest_fix"] is None


async def test_when_a_busy_worker_may_be_free_is_guessed_from_its_progress(hub: RunningHub) -> None:
    worker = await hub.worker()
    await hub.submit()
    assigned = await worker.take()
    job_id = await hub.submit()
    told = await explained(hub, job_id)
    assert told["workers"][0]["free_in_s"] is None
    assert told["words"] == "it is the next; the only worker that fits is busy"
    await worker.report(assigned, 50)
    await hub.becomes(assigned.job_id, "in_progress")
    told = await explained(hub, job_id)
    assert 0 <= told["workers"][0]["free_in_s"] < 60
    assert told["words"].startswith(
        "it is the next; the only worker that fits is busy; there may be"
    )
    assert told["workers"][0]["words"].startswith("fits, but runs 1 of at most 1; free in about")


async def test_without_progress_the_last_runs_tell(hub: RunningHub) -> None:
    worker = await hub.worker()
    first = await hub.submit()
    await worker.complete(await worker.take())
    await hub.becomes(first, "completed")
    await hub.submit()
    await worker.expect(JobCompletedAck)
    await worker.take()
    told = await explained(hub, await hub.submit())
    assert 0 <= told["workers"][0]["free_in_s"] < 60


async def test_a_job_that_runs_says_where(hub: RunningHub) -> None:
    worker = await hub.worker()
    job_id = await hub.submit()
    await worker.take()
    told = await explained(hub, job_id)
    assert told["status"] == "assigned"
    assert told["words"].startswith("w1 has it since 2")
    assert told["words"].endswith(", attempt 1")
    assert told["workers"] is None


async def test_a_job_that_has_ended_says_so(hub: RunningHub) -> None:
    job_id = await hub.submit()
    await hub.rest.post(f"/jobs/{job_id}/cancel", json={"reason": "enough"})
    told = await explained(hub, job_id)
    assert told["words"].startswith("cancelled since 2")
    assert told["words"].endswith(": enough")
    worker = await hub.worker()
    done = await hub.submit()
    await worker.complete(await worker.take())
    await hub.becomes(done, "completed")
    assert (await explained(hub, done))["words"].startswith("completed since 2")


async def test_a_job_that_is_delayed_says_until_when(hub: RunningHub) -> None:
    worker = await hub.worker()
    job_id = await hub.submit()
    await worker.fail(await worker.take())
    await hub.becomes(job_id, "delayed")
    told = await explained(hub, job_id)
    assert told["words"].startswith("waits until 2")
    assert told["queue_position"] is None
    assert [each["verdict"] for each in told["workers"]] == ["free"]


async def test_a_job_that_is_not_there_is_not_explained(hub: RunningHub) -> None:
    assert (await hub.rest.get("/jobs/nobody/explain")).status_code == 404


async def test_a_worker_that_is_readier_for_another_job_says_so(hub: RunningHub) -> None:
    both = Capability(services=("simulation", "comfyui"))
    worker = await hub.worker(capability=both, slots=2)
    ready: dict[str, Any] = {"type_": "simulation", "requirements": {"service_type": "comfyui"}}
    await hub.submit(**ready)
    await worker.take()
    cold = await hub.submit()
    later = await hub.submit(**ready)
    told = await explained(hub, cold)
    row = told["workers"][0]
    assert row["verdict"] == "choosy"
    assert f"is readier for {later}; no job is passed over more than 3 times" in row["words"]
    assert told["words"].endswith(f"w1 {row['words']}")
    assert (await explained(hub, later))["workers"][0]["verdict"] == "free"
    assert (await worker.take()).job_id == later


async def test_a_worker_that_has_failed_with_the_job_says_that_it_leaves_it_to_others(
    hub: RunningHub,
) -> None:
    worker = await hub.worker("w1")
    job_id = await hub.submit()
    job = await worker.take()
    await hub.worker("w2")
    await worker.fail(job, error_class=ErrorClass.OUT_OF_MEMORY)
    await hub.becomes(job_id, "delayed")
    rows = {each["worker_id"]: each for each in (await explained(hub, job_id))["workers"]}
    assert rows["w1"]["verdict"] == "kept"
    assert rows["w1"]["words"] == (
        "fits, but has failed with it; another worker that could do it goes first"
    )
    assert rows["w2"]["verdict"] == "free"


async def test_a_job_that_a_limit_holds_back_says_which(hub: RunningHub) -> None:
    worker = await hub.worker(slots=2)
    await Limits(hub.parts.client).limit({"running:type:simulation": 1})
    await hub.submit()
    await worker.take()
    told = await explained(hub, await hub.submit())
    await Limits(hub.parts.client).limit({})
    row = told["workers"][0]
    assert row["verdict"] == "limited"
    assert row["words"].endswith("1 jobs run already for the type simulation, as many as may")


async def test_a_job_deep_in_its_lane_is_passed_over_by_nobody(hub: RunningHub) -> None:
    await hub.worker()
    jobs = [await hub.submit() for _ in range(10)]
    assert (await explained(hub, jobs[-1]))["workers"][0]["verdict"] == "free"


@pytest.mark.parametrize("count", [1, 4])
async def test_many_free_workers_are_named_in_short(hub: RunningHub, count: int) -> None:
    for number in range(count):
        await hub.worker(f"w{number}")
    told = await explained(hub, await hub.submit())
    names = (
        "1 worker fits and has room: w0"
        if count == 1
        else ("4 workers fit and have room: w0, w1, w2, …")
    )
    assert told["words"] == f"it is the next; {names}"
