"""Files as answers: whole or in part, shown or downloaded, never run."""

from pathlib import Path
from typing import Any

from litestar import Request, Response
from litestar.response import Stream

from hub.api.ranges import part_of
from hub.artifacts.kinds import UNKNOWN, kind_of_file
from hub.artifacts.pieces import pieces_of

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
}


async def file_answer(request: Request[Any, Any, Any], path: Path, sha256: str) -> Response[Any]:
    """The bytes of an artifact that the request asks for. Raises `RangeOutsideError`."""
    size = path.stat().st_size
    headers = HEADERS | _shown(path, sha256) | {"Accept-Ranges": "bytes", "ETag": f'"{sha256}"'}
    asked = request.headers
    if f'"{sha256}"' in asked.get("if-none-match", ""):
        return Response(None, status_code=304, headers=headers)
    is_same = asked.get("if-range", f'"{sha256}"') == f'"{sha256}"'
    part = part_of(asked.get("range"), size) if is_same else None
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    wanted = part or range(size)
    return Stream(
        pieces_of(path, wanted),
        status_code=200 if part is None else 206,
        headers=headers | {"Content-Length": str(len(wanted))},
        media_type=headers["Content-Type"],
    )


def _shown(path: Path, sha256: str) -> dict[str, str]:
    """Only what was recognised is shown in a page; all else, HTML and SVG among it, is kept."""
    kind = kind_of_file(path)
    where = "attachment" if kind == UNKNOWN else "inline"
    return {"Content-Type": kind, "Content-Disposition": f'{where}; filename="{sha256}"'}
