"""Workers over REST."""

from typing import Any

import pytest

from hub.store import workers as store_workers
from shared.matching import Capability, Hardware
from shared.messages import Error, ModelFile, WorkerModels
from tests.support.hubs import RunningHub
from tests.support.waiting import wait_until
from tests.support.wire_worker import SIMULATION

BOTH = Capability(
    services=("simulation", "comfyui"), hardware=Hardware(gpu_memory_gb=24, gpu_model="RTX 4090")
)


@pytest.fixture
async def workers(hub: RunningHub) -> None:
    """w1 is full, w2 has a free slot, w3 is gone."""
    full = await hub.worker("w1", capability=SIMULATION)
    await hub.submit()
    await full.take()
    await hub.worker("w2", capability=BOTH, slots=2, status="paused")
    gone = await hub.worker("w3")
    await gone.socket.close()

    async def is_gone() -> bool:
        return (await hub.rest.get("/workers/w3")).json()["worker"]["gone_at"] is not None

    await wait_until(is_gone)


async def listed(hub: RunningHub, **query: Any) -> list[str]:
    answer = (await hub.rest.get("/workers", params=query)).json()
    assert answer["total_count"] == len(answer["workers"])
    return [each["worker_id"] for each in answer["workers"]]


@pytest.mark.usefixtures("workers")
async def test_workers_are_listed_by_what_is_asked_for(hub: RunningHub) -> None:
    assert await listed(hub) == ["w1", "w2", "w3"]
    assert await listed(hub, status="paused") == ["w2"]
    assert await listed(hub, status="offline") == ["w3"]
    assert await listed(hub, services="simulation") == ["w1", "w2", "w3"]
    assert await listed(hub, services="comfyui,simulation") == ["w2"]
    assert await listed(hub, services="comfyui,a1111") == []
    assert await listed(hub, available_only="true") == ["w2"]
    assert await listed(hub, available_only="true", status="idle") == []


@pytest.mark.usefixtures("workers")
async def test_a_worker_is_shown_with_what_it_can_do_and_runs(hub: RunningHub) -> None:
    shown = (await hub.rest.get("/workers/w2")).json()["worker"]
    assert shown["capabilities"]["hardware"]["gpu_model"] == "RTX 4090"
    assert (shown["slots"], shown["status"], shown["current_jobs"]) == (2, "paused", [])
    busy = (await hub.rest.get("/workers/w1")).json()["worker"]
    running = (await hub.rest.get("/jobs", params={"worker_id": "w1"})).json()["jobs"]
    assert busy["current_jobs"] == [job["id"] for job in running]


async def test_a_worker_that_is_not_known_is_not_found(hub: RunningHub) -> None:
    answer = await hub.rest.get("/workers/nobody")
    assert (answer.status_code, answer.json()) == (404, {"error": "Worker not found"})


async def test_a_filter_that_is_no_truth_is_refused(hub: RunningHub) -> None:
    answer = await hub.rest.get("/workers?available_only=perhaps")
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (400, "available_only")


async def test_what_a_worker_would_take_next_is_told_and_not_taken(hub: RunningHub) -> None:
    await hub.worker()
    first, second = [await hub.submit(priority=priority) for priority in (9, 1)]
    for n, expected in ((1, [first]), (5, [first, second])):
        answer = await hub.rest.get("/workers/w1/next", params={"n": n})
        assert answer.status_code == 200
        told = answer.json()
        assert [each["id"] for each in told["jobs"]] == expected
        assert (told["worker_id"], told["is_connected"], told["free_slots"]) == ("w1", True, 1)
    assert {(await hub.job(each))["status"] for each in (first, second)} == {"pending"}


@pytest.mark.parametrize("n", ["0", "101", "x"])
async def test_how_many_jobs_to_tell_has_bounds(hub: RunningHub, n: str) -> None:
    answer = await hub.rest.get("/workers/w1/next", params={"n": n})
    assert answer.status_code == 400
    assert answer.json()["fields"][0]["field"] == "n"


async def test_a_worker_that_is_not_there_takes_nothing(hub: RunningHub) -> None:
    assert (await hub.rest.get("/workers/nobody/next")).status_code == 404


async def test_a_worker_is_shown_with_its_files_of_models(hub: RunningHub) -> None:
    worker = await hub.worker()
    known = ModelFile("comfyui/checkpoints/a.safetensors", 7, "a" * 64)
    unknown = ModelFile("comfyui/loras/b.safetensors", 5)
    await worker.send(WorkerModels(worker_id="w1", files=(known, unknown), anew=True))

    async def shown() -> list[dict[str, Any]]:
        return (await hub.rest.get("/workers/w1")).json()["worker"]["model_files"]

    await wait_until(shown)
    assert await shown() == [
        {"name": known.name, "size_bytes": 7, "sha256": "a" * 64},
        {"name": unknown.name, "size_bytes": 5, "sha256": None},
    ]


async def test_a_list_tells_how_many_models_there_are_and_not_their_names(hub: RunningHub) -> None:
    names = tuple(f"{number}.safetensors" for number in range(3))
    await hub.worker("w1", capability=Capability(services=("comfyui",), models={"comfyui": names}))
    await hub.worker("w2")
    for path in ("/workers", "/dashboard/api/workers"):
        first, second = (await hub.rest.get(path)).json()["workers"]
        assert (first["model_counts"], second["model_counts"]) == ({"comfyui": 3}, None)
        assert "models" not in first["capabilities"]
    shown = (await hub.rest.get("/workers/w1")).json()["worker"]
    assert shown["capabilities"]["models"] == {"comfyui": list(names)}


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (WorkerModels(worker_id="w1", gone=("a",) * 501), "files: at most 500 in a message"),
        (WorkerModels(worker_id="w1", files=(ModelFile("", 1),)), "files.name: 1 to 1000"),
        (WorkerModels(worker_id="w1", files=(ModelFile("a", -1),)), "files.size_bytes: expected 0"),
        (
            WorkerModels(worker_id="w1", files=(ModelFile("a", 1, "A"),)),
            "files.sha256: expected 64",
        ),
    ],
)
async def test_what_cannot_be_a_file_of_a_model_is_refused(
    hub: RunningHub, message: WorkerModels, problem: str
) -> None:
    worker = await hub.worker()
    await worker.send(message)
    assert (await worker.expect(Error)).error.startswith(problem)


async def test_more_files_than_are_kept_are_refused(
    hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_workers, "MAX_MODEL_FILES", 0)
    worker = await hub.worker()
    await worker.send(WorkerModels(worker_id="w1", files=(ModelFile("a", 1),)))
    assert (await worker.expect(Error)).error.startswith("files: a worker may tell of 20000 files")
