"""The agent from the hub itself: a script for the shell, and the binary that it fetches."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.response import File

from hub.parts import Parts

FRESH = {"Cache-Control": "no-cache"}
AnyRequest = Request[Any, Any, Any]


@get("/install.sh", summary="The script that installs the agent", tags=["machines"])
async def get_script(request: AnyRequest, parts: NamedDependency[Parts]) -> Response[str]:
    """`curl -fsSL URL/install.sh | sh -s -- --token T` makes a machine a worker of this hub. 404 when
    no binary of the agent is here.
    """
    text = parts.installer.script(str(request.base_url))
    return Response(text, media_type="text/x-shellscript; charset=utf-8", headers=FRESH)


@get("/agent/emp-agent", summary="The agent's binary", tags=["machines"])
async def get_agent(parts: NamedDependency[Parts]) -> File:
    """For Linux. 404 when no binary of the agent is here."""
    return File(
        parts.installer.binary(),
        filename="emp-agent",
        media_type="application/octet-stream",
        headers=FRESH,
    )


@get("/agent/emp-agent.sha256", summary="The digest of the binary", tags=["machines"])
async def get_digest(parts: NamedDependency[Parts]) -> Response[str]:
    """As sha256sum writes it. 404 when no binary of the agent is here."""
    return Response(await parts.installer.sha256(), media_type="text/plain", headers=FRESH)
