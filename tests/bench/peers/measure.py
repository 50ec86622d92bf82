"""Measures one side on one server: how soon a job runs, and how many a second."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

from attrs import frozen

from tests.bench.peers.figures import Figures, Percentiles
from tests.bench.peers.processes import Child, started
from tests.bench.peers.server import Server
from tests.bench.peers.sides import Side

WIDTH = 50
"""How many jobs a worker runs, and how many submissions a producer keeps open, at a time."""

_NS_PER_MS = 1e6
_NS_PER_S = 1e9


@frozen
class Load:
    """How much work is measured."""

    pickups: int = 500
    """Jobs submitted one at a time, each after the one before is completed."""
    jobs: int = 5_000
    """Jobs submitted at once; for throughput, and once more for draining."""


@frozen
class _Worker:
    child: Child
    version: str
    ready_at_ns: int

    async def stamp_ns(self) -> int:
        (at,) = (await self.child.line()).split()
        return int(at)


@frozen
class _Producer:
    child: Child

    async def submit(self, jobs: int) -> int:
        """When it began, in monotonic nanoseconds, once all of them are acknowledged."""
        await self.child.send(str(jobs))
        begun, _ = (await self.child.line()).split()
        return int(begun)


@frozen
class _Bench:
    """A side whose worker and producer can be started."""

    side: Side
    url: str

    @asynccontextmanager
    async def worker(
        self, events: Literal["started,completed", "completed"], every: int
    ) -> AsyncGenerator[_Worker]:
        words = ("worker", self.url, str(WIDTH), events, str(every))
        async with started(*self.side.command, *words) as child:
            version, ready_at = (await child.line()).split()
            yield _Worker(child, version, int(ready_at))

    @asynccontextmanager
    async def producer(self) -> AsyncGenerator[_Producer]:
        async with started(*self.side.command, "producer", self.url, str(WIDTH)) as child:
            yield _Producer(child)


async def measure(side: Side, server: Server, load: Load) -> Figures:
    """All figures of a side. Raises SideEndedError.

    The server must be empty, for the worker runs what an earlier side left there.
    """
    version, pickup_ms = await pickup(side, server, load.pickups)
    async with _bench(side, server.url) as bench:
        return Figures(
            peer=side.name,
            version=version,
            server=server.name,
            pickup_ms=pickup_ms,
            throughput_jobs_s=await _throughput_jobs_s(bench, load.jobs),
            drain_jobs_s=await _drain_jobs_s(bench, load.jobs),
        )


@asynccontextmanager
async def _bench(side: Side, url: str) -> AsyncGenerator[_Bench]:
    if not side.front:
        yield _Bench(side, url)
        return
    async with started(*side.front, url) as front:
        yield _Bench(side, await front.line())


async def pickup(side: Side, server: Server, pickups: int) -> tuple[str, Percentiles]:
    """The version that the worker runs, and how soon it runs a job. Raises SideEndedError."""
    waits_ns: list[int] = []
    async with (
        _bench(side, server.url) as bench,
        bench.worker("started,completed", every=1) as worker,
        bench.producer() as producer,
    ):
        for _ in range(pickups):
            begun_ns = await producer.submit(1)
            waits_ns.append(await worker.stamp_ns() - begun_ns)
            await worker.stamp_ns()  # completed: the worker is idle
        return worker.version, Percentiles.of([wait / _NS_PER_MS for wait in waits_ns])


async def _throughput_jobs_s(bench: _Bench, jobs: int) -> float:
    async with bench.worker("completed", every=jobs) as worker, bench.producer() as producer:
        begun_ns = await producer.submit(jobs)
        return _rate(jobs, await worker.stamp_ns() - begun_ns)


async def _drain_jobs_s(bench: _Bench, jobs: int) -> float:
    async with bench.producer() as producer:
        await producer.submit(jobs)
    async with bench.worker("completed", every=jobs) as worker:
        return _rate(jobs, await worker.stamp_ns() - worker.ready_at_ns)


def _rate(jobs: int, took_ns: int) -> float:
    return round(jobs * _NS_PER_S / took_ns, 1)
