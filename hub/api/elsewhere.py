"""Files that another hub has, passed on to the client while they come."""

from typing import Any

from litestar import Request
from litestar.exceptions import NotFoundException
from litestar.response import Stream

from hub.neighbours import passed_on
from hub.parts import Parts

ASKED = ("range", "if-range", "if-none-match")
TOLD = (
    "content-type", "content-length", "content-range", "content-disposition", "accept-ranges",
    "etag", "x-content-type-options", "content-security-policy", "cache-control",
)  # fmt: skip
"""Headers that pass from the client to the hub that has the file, and back."""


async def from_elsewhere(
    request: Request[Any, Any, Any], parts: Parts, sha256: str, part: str = ""
) -> Stream:
    """The answer of the hub that has the file. Raises `NotFoundException` when none has."""
    asked = {name: request.headers[name] for name in ASKED if name in request.headers}
    answer = await parts.neighbours.ask("GET", sha256, part, asked)
    if answer is None:
        raise NotFoundException("Artifact not found")
    return Stream(
        passed_on(answer),
        status_code=answer.status_code,
        headers={name: answer.headers[name] for name in TOLD if name in answer.headers},
        media_type=answer.headers.get("content-type"),
    )
