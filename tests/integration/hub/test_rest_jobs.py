"""Jobs over REST: accepted, shown, listed, cancelled; refused with the field and the remedy."""

import asyncio
from typing import Any

import pytest

from tests.support.hubs import RunningHub

PLAIN: dict[str, Any] = {"type": "simulation", "payload": {}}
EXPORT: dict[str, Any] = {"nodes": [], "links": []}
WORKFLOW: dict[str, Any] = {"workflow_id": "w", "workflow_priority": 5, "workflow_datetime": 1000}

# The changed field, and what is told of it: the field, a part of the problem, what is accepted.
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"type": ""}, "type", "length >= 1"),
    ({"type": 5}, "type", "Expected `str`, got `int`"),
    ({"type": "x" * 201}, "type", "length <= 200"),
    ({"payload": []}, "payload", "Expected `object`, got `array`"),
    ({"payload": None}, "payload", "Expected `object`, got `null`"),
    ({"priority": 1.5}, "priority", "Expected `int | null`, got `float`"),
    ({"priority": "high"}, "priority", "Expected `int | null`, got `str`"),
    ({"priority": "5"}, "priority", "Expected `int | null`, got `str`"),
    ({"timeout_minutes": "5"}, "timeout_minutes", "Expected `float | null`, got `str`"),
    ({"priority": 1_000_001}, "priority", "<= 1000000"),
    ({"priority": -1_000_001}, "priority", ">= -1000000"),
    ({"customer_id": ""}, "customer_id", "length >= 1"),
    ({"customer_id": 7}, "customer_id", "Expected `str | null`, got `int`"),
    ({"max_retries": -1}, "max_retries", ">= 0"),
    ({"max_retries": 101}, "max_retries", "<= 100"),
    ({"max_retries": True}, "max_retries", "Expected `int`, got `bool`"),
    ({"timeout_minutes": 0}, "timeout_minutes", "> 0"),
    ({"timeout_minutes": 10_081}, "timeout_minutes", "<= 10080"),
    ({"workflow_id": ""}, "workflow_id", "length >= 1"),
    ({"workflow_priority": 2**70}, "workflow_priority", "<= 1000000"),
    ({"workflow_datetime": -1}, "workflow_datetime", ">= 0"),
    ({"workflow_datetime": 10**13}, "workflow_datetime", "<= 9999999999999"),
    ({"workflow_priority": 1}, "workflow_priority", "there is no workflow_id"),
    ({"workflow_datetime": 1}, "workflow_datetime", "there is no workflow_id"),
    ({"step_number": -1}, "step_number", ">= 0"),
    ({"step_number": 1_000_000}, "step_number", "<= 999999"),
    ({"status": "completed"}, "status", "unknown field"),
    ({"requirements": []}, "requirements", "Expected `object`, got `array`"),
    ({"requirements": {"gpu": 1}}, "requirements.gpu", "unknown field"),
    ({"requirements": {"service_type": ""}}, "requirements.service_type", "length >= 1"),
    ({"requirements": {"component": 1}}, "requirements.component", "Expected `str | null`"),
    ({"requirements": {"workflow": []}}, "requirements.workflow", "Expected `str | null`"),
    ({"requirements": {"models": {}}}, "requirements.models", "Expected `str | array`"),
    ({"requirements": {"models": "sdxl"}}, "requirements.models", "is a text"),
    ({"requirements": {"models": [1]}}, "requirements.models[0]", "Expected `str`, got `int`"),
    ({"requirements": {"models": ["m"] * 201}}, "requirements.models", "length <= 200"),
    ({"requirements": {"models": ["m", "sha256:0f"]}}, "requirements.models[1]", "no content"),
    ({"requirements": {"models": ["Sha256:" + "g" * 64]}}, "requirements.models[0]", "no content"),
    ({"requirements": {"models": ["sha256:" + "0" * 65]}}, "requirements.models[0]", "no content"),
    ({"requirements": {"custom_nodes": "n"}}, "requirements.custom_nodes", "Expected `array`"),
    ({"requirements": {"compliance": [""]}}, "requirements.compliance[0]", "length >= 1"),
    ({"requirements": {"customer_isolation": "x"}}, "requirements.customer_isolation", "matching"),
    ({"requirements": {"quality_level": "best"}}, "requirements.quality_level", "matching regex"),
    ({"requirements": {"geographic_region": ""}}, "requirements.geographic_region", "length >= 1"),
    ({"requirements": {"max_rate_per_hour": -1}}, "requirements.max_rate_per_hour", ">= 0"),
    ({"requirements": {"labels": []}}, "requirements.labels", "Expected `object | null`"),
    ({"requirements": {"labels": {"a": {"~": 1}}}}, "requirements.labels.a.~", "is no operator"),
    ({"requirements": {"labels": {"a": None}}}, "requirements.labels.a", "is no value"),
    ({"requirements": {"timeout_minutes": 0}}, "requirements.timeout_minutes", "> 0"),
    ({"requirements": {"hardware": 8}}, "requirements.hardware", "Expected `object`, got `int`"),
    ({"requirements": {"hardware": {"vram": 8}}}, "requirements.hardware.vram", "unknown field"),
    (
        {"requirements": {"hardware": {"gpu_memory_gb": -1}}},
        "requirements.hardware.gpu_memory_gb",
        ">= 0",
    ),
    (
        {"requirements": {"hardware": {"gpu_count": "lots"}}},
        "requirements.hardware.gpu_count",
        "is a text",
    ),
    ({"type": "comfyui", "payload": {"workflow": EXPORT}}, "payload", "Export (API)"),
    ({"type": "comfyui"}, "payload", "at least one node"),
]


@pytest.mark.parametrize(("change", "field", "problem"), REFUSED, ids=str)
async def test_a_field_that_cannot_be_accepted_is_named_with_what_can(
    hub: RunningHub, change: dict[str, Any], field: str, problem: str
) -> None:
    answer = await hub.rest.post("/jobs", json=PLAIN | change)
    assert answer.status_code == 400
    (told,) = answer.json()["fields"]
    assert told["field"] == field
    assert problem in told["problem"]
    assert told["accepted"]
    assert field in answer.json()["error"]
    assert (await hub.rest.get("/jobs")).json()["total_count"] == 0


async def test_a_job_without_its_type_is_refused(hub: RunningHub) -> None:
    answer = await hub.rest.post("/jobs", json={"payload": {}})
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (400, "type")


async def test_an_accepted_job_is_answered_with_its_place(hub: RunningHub) -> None:
    first = await hub.rest.post("/jobs", json={"type": "simulation", "payload": {"a": 1}})
    second = await hub.rest.post("/jobs", json={"type": "simulation", "payload": {}})
    assert (first.status_code, second.status_code) == (201, 201)
    told = first.json()
    assert (told["status"], told["queue_position"]) == ("submitted", 0)
    assert (told["job"]["status"], told["job"]["payload"]) == ("pending", {"a": 1})
    assert second.json()["queue_position"] == 1
    status = (await hub.rest.get(f"/jobs/{second.json()['job_id']}/status")).json()
    assert (status["queue_position"], status["display_position"]) == (1, 2)


async def test_a_job_that_does_not_wait_has_no_place(hub: RunningHub) -> None:
    job_id = await hub.submit()
    await hub.rest.post(f"/jobs/{job_id}/cancel")
    status = (await hub.rest.get(f"/jobs/{job_id}/status")).json()
    assert (status["job"]["status"], status["queue_position"]) == ("cancelled", None)
    assert status["display_position"] is None


async def test_a_step_inherits_from_its_workflow_and_may_not_contradict_it(hub: RunningHub) -> None:
    await hub.submit(**WORKFLOW)
    inherited = await hub.job(await hub.submit(workflow_id="w", step_number=1))
    assert (inherited["priority"], inherited["workflow_datetime"]) == (5, 1000)
    answer = await hub.rest.post(
        "/jobs",
        json=PLAIN | WORKFLOW | {"workflow_priority": 6},
    )
    assert answer.status_code == 409
    (told,) = answer.json()["fields"]
    assert (told["field"], told["accepted"]) == (
        "workflow_priority", "5, or leave it out: steps inherit it",
    )  # fmt: skip


@pytest.mark.parametrize("path", ["", "/status", "/progress", "/preview", "/events"])
async def test_a_job_that_is_not_known_is_not_found(hub: RunningHub, path: str) -> None:
    answer = await hub.rest.get(f"/jobs/nobody{path}")
    assert answer.status_code == 404
    assert "fields" not in answer.json()


async def test_a_waiting_job_is_at_zero_percent_and_has_no_preview(hub: RunningHub) -> None:
    told = (await hub.rest.get(f"/jobs/{await hub.submit()}/progress")).json()
    assert (told["status"], told["progress"], told["preview"]) == ("pending", 0, None)


async def test_a_cancelled_job_stays_cancelled(hub: RunningHub) -> None:
    job_id = await hub.submit()
    cancelled = await hub.rest.post(f"/jobs/{job_id}/cancel", json={"reason": "typo"})
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    job = await hub.job(job_id)
    assert (job["status"], job["error"]) == ("cancelled", "typo")
    assert job["finished_at"] == cancelled.json()["cancelled_at"]
    again = await hub.rest.post(f"/jobs/{job_id}/cancel")
    assert (again.status_code, again.json()["error"]) == (409, "the job is cancelled already")


async def test_what_is_not_known_cannot_be_cancelled(hub: RunningHub) -> None:
    assert (await hub.rest.post("/jobs/nobody/cancel")).status_code == 404


async def test_the_reason_of_a_cancel_is_checked_too(hub: RunningHub) -> None:
    job_id = await hub.submit()
    for body in ({"reason": 5}, {"reason": "x" * 1001}, {"why": ""}):
        answer = await hub.rest.post(f"/jobs/{job_id}/cancel", json=body)
        assert answer.status_code == 400
        assert answer.json()["fields"][0]["field"] in {"reason", "why"}
    assert (await hub.job(job_id))["status"] == "pending"


async def test_the_newest_jobs_come_first_by_pages(hub: RunningHub) -> None:
    ids = [await hub.submit() for _ in range(5)]
    pages = [(await hub.rest.get(f"/jobs?page={page}&page_size=2")).json() for page in (1, 2, 3)]
    assert [job["id"] for page in pages for job in page["jobs"]] == ids[::-1]
    assert [page["has_more"] for page in pages] == [True, True, False]
    assert {page["total_count"] for page in pages} == {5}
    assert (pages[0]["page"], pages[0]["page_size"]) == (1, 2)


async def test_filters_are_combined(hub: RunningHub) -> None:
    wanted = await hub.submit("comfyui-like", customer_id="studio")
    await hub.submit("comfyui-like", customer_id="other")
    await hub.submit(customer_id="studio")
    await hub.rest.post(f"/jobs/{wanted}/cancel")
    listed = await hub.rest.get("/jobs?type=comfyui-like&customer_id=studio&status=cancelled")
    assert [job["id"] for job in listed.json()["jobs"]] == [wanted]
    assert (await hub.rest.get("/jobs?worker_id=nobody")).json()["jobs"] == []
    assert (await hub.rest.get("/jobs?customer_id=studio")).json()["total_count"] == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=x", "page"),
        ("page_size=201", "page_size"),
        ("status=done", "status"),
    ],
)
async def test_a_page_that_cannot_be_is_refused(hub: RunningHub, query: str, field: str) -> None:
    answer = await hub.rest.get(f"/jobs?{query}")
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (400, field)


async def test_a_path_or_method_that_is_not_there_is_answered_as_json(hub: RunningHub) -> None:
    assert (await hub.rest.get("/nowhere")).json()["error"]
    assert (await hub.rest.delete("/jobs")).status_code == 405


async def test_many_submissions_at_once_are_all_kept(hub: RunningHub) -> None:
    ids = await asyncio.gather(*(hub.submit() for _ in range(50)))
    assert len(set(ids)) == 50
    assert (await hub.rest.get("/jobs")).json()["total_count"] == 50


async def test_a_content_may_be_named_in_upper_case(hub: RunningHub) -> None:
    names = ["SHA256:" + "AB" * 32, "A.safetensors"]
    job_id = await hub.submit(requirements={"models": names})
    asked = (await hub.job(job_id))["requirements"]["models"]
    assert asked == ["A.safetensors", "sha256:" + "ab" * 32]
    refused = await hub.rest.post("/jobs", json=PLAIN | {"requirements": {"models": ["sha256:"]}})
    assert refused.status_code == 400
    assert refused.json()["fields"][0]["accepted"] == "sha256: and 64 hexadecimal digits"
