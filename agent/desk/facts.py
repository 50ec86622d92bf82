"""What can be seen of the running agent, as JSON values."""

import time
from typing import Any

from agent.desk.desk import Desk
from agent.engines import Supervisor
from agent.inventory import Gpu
from agent.stations import Station
from shared.version import VERSION


def status(desk: Desk) -> dict[str, Any]:
    """The agent, its workers, its engines. Durations in seconds, `started_at` since the epoch."""
    return {
        "version": VERSION,
        "pid": desk.pid,
        "started_at": desk.started_at,
        "uptime_s": round(time.time() - desk.started_at, 1),
        "hub_url": desk.settings.hub_url,
        "connected": desk.link.is_connected,
        "paused": desk.is_paused,
        "leaving": desk.stop.asked.is_set(),
        "page": desk.page,
        "workers": [_worker(each) for each in desk.stations],
        "engines": [
            _engine(number, station, engine)
            for number, (station, engine) in enumerate(desk.engines)
        ],
    }


def _worker(station: Station) -> dict[str, Any]:
    return {
        "worker_id": station.post.worker_id,
        "status": station.worker.status,
        "note": station.note,
        "slots": station.slots.total,
        "used": station.slots.used,
        "services": list(station.worker.capability.services),
        "gpu": _gpu(station.post.gpu),
        "jobs": [each.job.job_id for each in station.journal.current],
    }


def _gpu(gpu: Gpu | None) -> dict[str, Any] | None:
    return gpu and {"name": gpu.name, "uuid": gpu.uuid, "memory_gb": gpu.memory_gb}


def _engine(number: int, station: Station, engine: Supervisor) -> dict[str, Any]:
    return {
        "number": number,
        "name": engine.name,
        "worker_id": station.post.worker_id,
        "state": engine.state,
        "problem": engine.problem,
        "url": engine.url or None,
        "starts": engine.starts,
        "pid": engine.engine.pid if engine.engine else None,
    }
