"""Replays the audit stream, and tells where it breaks a promise."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from heapq import heappop, heappush

from attrs import define, field, frozen

from shared.states import LEASED, TERMINAL
from tests.properties.model_job import Rank


@frozen
class Line:
    """One transition, as the store wrote it down."""

    verb: str
    job: str
    attempt: int
    lease: str
    worker: str
    source: str
    target: str
    reason: str
    lane: str
    rank: Rank

    @classmethod
    def read(cls, entry: dict[str, str]) -> "Line":
        time, step, seq, _ = entry["member"].split(":")
        return cls(
            verb=entry["verb"],
            job=entry["job"],
            attempt=int(entry["attempt"]),
            lease=entry["lease"],
            worker=entry["worker"],
            source=entry["from"],
            target=entry["to"],
            reason=entry["reason"],
            lane=entry["lane"],
            rank=(int(entry["score"]), int(time), int(step), int(seq)),
        )


Bucket = tuple[str, frozenset[str]]
"""Jobs that the same workers may take: their requirement, and who has failed with them."""


@define
class Replay:
    """The queue as it was after each line. `can`: the lanes that each worker can serve."""

    can: dict[str, set[str]]
    found: list[tuple[str, Line]] = field(factory=list)  # rule, the line that breaks it
    _state: dict[str, str] = field(factory=dict)
    _attempt: dict[str, tuple[int, str]] = field(factory=dict)  # number and lease
    _waiting: dict[Bucket, list[tuple[Rank, str]]] = field(factory=dict)  # heaps
    _place: dict[str, tuple[Bucket, Rank]] = field(factory=dict)  # of each job that waits
    _failed: defaultdict[str, set[str]] = field(factory=lambda: defaultdict(set))  # job, workers

    def read(self, lines: list[Line]) -> None:
        for line in lines:
            self.found += [(rule, line) for rule in self._broken(line)]
            self._state[line.job] = line.target
            self._attempt[line.job] = (line.attempt, line.lease)
            self._place.pop(line.job, None)
            if line.target == "delayed" and line.verb != "submit":
                self._failed[line.job].add(line.worker)
            if line.target == "pending":
                self._wait(line)

    def _wait(self, line: Line) -> None:
        bucket = self._bucket_of(line)
        self._place[line.job] = bucket, line.rank
        heappush(self._waiting.setdefault(bucket, []), (line.rank, line.job))

    def _broken(self, line: Line) -> Iterator[str]:
        before = self._state.get(line.job, "")
        number, lease = self._attempt.get(line.job, (0, ""))
        if line.source != before:
            yield "gap"
        if before in TERMINAL:
            yield "multi_term"
        if line.verb == "claim":
            yield from self._broken_claim(line, number)
        elif (line.attempt, line.lease) != (number, lease):
            yield "stale_ok"
        if line.verb == "reap" and before not in LEASED:
            yield "reap_race"

    def _broken_claim(self, line: Line, last: int) -> Iterator[str]:
        if line.attempt != last + 1:
            yield "attempt"
        if (line.rank, line.job) != min(self._heads(line.worker), default=None):
            yield "order"
        if not self._may_take(line.worker, self._bucket_of(line)):
            yield "matching"

    def _bucket_of(self, line: Line) -> Bucket:
        return line.lane.partition("~")[0], frozenset(self._failed[line.job])

    def _may_take(self, worker: str, bucket: Bucket) -> bool:
        """Able, and has not failed with the job unless all that are able have."""
        lane, failed = bucket
        able = {name for name, lanes in self.can.items() if lane in lanes}
        return worker in able and (worker not in failed or able <= failed)

    def _heads(self, worker: str) -> list[tuple[Rank, str]]:
        """The first of each bucket from which the worker may take."""
        for bucket, heap in list(self._waiting.items()):
            while heap and self._place.get(heap[0][1]) != (bucket, heap[0][0]):
                heappop(heap)  # it waits no more, or elsewhere
            if not heap:
                del self._waiting[bucket]
        return [heap[0] for each, heap in self._waiting.items() if self._may_take(worker, each)]


def lost(lines: list[Line], acknowledged: set[str]) -> set[str]:
    """Jobs that were accepted, and never ended."""
    return acknowledged - {line.job for line in lines if line.target in TERMINAL}


def counted_twice(lines: list[Line]) -> set[str]:
    """Jobs with more than one result."""
    results = Counter(line.job for line in lines if line.verb == "complete")
    return {job for job, count in results.items() if count > 1}
