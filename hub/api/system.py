"""How the system as a whole is."""

import time
from asyncio import gather
from typing import Any

from litestar import get
from litestar.di import NamedDependency

from hub.api.guards import clients
from hub.chores import Chore
from hub.parts import Parts
from hub.store.duties import Run
from shared.version import VERSION
from shared.wire import unstructure


@get("/system/status", before_request=clients, summary="The system as a whole", tags=["system"])
async def system_status(parts: NamedDependency[Parts]) -> dict[str, Any]:
    """Jobs by state, workers by status, which hub leads, and each chore with its last run."""
    chores = parts.chores
    leader, runs, jobs, workers = await gather(
        chores.duties.leader(), chores.duties.runs(), parts.views.counts(), parts.workers.counts()
    )
    return {
        "timestamp": time.time_ns() // 1_000_000,
        "status": "operational",
        "uptime_s": round(parts.uptime_s, 1),
        "hub": {"id": chores.hub, "version": VERSION, "leads": chores.is_leading},
        "leader": leader,
        "jobs": jobs,
        "workers": workers,
        "chores": [_shown(chore, runs.get(chores.noted_as(chore))) for chore in chores.table],
    }


def _shown(chore: Chore, run: Run | None) -> dict[str, Any]:
    return {
        "name": chore.name,
        "every_s": chore.every_s,
        "last_run": None if run is None else unstructure(run),
    }
