"""Bodies that are files: in one go, or the rest of what broke off."""

import re
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request
from litestar.exceptions import InternalServerException

from hub.artifacts import BrokenOffError
from shared.fields import FieldError

CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")


def offset_of(request: Request[Any, Any, Any], largest: int) -> int:
    """Where the body begins in its file. A part goes to the end of the file. Raises `FieldError`."""
    header = request.headers.get("content-range")
    if header is None:
        return 0
    match = CONTENT_RANGE.fullmatch(header)
    first, last, size = (int(each) for each in match.groups()) if match else (0, -1, 0)
    if first > last or last + 1 != size or request.content_length != size - first:
        raise FieldError(
            "Content-Range",
            "is not the rest of a file",
            "bytes FIRST-LAST/SIZE with LAST = SIZE - 1, and a Content-Length that fits",
        )
    if size > largest:
        raise FieldError("Content-Range", f"{size} bytes are too many", f"at most {largest}")
    return first


async def body_of(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    """The body, in pieces. Raises `BrokenOffError`."""
    try:
        async for chunk in request.stream():
            yield chunk
    except InternalServerException as problem:  # which is what Litestar makes of a lost connection
        raise BrokenOffError(problem.detail) from problem
