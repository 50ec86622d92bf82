"""The reports that end attempts, kept until the hub has acknowledged them."""

import asyncio
from collections.abc import Callable

from attrs import define, field

from shared.jobs import Lease
from shared.messages import CompleteJob, FailJob, ReleaseJob

FinalReport = CompleteJob | FailJob | ReleaseJob


@define
class Outbox:
    """What one worker must still get acknowledged. Outlives every connection."""

    dropped: Callable[[Lease], None] = field(default=lambda _: None, init=False)
    _kept: dict[Lease, FinalReport] = field(factory=dict, init=False)
    _settled: asyncio.Event = field(factory=asyncio.Event, init=False)

    def __attrs_post_init__(self) -> None:
        self._settled.set()

    @property
    def leases(self) -> tuple[Lease, ...]:
        """The attempts whose reports are kept."""
        return tuple(self._kept)

    @property
    def reports(self) -> tuple[FinalReport, ...]:
        """The kept reports, oldest first."""
        return tuple(self._kept.values())

    def keep(self, lease: Lease, report: FinalReport) -> None:
        """Keep the report of an attempt until it is dropped or acknowledged."""
        self._kept[lease] = report
        self._settled.clear()

    def drop(self, lease: Lease) -> None:
        """Forget the report of an attempt, if there is one."""
        if self._kept.pop(lease, None):
            self.dropped(lease)
        if not self._kept:
            self._settled.set()

    def acknowledge(self, job_id: str, attempt: int | None) -> None:
        """Forget what the hub has; an ack without an attempt is for every attempt of the job."""
        for lease in self.leases:
            if lease.job_id == job_id and attempt in (None, lease.attempt):
                self.drop(lease)

    async def settled(self) -> None:
        """Wait until nothing is kept."""
        await self._settled.wait()
