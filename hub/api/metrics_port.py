"""What METRICS_PORT serves: figures and fitness, and nothing else."""

from typing import cast

from attrs import frozen
from litestar.types import ASGIApp, Receive, Scope, Send

from hub.api.answers import messages
from hub.documents import encoded
from hub.sessions.connection import INVALID

SERVED = ("/metrics", "/health")


@frozen
class MetricsPort:
    """The application, of which only `SERVED` can be reached by `ports`."""

    app: ASGIApp
    ports: frozenset[int]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what came by another port, or is served."""
        server = cast("tuple[str, int]", scope["server"])  # a socket of ours has always one
        if server[1] not in self.ports or scope["path"].rstrip("/") in SERVED:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": INVALID, "reason": _PROBLEM})
        else:
            for message in messages(404, encoded({"error": _PROBLEM})):
                await send(message)


_PROBLEM = f"METRICS_PORT serves {' and '.join(SERVED)}; all else comes by HUB_PORT"
