"""What listeners are told of a job: the few facts that change, without payload and history."""

from asyncio import gather
from typing import Any

from attrs import frozen

from hub.store.client import Client
from hub.store.facts import document, number
from hub.store.keys import key
from shared.states import JobState

FACTS = (
    "state", "type", "customer", "priority", "created_at", "assigned_at", "started_at",
    "finished_at", "progress", "progress_message", "worker", "attempt", "error",
)  # fmt: skip


@frozen(kw_only=True)
class Glance:
    """A job as it is now. Times are milliseconds since the epoch by the clock of Redis."""

    job_id: str
    status: JobState
    type: str
    customer_id: str | None
    priority: int
    created_at: int
    assigned_at: int | None
    started_at: int | None
    finished_at: int | None
    progress: float
    message: str | None
    worker_id: str | None
    attempt: int
    error: str | None
    result: Any = None

    @property
    def updated_at(self) -> int:
        """When it last changed its state, as far as its times tell."""
        return self.finished_at or self.started_at or self.assigned_at or self.created_at


@frozen
class Glances:
    """Reads of jobs that cost little."""

    client: Client

    async def at(self, job_id: str, *, with_result: bool = True) -> Glance | None:
        """One job, or None."""
        names = (*FACTS, "result") if with_result else FACTS
        values = await self.client.command("HMGET", key("job", job_id), *names)
        return None if values[0] is None else _glance(job_id, dict(zip(names, values, strict=True)))

    async def newest(self, state: JobState, limit: int) -> list[Glance]:
        """The jobs in a state that were submitted last."""
        ids = await self.client.command("ZRANGE", key("by_status", state), 0, limit - 1, "REV")
        found = await gather(*[self.at(job_id, with_result=False) for job_id in ids])
        return [each for each in found if each is not None]


def _glance(job_id: str, facts: dict[str, str | None]) -> Glance:
    return Glance(
        job_id=job_id,
        status=JobState(facts["state"]),
        type=facts["type"] or "",
        customer_id=facts["customer"] or None,
        priority=int(facts["priority"] or 0),
        created_at=int(facts["created_at"] or 0),
        assigned_at=number(facts["assigned_at"]),
        started_at=number(facts["started_at"]),
        finished_at=number(facts["finished_at"]),
        progress=float(facts["progress"] or 0),
        message=facts["progress_message"] or None,
        worker_id=facts["worker"] or None,
        attempt=int(facts["attempt"] or 0),
        error=facts["error"],
        result=document(facts.get("result")),
    )
