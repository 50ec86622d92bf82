"""The document, its page, and its examples."""

import json
import re
from typing import Any

import pytest

from hub.api.workflows import ONE_BY_ONE
from shared.states import JobState
from tests.support.hubs import RunningHub

Document = dict[str, Any]

ROUTES = {
    "POST /jobs",
    "GET /jobs",
    "GET /jobs/{job_id}",
    "GET /jobs/{job_id}/status",
    "GET /jobs/{job_id}/explain",
    "GET /jobs/{job_id}/progress",
    "GET /jobs/{job_id}/preview",
    "GET /jobs/{job_id}/events",
    "POST /jobs/{job_id}/cancel",
    "PATCH /jobs/{job_id}",
    "POST /workflows",
    "GET /workflows",
    "GET /workflows/{workflow_id}",
    "PATCH /workflows/{workflow_id}",
    "POST /workflows/{workflow_id}/cancel",
    "POST /workflows/{workflow_id}/resume",
    "POST /jobs/{job_id}/replay",
    "POST /jobs/bulk",
    "GET /dead-letters",
    "POST /enrolment-tokens",
    "POST /enrol",
    "GET /install.sh",
    "GET /agent/emp-agent",
    "GET /agent/emp-agent.sha256",
    "GET /machines",
    "DELETE /machines/{machine_id}",
    "GET /workers",
    "GET /workers/{worker_id}",
    "GET /workers/{worker_id}/next",
    "GET /workers/{worker_id}/logs",
    "PUT /artifacts/{sha256}",
    "POST /artifacts",
    "GET /artifacts/{sha256}",
    "GET /jobs/{job_id}/artifacts.zip",
    "GET /artifacts/{sha256}/thumbnail",
    "HEAD /artifacts/{sha256}",
    "GET /health",
    "GET /system/status",
    "GET /",
    "POST /api/jobs",
    "GET /api/jobs/{job_id}",
    "GET /metrics",
    "GET /statistics",
    "GET /queue/pending",
    "GET /queue/active",
    "GET /queue/completed",
    "GET /queue/failed",
    "GET /workers/{worker_id}/jobs",
    "GET /dashboard",
    "GET /dashboard/api/status",
    "GET /dashboard/api/jobs",
    "GET /dashboard/api/workers",
    "GET /dashboard/api/metrics",
}


@pytest.fixture
async def document(hub: RunningHub) -> Document:
    answer = await hub.rest.get("/docs/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def references(document: Document) -> list[str]:
    """Every $ref in the document."""
    return re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))


def operations(document: Document) -> dict[str, Document]:
    return {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


async def test_the_document_is_whole(document: Document) -> None:
    assert re.fullmatch(r"3\.1\.\d", document["openapi"])
    assert document["info"]["title"] == "emp-job-queue hub"
    assert references(document)
    for reference in references(document):
        found = document
        for name in reference.split("/"):
            found = found[name]
    ids = [each["operationId"] for each in operations(document).values()]
    assert len(ids) == len(set(ids))


async def test_every_route_is_documented(document: Document) -> None:
    assert set(operations(document)) == ROUTES
    for name, operation in operations(document).items():
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name


async def test_every_field_of_a_job_is_documented_with_its_bounds(document: Document) -> None:
    body = document["components"]["schemas"]["JobBody"]
    assert set(body["required"]) == {"type", "payload"}
    retries = body["properties"]["max_retries"]
    assert (retries["minimum"], retries["maximum"], retries["default"]) == (0, 100, 3)


async def test_the_filters_of_a_list_are_documented(document: Document) -> None:
    listed = operations(document)["GET /jobs"]["parameters"]
    assert {each["name"] for each in listed} == {
        "status", "type", "customer_id", "worker_id", "workflow_id", "page", "page_size",
    }  # fmt: skip
    assert document["components"]["schemas"]["JobState"]["enum"] == list(JobState)


async def test_every_example_is_accepted_as_it_stands(hub: RunningHub, document: Document) -> None:
    examples = 0
    await hub.rest.post("/workflows", json=ONE_BY_ONE)
    ended, job_id = await hub.submit(), await hub.submit()
    await hub.rest.post(f"/jobs/{ended}/cancel")
    for name, operation in operations(document).items():
        content = operation.get("requestBody", {}).get("content", {})
        for example in content.get("application/json", {}).get("schema", {}).get("examples", []):
            method, path = name.split(" ")
            path = path.format(
                workflow_id=ONE_BY_ONE["workflow_id"], job_id=ended if "replay" in path else job_id
            )
            answer = await hub.rest.request(method, path, json=example)
            is_change = method == "PATCH" or path.endswith("/bulk")
            is_plain = is_change or path == "/api/jobs"
            assert answer.status_code == (200 if is_plain else 201), answer.text
            examples += 1
    assert examples >= 1


async def test_the_page_loads_nothing_from_elsewhere(hub: RunningHub) -> None:
    page = await hub.rest.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"([^\"]*)\"", page.text)
    assert len(loaded) >= 3
    assert [each for each in loaded if not each.startswith("/docs-assets/")] == []
    assert re.findall(r"@import|url\(\s*['\"]?https?:", page.text) == []
    for each in loaded:
        assert (await hub.rest.get(each)).status_code == 200


@pytest.mark.parametrize("path", ["..%2f__init__.py", "../__init__.py", "%2e%2e/__init__.py"])
async def test_nothing_but_the_assets_is_served(hub: RunningHub, path: str) -> None:
    assert (await hub.rest.get(f"/docs-assets/{path}")).status_code in {400, 403, 404}
