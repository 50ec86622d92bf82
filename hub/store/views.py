"""Reading jobs: one, many by filter, those whose lease has run out."""

import json
from asyncio import gather
from collections.abc import AsyncIterator

from attrs import evolve, frozen

from hub.store.client import Client
from hub.store.facts import document, number
from hub.store.keys import key
from shared.jobs import Attempt, Job, Lease
from shared.matching import Requirement
from shared.states import ErrorClass, JobState, Reason
from shared.wire import load_json, structure

SCAN = 500
"""How many ids are read at once when several filters must be combined."""

AT_ONCE = 100
"""How many jobs whose time has come are told at once."""


@frozen
class Page:
    """A page of jobs, the newest first, and how many match in all."""

    jobs: list[Job]
    total: int


@frozen
class Views:
    """Reads of jobs. Nothing here changes anything.

    What does not depend on another answer is asked for at once, to travel together.
    """

    client: Client

    async def job(self, job_id: str) -> Job | None:
        """One job with its ended attempts, or None."""
        facts, records, replays = await gather(
            self.client.command("HGETALL", key("job", job_id)),
            self.client.command("LRANGE", key("attempts", job_id), 0, -1),
            self.client.command("LRANGE", key("replays", job_id), 0, -1),
        )
        if not facts:
            return None
        attempts = [_attempt(json.loads(each)) for each in records]
        if "partial" in facts:  # told by the worker of the attempt that was cancelled
            told = {**(attempts[-1].details or {}), "partial": load_json(facts["partial"])}
            attempts[-1] = evolve(attempts[-1], details=told)
        return evolve(_job(job_id, facts, tuple(attempts)), replays=tuple(replays))

    async def place(self, job_id: str) -> int | None:
        """A waiting job's place in its lane, from 0; None when it is not in a lane."""
        lane, member = await self.client.command("HMGET", key("job", job_id), "lane", "member")
        return (
            None if lane is None else await self.client.command("ZRANK", key("lane", lane), member)
        )

    async def page(self, filters: dict[str, str], offset: int, size: int) -> Page:
        """The jobs that match every filter: of `status`, `type`, `customer`, `worker`,
        `workflow`."""
        names = [key(f"by_{name}", value) for name, value in filters.items()] or [key("jobs")]
        ids, total = await self._matching(names, offset, size)
        found = await gather(*[self.job(job_id) for job_id in ids])
        return Page([each for each in found if each is not None], total)

    async def _matching(self, names: list[str], offset: int, size: int) -> tuple[list[str], int]:
        if len(names) == 1:
            total, ids = await gather(
                self.client.command("ZCARD", names[0]),
                self.client.command("ZRANGE", names[0], offset, offset + size - 1, "REV"),
            )
            return ids, total
        ids = await self._in_all(names)
        return ids[offset : offset + size], len(ids)

    async def _in_all(self, names: list[str]) -> list[str]:
        """Walks the smallest index in pieces, so that Redis is never busy for long."""
        sizes: list[int] = await gather(*[self.client.command("ZCARD", name) for name in names])
        smallest, *others = [name for _, name in sorted(zip(sizes, names, strict=True))]
        matching: list[str] = []
        for start in range(0, min(sizes), SCAN):
            ids = await self.client.command("ZRANGE", smallest, start, start + SCAN - 1, "REV")
            for name in others:
                ids = await self._among(name, ids)
            matching += ids
        return matching

    async def _among(self, name: str, ids: list[str]) -> list[str]:
        scores: list[float | None] = await self.client.command("ZMSCORE", name, *ids) if ids else []
        return [each for each, score in zip(ids, scores, strict=True) if score is not None]

    async def expired(self, limit: int = AT_ONCE) -> list[Lease]:
        """Leases that have run out by the clock of Redis."""
        leases: list[Lease] = []
        for job_id in await self._past("leases", limit):
            attempt, lease = await self.client.command(
                "HMGET", key("job", job_id), "attempt", "lease"
            )
            if lease is not None:
                leases.append(Lease(job_id, int(attempt), lease))
        return leases

    async def due(self) -> list[str]:
        """Delayed jobs whose time has come by the clock of Redis."""
        return await self._past("delayed")

    async def overdue(self) -> list[str]:
        """Unfinished jobs whose deadline has passed by the clock of Redis."""
        return await self._past("deadlines")

    async def _past(self, noun: str, limit: int = AT_ONCE) -> list[str]:
        return await self.client.command(
            "ZRANGE", key(noun), "-inf", await self.now_ms(), "BYSCORE", "LIMIT", 0, limit
        )

    async def texts(self) -> AsyncIterator[str]:
        """What jobs were given and gave, in part too, and what steps of graphs will be given, as JSON
        texts.
        """
        async for text in self._steps():
            yield text
        last = 0
        while ids := await self.client.command(
            "ZRANGE", key("jobs"), f"({last}", "+inf", "BYSCORE", "LIMIT", 0, SCAN
        ):
            last = int(await self.client.command("ZSCORE", key("jobs"), ids[-1]) or last)
            wanted = ("payload", "result", "progress_details", "partial")
            found = await gather(
                *[self.client.command("HMGET", key("job", each), *wanted) for each in ids],
                *[self.client.command("LRANGE", key("attempts", each), 0, -1) for each in ids],
            )
            for text in (text for texts in found for text in texts if text):
                yield text

    async def _steps(self) -> AsyncIterator[str]:
        """The steps of all graphs, whether they are jobs already or not."""
        cursor = 0
        while True:  # ZSCAN misses none that is there all the time, whatever comes and goes
            cursor, found = await self.client.command(
                "ZSCAN", key("workflows"), cursor, "COUNT", SCAN
            )
            for workflow_id, _ in found:
                for text in await self.client.command("HVALS", key("step_specs", workflow_id)):
                    yield text
            if not cursor:
                return

    async def now_ms(self) -> int:
        """Milliseconds since the epoch by the clock of Redis."""
        seconds, microseconds = await self.client.command("TIME")
        return int(seconds) * 1000 + int(microseconds) // 1000

    async def counts(self) -> dict[str, int]:
        """How many jobs there are in each state."""
        sizes: list[int] = await gather(
            *[self.client.command("ZCARD", key("by_status", state)) for state in JobState]
        )
        return {state.value: size for state, size in zip(JobState, sizes, strict=True)}


def _attempt(record: dict[str, str]) -> Attempt:
    error_class = record.get("error_class")
    return Attempt(
        attempt=int(record["attempt"]),
        worker_id=record["worker_id"],
        gpu=record.get("gpu"),
        assigned_at=int(record["assigned_at"]),
        started_at=number(record.get("started_at")),
        ended_at=int(record["ended_at"]),
        outcome=record["outcome"],
        reason=Reason(record["reason"]),
        error=record.get("error"),
        error_class=ErrorClass(error_class) if error_class else None,
        details=load_json(record["details"]) if "details" in record else None,
    )


def _job(job_id: str, facts: dict[str, str], attempts: tuple[Attempt, ...]) -> Job:
    error_class = facts.get("error_class")
    return Job(
        id=job_id,
        type=facts["type"],
        status=JobState(facts["state"]),
        reason=Reason(facts["reason"]),
        priority=int(facts["priority"]),
        payload=load_json(facts["payload"]),
        requirements=structure(load_json(facts["requirement"]), Requirement),
        customer_id=facts["customer"] or None,
        max_retries=int(facts["max_retries"]),
        timeout_minutes=_minutes(facts["timeout_ms"]),
        workflow_id=facts["workflow"] or None,
        workflow_priority=int(facts["priority"]),
        workflow_datetime=int(facts["workflow_datetime"]),
        step_number=int(facts["step"]),
        step_name=facts.get("step_name"),
        created_at=int(facts["created_at"]),
        attempt=int(facts["attempt"]),
        failures=int(facts["failures"]),
        losses=int(facts["losses"]),
        unique_key=facts.get("unique_key"),
        deadline=number(facts.get("ends_by")),
        replay_of=facts.get("replay_of"),
        worker_id=facts.get("worker"),
        assigned_at=number(facts.get("assigned_at")),
        started_at=number(facts.get("started_at")),
        finished_at=number(facts.get("finished_at")),
        not_before=number(facts.get("not_before")),
        progress=float(facts.get("progress", 0)),
        progress_message=facts.get("progress_message") or None,
        progress_details=document(facts.get("progress_details")),
        result=document(facts.get("result")),
        error=facts.get("error"),
        error_class=ErrorClass(error_class) if error_class else None,
        stopped=facts["stopped"] == "1" if "stopped" in facts else None,
        stop_message=facts.get("stop_message") or None,
        attempts=attempts,
    )


def _minutes(milliseconds: str) -> float | None:
    return int(milliseconds) / 60_000 if milliseconds else None
