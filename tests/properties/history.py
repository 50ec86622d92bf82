"""Replays the audit stream, and tells where it breaks a promise."""

from collections import Counter, defaultdict
from collections.abc import Iterator

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


@define
class Replay:
    """The queue as it was after each line. `can`: the lanes that each worker can serve."""

    can: dict[str, set[str]]
    found: list[tuple[str, Line]] = field(factory=list)  # rule, the line that breaks it
    _state: dict[str, str] = field(factory=dict)
    _attempt: dict[str, tuple[int, str]] = field(factory=dict)  # number and lease
    _waiting: dict[str, Line] = field(factory=dict)
    _failed: defaultdict[str, set[str]] = field(factory=lambda: defaultdict(set))  # job, workers

    def read(self, lines: list[Line]) -> None:
        for line in lines:
            self.found += [(rule, line) for rule in self._broken(line)]
            self._state[line.job] = line.target
            self._attempt[line.job] = (line.attempt, line.lease)
            self._waiting.pop(line.job, None)
            if line.target == "delayed" and line.verb != "submit":
                self._failed[line.job].add(line.worker)
            if line.target == "pending":
                self._waiting[line.job] = line

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
        eligible = [each for each in self._waiting.values() if self._may_take(line.worker, each)]
        if line.job != min(eligible, key=lambda each: each.rank, default=line).job:
            yield "order"
        if not self._may_take(line.worker, line):
            yield "matching"

    def _may_take(self, worker: str, line: Line) -> bool:
        """Able, and has not failed with the job unless all that are able have."""
        able = {name for name, lanes in self.can.items() if line.lane.partition("~")[0] in lanes}
        failed = self._failed[line.job]
        return worker in able and (worker not in failed or able <= failed)


def lost(lines: list[Line], acknowledged: set[str]) -> set[str]:
    """Jobs that were accepted, and never ended."""
    return acknowledged - {line.job for line in lines if line.target in TERMINAL}


def counted_twice(lines: list[Line]) -> set[str]:
    """Jobs with more than one result."""
    results = Counter(line.job for line in lines if line.verb == "complete")
    return {job for job, count in results.items() if count > 1}
