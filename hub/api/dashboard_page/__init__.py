"""The page of the whole system: what waits, runs and has ended, and who works."""

from typing import Any

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from shared.pages import POLICY, SHARED, page_file

__all__ = ["get_dashboard", "get_dashboard_file"]

_NAMES = frozenset({*SHARED, "dashboard.js", "hub.js", "worker.js"})
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


@get("/dashboard", summary="The dashboard", tags=["dashboard"])
async def get_dashboard() -> Response[Any]:
    """A page that asks for an API key where one is needed; it holds nothing itself."""
    return _file("index.html")


@get("/dashboard/files/{name:str}", include_in_schema=False)
async def get_dashboard_file(name: FromPath[str]) -> Response[Any]:
    """A script or the looks of the dashboard."""
    if name not in _NAMES:
        raise NotFoundException("no such file")
    return _file(name)


def _file(name: str) -> Response[Any]:
    content, kind = page_file(name, "hub.api.dashboard_page")
    return Response(content, media_type=kind, headers=_HEADERS)
