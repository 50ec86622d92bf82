"""What was measured, as ratios of figures of one run, beside the goals."""

from collections.abc import Iterator, Sequence

from attrs import frozen

from tests.bench.bare import Bare
from tests.bench.claims import Claim
from tests.bench.codec import Codec
from tests.bench.idle import Idle
from tests.bench.monitor import Told
from tests.bench.ours import OURS
from tests.bench.peers.figures import Figures

MORE_JOBS_AT_MOST = 1.5
MORE_LANES_AT_MOST = 3.0
PICKUP_AT_MOST = 1.0
THROUGHPUT_AT_LEAST = 1.0
CODEC_AT_MOST = 1.0
CROWD_CPU_PERCENT = 50.0
MONITOR_KB_A_SECOND = 100.0


@frozen
class Ratio:
    """One figure over another. Bounds are goals; without any it is for information."""

    name: str
    value: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether the ratio is within its bounds."""
        is_low_enough = self.at_most is None or self.value <= self.at_most
        return is_low_enough and (self.at_least is None or self.value >= self.at_least)


def claim_ratios(claims: Sequence[Claim]) -> Iterator[Ratio]:
    """What a claim costs more where more jobs wait, or in more lanes."""
    us = {(each.worker, each.lanes, each.jobs): each.claim_us for each in claims}
    few_jobs, many_jobs = min(each.jobs for each in claims), max(each.jobs for each in claims)
    few_lanes, many_lanes = min(each.lanes for each in claims), max(each.lanes for each in claims)
    for (worker, lanes, jobs), claim_us in us.items():
        if jobs == many_jobs:
            name = f"claim, {worker}, {lanes:,} lanes: {many_jobs:,} jobs over {few_jobs:,}"
            yield Ratio(name, claim_us / us[worker, lanes, few_jobs], at_most=MORE_JOBS_AT_MOST)
    for (worker, lanes, jobs), claim_us in us.items():
        if lanes == many_lanes:
            name = f"claim, {worker}, {jobs:,} jobs: {many_lanes:,} lanes over {few_lanes:,}"
            yield Ratio(name, claim_us / us[worker, few_lanes, jobs], at_most=MORE_LANES_AT_MOST)


def queue_ratios(rows: Sequence[Figures]) -> Iterator[Ratio]:
    """This queue over the others, on each server."""
    for ours in rows:
        others = [each for each in rows if each.server == ours.server and each.peer != OURS.name]
        if ours.peer != OURS.name or not others:
            continue
        best = min(others, key=lambda each: each.pickup_ms.p50)
        yield Ratio(
            f"pick-up p50 over that of {best.peer}, the best, {ours.server}",
            ours.pickup_ms.p50 / best.pickup_ms.p50,
            at_most=PICKUP_AT_MOST,
        )
        for other in others:
            yield Ratio(
                f"throughput over that of {other.peer}, {ours.server}",
                ours.throughput_jobs_s / other.throughput_jobs_s,
                at_least=THROUGHPUT_AT_LEAST if other.peer == "saq" else None,
            )


def bare_ratios(rows: Sequence[Figures], bare: Sequence[Bare]) -> Iterator[Ratio]:
    """How much of a pick-up is the queue's, and how far its parts alone are from the others."""
    for each in bare:
        for row in (row for row in rows if row.server == each.server):
            over = row.pickup_ms.p50 / each.pickup_ms.p50
            if row.peer == OURS.name:
                yield Ratio(f"pick-up p50 over that of its parts alone, {each.server}", over)
            else:
                name = f"pick-up p50 of the parts alone over that of {row.peer}, {each.server}"
                yield Ratio(name, 1 / over)


def wire_ratios(idle: Sequence[Idle], codec: Codec, monitors: Sequence[Told]) -> Iterator[Ratio]:
    """What a message costs over its frame, and a crowd and monitors over what they may cost."""
    yield Ratio("codec over the echo of a frame", codec.codec_us / codec.echo_us, CODEC_AT_MOST)
    crowd = max(idle, key=lambda each: each.workers)
    yield Ratio(
        f"CPU of the hub over half a core, {crowd.workers:,} idle workers",
        crowd.hub_cpu_percent / CROWD_CPU_PERCENT,
        at_most=1,
    )
    for each in monitors:
        name = f"to a monitor over {MONITOR_KB_A_SECOND:g} kB/s, {each.asked}"
        yield Ratio(name, each.kb_a_second / MONITOR_KB_A_SECOND, at_most=1)
