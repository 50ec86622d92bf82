"""Files of jobs: workers hand them in, clients fetch them."""

from typing import Annotated, Any

from litestar import Request, Response, get, head, post, put
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, QueryParameter
from litestar.response import File, Redirect, Stream

from hub.api.elsewhere import from_elsewhere
from hub.api.files import HEADERS, file_answer
from hub.api.guards import clients, workers_or_clients
from hub.api.uploads import body_of, offset_of
from hub.artifacts.kinds import kind_of_file
from hub.artifacts.thumbnails import SIZES
from hub.parts import Parts

LARGEST = 2 * 1024**3
"""Bytes of the largest file."""

ThumbnailSize = Annotated[int, QueryParameter(ge=SIZES[0], le=SIZES[-1])]


@put(
    "/artifacts/{sha256:str}",
    before_request=workers_or_clients,
    summary="Hand a file in",
    tags=["artifacts"],
    request_max_body_size=LARGEST,
)
async def put_artifact(
    sha256: FromPath[str], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Response[dict[str, str | int]]:
    """The raw bytes. 400 when they do not have the digest that the path says. After a broken
    connection `HEAD` tells in `Upload-Offset` how many bytes are here; the rest comes with
    `Content-Range: bytes FIRST-LAST/SIZE`. 409 when it does not fit, with `Upload-Offset`.
    """
    size = await parts.artifacts.store(sha256, body_of(request), offset_of(request, LARGEST))
    return Response(_stored(sha256, size), status_code=201)


@post(
    "/artifacts",
    before_request=clients,
    summary="Upload a file",
    tags=["artifacts"],
    request_max_body_size=LARGEST,
)
async def upload_artifact(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> dict[str, str | int]:
    """The raw bytes, under whatever digest they have: for `inputs` of a job's payload, as
    `{"name": "photo.png", "artifact": "<sha256>"}`.
    """
    sha256, size = await parts.artifacts.take(body_of(request))
    return _stored(sha256, size)


@get(
    "/artifacts/{sha256:str}",
    before_request=workers_or_clients,
    summary="Fetch a file",
    tags=["artifacts"],
)
async def get_artifact(
    sha256: FromPath[str], request: Request[Any, Any, Any], parts: NamedDependency[Parts]
) -> Response[Any]:
    """The bytes, or the `Range` of them. Pictures, video and sound are recognised by their bytes and
    may be shown; all else is a download. 307 to an object store where the hub uses one. What lies
    with another hub on the same Redis comes from there; 503 when that one does not answer.
    """
    artifacts = parts.artifacts
    path = artifacts.find(sha256)
    if path is not None:
        return await file_answer(request, path, sha256)
    if artifacts.bucket is None or not await artifacts.bucket.has(sha256):
        return await from_elsewhere(request, parts, sha256)
    url = artifacts.bucket.download_url(sha256, await artifacts.bucket.kind(sha256))
    return Redirect(url, status_code=307, headers={"Cache-Control": "no-store"})


@get(
    "/artifacts/{sha256:str}/thumbnail",
    before_request=clients,
    summary="A file, small",
    tags=["artifacts"],
)
async def get_thumbnail(
    sha256: FromPath[str],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    size: ThumbnailSize = 256,
) -> File | Stream:
    """A WebP of a picture, or of a frame of a video. `size` is the longer side in pixels, rounded up
    to 64, 128, 256, 512 or 1024. 404 with the reason where there can be none.
    """
    if not await parts.artifacts.has(sha256):
        return await from_elsewhere(request, parts, sha256, f"/thumbnail?size={size}")
    return await small(parts, sha256, size)


@head(
    "/artifacts/{sha256:str}",
    before_request=workers_or_clients,
    summary="Is a file here?",
    tags=["artifacts"],
)
async def has_artifact(sha256: FromPath[str], parts: NamedDependency[Parts]) -> None:
    """200, and it stays for the job that will name it; or 404 when it must be handed in, from the
    byte on that `Upload-Offset` tells; or to the object store where `Upload-To` leads.
    """
    artifacts = parts.artifacts
    if await artifacts.keep(sha256):
        return
    told = {"Upload-Offset": str(artifacts.incoming.offset(sha256))}
    if artifacts.bucket is not None and await artifacts.bucket.is_strict():
        told["Upload-To"] = artifacts.bucket.upload_url(sha256)
    raise NotFoundException("Artifact not found", headers=told)


def _stored(sha256: str, size: int) -> dict[str, str | int]:
    return {"sha256": sha256, "size_bytes": size, "url": f"/artifacts/{sha256}"}


async def small(parts: Parts, sha256: str, size: int) -> File:
    """A small picture of a file that this hub can read. Raises `NoThumbnailError`."""
    artifacts = parts.artifacts
    async with artifacts.at_hand(sha256) as path:
        made = await artifacts.thumbnails.of(path, sha256, kind_of_file(path), size)
    return File(made, media_type="image/webp", headers=HEADERS, content_disposition_type="inline")
