"""How many jobs and workers there are, in the words of the original."""

import resource
import time
from asyncio import gather
from typing import Any

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException

from hub.api.guards import clients
from hub.parts import Parts
from shared.version import VERSION

Document = dict[str, Any]


@get("/", summary="Whether anybody is here", tags=["health"])
async def root() -> Document:
    """For programs that look here first."""
    message = "emp-job-queue hub is running; its API is described at /docs"
    return {"status": "ok", "message": message, "version": VERSION}


@get("/metrics", before_request=clients, summary="Figures of the whole system", tags=["system"])
async def metrics(parts: NamedDependency[Parts]) -> Document:
    """Jobs by state, workers by status, and how busy the hub is. 404 when METRICS_ENABLED is false."""
    if not parts.settings.metrics_enabled:
        raise NotFoundException("METRICS_ENABLED is false")
    return await figures(parts)


@get("/statistics", before_request=clients, summary="How many jobs there are", tags=["system"])
async def statistics(parts: NamedDependency[Parts]) -> Document:
    """Of each state, and in all."""
    return await job_figures(parts)


async def figures(parts: Parts) -> Document:
    """Jobs, workers, system."""
    jobs, workers = await gather(job_figures(parts), worker_figures(parts))
    return {
        "timestamp": time.time_ns() // 1_000_000,
        "jobs": jobs,
        "workers": workers,
        "system": _system(parts, jobs, workers),
    }


async def job_figures(parts: Parts) -> Document:
    """Each state; `active` is assigned and in_progress, `queued` what waits, `total` all."""
    counts = await parts.views.counts()
    return counts | {
        "active": counts["assigned"] + counts["in_progress"],
        "queued": counts["pending"] + counts["delayed"],
        "total": sum(counts.values()),
    }


async def worker_figures(parts: Parts) -> Document:
    """`active` workers are connected; each of them is idle or busy. `slots` and `used` are theirs."""
    workers = await parts.workers.all()
    here = [each for each in workers if each.gone_at is None]
    busy = sum(bool(each.current_jobs) for each in here)
    return {
        "total": len(workers),
        "active": len(here),
        "idle": len(here) - busy,
        "busy": busy,
        "offline": len(workers) - len(here),
        "slots": sum(each.slots for each in here),
        "used": sum(len(each.current_jobs) for each in here),
    }


def _system(parts: Parts, jobs: Document, workers: Document) -> Document:
    audience = parts.counter.audience
    return {
        "uptime_s": round(parts.uptime_s, 1),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "queue_depth": jobs["queued"],
        "worker_utilization": round(workers["used"] / workers["slots"], 3)
        if workers["slots"]
        else 0,
        "connections": {
            "clients": len(audience.ids("client")),
            "monitors": len(audience.ids("monitor")),
        },
    }
