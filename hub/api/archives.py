"""All files of a job in one."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Stream

from hub.api.guards import clients
from hub.artifacts.archive import Member, archived, names
from hub.parts import Parts
from shared.digests import SHA256


@get(
    "/jobs/{job_id:str}/artifacts.zip",
    before_request=clients,
    summary="All files of a job, as a zip",
    tags=["artifacts"],
)
async def get_archive(job_id: FromPath[str], parts: NamedDependency[Parts]) -> Stream:
    """The files of the job's result under their names, streamed. 404 with the reason when there are
    none, or when one is not kept any more.
    """
    job = await parts.views.job(job_id)
    if job is None:
        raise NotFoundException("Job not found")
    files = _files(job.result)
    if not files:
        raise NotFoundException(f"job {job_id} has no files; it is {job.status.value}")
    readers = {sha256: await _reader(parts, sha256) for _, sha256 in files}
    members = [
        Member(name, partial(readers[sha256], sha256))
        for name, (_, sha256) in zip(names(name for name, _ in files), files, strict=True)
    ]
    headers = {
        "Content-Disposition": f'attachment; filename="{job_id}.zip"',
        "X-Content-Type-Options": "nosniff",
    }
    return Stream(archived(members), media_type="application/zip", headers=headers)


async def _reader(parts: Parts, sha256: str) -> Callable[[str], AsyncIterator[bytes]]:
    if await parts.artifacts.has(sha256):
        return parts.artifacts.read
    if await parts.neighbours.keep(sha256):
        return parts.neighbours.read
    raise NotFoundException(f"artifact {sha256} is not kept any more")


def _files(result: Any) -> list[tuple[str, str]]:
    """Names and digests of a result's files; a worker may have said anything."""
    match result:
        case {"files": [*listed]}:
            return [file for each in listed if (file := _file(each))]
        case _:
            return []


def _file(said: Any) -> tuple[str, str] | None:
    match said:
        case {"filename": str(name), "sha256": str(sha256)} if SHA256.fullmatch(sha256):
            return name, sha256
        case _:
            return None
