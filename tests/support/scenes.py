"""For every script of the store, what it meets."""

from collections.abc import Awaitable, Callable

from attrs import field, frozen

from hub.store.keys import key
from hub.store.lanes import lane_of
from hub.store.workflows import Declaration
from shared.messages import ModelFile
from shared.states import JobState
from tests.support import machines
from tests.support.graphs import FORK, Flow, graph
from tests.support.store import CAPABILITY, LATER_MS, Store, asked, failure, overdue, spec

OP = "the-operation"


@frozen
class Scene:
    """A script and what it meets: `arrange` makes it ready and returns the arguments."""

    verb: str
    arrange: Callable[[Store], Awaitable[tuple[str | int, ...]]]
    reads_between_writes: set[str] = field(factory=set)
    """The reads that come after the first change. They decide only what else is changed."""


async def submit(_: Store) -> tuple[str | int, ...]:
    return (OP, *asked())


async def submit_to_a_worker(store: Store) -> tuple[str | int, ...]:
    hand, lane = await store.hand(), lane_of(spec())
    await hand.take()
    who = {"worker": "w1", "session": "s1", "class": hand.class_, "lease": "lease-1"}
    return (OP, *asked(lane=lane.id, requirement=lane.requirement, ttl_ms=30_000, **who))


async def submit_all(_: Store) -> tuple[str | int, ...]:
    more = ("has_own_id", 1, "unique_key", "u", "not_before", LATER_MS, "ends_by", LATER_MS)
    return (OP, *asked(), *more)


async def submit_a_replay(store: Store) -> tuple[str | int, ...]:
    failed = await (await store.hand()).put(JobState.FAILED)
    return (OP, *asked("j2", replay_of=failed.job_id))


async def claim(store: Store) -> tuple[str | int, ...]:
    hand = await store.hand()
    for priority in (1, 2):
        await store.jobs.submit(spec(timeout_minutes=1, priority=priority))
    await store.lanes.classify(hand.class_, CAPABILITY, "0")
    return (OP, "w1", "s1", hand.class_, 30_000, 0, 0, 2, "lease-")


async def claim_preferred(store: Store) -> tuple[str | int, ...]:
    """The second of two jobs is of the workflow that the worker has begun."""
    hand = await store.hand()
    await hand.take(spec(workflow_id="f", workflow_datetime=9_000_000_000_000))
    await store.client.command("HDEL", key("worker", "w1"), "warm")
    await store.jobs.submit(spec())
    await store.jobs.submit(spec(workflow_id="f"))
    return (OP, "w1", "s1", hand.class_, 30_000, 3, 100, 1, "lease-")


async def take(store: Store) -> tuple[str | int, ...]:
    await store.hand()
    submitted = await store.jobs.submit(spec(timeout_minutes=1))
    return (OP, "w1", "s1", 30_000, submitted.job_id, "lease-1")


async def start(store: Store) -> tuple[str | int, ...]:
    lease = await (await store.hand()).take(spec(timeout_minutes=1))
    return (OP, lease.job_id, lease.attempt, lease.id, 30_000, 5, "", "{}")


async def progress(store: Store) -> tuple[str | int, ...]:
    lease = await (await store.hand()).take()
    return (lease.job_id, lease.attempt, lease.id, 30_000, 5, "", "{}")


async def complete(store: Store) -> tuple[str | int, ...]:
    lease = await (await store.hand()).take()
    return (OP, lease.job_id, lease.attempt, lease.id, "{}")


async def complete_lost(store: Store) -> tuple[str | int, ...]:
    lease = await (await store.hand()).lost()
    return (OP, lease.job_id, lease.attempt, lease.id, "{}")


async def fail(store: Store) -> tuple[str | int, ...]:
    lease = await (await store.hand()).take()
    return (OP, lease.job_id, lease.attempt, lease.id, "error", "cuda", 1, "{}", 0)


async def fail_for_good(store: Store) -> tuple[str | int, ...]:
    lease = await (await store.hand()).take()
    return (OP, lease.job_id, lease.attempt, lease.id, "error", "cuda", 0, "{}", 0)


async def release(store: Store) -> tuple[str | int, ...]:
    lease = await (await store.hand()).take()
    return (OP, lease.job_id, lease.attempt, lease.id, "drained", 5, "")


async def reap_lost(store: Store) -> tuple[str | int, ...]:
    lease = await (await store.hand()).take(lease_s=0)
    return (OP, lease.job_id, lease.attempt, lease.id, 5, 0)


async def reap_poison(store: Store) -> tuple[str | int, ...]:
    return (*(await reap_lost(store))[:4], 0, 0)


async def reap_late(store: Store) -> tuple[str | int, ...]:
    lease = await (await store.hand()).take(spec(timeout_minutes=0))
    return (OP, lease.job_id, lease.attempt, lease.id, 5, 0)


async def promote(store: Store) -> tuple[str | int, ...]:
    lease = await (await store.hand()).take()
    await store.jobs.fail(lease, failure(), 0)
    return (OP, lease.job_id)


async def expire_running(store: Store) -> tuple[str | int, ...]:
    lease = await (await store.hand()).take(spec(deadline=LATER_MS, unique_key="u"))
    await overdue(store, lease.job_id)
    return (OP, lease.job_id)


async def expire_waiting(store: Store) -> tuple[str | int, ...]:
    job_id = (await store.jobs.submit(spec(deadline=LATER_MS))).job_id
    await overdue(store, job_id)
    return (OP, job_id)


async def cancel_running(store: Store) -> tuple[str | int, ...]:
    return (OP, (await (await store.hand()).put(JobState.IN_PROGRESS)).job_id, "why")


async def cancel_waiting(store: Store) -> tuple[str | int, ...]:
    return (OP, (await store.jobs.submit(spec())).job_id, "why")


async def prioritise(store: Store) -> tuple[str | int, ...]:
    jobs = [await store.jobs.submit(spec(priority=each)) for each in (10, 20)]
    return (OP, jobs[0].job_id, 30)


async def renew(store: Store) -> tuple[str | int, ...]:
    hand = await store.hand()
    held, lost = await hand.take(), await hand.lost()
    named = (held.job_id, held.attempt, held.id, lost.job_id, lost.attempt, lost.id)
    return (OP, "w1", "s1", 30_000, "busy", "{}", *named)


async def regrant(store: Store) -> tuple[str | int, ...]:
    hand = await store.hand()
    for _ in range(2):
        await hand.take(spec(timeout_minutes=1))
    return (OP, 30_000, 5_000)


async def purge(store: Store) -> tuple[str | int, ...]:
    hand = await store.hand()
    for _ in range(2):
        lease = await hand.take(spec(customer_id="c", workflow_id="f"))
        await store.jobs.complete(lease, "{}")
    return ("completed", 0, 1000, 100)


async def register(store: Store) -> tuple[str | int, ...]:
    await store.hand(session="older")
    return (OP, "w1", "s1", "{}", "class", 1, "idle", "RTX")


async def depart(store: Store) -> tuple[str | int, ...]:
    await (await store.hand()).take()
    return (OP, "w1", "s1", 0)


async def forget(store: Store) -> tuple[str | int, ...]:
    await store.hand()
    return ("w1", 0)


async def stock(store: Store) -> tuple[str | int, ...]:
    await store.hand()
    await store.workers.stock("w1", [ModelFile("a", 1)], (), anew=True)
    return ("w1", 10, 0, 1, "a", "b", "2 ")


async def classify(_: Store) -> tuple[str | int, ...]:
    return ("class", 0, 2, "l1", "l2")


async def limit(_: Store) -> tuple[str | int, ...]:
    return ("running:type:*", 1)


async def reserve(_: Store) -> tuple[str | int, ...]:
    return ("key", "fingerprint", "holder", 60_000, 60_000)


async def settle(store: Store) -> tuple[str | int, ...]:
    await store.client.script("reserve", *(await reserve(store)))
    return ("key", "holder", "answer")


async def confirm(store: Store) -> tuple[str | int, ...]:
    lease = await (await store.hand()).take()
    await store.jobs.cancel(lease.job_id, "enough")
    return (lease.job_id, lease.attempt, lease.id, "", "[]")


async def lead(_: Store) -> tuple[str | int, ...]:
    return ("hub-1", 1000)


async def resign(store: Store) -> tuple[str | int, ...]:
    await store.client.script("lead", "hub-1", 1000)
    return ("hub-1",)


async def submit_step(store: Store) -> tuple[str | int, ...]:
    await store.workflows.declare(graph(FORK))
    return (OP, *asked(workflow="f", step_name="a", revision=0))


async def declare(_: Store) -> tuple[str | int, ...]:
    return (OP, "f", 1, "", "stop", "digest", '{"a":[],"b":["a"]}', "a", "{}", "b", "{}")


async def declare_open(_: Store) -> tuple[str | int, ...]:
    return (OP, "f", 1, 1000, "stop", "digest", "")


async def advance_to_the_end(store: Store) -> tuple[str | int, ...]:
    flow = await begun(store)
    await flow.complete(await store.hand())
    for step in ("b", "c"):
        await store.jobs.cancel((await flow.now()).job_ids[step], "")
    return (OP, "f", (await flow.now()).revision, "failed", 1, "d")


async def advance_with_failures(store: Store) -> tuple[str | int, ...]:
    await begun(store)
    now = await Flow(store).now()
    return (OP, "f", now.revision, "", 1, "b", "c", "error")


async def begun(store: Store) -> Flow:
    flow = Flow(store)
    await store.workflows.declare(graph(FORK))
    await flow.advance()
    return flow


async def cancel_workflow(store: Store) -> tuple[str | int, ...]:
    flow, hand = await begun(store), await store.hand()
    await flow.complete(hand)
    await flow.take(hand)
    return (OP, "f", "why")


async def resume(store: Store) -> tuple[str | int, ...]:
    await (await begun(store)).fail(await store.hand())
    return (OP, "f")


async def reorder(store: Store) -> tuple[str | int, ...]:
    flow, hand = await begun(store), await store.hand()
    await flow.complete(hand)
    await flow.take(hand)
    return (OP, "f", 7)


async def dissolve(store: Store) -> tuple[str | int, ...]:
    for name in ("f", "g"):
        await store.workflows.declare(Declaration(workflow_id=name, priority=1))
    return (0, 100)


async def complete_step(store: Store) -> tuple[str | int, ...]:
    await begun(store)
    (claimed,) = await (await store.hand()).claim()
    lease = claimed.lease
    return (OP, lease.job_id, lease.attempt, lease.id, "{}")


HEAD = {"ZRANGE", "ZRANK"}  # the first of a lane, and the place of a job that enters it
SCENES = {
    "submit": Scene("submit", submit, HEAD),
    "submit, with all that may be said": Scene("submit", submit_all),
    "submit, to a worker that waits": Scene("submit", submit_to_a_worker),
    "submit, a replay": Scene("submit", submit_a_replay, HEAD),
    "claim": Scene("claim", claim, HEAD | {"TIME", "HMGET", "SCARD", "ZCARD", "ZMSCORE"}),
    "claim, of what is preferred": Scene("claim", claim_preferred, HEAD | {"HMGET"}),
    "take": Scene("take", take, HEAD | {"HMGET"}),
    "start": Scene("start", start),
    "progress": Scene("progress", progress),
    "complete": Scene("complete", complete),
    "complete, adopted": Scene("complete", complete_lost, HEAD),
    "fail": Scene("fail", fail),
    "fail for good": Scene("fail", fail_for_good),
    "release": Scene("release", release, HEAD),
    "reap": Scene("reap", reap_lost, HEAD),
    "reap for good": Scene("reap", reap_poison),
    "reap after the deadline": Scene("reap", reap_late),
    "promote": Scene("promote", promote, HEAD),
    "expire, running": Scene("expire", expire_running),
    "expire, waiting": Scene("expire", expire_waiting, HEAD),
    "cancel, running": Scene("cancel", cancel_running),
    "cancel, waiting": Scene("cancel", cancel_waiting, HEAD),
    "prioritise": Scene("prioritise", prioritise, HEAD),
    "confirm": Scene("confirm", confirm),
    "renew": Scene("renew", renew, HEAD | {"HMGET"}),
    "regrant": Scene("regrant", regrant, {"HMGET"}),
    "purge": Scene("purge", purge, {"HMGET", "HGET", "LRANGE", "ZCARD"}),
    "register": Scene("register", register),
    "depart": Scene("depart", depart, {"SMEMBERS"}),
    "forget": Scene("forget", forget),
    "stock": Scene("stock", stock),
    "classify": Scene("classify", classify),
    "lead": Scene("lead", lead),
    "resign": Scene("resign", resign),
    "limit": Scene("limit", limit),
    "reserve": Scene("reserve", reserve),
    "settle": Scene("settle", settle),
    "submit, a step": Scene("submit", submit_step, HEAD),
    "complete, a step": Scene("complete", complete_step),
    "declare": Scene("declare", declare),
    "declare, open": Scene("declare", declare_open),
    "advance": Scene("advance", advance_with_failures, {"HGET"}),
    "advance to the end": Scene("advance", advance_to_the_end, {"HGETALL", "HMGET", "ZCARD"}),
    "cancel_workflow": Scene(
        "cancel_workflow", cancel_workflow, HEAD | {"HGETALL", "HMGET", "ZCARD"}
    ),
    "resume": Scene("resume", resume, {"HGETALL"}),
    "reorder": Scene("reorder", reorder, HEAD | {"HMGET"}),
    "dissolve": Scene("dissolve", dissolve),
    "issue": Scene("issue", machines.issue),
    "enrol": Scene("enrol", machines.enrol),
    "greet": Scene("greet", machines.greet),
    "sight": Scene("sight", machines.sight),
    "lapse": Scene("lapse", machines.lapse),
    "revoke": Scene("revoke", machines.revoke),
}
