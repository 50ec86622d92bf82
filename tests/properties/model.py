"""What the store has to do, in plain Python: one queue, one thread, no clock.

Where the store knows times, the model knows facts: a lease has run out, a deadline has passed, a
delay is over. Every verb returns what the store must reply, and `is_quiet` tells whether the
store must have written nothing.
"""

from collections import Counter

from attrs import define, field

from shared.jobs import JobSpec, Lease
from shared.states import TERMINAL, JobState, Reason
from tests.properties.cast import WORKERS
from tests.properties.model_job import ModelJob

Line = dict[str, str]
"""A line of the audit stream, without ids that the store draws and without times."""


@define
class Model:
    """All jobs, workflows and connections."""

    max_losses: int
    jobs: dict[str, ModelJob] = field(factory=dict)
    workflows: dict[str, tuple[int, int]] = field(factory=dict)
    limits: dict[str, int] = field(factory=dict)
    sessions: dict[str, str] = field(factory=dict)  # of the connected workers
    leases: list[Lease] = field(factory=list)  # all that were ever given
    lines: list[Line] = field(factory=list)
    submissions: int = 0
    is_quiet: bool = True

    # What there is

    def connected(self) -> list[tuple[str, str]]:
        """Workers with their sessions."""
        return list(self.sessions.items())

    def held(self, worker_id: str) -> list[ModelJob]:
        """The jobs that a worker holds."""
        return [job for job in self.jobs.values() if job.is_leased and job.worker == worker_id]

    def expired(self) -> set[str]:
        return {job.id for job in self.jobs.values() if job.is_leased and job.is_expired}

    def due(self) -> set[str]:
        return {job.id for job in self.delayed() if job.is_due}

    def delayed(self) -> list[ModelJob]:
        return self._in(JobState.DELAYED)

    def live(self) -> list[Lease]:
        """The leases under which a report counts, the oldest first."""
        return [lease for lease in self.leases if self._holding(lease)]

    def adoptable(self) -> list[Lease]:
        """The leases that ran out, and under which a report counts again until the next claim."""
        last = [(lease, self._last_of(lease)) for lease in self.leases]
        return [lease for lease, job in last if job and job.is_adoptable]

    def first_for(self, worker_id: str, wanted: int) -> list[str]:
        """What the worker must be given, in this order."""
        part = WORKERS[worker_id]
        eligible = [job for job in self._in(JobState.PENDING) if job.needs in part.can]
        room = max(0, part.slots - len(self.held(worker_id)))
        counts, first = self.counts("running"), list[str]()
        for job in sorted(eligible, key=lambda job: job.rank):
            may_run = self._has_room(counts, "running", job) and not self._is_kept(job, worker_id)
            if len(first) < min(wanted, room) and may_run:
                first.append(job.id)
                counts.update(_groups("running", job.type, job.customer))
        return first

    def counts(self, stage: str) -> Counter[str]:
        """How many jobs wait or run, by the fields of the limits."""
        jobs = [job for job in self._open() if job.is_leased == (stage == "running")]
        return Counter(field for job in jobs for field in _groups(stage, job.type, job.customer))

    def is_full(self, spec: JobSpec) -> bool:
        """Whether no more such jobs may wait."""
        groups = _groups("waiting", spec.type, spec.customer_id)
        return not self._is_free(self.counts("waiting"), groups)

    def conflict(self, spec: JobSpec) -> str | None:
        """The field in which a step contradicts its workflow."""
        has = self.workflows.get(spec.workflow_id or "")
        if has is None:
            return None
        if spec.workflow_priority not in (None, has[0]):
            return "workflow_priority"
        return "workflow_datetime" if spec.workflow_datetime not in (None, has[1]) else None

    def existing(self, spec: JobSpec) -> str | None:
        """The job that waits or runs under the same unique key."""
        unique = self._unique(spec)
        taken = [job.id for job in self._open() if job.unique == unique]
        return taken[0] if unique and taken else None

    def with_deadline(self) -> list[ModelJob]:
        return [job for job in self._open() if job.has_deadline]

    def overdue(self) -> set[str]:
        return {job.id for job in self.with_deadline() if job.is_too_late}

    # What happens

    def submit(self, job_id: str, needs: str, spec: JobSpec, created_at: int) -> None:
        self.submissions += 1
        priority, time = spec.priority, created_at
        if spec.workflow_id:
            said = (
                priority if spec.workflow_priority is None else spec.workflow_priority,
                time if spec.workflow_datetime is None else spec.workflow_datetime,
            )
            priority, time = self.workflows.setdefault(spec.workflow_id, said)
        rank = (-priority, time, spec.step_number, self.submissions)
        job = ModelJob(
            job_id, needs, rank, spec.max_retries, spec.workflow_id, bool(spec.timeout_minutes)
        )
        job.type, job.customer = spec.type, spec.customer_id
        job.unique, job.has_deadline = self._unique(spec), spec.deadline is not None
        self.jobs[job_id] = job
        state = JobState.PENDING if spec.run_at is None else JobState.DELAYED
        self._enter(job, "submit", state, Reason.SUBMITTED)

    def claim(self, worker_id: str, lease: Lease) -> None:
        job = self.jobs[lease.job_id]
        assert lease.attempt == job.attempt + 1
        assert lease.id not in {each.id for each in self.leases}
        self.leases.append(lease)
        job.attempt, job.lease, job.worker = lease.attempt, lease.id, worker_id
        job.is_adoptable = job.is_expired = job.is_overdue = False
        self._enter(job, "claim", JobState.ASSIGNED, Reason.CLAIMED)

    def start(self, lease: Lease) -> bool:
        job = self._holding(lease)
        if job and job.state is JobState.ASSIGNED:
            job.is_expired = job.is_overdue = False
            self._enter(job, "start", JobState.IN_PROGRESS, Reason.STARTED)
        return job is not None

    def progress(self, lease: Lease) -> bool:
        job = self._holding(lease)
        if job is None:
            return False
        job.renew()
        self.is_quiet = False
        return True

    def complete(self, lease: Lease, result: str) -> str:
        job = self._last_of(lease)
        if job is None or not (job.is_leased or job.is_adoptable):
            return job.completed_as if job and job.state is JobState.COMPLETED else "superseded"
        assert job.result is None
        reason, job.completed_as = (
            (Reason.FINISHED, "completed") if job.is_leased else (Reason.ADOPTED, "adopted")
        )
        job.result, job.error_class, job.is_adoptable = result, None, False
        job.ended.append((job.attempt, "complete"))
        self._enter(job, "complete", JobState.COMPLETED, reason)
        return job.completed_as

    def fail(self, lease: Lease, *, is_retryable: bool, is_due: bool) -> str:
        job = self._holding(lease)
        if job is None:
            return "superseded"
        job.error_class = "out_of_memory"
        return self._fail(job, "fail", Reason.ERROR, is_retryable=is_retryable, is_due=is_due)

    def release(self, lease: Lease, reason: Reason) -> str:
        job = self._holding(lease)
        return self._lose(job, "release", reason) if job else "superseded"

    def reap(self, lease: Lease, *, is_due: bool) -> str:
        job = self._holding(lease)
        if job is None or not job.is_expired:
            return "kept"
        if job.is_overdue:
            job.error_class = "timeout"
            return self._fail(job, "reap", Reason.TIMEOUT, is_retryable=True, is_due=is_due)
        job.is_adoptable = True
        return self._lose(job, "reap", Reason.LEASE_EXPIRED)

    def renew(self, leases: list[Lease]) -> tuple[Lease, ...]:
        """The leases that are lost."""
        self.is_quiet = False
        return tuple(lease for lease in leases if not self._renewed(lease))

    def limit(self, limits: dict[str, int]) -> bool:
        self.is_quiet = limits == self.limits
        self.limits = limits
        return not self.is_quiet

    def cancel(self, job_id: str) -> tuple[str, str]:
        job = self.jobs.get(job_id)
        if job is None:
            return "unknown", ""
        if job.state in TERMINAL:
            return "refused", job.state
        if job.is_leased:
            job.ended.append((job.attempt, "cancel"))
        job.is_adoptable, job.error_class = False, None
        self._enter(job, "cancel", JobState.CANCELLED, Reason.CANCELLED)
        return "cancelled", ""

    def prioritise(self, job_id: str, priority: int) -> tuple[str, str]:
        job = self.jobs.get(job_id)
        if job is None:
            return "unknown", ""
        if job.state in TERMINAL:
            return "refused", job.state
        if job.workflow:
            return "step", job.workflow
        self._move(job, "prioritise", priority)
        return "prioritised", ""

    def reorder(self, workflow: str, priority: int) -> tuple[str, str]:
        """Every step that has not ended goes with its workflow, at once."""
        if workflow not in self.workflows:
            return "unknown", ""
        self.workflows[workflow] = (priority, self.workflows[workflow][1])
        steps = [job for job in self._open() if job.workflow == workflow]
        for job in steps:
            self._move(job, "reorder", priority)
        self.is_quiet = False
        return "reordered", str(len(steps))

    def expire(self, job_id: str) -> bool:
        if job_id not in self.overdue():
            return False
        job = self.jobs[job_id]
        if job.is_leased:
            job.ended.append((job.attempt, "expire"))
        job.is_adoptable, job.error_class = False, "timeout"
        self._enter(job, "expire", JobState.FAILED, Reason.DEADLINE)
        return True

    def promote(self, job_id: str) -> bool:
        if job_id not in self.due():
            return False
        self._enter(self.jobs[job_id], "promote", JobState.PENDING, Reason.DUE)
        return True

    def regrant(self) -> int:
        leased = [job for job in self.jobs.values() if job.is_leased]
        for job in leased:
            job.renew()
        self.is_quiet = not leased
        return len(leased)

    def register(self, worker_id: str, session: str) -> None:
        self.is_quiet = False
        self.sessions[worker_id] = session

    def depart(self, worker_id: str) -> None:
        """Its leases end at once."""
        self.is_quiet = False
        del self.sessions[worker_id]
        for job in self.held(worker_id):
            job.is_expired = True

    def purge(self, state: JobState) -> int:
        gone = self._in(state)
        self.is_quiet = self.is_quiet and not gone
        self.jobs = {job.id: job for job in self.jobs.values() if job.state is not state}
        used = {job.workflow for job in self.jobs.values()}
        self.workflows = {name: has for name, has in self.workflows.items() if name in used}
        return len(gone)

    def _is_kept(self, job: ModelJob, worker_id: str) -> bool:
        """Whether a worker that has failed with the job leaves it to another that has not."""
        others = set(self.sessions) - job.shunned
        return worker_id in job.shunned and any(job.needs in WORKERS[each].can for each in others)

    def _has_room(self, counts: Counter[str], stage: str, job: ModelJob) -> bool:
        return self._is_free(counts, _groups(stage, job.type, job.customer))

    def _is_free(self, counts: Counter[str], groups: list[str]) -> bool:
        return all(counts[field] < self._limit(field) for field in groups)

    def _limit(self, field: str) -> int:
        """That of its own, else the one for all of the kind."""
        for_all = f"{field.rpartition(':')[0]}:*"
        return self.limits.get(field, self.limits.get(for_all, 10**9))

    def _open(self) -> list[ModelJob]:
        return [job for job in self.jobs.values() if job.state not in TERMINAL]

    def _unique(self, spec: JobSpec) -> tuple[str | None, str] | None:
        return (spec.customer_id, spec.unique_key) if spec.unique_key else None

    def _in(self, state: JobState) -> list[ModelJob]:
        return [job for job in self.jobs.values() if job.state is state]

    def _last_of(self, lease: Lease) -> ModelJob | None:
        job = self.jobs.get(lease.job_id)
        return job if job and job.is_same_attempt(lease) else None

    def _holding(self, lease: Lease) -> ModelJob | None:
        job = self._last_of(lease)
        return job if job and job.is_leased else None

    def _renewed(self, lease: Lease) -> bool:
        job = self._last_of(lease)
        if job and job.is_adoptable:
            job.is_adoptable = False
            self._enter(job, "renew", JobState.IN_PROGRESS, Reason.ADOPTED)
        if job and job.is_leased:
            job.renew()
        return job is not None and job.is_leased

    def _fail(
        self, job: ModelJob, verb: str, reason: Reason, *, is_retryable: bool, is_due: bool
    ) -> str:
        job.failures += 1
        job.ended.append((job.attempt, verb))
        job.is_due = is_due
        is_over = not is_retryable or job.failures > job.max_retries
        if not is_over:
            job.shunned |= {job.worker}
        return self._enter(job, verb, JobState.FAILED if is_over else JobState.DELAYED, reason)

    def _lose(self, job: ModelJob, verb: str, reason: Reason) -> str:
        job.losses += 1
        job.ended.append((job.attempt, verb))
        job.is_expired = False
        if job.losses <= self.max_losses:
            return self._enter(job, verb, JobState.PENDING, reason)
        job.is_adoptable, job.error_class = False, "lost"
        return self._enter(job, verb, JobState.FAILED, reason)

    def _move(self, job: ModelJob, verb: str, priority: int) -> None:
        job.rank = (-priority, *job.rank[1:])
        self._enter(job, verb, job.state, Reason.REORDERED)

    def _enter(self, job: ModelJob, verb: str, state: JobState, reason: Reason) -> str:
        source = "" if reason is Reason.SUBMITTED else job.state.value
        self.lines.append({
            "verb": verb, "job": job.id, "attempt": str(job.attempt), "lease": job.lease,
            "worker": job.worker, "from": source, "to": state.value, "reason": reason.value,
        })  # fmt: skip
        self.is_quiet = False
        job.state = state
        return state.value


def _groups(stage: str, type_: str, customer: str | None) -> list[str]:
    of_customer = [f"{stage}:customer:{customer}"] if customer else []
    return [f"{stage}:type:{type_}", *of_customer]
