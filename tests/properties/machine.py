"""The store and its model, side by side."""

import asyncio
import json
import time
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

import redis
import uvloop
from attrs import define, evolve, field
from hypothesis.stateful import RuleBasedStateMachine, invariant

from hub.store.client import Client
from hub.store.jobs import Jobs
from hub.store.keys import ROOT, key
from shared.states import TERMINAL
from tests.properties.cast import WORKERS
from tests.properties.killable import KillableServer
from tests.properties.model import Model
from tests.properties.model_job import ModelJob
from tests.support.audit import differences
from tests.support.dumps import Dump, dump_text, read_dump
from tests.support.leaks import leaked_keys
from tests.support.store import Hand, Store

T = TypeVar("T")
Call = tuple[str, tuple[str | float, ...], Any]
"""Verb, arguments, reply."""

LEASE_S = 3600.0  # none runs out by itself
MAX_LOSSES = 2
ACT_ONCE = frozenset({
    "submit", "claim", "start", "complete", "fail", "release", "reap", "promote", "cancel",
    "register", "depart", "regrant", "expire", "prioritise", "reorder",
})  # fmt: skip
REFUSALS = frozenset({"stale", "evicted", "existing", "full", "conflict"})
SAID = (
    "state", "rank", "attempt", "lease", "worker", "failures", "losses", "result", "error_class",
    "is_adoptable", "ended",
)  # fmt: skip
COMPARED = ("verb", "job", "attempt", "lease", "worker", "from", "to", "reason")


@define
class RecordingClient(Client):
    """A client that remembers which operations it has asked for."""

    calls: list[Call] = field(factory=list, init=False)
    digests: ClassVar[dict[str, str]] = {}
    sources: ClassVar[dict[str, str]] = {}

    async def open(self) -> None:
        """The scripts are loaded once; a server that was killed is given them when it asks."""
        if not self.digests:
            await super().open()
            self.digests.update(self._digests)
            self.sources.update(self._scripts)
        self._digests, self._scripts = dict(self.digests), dict(self.sources)

    async def script(self, verb: str, *arguments: str | float) -> list[Any]:
        reply = await super().script(verb, *arguments)
        is_nothing = verb == "claim" and len(reply) < 3  # asked again, there may be something
        if verb in ACT_ONCE and reply[0] not in REFUSALS and not is_nothing:
            self.calls.append((verb, arguments, reply))
        return reply


class Machine(RuleBasedStateMachine):
    """Drives both; the rules are its subclass's."""

    server: ClassVar[KillableServer]
    carried_out: ClassVar[int] = 0  # rules, in all runs

    def __init__(self) -> None:
        super().__init__()
        with redis.Redis.from_url(self.server.url) as plain:
            plain.flushall()
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.model = Model(MAX_LOSSES)
        self.acted: list[Call] = []
        self.submitted_ms = 0  # when the last job was
        self.checks = 0
        self.over: Dump = {}  # the jobs that have ended, as they were then
        self.connect()
        self.text = ""  # what the store held at the last look
        self.found = self.run(self.store.dump())
        self.classes: dict[str, str] = {}
        self.sessions: list[tuple[str, str]] = []
        for worker_id in WORKERS:
            self.register(worker_id)

    def run(self, asked: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(asked)

    def connect(self) -> None:
        """As a hub that has just started."""
        self.client = RecordingClient(Client.connect(self.server.url).redis)
        self.run(self.client.open())
        jobs = Jobs(self.client, lease_s=LEASE_S, max_losses=MAX_LOSSES)
        self.store = evolve(Store.over(self.client), jobs=jobs)

    def register(self, worker_id: str) -> None:
        """Under a session that the worker never had."""
        session = f"{worker_id} {len(self.sessions)}"
        part = WORKERS[worker_id]
        joining = self.store.hand(
            worker_id, session=session, capability=part.capability, slots=part.slots
        )
        self.classes[worker_id] = self.run(joining).class_
        self.sessions.append((worker_id, session))
        self.model.register(worker_id, session)

    def hand(self, worker_id: str, session: str) -> Hand:
        capability = WORKERS[worker_id].capability
        return Hand(self.store, worker_id, session, capability, self.classes[worker_id])

    def now_ms(self) -> int:
        """The server's clock, which dates jobs."""
        seconds, microseconds = self.run(self.store.client.command("TIME"))
        return int(seconds) * 1000 + int(microseconds) // 1000

    def set_score(self, noun: str, job_id: str, at: int) -> None:
        """What the clock would do."""
        self.run(self.store.client.command("ZADD", key(noun), "XX", at, job_id))

    def set_fact(self, job_id: str, name: str, at: int) -> None:
        """What the clock would do."""
        self.run(self.store.client.command("HSET", key("job", job_id), name, at))

    def repeat(self, call: Call) -> None:
        """As after a lost answer: the same words again."""
        verb, arguments, reply = call
        again = self.store.client.command("EVALSHA", verb, 1, ROOT, *arguments)
        assert self.run(again) == reply, f"{verb} under the same operation id"

    @invariant()
    def the_store_agrees_with_the_model(self) -> None:
        text = self.run(dump_text(self.client.redis))
        if text != self.text or not self.model.is_quiet:  # else both are as they were found right
            self.check(read_dump(text))
        self.checks += 1
        self.text, self.model.is_quiet = text, True
        self.client.calls.clear()

    def check(self, found: Dump) -> None:
        assert differences(found) == []
        if self.model.is_quiet:
            assert found == self.found, "nothing was to be written"
        else:
            self.acted += self.client.calls
        self.compare(found)
        self.found = found

    def compare(self, found: Dump) -> None:
        jobs = self.model.jobs
        assert {name for name in found if name.startswith(key("job"))} == {
            key("job", job_id) for job_id in jobs
        }
        for job_id, job in jobs.items():
            assert facts(found, job_id) == expected(job)
        lines = [{name: line[name] for name in COMPARED} for _, line in found.get(key("audit"), [])]
        assert lines == self.model.lines
        assert past(found, "leases") == self.model.expired()
        assert past(found, "delayed") == self.model.due()
        assert past(found, "deadlines") == self.model.overdue()
        self.ended_jobs_never_change(found)

    def ended_jobs_never_change(self, found: Dump) -> None:
        ended = {job.id for job in self.model.jobs.values() if job.state in TERMINAL}
        now = {job_id: found[key("job", job_id)] for job_id in ended}
        assert now == {**now, **{id_: self.over[id_] for id_ in ended & set(self.over)}}
        self.over = now

    def teardown(self) -> None:
        type(self).carried_out += max(0, self.checks - 1)  # the first is of the beginning
        with self.runner, redis.Redis.from_url(self.server.url) as plain:
            self.run(self.client.close())
            assert leaked_keys(plain) == []


def facts(found: Dump, job_id: str) -> dict[str, Any]:
    """What the store says of a job."""
    job: dict[str, str] = found[key("job", job_id)]
    time_, step, seq, _ = job["member"].split(":")
    records = [json.loads(record) for record in found.get(key("attempts", job_id), [])]
    return {
        "state": job["state"],
        "rank": (int(job["score"]), int(time_), int(step), int(seq)),
        "attempt": int(job["attempt"]),
        "lease": job.get("lease", ""),
        "worker": job.get("worker", ""),
        "failures": int(job["failures"]),
        "losses": int(job["losses"]),
        "result": job.get("result"),
        "error_class": job.get("error_class"),
        "is_adoptable": "adoptable" in job,
        "ended": [(int(record["attempt"]), record["outcome"]) for record in records],
    }


def expected(job: ModelJob) -> dict[str, Any]:
    """What the model says of it."""
    assert job.failures <= job.max_retries + 1
    assert job.losses <= MAX_LOSSES + 1
    return {name: getattr(job, name) for name in SAID}


def past(found: Dump, noun: str) -> set[str]:
    """The jobs whose time in a sorted set has come."""
    now_ms = time.time() * 1000
    return {job_id for job_id, at in found.get(key(noun), {}).items() if at <= now_ms}
