"""What a worker holds, as its connection knows it."""

import asyncio
from collections.abc import Collection, Iterable

from attrs import define, field

from shared.jobs import Lease


@define(eq=False)
class Held:
    """The leases of one worker: one of a job at most."""

    _leases: dict[str, Lease] = field(factory=dict, init=False)
    _started: set[Lease] = field(factory=set, init=False)
    _assigned_s: dict[Lease, float] = field(factory=dict, init=False)  # by the clock of the loop

    def __len__(self) -> int:
        return len(self._leases)

    @property
    def all(self) -> tuple[Lease, ...]:
        """Every lease."""
        return tuple(self._leases.values())

    def of(self, job_id: str) -> Lease | None:
        """That of a job."""
        return self._leases.get(job_id)

    def bring(self, leases: Iterable[Lease]) -> None:
        """Of attempts that run already."""
        for each in leases:
            self._leases[each.job_id] = each
            self._started.add(each)

    def assign(self, lease: Lease) -> None:
        """Of an attempt that the worker is about to hear of."""
        self._leases[lease.job_id] = lease
        self._assigned_s[lease] = asyncio.get_running_loop().time()

    def take_up(self, lease: Lease) -> bool:
        """Hold what was reported on; False if it is of another attempt of a job that is held."""
        return self._leases.setdefault(lease.job_id, lease) == lease

    def has_started(self, lease: Lease) -> bool:
        """Whether the worker has reported on the attempt."""
        return lease in self._started

    def start(self, lease: Lease) -> None:
        """The worker has reported on the attempt."""
        self._started.add(lease)

    def unheard(self, named: Collection[Lease], for_s: float) -> list[Lease]:
        """What was assigned so long ago and is not named, and of which nothing was reported."""
        before_s = asyncio.get_running_loop().time() - for_s
        unnamed = self._assigned_s.keys() - self._started - set(named)
        return [lease for lease in unnamed if self._assigned_s[lease] <= before_s]

    def drop(self, lease: Lease) -> bool:
        """Forget a lease; whether it was held. A later attempt of the same job stays."""
        self._started.discard(lease)
        self._assigned_s.pop(lease, None)
        if self._leases.get(lease.job_id) != lease:
            return False
        del self._leases[lease.job_id]
        return True
