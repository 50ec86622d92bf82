"""One method for each transition of a job. Each runs the script of the same name.

Every method takes what only the caller knows, draws an operation id of its own, and returns the
script's tagged reply as a plain value. `StoreUnavailableError` means that the outcome is not known.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from attrs import evolve, field, frozen

from hub.store.claims import Claimant, Claims, Taken
from hub.store.client import Client
from hub.store.lanes import StaleClassError, lane_of
from hub.store.preferences import STRICT, Preferences
from hub.store.submissions import Asked, Submitted
from shared.jobs import Failure, JobSpec, Lease, id_for
from shared.states import Reason
from shared.wire import dump_json

MANY = 10**9
"""More jobs than any Redis holds."""


class EvictedError(Exception):
    """Another connection has registered the same worker since."""


@frozen
class Reply:
    """What became of a change, in a word, and what is told with it."""

    outcome: str
    told: str


@frozen
class Progress:
    """How far an attempt is. `details` is a JSON object."""

    percent: float = 0
    message: str = ""
    details: str = "{}"

    @property
    def arguments(self) -> tuple[str, str, str]:
        """As the scripts take it."""
        return f"{self.percent:g}", self.message, self.details


NO_PROGRESS = Progress()


@frozen
class Jobs:
    """The transitions of the state machine."""

    client: Client
    lease_s: float = field(default=30.0)
    max_losses: int = field(default=5)
    prefer: Preferences = field(default=STRICT)
    longest_minutes: float | None = field(default=None)

    async def submit(
        self, spec: JobSpec, waker: str | None = None, claimant: Claimant | None = None
    ) -> Submitted:
        """Accept a job; `waker` looks for a worker itself and needs no news of it. The `claimant`
        has it at once, if nothing waits that it would be given before it.

        Raises an error of `hub.store.submissions`, or `StoreFullError`.
        """
        spec = self._bounded(spec)
        job_id, lease_id = spec.id or id_for(spec), secrets.token_hex(16)
        asked = Asked(spec, lane_of(spec), job_id, claimant, lease_id)
        told = asked.arguments(waker, self._lease_ms)
        return asked.answered(await self.client.script("submit", operation(), *told))

    def _bounded(self, spec: JobSpec) -> JobSpec:
        longest, asked_for = self.longest_minutes, spec.timeout_minutes
        if longest is None or (asked_for is not None and asked_for <= longest):
            return spec
        return evolve(spec, timeout_minutes=longest)

    async def claim(self, worker_id: str, session: str, class_: str, wanted: int) -> Claims:
        """Take up to `wanted` jobs. Raises `EvictedError` or `StaleClassError`."""
        tag, *rest = await self.client.script(
            "claim",
            operation(),
            worker_id,
            session,
            class_,
            self._lease_ms,
            self.prefer.passes,
            self.prefer.window,
            wanted,
            secrets.token_hex(15),
        )
        if tag == "evicted":
            raise EvictedError(worker_id)
        if tag == "stale":
            raise StaleClassError(*rest)
        return Claims.told(*rest)

    async def take(self, worker_id: str, session: str, job_id: str) -> Taken:
        """Claim the very job. Raises `EvictedError` or `StaleClassError`."""
        tag, *rest = await self.client.script(
            "take", operation(), worker_id, session, self._lease_ms, job_id, secrets.token_hex(16)
        )
        if tag == "evicted":
            raise EvictedError(worker_id)
        if tag == "stale":
            raise StaleClassError(*rest)
        if tag == "claimed":
            return Taken(tag, Claims.told(*rest).jobs[0])
        return Taken(tag, None, *rest)

    async def start(self, lease: Lease, progress: Progress = NO_PROGRESS) -> bool:
        """Whether the attempt still counts, now that it has started and come so far."""
        return await self._on(lease, "start", self._lease_ms, *progress.arguments) == "started"

    async def progress(self, lease: Lease, progress: Progress) -> bool:
        """Whether the attempt still counts."""
        reply = await self.client.script(
            "progress", lease.job_id, lease.attempt, lease.id, self._lease_ms, *progress.arguments
        )
        return reply[0] == "progressed"

    async def complete(self, lease: Lease, result: str) -> str:
        """`completed`, `adopted` or `superseded`. `result` is JSON."""
        return await self._on(lease, "complete", result)

    async def fail(self, lease: Lease, failure: Failure, delay_s: float) -> str:
        """`delayed` (it will be tried again), `failed` (for good) or `superseded`."""
        return await self._on(
            lease, "fail", failure.error, failure.error_class.value, int(failure.retryable),
            dump_json(failure.details), _ms(delay_s),
        )  # fmt: skip

    async def release(self, lease: Lease, reason: Reason, error: str | None = None) -> str:
        """`pending` (back in its place), `failed` (lost too often) or `superseded`. `error` is
        kept with the attempt.
        """
        return await self._on(lease, "release", reason.value, self.max_losses, error or "")

    async def reap(self, lease: Lease, delay_s: float) -> str:
        """`pending`, `delayed`, `failed`, or `kept` when the lease is alive or not this one."""
        return await self._on(lease, "reap", self.max_losses, _ms(delay_s))

    async def promote(self, job_id: str) -> bool:
        """Whether a delayed job was due and waits in its lane again."""
        reply = await self.client.script("promote", operation(), job_id)
        return reply[0] == "pending"

    async def expire(self, job_id: str) -> bool:
        """Whether the deadline of an unfinished job had passed, and it failed."""
        return (await self.client.script("expire", operation(), job_id))[0] == "failed"

    async def cancel(self, job_id: str, why: str, op: str | None = None) -> Reply:
        """End a job, wherever it is: `cancelled` with its time in milliseconds, `unknown`, or
        `refused` with the state. Asked again as the same operation, it is told the same.
        """
        outcome, *told = await self.client.script("cancel", op or operation(), job_id, why)
        return Reply(outcome, told[0] if told else "")

    async def prioritise(self, job_id: str, priority: int, op: str | None = None) -> Reply:
        """`prioritised`, `unknown`, `refused` with the state, or `step` with its workflow."""
        reply = await self.client.script("prioritise", op or operation(), job_id, priority)
        return Reply(reply[0], reply[1] if len(reply) > 1 else "")

    async def confirm(
        self, lease: Lease, problem: str, partial: Sequence[dict[str, Any]] = ()
    ) -> bool:
        """Whether the job was cancelled in this attempt. `problem`: why its engine goes on, or "".

        `partial`: the files that it had put out, as a result tells of them.
        """
        told = dump_json(partial) if partial else ""
        reply = await self.client.script(
            "confirm", lease.job_id, lease.attempt, lease.id, problem, told
        )
        return reply[0] == "confirmed"

    async def renew(
        self,
        worker_id: str,
        session: str,
        leases: tuple[Lease, ...],
        *,
        status: str = "",
        system: str = "",
    ) -> tuple[Lease, ...]:
        """Keep a worker and its leases alive; those that are lost. Raises `EvictedError`."""
        named = [part for lease in leases for part in (lease.job_id, lease.attempt, lease.id)]
        tag, *kept = await self.client.script(
            "renew", operation(), worker_id, session, self._lease_ms, status, system, *named
        )
        if tag == "evicted":
            raise EvictedError(worker_id)
        return tuple(lease for lease, is_kept in zip(leases, kept, strict=True) if not is_kept)

    async def regrant(self, shift_s: float = 0) -> int:
        """Give every live lease a full term, and move deadlines; how many leases there were."""
        reply = await self.client.script("regrant", operation(), self._lease_ms, _ms(shift_s))
        return int(reply[1])

    async def purge(self, state: str, age_s: float, keep: int = MANY, limit: int = 100) -> int:
        """Remove jobs that ended in `state` over `age_s` ago, or beyond `keep`; how many."""
        reply = await self.client.script("purge", state, _ms(age_s), keep, limit)
        return int(reply[1])

    @property
    def _lease_ms(self) -> int:
        return _ms(self.lease_s)

    async def _on(self, lease: Lease, verb: str, *arguments: str | int) -> str:
        reply = await self.client.script(
            verb, operation(), lease.job_id, lease.attempt, lease.id, *arguments
        )
        return str(reply[0])


def operation() -> str:
    """A new operation id. A call that is repeated for want of an answer keeps its own."""
    return secrets.token_hex(12)


def _ms(amount_s: float) -> int:
    return int(amount_s * 1000)
