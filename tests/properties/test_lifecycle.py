"""Whatever happens to jobs in whatever order, the store agrees with a model of it."""

from asyncio import gather
from collections.abc import Sequence
from time import monotonic
from typing import Any

import hypothesis.strategies as st
import pytest
from attrs import evolve
from hypothesis import settings
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from hub.store.claims import WIDTH, Claimant
from hub.store.jobs import EvictedError, Jobs, Progress
from hub.store.keys import key
from hub.store.lanes import lane_of
from hub.store.limits import Limits
from hub.store.submissions import QueueFullError, UniqueKeyTakenError, WorkflowConflictError
from shared.jobs import JobSpec, Lease
from shared.states import TERMINAL, Reason
from tests.properties.cast import NEEDS, WORKERS
from tests.properties.killable import KillableServer
from tests.properties.machine import Machine
from tests.properties.profile import PROFILE, SHARES, STEPS, rules_on
from tests.support.store import failure, strangers

LATER_S = 3600.0
LATER_MS = 9_000_000_000_000
PRIORITIES = st.sampled_from([0, -1, 1, 50, 1_000_000])
WORKFLOWS = st.sampled_from([None, None, "f1", "f2"])
SPECS = st.builds(
    JobSpec,
    type=st.sampled_from(["image", "video"]),
    payload=st.just({"n": 2**64}),
    requirement=st.just(NEEDS["a"]),  # a rule puts in the one it draws
    priority=PRIORITIES,
    customer_id=st.sampled_from([None, "c1"]),
    max_retries=st.integers(0, 2),
    timeout_minutes=st.sampled_from([None, 60.0]),
    unique_key=st.sampled_from([None, None, None, "u"]),
    run_at=st.sampled_from([None, None, None, LATER_MS]),
    deadline=st.sampled_from([None, LATER_MS]),
    workflow_id=WORKFLOWS,
    workflow_priority=st.sampled_from([None, None, 0, 1]),
    workflow_datetime=st.sampled_from([None, None, 1000, 2000]),
    step_number=st.integers(0, 3),
)
DISTURBANCES = (
    "cancel",
    "act_in_a_former_session",
    "depart",
    "reconnect",
    "restart",
    "purge",
    "limit",
)
LIMITS: tuple[dict[str, int], ...] = (
    {}, {"running:type:image": 1}, {"running:customer:c1": 0, "running:type:video": 2},
    {"waiting:customer:c1": 2, "waiting:type:image": 4}, {"waiting:type:*": 1},
    {"running:type:*": 1, "running:type:image": 2}, {"running:customer:*": 1, "waiting:type:video": 1},
)  # fmt: skip
NAMES = st.sampled_from(list(NEEDS))
PICKS = st.integers(0, 10**6)
"""Which of those that there are; the first, when a failure is made simple."""


def one_of(found: list[Any], pick: int) -> Any:
    return found[pick % len(found)]


def knows_a_worker(machine: Machine) -> bool:
    return bool(machine.model.connected())


def knows_a_lease(machine: Machine) -> bool:
    return bool(machine.model.leases)


def holds_a_lease(machine: Machine) -> bool:
    return bool(machine.model.live())


NOTHING = (False, False, "superseded", "superseded", "superseded", "kept")


async def reported(jobs: Jobs, leases: Sequence[Lease]) -> list[Any]:
    """What every verb is told under these leases."""
    return await gather(*[
        asked
        for lease in leases
        for asked in (
            jobs.start(lease), jobs.progress(lease, Progress(1)), jobs.complete(lease, "{}"),
            jobs.fail(lease, failure(), 0), jobs.release(lease, Reason.DRAINED), jobs.reap(lease, 0),
        )
    ])  # fmt: skip


class Lifecycle(Machine):
    """Every verb of the store, at any time."""

    def lease(self, pick: int) -> Lease:
        """Of four picks, three are of leases that count, one of all that ever did."""
        known = self.model.leases
        counting = self.model.live() + self.model.adoptable()
        return one_of(counting if counting and pick % 4 else known, pick // 4)

    @initialize(
        jobs=st.lists(st.tuples(SPECS, NAMES), min_size=3, max_size=8), limit=st.integers(0, 9)
    )
    def begin(self, jobs: list[tuple[JobSpec, str]], limit: int) -> None:
        """A run begins in the middle of work, more often than not with limits."""
        self.limit(limit)
        for spec, needs in jobs:
            self.submit_one(spec, needs)
        for worker_id, session in self.model.connected():
            self.claim_as(worker_id, session, 2)

    @rule(spec=SPECS, needs=NAMES, waiting=st.one_of(st.none(), PICKS))
    def submit(self, spec: JobSpec, needs: str, waiting: int | None) -> None:
        """A worker waits for it now and then, which may have registered anew since."""
        self.submit_one(spec, needs, None if waiting is None else one_of(self.sessions, waiting))

    def submit_one(self, spec: JobSpec, needs: str, waiting: tuple[str, str] | None = None) -> None:
        spec = evolve(spec, requirement=NEEDS[needs])
        if self.model.existing(spec):
            with pytest.raises(UniqueKeyTakenError, match=self.model.existing(spec)):
                self.run(self.store.jobs.submit(spec))
            return
        if self.model.is_full(spec):
            with pytest.raises(QueueFullError):
                self.run(self.store.jobs.submit(spec))
            return
        conflict = self.model.conflict(spec)
        if conflict:
            with pytest.raises(WorkflowConflictError, match=conflict):
                self.run(self.store.jobs.submit(spec))
            return
        self.let_time_pass()
        first, claimant, is_known = self.first_for(waiting), None, False
        if waiting:
            self.classify()
            claimant = Claimant(*waiting, self.classes[waiting[0]])
            is_known = self.knows(claimant.class_, lane_of(spec).id)
        submitted = self.run(self.store.jobs.submit(spec, None, claimant))
        job = self.run(self.store.job(submitted.job_id))
        self.submitted_ms = job.created_at
        self.model.submit(submitted.job_id, needs, spec, job.created_at)
        is_first = not first and self.first_for(waiting) == [submitted.job_id]
        assert bool(submitted.claimed) == (is_known and is_first)
        if claimant and submitted.claimed:
            self.model.claim(claimant.worker_id, submitted.claimed.lease)

    def first_for(self, waiting: tuple[str, str] | None) -> list[str]:
        """What the worker is to be given next, if it is connected."""
        is_there = waiting and waiting in self.model.connected()
        return self.model.first_for(waiting[0], 1) if waiting and is_there else []

    def knows(self, class_: str, lane: str) -> bool:
        """Whether the class has met the lane before; the store finds out with the next claim."""
        score = self.store.client.command("ZSCORE", key("eligible", class_), lane)
        return self.run(score) is not None

    def classify(self) -> None:
        """As when every worker has claimed, and got nothing."""
        for each in self.model.connected():
            self.run(self.hand(*each).claim(0))

    def let_time_pass(self) -> None:
        """No two jobs in one millisecond: the same steps would give another order now and then."""
        while self.now_ms() <= self.submitted_ms:
            pass

    @precondition(knows_a_worker)
    @rule(pick=PICKS, wanted=st.integers(1, 3))
    def claim(self, pick: int, wanted: int) -> None:
        worker_id, session = one_of(self.model.connected(), pick)
        self.claim_as(worker_id, session, wanted)

    def claim_as(self, worker_id: str, session: str, wanted: int) -> None:
        first = self.model.first_for(worker_id, wanted)
        claimed = self.run(self.hand(worker_id, session).claim(wanted))
        assert [each.lease.job_id for each in claimed] == first
        self.model.is_quiet = False  # the class may have been classified
        for each in claimed:
            self.model.claim(worker_id, each.lease)

    def act_in_a_former_session(self, pick: int) -> None:
        former = [each for each in self.sessions if each not in self.model.connected()]
        if not former:
            return
        worker_id, session = one_of(former, pick)
        with pytest.raises(EvictedError):
            self.run(self.hand(worker_id, session).claim())
        renewing = self.store.jobs.renew(worker_id, session, tuple(self.model.leases))
        with pytest.raises(EvictedError):
            self.run(renewing)
        self.run(self.store.workers.depart(worker_id, session, 0))

    @precondition(knows_a_lease)
    @rule(pick=PICKS)
    def start(self, pick: int) -> None:
        lease = self.lease(pick)
        assert self.run(self.store.jobs.start(lease)) == self.model.start(lease)

    @precondition(knows_a_lease)
    @rule(pick=PICKS, percent=st.integers(0, 100))
    def progress(self, pick: int, percent: int) -> None:
        lease = self.lease(pick)
        progressing = self.store.jobs.progress(lease, Progress(percent, "sampling"))
        assert self.run(progressing) == self.model.progress(lease)

    @precondition(knows_a_lease)
    @rule(pick=PICKS, n=st.integers(0, 9))
    def complete(self, pick: int, n: int) -> None:
        lease, result = self.lease(pick), f'{{"n":{n}}}'
        assert self.run(self.store.jobs.complete(lease, result)) == self.model.complete(
            lease, result
        )

    @precondition(knows_a_lease)
    @rule(pick=PICKS, is_retryable=st.sampled_from([True, True, False]), is_due=st.booleans())
    def fail(self, pick: int, is_retryable: bool, is_due: bool) -> None:  # noqa: FBT001 - drawn
        lease = self.lease(pick)
        failing = self.store.jobs.fail(
            lease, failure(retryable=is_retryable), 0 if is_due else LATER_S
        )
        expected = self.model.fail(lease, is_retryable=is_retryable, is_due=is_due)
        assert self.run(failing) == expected

    @precondition(knows_a_lease)
    @rule(pick=PICKS, reason=st.sampled_from([Reason.DRAINED, Reason.PREEMPTED]))
    def release(self, pick: int, reason: Reason) -> None:
        lease = self.lease(pick)
        assert self.run(self.store.jobs.release(lease, reason)) == self.model.release(lease, reason)

    @precondition(lambda self: self.model.leases and self.model.connected())
    @rule(pick=PICKS, also=PICKS)
    def renew(self, pick: int, also: int) -> None:
        worker_id, session = one_of(self.model.connected(), pick)
        leases = tuple(dict.fromkeys([self.lease(pick), self.lease(also)]))
        lost = self.run(self.store.jobs.renew(worker_id, session, leases))
        assert lost == self.model.renew(list(leases))

    @precondition(holds_a_lease)
    @rule(pick=PICKS, is_overdue=st.booleans(), is_reaped=st.booleans())
    def run_out(self, pick: int, is_overdue: bool, is_reaped: bool) -> None:  # noqa: FBT001 - drawn
        job = self.model.jobs[one_of(self.model.live(), pick).job_id]
        self.model.is_quiet = False
        job.is_expired = True
        self.set_score("leases", job.id, 1)
        if is_overdue and job.has_timeout:
            job.is_overdue = True
            self.set_fact(job.id, "deadline_at", 1)
        if is_reaped:
            self.reap_what_ran_out(is_due=True)

    @precondition(lambda self: self.model.expired())
    @rule(is_due=st.booleans())
    def reap(self, is_due: bool) -> None:  # noqa: FBT001 - drawn
        self.reap_what_ran_out(is_due=is_due)

    def reap_what_ran_out(self, *, is_due: bool) -> None:
        leases = self.run(self.store.views.expired())
        assert {lease.job_id for lease in leases} == self.model.expired()
        for lease in leases:
            self.reap_one(lease, is_due=is_due)

    @precondition(knows_a_lease)
    @rule(pick=PICKS, is_due=st.booleans())
    def reap_what_was_read_before(self, pick: int, is_due: bool) -> None:  # noqa: FBT001 - drawn
        self.reap_one(self.lease(pick), is_due=is_due)

    def reap_one(self, lease: Lease, *, is_due: bool) -> None:
        reaping = self.store.jobs.reap(lease, 0 if is_due else LATER_S)
        assert self.run(reaping) == self.model.reap(lease, is_due=is_due)

    def cancel(self, pick: int) -> None:
        job_id = one_of([*self.model.jobs, "nobody's"], pick)
        reply = self.run(self.store.jobs.cancel(job_id, "enough"))
        outcome, state = self.model.cancel(job_id)
        assert (reply.outcome, reply.told if outcome == "refused" else "") == (outcome, state)

    @precondition(lambda self: self.model.delayed())
    @rule(pick=PICKS, comes_due=st.booleans())
    def promote(self, pick: int, comes_due: bool) -> None:  # noqa: FBT001 - drawn
        job = one_of(self.model.delayed(), pick)
        if comes_due:
            job.is_due, self.model.is_quiet = True, False
            self.set_score("delayed", job.id, 1)
            self.set_fact(job.id, "not_before", 1)
        assert set(self.run(self.store.views.due())) == self.model.due()
        assert self.run(self.store.jobs.promote(job.id)) == self.model.promote(job.id)

    @precondition(lambda self: self.model.with_deadline())
    @rule(pick=PICKS, is_too_late=st.booleans())
    def expire(self, pick: int, is_too_late: bool) -> None:  # noqa: FBT001 - drawn
        job = one_of(self.model.with_deadline(), pick)
        if is_too_late:
            job.is_too_late, self.model.is_quiet = True, False
            self.set_score("deadlines", job.id, 1)
            self.set_fact(job.id, "ends_by", 1)
        assert set(self.run(self.store.views.overdue())) == self.model.overdue()
        assert self.run(self.store.jobs.expire(job.id)) == self.model.expire(job.id)

    @precondition(holds_a_lease)
    @rule(pick=PICKS)
    def report_under_no_lease(self, pick: int) -> None:
        """Every verb, under leases that are almost right."""
        known = strangers(one_of(self.model.live(), pick))
        assert self.run(reported(self.store.jobs, known)) == list(NOTHING) * len(known)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=PICKS, priority=PRIORITIES)
    def prioritise(self, pick: int, priority: int) -> None:
        job_id = one_of([*self.model.jobs, "nobody's"], pick)
        reply = self.run(self.store.jobs.prioritise(job_id, priority))
        assert (reply.outcome, reply.told) == self.model.prioritise(job_id, priority)

    @rule(workflow=st.sampled_from(["f1", "f2"]), priority=PRIORITIES)
    def reorder(self, workflow: str, priority: int) -> None:
        reply = self.run(self.store.workflows.reorder(workflow, priority))
        assert (reply.tag, reply.told) == self.model.reorder(workflow, priority)

    @precondition(lambda self: self.acted)
    @rule(back=st.integers(0, 9))
    def ask_again(self, back: int) -> None:
        verb, arguments, reply = self.acted[max(0, len(self.acted) - 1 - back)]
        if verb in ("start", "complete"):  # no reply is kept: what there is tells it
            job_id, attempt, lease = map(str, arguments[1:4])
            reply = [self.told_now(verb, Lease(job_id, int(attempt), lease))]
        jobs: list[str] = reply[2::WIDTH] if verb == "claim" else []
        if set(jobs) <= set(self.model.jobs):  # else purged: nobody waits that long for an answer
            self.repeat((verb, arguments, self.as_of_now(reply, jobs)))

    def told_now(self, verb: str, lease: Lease) -> str:
        if verb == "complete":
            return self.model.complete(lease, "")
        return "started" if self.model.start(lease) else "superseded"

    def as_of_now(self, reply: list[Any], claimed: list[str]) -> list[Any]:
        """A claim tells what it has claimed, each with the priority that it has by now."""
        now = list(reply)
        for n, job_id in enumerate(claimed):
            now[2 + n * WIDTH + 4] = str(-self.model.jobs[job_id].rank[0])
        return now

    @rule(pick=PICKS, what=st.sampled_from(DISTURBANCES))
    def disturb(self, pick: int, what: str) -> None:
        """One rule for all of them, so that most steps are work."""
        getattr(self, what)(pick)

    def depart(self, pick: int) -> None:
        if self.model.connected():
            worker_id, session = one_of(self.model.connected(), pick)
            self.run(self.store.workers.depart(worker_id, session, 0))
            self.model.depart(worker_id)

    def limit(self, pick: int) -> None:
        limits = one_of(list(LIMITS), pick)
        assert self.run(Limits(self.client).limit(limits)) == self.model.limit(limits)

    def reconnect(self, pick: int) -> None:
        self.register(one_of(list(WORKERS), pick))

    def restart(self, pick: int) -> None:
        """A new hub and, now and then, a new server process over the old files."""
        self.run(self.client.close())
        if pick % 8 == 7:
            self.server.kill()
        self.connect()
        assert self.run(self.store.jobs.regrant()) == self.model.regrant()

    def purge(self, _pick: int) -> None:
        for state in TERMINAL:
            assert self.run(self.store.jobs.purge(state, 0)) == self.model.purge(state)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("share", range(SHARES))
def test_the_store_agrees_with_its_model(killable: KillableServer, share: int) -> None:
    wanted, began_s = rules_on(killable.kind) // SHARES, monotonic()
    machine = type("Lifecycle", (Lifecycle,), {"server": killable, "carried_out": 0})
    while machine.carried_out < wanted:
        runs = 1 + (wanted - machine.carried_out) // STEPS
        run_state_machine_as_test(machine, settings=settings(PROFILE, max_examples=runs))
    took_s = monotonic() - began_s
    print(f"share {share}: {machine.carried_out} rules in {took_s:.0f} s")  # noqa: T201 - for `make properties`
