"""A connector whose attempts do what the test tells them, one step at a time."""

import asyncio
from collections import defaultdict
from pathlib import Path
from typing import Any

from agent.connectors.base import ConnectorError, Offer, OutputFile, Report, Result, Work


class ScriptedConnector:
    """Runs an attempt until the test sets its `end`; records what is done to it."""

    def __init__(
        self, *services: str, offer: Offer | None = None, unusable: str | None = None
    ) -> None:
        self.name = "scripted"
        self.slots = 1000
        self.is_open = False
        self.works: dict[str, Work] = {}
        self.reports: dict[str, Report] = {}
        self.stopped: list[str] = []
        self.may_stop = asyncio.Event()
        self.may_stop.set()
        self.stop_problem: ConnectorError | None = None
        self.offered = offer or Offer(services=services or ("scripted",))
        self._unusable = unusable
        self._ends: defaultdict[str, asyncio.Future[Result]] = defaultdict(asyncio.Future)
        self._started: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._stopping: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def open(self) -> None:
        if self._unusable:
            raise ConnectorError(self._unusable)
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    async def offer(self) -> Offer:
        return self.offered

    async def run(self, work: Work, report: Report) -> Result:
        self.works[work.job_id] = work
        self.reports[work.job_id] = report
        self._started[work.job_id].set()
        try:
            return await self._ends[work.job_id]
        except asyncio.CancelledError:
            self._stopping[work.job_id].set()
            await self.may_stop.wait()
            self.stopped.append(work.job_id)
            if self.stop_problem is not None:
                raise self.stop_problem from None
            raise

    async def started(self, job_id: str) -> None:
        """Wait until the attempt runs."""
        await self._started[job_id].wait()

    async def stopping(self, job_id: str) -> None:
        """Wait until the attempt has been told to stop."""
        await self._stopping[job_id].wait()

    def finish(self, job_id: str, result: Result | None = None) -> None:
        """Let the attempt end well."""
        self._ends[job_id].set_result(result or Result())

    def fail(self, job_id: str, problem: Exception) -> None:
        """Let the attempt end with an exception."""
        self._ends[job_id].set_exception(problem)


async def no_inputs(sha256: str, path: Path) -> None:
    """Stands where no job is given files."""
    raise AssertionError(f"{sha256} is asked for, for {path}")


async def upload(file: OutputFile) -> dict[str, Any]:
    """Stands where files are stored."""
    return {"filename": file.filename}
