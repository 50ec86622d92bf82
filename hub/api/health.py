"""Is this hub fit to take jobs?"""

import time
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from hub.parts import Parts
from hub.store.client import StoreFullError, StoreUnavailableError
from hub.store.instance import can_write
from shared.version import VERSION


@get("/health", summary="Fitness", tags=["health"])
async def health(parts: NamedDependency[Parts]) -> Response[dict[str, Any]]:
    """200 when a write to Redis succeeds, else 503."""
    try:
        await can_write(parts.client)
        redis = "healthy"
    except (StoreUnavailableError, StoreFullError) as problem:
        redis = f"unhealthy: {problem}"
    is_well = redis == "healthy"
    content = {
        "status": "healthy" if is_well else "unhealthy",
        "timestamp": time.time_ns() // 1_000_000,
        "version": VERSION,
        "services": {"redis": redis, "api": "healthy"},
    }
    return Response(content, status_code=200 if is_well else 503)
