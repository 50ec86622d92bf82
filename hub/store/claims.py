"""What a claim gives to a worker."""

from typing import Any, Self

from attrs import frozen

from shared.jobs import Lease
from shared.wire import load_json

WIDTH = 8
"""Values that the script tells of each job."""


@frozen
class Claimant:
    """A worker that waits, and would take a job at once."""

    worker_id: str
    session: str
    class_: str


@frozen
class Claimed:
    """A job that a worker holds now."""

    lease: Lease
    type: str
    priority: int
    payload: dict[str, Any]
    timeout_s: float | None
    loads: str  # a name for what its worker has loaded then

    @classmethod
    def told(cls, values: tuple[str, ...]) -> Self:
        """One job of the script's reply."""
        job_id, attempt, lease, type_, priority, payload, timeout_ms, loads = values
        return cls(
            Lease(job_id, int(attempt), lease),
            type_,
            int(priority),
            load_json(payload),
            int(timeout_ms) / 1000 if timeout_ms else None,
            loads,
        )


@frozen
class Claims:
    """The jobs that a worker got, and whether more may wait that workers like it can do."""

    jobs: list[Claimed]
    may_be_more: bool

    @classmethod
    def told(cls, may_be_more: int, *values: str) -> Self:
        """The script's reply."""
        starts = range(0, len(values), WIDTH)
        jobs = [Claimed.told(values[start : start + WIDTH]) for start in starts]
        return cls(jobs, bool(may_be_more))


@frozen
class Taken:
    """What came of the claim of one job: `claimed`, `gone` (to `worker_id`) or `unknown`.

    `full`: the worker has no slot. `capped`: others of the job's type or customer run.
    `kept`: the worker has failed with the job, and others could do it.
    """

    outcome: str
    job: Claimed | None = None
    state: str = ""
    worker_id: str = ""
