"""What one hub asks of another: files on its own disk. Nothing here asks anybody else."""

from typing import Any

from litestar import Request, Response, get, head
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import File

from hub.api.artifacts import ThumbnailSize, small
from hub.api.files import file_answer
from hub.api.guards import hubs
from hub.neighbours import HAS_NOT, IS_VALUE
from hub.parts import Parts


@get("/hubs/artifacts/{sha256:str}", before_request=hubs, include_in_schema=False)
async def get_for_hub(
    sha256: FromPath[str], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Response[Any]:
    """The bytes, or the `Range` of them."""
    path = parts.artifacts.find(sha256)
    if path is None:
        raise _has_not()
    answer = await file_answer(request, path, sha256)
    if parts.artifacts.values.has(sha256):
        answer.headers[IS_VALUE] = "1"
    return answer


@head("/hubs/artifacts/{sha256:str}", before_request=hubs, include_in_schema=False)
async def keep_for_hub(sha256: FromPath[str], parts: NamedDependency[Parts]) -> None:
    """Whether the file is here; it stays for the job that will name it."""
    if parts.artifacts.find(sha256) is None or not await parts.artifacts.keep(sha256):
        raise _has_not()


@get("/hubs/artifacts/{sha256:str}/thumbnail", before_request=hubs, include_in_schema=False)
async def get_thumbnail_for_hub(
    sha256: FromPath[str], parts: NamedDependency[Parts], size: ThumbnailSize = 256
) -> File:
    """The file, small."""
    if parts.artifacts.find(sha256) is None:
        raise _has_not()
    return await small(parts, sha256, size)


def _has_not() -> NotFoundException:
    return NotFoundException("Artifact not found", headers={HAS_NOT: "1"})
