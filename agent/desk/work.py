"""What runs now and what has run, as JSON values."""

import time
from collections.abc import Mapping
from typing import Any

from agent.connectors.base import Preview
from agent.desk.desk import Desk, DeskError
from agent.stations import End, Entry, Past, Station

_MOST = 200


def current(desk: Desk) -> dict[str, Any]:
    """The attempts that run. Times in seconds since the epoch."""
    return {
        "jobs": [
            _running(station, entry)
            for station in desk.stations
            for entry in station.journal.current
        ]
    }


def preview(desk: Desk, job_id: str) -> Preview:
    """The newest picture of a job that runs. Raises `DeskError`."""
    for station in desk.stations:
        for entry in station.journal.current:
            if entry.job.job_id == job_id and entry.preview is not None:
                return entry.preview
    raise DeskError(f"job {job_id} does not run here, or has no picture yet", 404)


def history(desk: Desk, query: Mapping[str, str]) -> dict[str, Any]:
    """The attempts that have ended, newest first; `query` may name status, type, worker_id, limit,
    and q: words to be found in the job's id, type or error. Raises `DeskError`."""
    found = [
        row
        for station in desk.stations
        for past in station.journal.past
        if _matches(row := _ended(station, past), query)
    ]
    found.sort(key=lambda row: row["ended_at"], reverse=True)
    return {"jobs": found[: _limit(query)], "total_count": len(found)}


def stats(desk: Desk) -> dict[str, Any]:
    """Counts since the start, and the readings for graphs. `mean_s` is of what completed."""
    counts = {end: sum(station.journal.counts[end] for station in desk.stations) for end in End}
    completed, failed = counts[End.COMPLETED], counts[End.FAILED]
    busy_s = sum(station.journal.busy_s for station in desk.stations)
    uptime_s = time.time() - desk.started_at
    return {
        "since": desk.started_at,
        "uptime_s": round(uptime_s, 1),
        "jobs": counts,
        "running": sum(station.slots.used for station in desk.stations),
        "mean_s": round(busy_s / completed, 2) if completed else None,
        "per_hour": round(completed / max(uptime_s, 60) * 3600, 1),
        "success_rate": round(completed / (completed + failed), 3) if completed + failed else None,
        "samples": list(desk.gauges.samples),
    }


def _running(station: Station, entry: Entry) -> dict[str, Any]:
    progress, job = entry.progress, entry.job
    picture = f"/api/jobs/current/{job.job_id}/preview?n={entry.pictures}"
    return {
        **_job(station, entry),
        "seconds": round(time.time() - entry.started_at, 1),
        "timeout_s": job.timeout_s,
        "percent": progress.percent,
        "message": progress.message,
        "node": progress.node,
        "node_title": progress.node_title,
        "step": progress.step,
        "steps": progress.steps,
        "preview": picture if entry.preview else None,
    }


def _ended(station: Station, past: Past) -> dict[str, Any]:
    failure = past.failure
    return {
        **_job(station, past),
        "ended_at": past.ended_at,
        "seconds": round(past.ended_at - past.started_at, 2),
        "status": past.end,
        "error": failure and failure.error,
        "error_class": failure and failure.error_class,
    }


def _job(station: Station, attempt: Entry | Past) -> dict[str, Any]:
    job = attempt.job
    return {
        "job_id": job.job_id,
        "worker_id": station.post.worker_id,
        "type": job.job_type,
        "attempt": job.attempt,
        "priority": job.priority,
        "started_at": attempt.started_at,
    }


def _matches(row: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    exact = all(
        row[name] == query[name] for name in ("status", "type", "worker_id") if query.get(name)
    )
    text = f"{row['job_id']} {row['type']} {row['error'] or ''}".lower()
    return exact and all(word in text for word in query.get("q", "").lower().split())


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", str(_MOST))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST):
        raise DeskError(f"limit: a whole number from 1 to {_MOST} is needed, not {text!r}", 400)
    return int(text)
