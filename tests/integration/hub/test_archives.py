"""All files of a job in one, over REST."""

import io
import zipfile
from typing import Any

import pytest

from tests.support.artifacts import handed_in
from tests.support.hubs import RunningHub


async def completed(hub: RunningHub, result: Any) -> str:
    """The id of a job with this result."""
    job_id = await hub.submit()
    worker = await hub.worker()
    await worker.complete(await worker.take(), result)
    await hub.becomes(job_id, "completed")
    return job_id


async def test_the_files_of_a_job(hub: RunningHub) -> None:
    files = [
        {"filename": name, "sha256": (await handed_in(hub, content)).rpartition("/")[2]}
        for name, content in (("a.png", b"one"), ("a.png", b"two"), ("b.txt", b"one"))
    ]
    job_id = await completed(hub, {"files": [*files, {"filename": "no digest"}, "nonsense"]})
    answer = await hub.rest.get(f"/jobs/{job_id}/artifacts.zip")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"] == f'attachment; filename="{job_id}.zip"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found == {"a.png": b"one", "a (2).png": b"two", "b.txt": b"one"}


@pytest.mark.parametrize("result", [None, [], {"files": 3}, {"files": [{"sha256": "x"}]}], ids=str)
async def test_a_job_without_files_has_none(hub: RunningHub, result: Any) -> None:
    job_id = await completed(hub, result)
    answer = await hub.rest.get(f"/jobs/{job_id}/artifacts.zip")
    told = f"job {job_id} has no files; it is completed"
    assert (answer.status_code, answer.json()) == (404, {"error": told})


async def test_a_file_that_is_gone_is_named(hub: RunningHub) -> None:
    job_id = await completed(hub, {"files": [{"filename": "a", "sha256": "0" * 64}]})
    answer = await hub.rest.get(f"/jobs/{job_id}/artifacts.zip")
    told = f"artifact {'0' * 64} is not kept any more"
    assert (answer.status_code, answer.json()) == (404, {"error": told})


async def test_of_no_job_there_is_none(hub: RunningHub) -> None:
    answer = await hub.rest.get("/jobs/nobody/artifacts.zip")
    assert (answer.status_code, answer.json()) == (404, {"error": "Job not found"})
