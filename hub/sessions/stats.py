"""The whole system in one document, as `stats_broadcast` tells it, and what has changed in it.

Lists of jobs hold few, those that wait first and the newest of the others; the counts are of all. One document is made for all who ask
within `FRESH_S`.
"""

import asyncio
import time
from asyncio import gather
from typing import Any

from attrs import define, field

from hub.sessions.audience import Audience
from hub.store.glances import Glance, Glances
from hub.store.order import Order
from hub.store.views import Views
from hub.store.workers import Worker, Workers
from shared.messages import SystemStatus
from shared.states import JobState
from shared.wire import dump_json

Document = dict[str, Any]

FRESH_S = 1.0
LISTED = 50
"""Jobs in each list."""
ACTIVE = (JobState.ASSIGNED, JobState.IN_PROGRESS)
WITH_CAPABILITIES = 100
"""Up to so many workers are told with what they can do."""


@define(eq=False)
class Stats:
    """Reads of the whole system."""

    views: Views
    workers: Workers
    glances: Glances
    order: Order
    audience: Audience
    _made_at: float = field(default=float("-inf"), init=False)
    _document: Document = field(factory=dict, init=False)
    _size: int = field(default=0, init=False)
    _one_at_a_time: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    async def document(self) -> tuple[Document, int]:
        """The sections connections, workers, subscriptions and system; and their size in characters."""
        async with self._one_at_a_time:
            if time.monotonic() - self._made_at > FRESH_S:
                self._document = await self._made()
                self._size = len(dump_json(self._document))
                self._made_at = time.monotonic()
            return self._document, self._size

    async def status(self) -> SystemStatus:
        """The few figures of `system_status`."""
        counts, workers = await gather(self.views.counts(), self.workers.all())
        return SystemStatus(
            active_workers=sum(each.gone_at is None for each in workers),
            pending_jobs=counts["pending"] + counts["delayed"],
            active_jobs=counts["assigned"] + counts["in_progress"],
            completed_jobs=counts["completed"],
        )

    async def _made(self) -> Document:
        counts, workers, lists = await gather(
            self.views.counts(), self.workers.all(), self._job_lists()
        )
        processed = await self.workers.processed([each.worker_id for each in workers])
        here = [each for each in workers if each.gone_at is None]
        is_told_whole = len(workers) <= WITH_CAPABILITIES
        return {
            "connections": {
                "clients": self.audience.ids("client"),
                "workers": [each.worker_id for each in here],
                "monitors": self.audience.ids("monitor"),
            },
            "workers": {
                each.worker_id: _worker(
                    each, processed[each.worker_id], is_told_whole=is_told_whole
                )
                for each in workers
            },
            "subscriptions": {
                "stats": self.audience.ids("monitor"),
                "job_notifications": [],
                "jobs": {},
            },
            "system": {
                "queues": _queues(counts),
                "jobs": _jobs(counts) | lists,
                "workers": _working(here, processed, is_told_whole=is_told_whole),
            },
        }

    async def _job_lists(self) -> Document:
        states = (
            JobState.IN_PROGRESS, JobState.ASSIGNED, JobState.COMPLETED, JobState.FAILED,
        )  # fmt: skip
        pending, running, assigned, completed, failed = await gather(
            self._waiting(), *[self.glances.newest(state, LISTED) for state in states]
        )
        return {
            "active_jobs": [_job(each) for each in (running + assigned)[:LISTED]],
            "pending_jobs": [_job(each) for each in pending],
            "completed_jobs": [_job(each) for each in completed],
            "failed_jobs": [_job(each) for each in failed],
        }

    async def _waiting(self) -> list[Glance]:
        ids = await self.order.first(LISTED)
        found = await gather(*[self.glances.at(job_id, with_result=False) for job_id in ids])
        return [each for each in found if each is not None]


def changes(before: Document, now: Document) -> Document:
    """The sections of `now` that differ; of the workers, those that do, and who is gone."""
    changed = {
        name: value
        for name, value in now.items()
        if name != "workers" and value != before.get(name)
    }
    old: Document = before["workers"]
    new: Document = now["workers"]
    return changed | {
        "workers": {name: worker for name, worker in new.items() if worker != old.get(name)},
        "removed_workers": tuple(sorted(set(old) - set(new))),
    }


def _worker(worker: Worker, processed: int, *, is_told_whole: bool) -> Document:
    is_here = worker.gone_at is None
    told: Document = _seen(worker, processed) | {
        "connection_status": "connected" if is_here else "disconnected",
        "is_accepting_jobs": is_here and len(worker.current_jobs) < worker.slots,
        "supported_job_types": list(worker.capabilities["services"]),
    }
    return told | {"capabilities": worker.capabilities} if is_told_whole else told


def _seen(worker: Worker, processed: int) -> Document:
    return {
        "status": worker.status,
        "connected_at": worker.connected_at,
        "jobs_processed": processed - len(worker.current_jobs),
        "last_heartbeat": worker.last_heartbeat,
        "current_job_id": worker.current_jobs[0] if worker.current_jobs else None,
    }


def _working(workers: list[Worker], processed: dict[str, int], *, is_told_whole: bool) -> Document:
    working = sum(bool(each.current_jobs) for each in workers)
    return {
        "total": len(workers),
        "status": {"idle": len(workers) - working, "working": working},
        "active_workers": [
            {"id": each.worker_id}
            | (_seen(each, processed[each.worker_id]) if is_told_whole else {"status": each.status})
            for each in workers
        ],
    }


def _queues(counts: dict[str, int]) -> Document:
    waiting = counts["pending"] + counts["delayed"]
    return {"priority": waiting, "standard": 0, "total": waiting}


def _jobs(counts: dict[str, int]) -> Document:
    active = counts["assigned"] + counts["in_progress"]
    return {
        "total": sum(counts.values()),
        "status": {
            "pending": counts["pending"] + counts["delayed"],
            "active": active,
            "processing": active,  # the original's monitor page reads this name
            "completed": counts["completed"],
            "failed": counts["failed"],
            "cancelled": counts["cancelled"],
        },
    }


def _job(glance: Glance) -> Document:
    """As the original's monitor page reads it: times in seconds, and `active` for what a worker has."""
    return {
        "id": glance.job_id,
        "job_type": glance.type,
        "status": "active" if glance.status in ACTIVE else glance.status.value,
        "priority": glance.priority,
        "worker_id": glance.worker_id,
        "created_at": glance.created_at / 1000,
        "updated_at": glance.updated_at / 1000,
        "progress": glance.progress,
    }
