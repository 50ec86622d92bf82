"""Files of jobs: workers hand them in, clients fetch them."""

from pathlib import Path
from typing import Any

from litestar import Request, Response, get, head, put
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import File

from hub.api.guards import workers, workers_or_clients
from hub.parts import Parts

LARGEST = 2 * 1024**3
"""Bytes of the largest file."""


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
}


@put(
    "/artifacts/{sha256:str}",
    guards=[workers],
    summary="Hand a file in",
    tags=["artifacts"],
    request_max_body_size=LARGEST,
)
async def put_artifact(
    sha256: FromPath[str], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Response[dict[str, str | int]]:
    """The raw bytes. 400 when they do not have the digest that the path says."""
    size = await parts.artifacts.store(sha256, request.stream())
    return Response(
        {"sha256": sha256, "size_bytes": size, "url": f"/artifacts/{sha256}"}, status_code=201
    )


@get(
    "/artifacts/{sha256:str}",
    guards=[workers_or_clients],
    summary="Fetch a file",
    tags=["artifacts"],
)
async def get_artifact(sha256: FromPath[str], parts: NamedDependency[Parts]) -> File:
    """The bytes, as a download; the job's result tells their name and type."""
    return File(
        _found(parts, sha256),
        filename=sha256,
        media_type="application/octet-stream",
        headers=HEADERS,
    )


@head(
    "/artifacts/{sha256:str}",
    guards=[workers_or_clients],
    summary="Is a file here?",
    tags=["artifacts"],
)
async def has_artifact(sha256: FromPath[str], parts: NamedDependency[Parts]) -> None:
    """200, and it stays for the job that will name it; or 404 when it must be handed in."""
    if not parts.artifacts.touch(sha256):
        raise NotFoundException("Artifact not found")


def _found(parts: Parts, sha256: str) -> Path:
    path = parts.artifacts.find(sha256)
    if path is None:
        raise NotFoundException("Artifact not found")
    return path
