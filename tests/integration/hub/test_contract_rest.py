"""Every REST row that the original promised: what is sent, what comes back, field by field."""

from typing import Any

import pytest

from tests.support.hubs import RunningHub
from tests.support.store import LATER_MS

JOB = {
    "id", "type", "status", "priority", "payload", "requirements", "customer_id", "created_at",
    "max_retries", "worker_id", "assigned_at", "started_at",
}  # fmt: skip
WAITING_JOB = {
    "job_id", "status", "job_type", "client_id", "worker_id", "created_at", "claimed_at",
    "completed_at", "position", "display_position", "position_description", "progress", "result",
    "error", "failures",
}  # fmt: skip
FIGURES = {"timestamp", "jobs", "workers", "system"}
SUBMITTED = {"job_id", "status", "queue_position", "job"}
PAGE = {"jobs", "total_count", "page", "page_size", "has_more"}
BODY: dict[str, Any] = {"type": "simulation", "payload": {}}
OLD_BODY: dict[str, Any] = {
    "job_type": "simulation",
    "payload": {},
    "priority": 3,
    "wait": False,
    "timeout": 5,
}

# method, path, body; status, and the fields of the answer
ROWS: list[tuple[str, str, Any, int, set[str]]] = [
    ("GET", "/health", None, 200, {"status", "timestamp", "version", "services"}),
    ("POST", "/jobs", BODY, 201, SUBMITTED),
    ("POST", "/jobs", {"payload": {}}, 400, {"error", "fields", "required"}),
    ("GET", "/jobs/{waits}", None, 200, {"job"}),
    ("GET", "/jobs/{waits}/status", None, 200, {"job", "queue_position"}),
    ("GET", "/jobs/{runs}/progress", None, 200, {"job_id", "status", "progress", "message"}),
    ("GET", "/jobs/nobody", None, 404, {"error"}),
    ("POST", "/jobs/{waits}/cancel", {"reason": "x"}, 200, {"job_id", "status", "cancelled_at"}),
    ("GET", "/jobs?status=pending&type=simulation&page=1&page_size=20", None, 200, PAGE),
    ("GET", "/jobs?customer_id=a&worker_id=w1", None, 200, PAGE),
    ("GET", "/workers?status=idle&services=simulation&available_only=true", None, 200, {"workers"}),
    ("GET", "/workers/w1", None, 200, {"worker"}),
    ("GET", "/workers/nobody", None, 404, {"error"}),
    ("GET", "/workers/w1/jobs?limit=50", None, 200, {"worker_id", "jobs"}),
    ("GET", "/workers/nobody/jobs", None, 404, {"error"}),
    ("GET", "/metrics", None, 200, FIGURES),
    ("GET", "/statistics", None, 200, {"pending", "active", "completed", "failed", "cancelled"}),
    ("GET", "/system/status", None, 200, {"timestamp", "status", "jobs", "workers"}),
    ("GET", "/queue/pending?limit=5", None, 200, {"jobs"}),
    ("GET", "/queue/active?worker_id=w1", None, 200, {"jobs"}),
    ("GET", "/queue/completed", None, 200, {"jobs"}),
    ("GET", "/queue/failed", None, 200, {"jobs"}),
    ("GET", "/queue/failed?limit=0", None, 400, {"error", "fields"}),
    ("GET", "/dashboard/api/status", None, 200, FIGURES),
    ("GET", "/dashboard/api/jobs?status=active,in_progress", None, 200, {"jobs"}),
    ("GET", "/dashboard/api/jobs?status=tired", None, 400, {"error", "fields"}),
    ("GET", "/dashboard/api/workers", None, 200, {"workers"}),
    ("GET", "/dashboard/api/metrics", None, 200, FIGURES),
    ("GET", "/", None, 200, {"status", "message"}),
    ("POST", "/api/jobs", OLD_BODY, 200, {"success", "job_id", "message"}),
    ("POST", "/api/jobs", BODY, 200, {"success", "job_id", "message"}),
    ("POST", "/api/jobs", {"payload": {}}, 400, {"error", "fields"}),
    ("POST", "/api/jobs", OLD_BODY | {"type": "other"}, 400, {"error", "fields"}),
    ("POST", "/api/jobs", OLD_BODY | {"job_id": "a b"}, 400, {"error", "fields"}),
    ("GET", "/api/jobs/{waits}", None, 200, WAITING_JOB),
    ("GET", "/api/jobs/nobody", None, 404, {"error"}),
]


@pytest.fixture
async def ids(hub: RunningHub) -> dict[str, str]:
    """One job that runs and one that waits."""
    worker = await hub.worker()
    runs = await hub.submit(priority=90)
    await worker.take()
    return {"runs": runs, "waits": await hub.submit()}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "fields"),
    ROWS,
    ids=range(len(ROWS)),
)
async def test_every_row_is_answered(  # noqa: PLR0913, PLR0917 - a row
    hub: RunningHub, ids: dict[str, str], method: str, path: str, body: Any, status: int,
    fields: set[str],
) -> None:  # fmt: skip
    answer = await hub.rest.request(method, path.format_map(ids), json=body)
    assert answer.status_code == status, answer.text
    assert fields <= set(answer.json())


async def test_the_lists_hold_the_jobs_that_they_name(hub: RunningHub, ids: dict[str, str]) -> None:
    listed: dict[str, list[str]] = {}
    for path in (
        "/queue/pending", "/queue/active", "/queue/active?worker_id=w1",
        "/queue/active?worker_id=w2", "/queue/completed", "/workers/w1/jobs",
        "/dashboard/api/jobs", "/dashboard/api/jobs?status=active,pending",
    ):  # fmt: skip
        jobs = (await hub.rest.get(path)).json()["jobs"]
        assert all(set(job) >= JOB for job in jobs)
        listed[path] = [job["id"] for job in jobs]
    assert listed == {
        "/queue/pending": [ids["waits"]],
        "/queue/active": [ids["runs"]],
        "/queue/active?worker_id=w1": [ids["runs"]],
        "/queue/active?worker_id=w2": [],
        "/queue/completed": [],
        "/workers/w1/jobs": [ids["runs"]],
        "/dashboard/api/jobs": [ids["waits"]],
        "/dashboard/api/jobs?status=active,pending": [ids["waits"], ids["runs"]],
    }


@pytest.mark.usefixtures("ids")
async def test_the_figures_count_what_is_there(hub: RunningHub) -> None:
    told = (await hub.rest.get("/metrics")).json()
    jobs = {name: told["jobs"][name] for name in ("pending", "active", "queued", "total")}
    assert jobs == {"pending": 1, "active": 1, "queued": 1, "total": 2}
    assert told["workers"] == {
        "total": 1, "active": 1, "idle": 0, "busy": 1, "offline": 0, "slots": 1, "used": 1,
    }  # fmt: skip
    assert (told["system"]["queue_depth"], told["system"]["worker_utilization"]) == (1, 1)
    assert told["system"]["uptime_s"] >= 0
    assert told["system"]["memory_mb"] > 10


async def test_without_workers_nothing_is_used(hub: RunningHub) -> None:
    assert (await hub.rest.get("/metrics")).json()["system"]["worker_utilization"] == 0


async def test_a_place_is_told_from_0_from_1_and_in_words(
    hub: RunningHub, ids: dict[str, str]
) -> None:
    second, third = await hub.submit(), await hub.submit()
    told = [
        (await hub.rest.get(f"/api/jobs/{each}")).json() for each in (ids["waits"], second, third)
    ]
    places = [
        (job["position"], job["display_position"], job["position_description"]) for job in told
    ]
    assert places == [
        (0, 1, "Next in queue"), (1, 2, "1 job ahead in queue"), (2, 3, "2 jobs ahead in queue"),
    ]  # fmt: skip
    runs = (await hub.rest.get(f"/api/jobs/{ids['runs']}")).json()
    assert (runs["position"], runs["position_description"], runs["worker_id"]) == (None, None, "w1")


async def test_what_waits_is_listed_in_the_order_of_the_queue(hub: RunningHub) -> None:
    named = {
        "late": await hub.submit(priority=1),
        "next": await hub.submit("x", priority=50),
        "first": await hub.submit("y", priority=70),
        "third": await hub.submit(priority=50),
    }
    held = await hub.submit(run_at=LATER_MS, priority=99)
    listed = (await hub.rest.get("/queue/pending")).json()["jobs"]
    assert [job["id"] for job in listed] == [
        *(named[each] for each in ("first", "next", "third", "late")), held,
    ]  # fmt: skip
    assert listed[-1]["status"] == "delayed"
    few = (await hub.rest.get("/queue/pending?limit=2")).json()["jobs"]
    assert [job["id"] for job in few] == [named["first"], named["next"]]
