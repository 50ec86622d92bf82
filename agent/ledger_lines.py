"""What a ledger says, line by line, and what all its lines come to.

Each is a JSON object: an attempt that can be found again, anew when more is known of it; the report that
has ended one, of which nothing else is needed then; or the lease of one of which nothing is kept any more.
"""

import logging
from collections.abc import Iterable
from typing import Any, TypeVar

from attrs import define, field

from shared.jobs import Lease
from shared.messages import CompleteJob, FailJob, JobAssigned, Message, ReleaseJob
from shared.wire import decode, dump_json, encode, load_json, structure

log = logging.getLogger(__name__)

M = TypeVar("M", bound=Message)


@define
class Entry:
    """What is known of an attempt that has not ended."""

    job: JobAssigned
    notes: dict[str, Any] = field(factory=dict[str, Any])  # by which its connector finds its work
    resumed: int = 0

    @property
    def lease(self) -> Lease:
        """The right to report on it."""
        return Lease(self.job.job_id, self.job.attempt, self.job.lease)


Report = CompleteJob | FailJob | ReleaseJob
Kept = Entry | Report
"""What is kept of one attempt: a report that nobody has acknowledged, or how to find it."""


def line_of(kept: Kept) -> str:
    """That this is kept, instead of what was. Raises `ValueError` for what JSON cannot say."""
    if isinstance(kept, Entry):
        job, notes = encode(kept.job), dump_json(kept.notes)
        return f'{{"job":{job},"notes":{notes},"resumed":{kept.resumed}}}\n'
    return f'{{"report":{encode(kept)}}}\n'


def dropped_line(lease: Lease) -> str:
    """That nothing is kept any more."""
    return f'{{"dropped":{dump_json([lease.job_id, lease.attempt, lease.id])}}}\n'


def come_to(lines: Iterable[bytes]) -> dict[Lease, Kept]:
    """What is kept after all lines, oldest first. Those that cannot be read are left out, and told."""
    all_kept: dict[Lease, Kept] = {}
    for number, line in enumerate(lines, 1):
        try:
            lease, kept = _said(line)
        except ValueError as problem:
            log.warning(
                "line %d of the ledger is not readable and is left out: %s", number, problem
            )
            continue
        if kept:
            all_kept[lease] = kept
        else:
            all_kept.pop(lease, None)
    return all_kept


def _said(line: bytes) -> tuple[Lease, Kept | None]:
    match load_json(line):
        case {"job": job, "notes": dict(), "resumed": int(resumed)} as told:
            entry = Entry(_message(job, JobAssigned), told["notes"], resumed)
            return entry.lease, entry
        case {"report": told}:
            report = _message(told, CompleteJob, FailJob, ReleaseJob)
            return _lease(report.job_id, report.attempt, report.lease), report
        case {"dropped": [job_id, attempt, lease_id]}:
            return _lease(job_id, attempt, lease_id), None
        case _:
            raise ValueError("it is not about an attempt")


def _message(told: Any, *kinds: type[M]) -> M:
    message = decode(dump_json(told))
    if not isinstance(message, kinds):
        raise ValueError(f"{message.type} is not about an attempt")  # noqa: TRY004 - one for all lines
    return message


def _lease(job_id: Any, attempt: Any, lease_id: Any) -> Lease:
    return structure({"job_id": job_id, "attempt": attempt, "id": lease_id}, Lease)
